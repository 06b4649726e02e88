"""After a write: what the system holds now decides the bases, the audit row, and whether anything is left to do."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import F, Q

from sync.connectors.base import OperationKind
from sync.core.mapping import is_empty, is_known, moved
from sync.core.records import Record, Value, Values
from sync.core.spelling import is_grown, spelling
from sync.core.values import meaning
from sync.core.vocabulary import Direction, Outcome, Side
from sync.engine.conflicts import GONE, SPECIAL
from sync.engine.removal import REMOVED
from sync.engine.replace import replace, standing
from sync.engine.rules import PairRules
from sync.engine.signs import property_of, untold
from sync.engine.slice import Slice
from sync.models.links import Conflict, ConflictState, Intent, IntentState, Link, LinkState
from sync.models.pairs import EntityPair, FieldMapping, Finding
from sync.models.rows import update_rows
from sync.models.runs import Change

CHUNK = 500
LEFT = "settles what is left"
"""Why a link is due that the hub itself has just written to: nobody changed it."""
LINK_FIELDS = (
    "state",
    "erp_base",
    "crm_base",
    "erp_stamps",
    "crm_stamps",
    "due_at",
    "reason",
    "attempts",
    "problem",
    "settled_at",
    "run",
    "outcome",
)


def confirm(work: Slice, side: Side, couples: Sequence[tuple[Link, Intent, Record]], now: datetime) -> None:
    """Close acknowledged (or found) writes with what their records hold. Runs inside the caller's transaction."""
    replacing = standing([link for link, _, _ in couples])
    elsewhere = _written_elsewhere(work, side, couples)
    for link, intent, record in couples:
        since = elsewhere.get(record.key)
        is_ours = record.by_hub and (since is None or since < intent.recorded_at)
        _judge(work, side, link, intent, dataclasses.replace(record, by_hub=is_ours), now)
        if ruling := replacing.get(link.pk):
            _go_on_replacing(link, intent, ruling, now)
    links = [link for link, _, _ in couples]
    work.touch(links, Outcome.WRITTEN)
    update_rows(links, LINK_FIELDS)
    end_rulings([link for link in links if link.due_at is None])
    intents = [intent for _, intent, _ in couples]
    update_rows(intents, ["state", "problem", "ended_at", "key"])
    finish_changes(intents, Change.Outcome.WRITTEN, now)


def _written_elsewhere(
    work: Slice, side: Side, couples: Sequence[tuple[Link, Intent, Record]]
) -> dict[str, datetime]:
    """When another pair over the same records last wrote to these: that too was by the hub, and is this pair's news."""
    if not couples:
        return {}
    system, entity = work.pair.system(side), work.pair.entity(side)
    here = Q(erp_system=system, erp_entity=entity) | Q(crm_system=system, crm_entity=entity)
    others = list(EntityPair.objects.filter(here).exclude(pk=work.pair.pk))
    if not others:
        return {}
    made = Change.objects.filter(
        pair__in=others,
        created_at__gte=min(intent.recorded_at for _, intent, _ in couples),
        system=system.name,
        entity=entity,
        key__in=[record.key for _, _, record in couples],
    ).exclude(outcome__in=[Change.Outcome.REFUSED, Change.Outcome.DROPPED])
    return dict(made.order_by("created_at").values_list("key", "created_at"))


def _go_on_replacing(link: Link, intent: Intent, ruling: Conflict, now: datetime) -> None:
    """A person decided that the record is replaced: its last write lets it go, any other one comes before that."""
    if link.state == LinkState.REMOVED:
        return
    if intent.rules:
        link.due_at, link.reason = now, LEFT
    else:
        replace(link, ruling, now)


def end_rulings(links: Sequence[Link]) -> None:
    """What a person decided stands until both sides hold it; of a removed record nothing is left to decide."""
    open_here = Conflict.objects.filter(link__in=links).exclude(state=ConflictState.CLOSED)
    of_removed = open_here.filter(link__state=LinkState.REMOVED)
    of_removed.filter(state=ConflictState.OPEN).update(state=ConflictState.CLOSED, closed_why=GONE)
    of_removed.exclude(field=SPECIAL[REMOVED]).update(
        state=ConflictState.CLOSED, closed_why=f"{GONE} before it was carried out"
    )
    open_here.filter(state=ConflictState.RULED).update(state=ConflictState.CLOSED, closed_why="carried out")


