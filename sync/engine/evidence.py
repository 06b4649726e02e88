"""Writes whose end was not seen: looked for in the records themselves, never repeated blindly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction

from sync.connectors.base import OperationKind
from sync.core.records import Property, Record, Value
from sync.core.spelling import CUT, spelling
from sync.core.vocabulary import Side
from sync.engine.confirm import confirm, finish_changes
from sync.engine.fresh import each_alone
from sync.engine.lost import is_lost, tell
from sync.engine.observe import match_keys, observe
from sync.engine.outcomes import adopt_key, hold_back, of_another
from sync.engine.pairing import absorb, separated, wake_children
from sync.engine.removal import VERIFY_AFTER
from sync.engine.signs import has_landed, is_behind, put_back
from sync.engine.slice import GRACE, Slice, free
from sync.models.links import Intent, IntentState, Link, LinkState
from sync.models.rows import update_rows
from sync.models.runs import Change

CHUNK = 200
PUT_BACK = (
    "The end of a write of this value was not seen: it never landed here, or somebody put back what had been here "
    "before. Retry to have it written, or edit it on either side."
)
LATER = timedelta(hours=1)
"""When a record that cannot be looked at has its turn again."""
UNSEEN = "The worker that made this call ended before it saw the answer."


def take_over_from_the_dead(pair_id: int, now: datetime) -> int:
    """Intents of a worker that died: whether their call was made nobody knows. Returns how many there were."""
    with transaction.atomic():
        orphans = Intent.objects.standing(pair_id, IntentState.RECORDED, free(now))
        links = list(orphans.values_list("link_id", flat=True))
        left = Intent.objects.filter(link_id__in=links, state=IntentState.RECORDED).select_for_update()
        taken = dict(left.order_by("pk").values_list("pk", "link_id"))
        found = Intent.objects.filter(pk__in=taken).update(
            state=IntentState.UNKNOWN, look_after=now + GRACE, problem=UNSEEN
        )
        Link.objects.filter(pk__in=taken.values()).update(
            lease_token="", lease_until=None, due_at=now + GRACE, problem=f"Unknown outcome: {UNSEEN}"
        )
    return found


def look(work: Slice) -> bool:
    """Settle by evidence every unknown outcome of this pair whose grace period is over. False: the slice is over."""
    return all(_look_on(work, side) for side in Side)


def _look_on(work: Slice, side: Side) -> bool:
    """What cannot be looked for stays where it is, and is passed by."""
    unknown = Intent.objects.standing(work.pair.pk, IntentState.UNKNOWN).filter(
        side=side, look_after__lte=work.ports.now()
    )
    last = 0
    while mine := list(unknown.filter(pk__gt=last).select_related("link", "change").order_by("pk")[:CHUNK]):
        _look_by_key(work, side, [intent for intent in mine if intent.key])
        _look_by_reference(work, side, [intent for intent in mine if not intent.key])
        last = mine[-1].pk
        if work.out_of_time():
            return False
    return True


def confirm_rest(work: Slice, side: Side) -> bool:
    """Acknowledged writes that no poll brought back: read them. False: the slice is over.

    What is not to be seen yet may be answered from a copy that lags behind: it has the grace period to show.
    """
    rest = Intent.objects.standing(work.pair.pk, IntentState.ACKNOWLEDGED).filter(side=side)
    last = 0
    while intents := list(rest.filter(pk__gt=last).order_by("pk")[:CHUNK]):
        found, _ = _read(work, side, [intent.key for intent in intents if intent.key])
        with transaction.atomic():
            work.hold()
            now = work.ports.now()
            observe(work, side, list(found.values()), scan=None, now=now)
            left = rest.filter(pk__in=[it.pk for it in intents], acknowledged_at__lte=now - GRACE)
            _end_waiting(work, side, list(left.select_related("change")), found, now)
        last = intents[-1].pk
        if work.out_of_time():
            return False
    return True


def _end_waiting(
    work: Slice, side: Side, intents: Sequence[Intent], found: Mapping[str, Record], now: datetime
) -> None:
    """Acknowledged writes that did not show in time: in vain, or their records are not there any more."""
    _lock(intents)
    shown = [intent for intent in intents if intent.key in found]
    confirm(work, side, [(it.link, it, _as_left(work, side, it, found[it.key])) for it in shown], now)
    lost = Intent.objects.filter(pk__in=[intent.pk for intent in intents if intent.key not in found])
    Link.objects.filter(intents__in=lost).update(due_at=now + GRACE)
    lost.update(state=IntentState.UNKNOWN, look_after=now + GRACE)


def _read(work: Slice, side: Side, keys: Sequence[str]) -> tuple[dict[str, Record], dict[str, str]]:
    """Records by key, and what was said of those that cannot be read."""
    entity, paths = work.pair.entity(side), work.rules.paths[side]
    found, silent = each_alone(
        lambda some: work.connectors[side].read(entity, some, paths=paths).values(), keys
    )
    return {record.key: record for record in found}, silent


def _put_off(intent: Intent, problem: str, now: datetime) -> None:
    """The outcome stays unknown for now, and people are told why."""
    intent.look_after = now + LATER
    intent.save(update_fields=["look_after"])
    Link.objects.filter(pk=intent.link_id).update(due_at=None, problem=problem)


def _without_silent(
    intents: Mapping[str, Intent], silent: Mapping[str, str], now: datetime
) -> dict[str, Intent]:
    """Those whose records could be asked for. The others have their turn again later."""
    for name, why in silent.items():
        _put_off(intents[name], f"Unknown outcome, and it cannot be looked for: {why}", now)
    return {name: intent for name, intent in intents.items() if name not in silent}


def _lock(intents: Collection[Intent]) -> None:
    """Their links as they are now, which nobody changes before this transaction is over."""
    links = Link.objects.select_for_update().order_by("pk").in_bulk([intent.link_id for intent in intents])
    for intent in intents:
        intent.link = links[intent.link_id]


def _look_by_key(work: Slice, side: Side, intents: Sequence[Intent]) -> None:
    if not intents:
        return
    found, silent = _read(work, side, [intent.key for intent in intents])
    with transaction.atomic():
        work.hold()
        now = work.ports.now()
        intents = list(_without_silent({intent.key: intent for intent in intents}, silent, now).values())
        landed = [i for i in intents if i.key in found and _landed(work, side, i, found[i.key])]
        left = [_as_left(work, side, intent, found[intent.key]) for intent in landed]
        observe(work, side, list(found.values()), scan=None, now=now)
        _lock(intents)
        confirm(work, side, [(it.link, it, record) for it, record in zip(landed, left, strict=True)], now)
        _leave_alone(work, side, [i for i in intents if i not in landed and i.key in found], found)
        left_open = _seems_removed(side, [i for i in intents if i not in landed and i.key not in found], now)
        _ended_without(side, [i for i in intents if i not in (*landed, *left_open)], now)


def _seems_removed(side: Side, intents: Sequence[Intent], now: datetime) -> list[Intent]:
    """Removals whose records are not there, as was wished. Like any that is gone they are looked for once more."""
    found = [it for it in intents if it.kind == OperationKind.REMOVE and not it.link.get(side, "missing_at")]
    for intent in found:
        intent.look_after = now + VERIFY_AFTER
        facts = {f"{side}_missing_at": now, "due_at": intent.look_after}
        Link.objects.filter(pk=intent.link_id).update(**facts)
    update_rows(found, ["look_after"])
    return found


def _leave_alone(work: Slice, side: Side, intents: Sequence[Intent], found: Mapping[str, Record]) -> None:
    """Values that were perhaps written and put back are not written again, unless a person says so."""
    for intent in intents:
        for path in put_back(work.rules, side, intent, found[intent.key]) if intent.rules else ():
            hold_back(intent, side, path, PUT_BACK)


def _landed(work: Slice, side: Side, intent: Intent, record: Record) -> bool:
    """Whether a write came through: its system said so once, or the record tells."""
    if intent.acknowledged_at:
        return True
    return intent.kind == OperationKind.UPDATE and has_landed(work.rules, side, intent, record)


def _as_left(work: Slice, side: Side, intent: Intent, record: Record) -> Record:
    """A record that nobody touched since the write: what it holds is its system's own doing."""
    return replace(record, by_hub=True) if is_behind(work, side, intent, record) else record