def finish_changes(intents: Iterable[Intent], outcome: str, now: datetime) -> None:
    """The audit rows of ended intents, from pending to final."""
    changes = []
    for intent in intents:
        change = intent.change
        change.outcome, change.finished_at = outcome, now
        change.key, change.message = intent.key or change.key, intent.problem
        changes.append(change)
    update_rows(changes, ["outcome", "finished_at", "key", "message", "held"])


def _judge(work: Slice, side: Side, link: Link, intent: Intent, record: Record, now: datetime) -> None:
    record = _known_hand(intent, record, now)
    held = {path: record.values[path] for path in intent.values if path in record.values}
    base = dict(link.get(side, "base"))
    spelled = {path for path in intent.values if _is_doubtful(work, side, intent, path, record)}
    doubtful = spelled | untold(work.rules, side, intent, record)
    for path in intent.values.keys() - doubtful:
        base[path] = _base_of(work, side, intent, path, intent.values[path], record, now)
    if intent.kind == OperationKind.CREATE:
        base = {**_left_blank(work.rules, side, intent), **base}
        base |= _given_at_birth(work, side, record, set(intent.values))
    if not _edited_since(work, side, record):
        base |= _grown(base, record, set(intent.values))
    told = _without_doubt(work.rules, side, intent, doubtful)
    theirs = {**link.get(side.other, "base"), **told}
    rest, their_rest = _moved_apart(work.rules, side, intent, spelled)
    link.put(side, base={**rest, **base})
    link.put(side.other, base={**their_rest, **theirs})
    stamps = {path: at for path, at in link.get(side, "stamps").items() if path not in spelled}
    link.put(side, stamps=stamps)
    intent.state, intent.ended_at, intent.key = IntentState.CONFIRMED, now, record.key
    intent.change.held = held
    link.attempts, link.problem, link.settled_at = 0, "", now
    if link.get(side.other, "missing_at") and not intent.rules:
        link.state, link.due_at, link.reason = LinkState.REMOVED, None, ""
    else:
        _due_again(work.rules, link, now)


def _is_doubtful(work: Slice, side: Side, intent: Intent, path: str, record: Record) -> bool:
    """Whether a value looks like the system's own spelling, but a person was here since: a conflict, not a guess."""
    held, written = record.values.get(path, intent.values[path]), intent.values[path]
    end = property_of(work.rules, side, intent, path)
    if meaning(held, end.type) == meaning(written, end.type) or not _edited_since(work, side, record):
        return False
    return spelling(written, held, end) is not None and not _has_moved(side, intent, path)


def _has_moved(side: Side, intent: Intent, path: str) -> bool:
    """Whether a record that was made was read before, and said something else here: an edit, however it looks."""
    return intent.kind == OperationKind.CREATE and path in intent.link.get(side, "stamps")


def _without_doubt(rules: PairRules, side: Side, intent: Intent, doubtful: set[str]) -> dict[str, Value]:
    """The source values that became bases: where the written value is in doubt, both sides count as moved."""
    open_ends = _sources(rules, side, intent, doubtful)
    return {path: value for path, value in intent.source.items() if path not in open_ends}


def _sources(rules: PairRules, side: Side, intent: Intent, written: set[str]) -> set[str]:
    """Where the values of these written properties came from."""
    names = {str(intent.rules.get(path)) for path in written}
    return {path for name in names & rules.by_name.keys() for path in rules.by_name[name].paths(side.other)}


def _moved_apart(
    rules: PairRules, side: Side, intent: Intent, spelled: set[str]
) -> tuple[dict[str, Value], dict[str, Value]]:
    """What values rest on that may be a spelling or an edit, and had no base, written side first: both moved from it.

    Without a base they would meet for the first time once more, and the pair's first winner would overrule whoever
    was there since.
    """
    sources = _sources(rules, side, intent, spelled)
    return {path: intent.values[path] for path in spelled}, dict.fromkeys(sources)


def _grown(base: Values, record: Record, written: set[str]) -> dict[str, Value]:
    """What the system escaped once more while it saved something else: its doing, and nobody's edit."""
    beside = {path: value for path, value in record.values.items() if path in base and path not in written}
    return {path: value for path, value in beside.items() if is_grown(base[path], value)}


def _known_hand(intent: Intent, record: Record, now: datetime) -> Record:
    """What the write itself was answered with holds nobody else's doing yet, whether or not its editor is named."""
    return dataclasses.replace(record, by_hub=True) if intent.acknowledged_at == now else record


def _given_at_birth(work: Slice, side: Side, record: Record, written: set[str]) -> dict[str, Value]:
    """What a system put into a new record by itself is its default, not somebody's edit.

    Read later from a system that does not name its editors it may be either: then it counts as an edit. What only
    this side can say (the key and the number it gave) is neither: it has yet to reach the other side.
    """
    if not record.by_hub:
        return {}
    default = work.rules.types[side].keys() - written - _only_said_by(work.rules, side)
    return {path: value for path, value in record.values.items() if path in default}


def _left_blank(rules: PairRules, side: Side, intent: Intent) -> dict[str, Value]:
    """What the record was made without, for its source is blank: both said so, and whoever spoke since has moved."""
    source, both = intent.source, (rule for rule in rules.compared if rule.direction is Direction.BOTH)
    blank = (
        rule for rule in both if is_known(rule, side.other, source) and is_empty(rule, side.other, source)
    )
    return {path: None for rule in blank for path in rule.paths(side) if path not in intent.values}


def _only_said_by(rules: PairRules, side: Side) -> set[str]:
    """Properties that travel from this side and never to it."""
    written = {path for rule in rules.compared if rule.direction.writes(side) for path in rule.paths(side)}
    return {path for rule in rules.compared for path in rule.paths(side)} - written


def _base_of(
    work: Slice, side: Side, intent: Intent, path: str, written: Value, record: Record, now: datetime
) -> Value:
    """What becomes the base of one written property: the value held, unless somebody else put it there."""
    held = record.values.get(path, written)
    end = property_of(work.rules, side, intent, path)
    if meaning(held, end.type) == meaning(written, end.type):
        return held
    if _has_moved(side, intent, path) and not record.by_hub:
        return written
    kind = spelling(written, held, end)
    if kind is None and not record.by_hub:
        return written
    if path in intent.rules:
        _found(intent.rules[path], side, kind or "changed", (written, held), now)
    return held


def _edited_since(work: Slice, side: Side, record: Record) -> bool:
    return work.capabilities(side).names_editor and not record.by_hub


def _found(mapping: str, side: Side, kind: str, example: tuple[Value, Value], now: datetime) -> None:
    """A finding on the mapping: this system does not keep what it is given."""
    if not FieldMapping.objects.filter(pk=int(mapping)).exists():
        return
    written, held = (str(value)[:500] for value in example)
    finding, made = Finding.objects.get_or_create(
        mapping_id=int(mapping),
        side=side,
        kind=kind,
        defaults={"count": 1, "written": written, "held": held, "last_at": now},
    )
    if not made:
        Finding.objects.filter(pk=finding.pk).update(
            count=F("count") + 1, written=written, held=held, last_at=now
        )


def _due_again(rules: PairRules, link: Link, now: datetime) -> None:
    """Whether a confirmed link still has something to settle: a value moved meanwhile, or a field never met."""
    link.due_at, link.reason = None, ""
    if link.reread or any(link.get(side, "missing_at") for side in Side):
        link.due_at, link.reason = now, "looks again"
        return
    for rule in rules.compared:
        unmet = any(path not in link.get(side, "base") for side in Side for path in rule.paths(side))
        if unmet or any(moved(rule, side, link.get(side, "seen"), link.get(side, "base")) for side in Side):
            link.due_at, link.reason = now, LEFT
            return