def _ended_without(side: Side, intents: Sequence[Intent], now: datetime) -> None:
    """Looked for and not found: it did not happen, or somebody wrote over it since. The link is planned again."""
    for intent in intents:
        gone_as_wished = intent.kind == OperationKind.REMOVE and intent.link.get(side, "missing_at")
        intent.state = IntentState.CONFIRMED if gone_as_wished else IntentState.DROPPED
        intent.ended_at = now
        intent.link.due_at, intent.link.problem, intent.link.reread = now, "", True
        intent.link.state = LinkState.REMOVED if gone_as_wished else intent.link.state
        intent.link.save(update_fields=["due_at", "problem", "reread", "state", "refused"])
    update_rows(intents, ["state", "ended_at"])
    finish_changes([i for i in intents if i.state == IntentState.DROPPED], Change.Outcome.DROPPED, now)
    finish_changes([i for i in intents if i.state == IntentState.CONFIRMED], Change.Outcome.WRITTEN, now)


def _look_by_reference(work: Slice, side: Side, intents: Sequence[Intent]) -> None:
    """Creates: the external reference was written with the record, so it names the record if there is one."""
    if lost := [intent for intent in intents if is_lost(work.rules, intent)]:
        # It stays unknown, and is never made twice.
        with transaction.atomic():
            work.hold()
            tell(work.rules, side, lost)
    end = work.rules.reference_end(side)
    if end is None or len(lost) == len(intents):
        return
    path = end.path
    wanted = {str(intent.values[path]): intent for intent in intents if path in intent.values}
    entity, paths = work.pair.entity(side), work.rules.paths[side]
    records, silent = each_alone(
        lambda some: work.connectors[side].find(entity, path, some, paths=paths), list(wanted)
    )
    found: dict[str, list[Record]] = defaultdict(list)
    linked = _linked(work, side, [record.key for record in records])
    for record in records:
        held = record.values.get(path)
        names = (
            _respelt(held, wanted, end)
            if str(held) not in wanted and record.key not in linked
            else [str(held)]
        )
        for name in names:
            found[name].append(record)
    with transaction.atomic():
        work.hold()
        now = work.ports.now()
        wanted = _without_silent(wanted, silent, now)
        _lock(wanted.values())
        for value, intent in wanted.items():
            others = separated(intent.link, side)
            mine = [record for record in found[value] if record.key not in others]
            _settle_create(work, side, intent, mine, now)


def _linked(work: Slice, side: Side, keys: Sequence[str]) -> set[str]:
    here = Link.objects.linked().filter(**{"pair": work.pair, f"{side}_key__in": keys})
    return set(here.values_list(f"{side}_key", flat=True))


def _respelt(held: Value, wanted: Mapping[str, Intent], end: Property) -> list[str]:
    """The references of which a system may have made this one: it writes them its own way. A cut may be anybody's."""
    made = {name: spelling(intent.values[end.path], held, end) for name, intent in wanted.items()}
    return [name for name, kind in made.items() if kind not in (None, CUT)]


def _settle_create(work: Slice, side: Side, intent: Intent, records: list[Record], now: datetime) -> None:
    taken = of_another(work, side, {record.key: intent.link for record in records})
    if len(records) == 1 and taken:
        _put_off(intent, taken[records[0].key], now)
    elif len(records) == 1:
        intent.key = records[0].key
        adopt_key(work, intent.link, side, records[0], now)
        confirm(work, side, [(intent.link, intent, records[0])], now)
        observe(work, side, records, scan=None, now=now)
        wake_children([intent.link], now)
    elif not records and (witness := _came_and_went(work, side, intent)):
        _believe(work, side, intent, witness, now)
    elif not records:
        _ended_without(side, [intent], now)
    else:
        keys = ", ".join(record.key for record in records)
        problem = f"{work.pair.system(side)} has {len(records)} records that carry its key: {keys}. "
        _put_off(intent, problem + "Remove the reference from all but one of them.", now)


def _came_and_went(work: Slice, side: Side, intent: Intent) -> Link | None:
    """The record that a poll brought back while nobody knew whose it was, and that is gone by now."""
    name = work.rules.references[side].name
    here = {key.position for key in work.rules.match if key.by == (name,)}
    carried = match_keys(work.rules, side, intent.values)
    alone = Link.objects.current().filter(**{f"{side.other}_key__isnull": True}).exclude(pk=intent.link_id)
    alone = alone.exclude(**{f"{side}_key__in": separated(intent.link, side)})
    for position in here & carried.keys():
        known = {
            "match_keys__side": side,
            "match_keys__position": position,
            "match_keys__value": carried[position],
        }
        found = alone.filter(pair=work.pair, **known).select_for_update().order_by("pk")
        if witness := found.first():
            return witness
    return None


def _believe(work: Slice, side: Side, intent: Intent, witness: Link, now: datetime) -> None:
    """The create had landed: its record is this link's from now on, and gone from there like any other."""
    link, key = intent.link, str(witness.get(side, "key"))
    witness.put(side, missing_at=witness.get(side, "missing_at") or now)
    work.uncount([witness])
    absorb([(link, witness)], now)
    intent.key = key
    confirm(work, side, [(link, intent, Record(key=key, values=witness.get(side, "seen"), by_hub=True))], now)
