"""What a system said becomes what the hub remembers: seen, stamps, match keys, and which links are due."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from sync.core.mapping import moved
from sync.core.match import match_values
from sync.core.records import Record, Values
from sync.core.stamps import restamp
from sync.core.values import meaning
from sync.core.vocabulary import Outcome, Side
from sync.engine.clocks import on_their_clock
from sync.engine.confirm import LEFT, confirm
from sync.engine.rules import PairRules
from sync.engine.signs import is_older, may_be_behind
from sync.engine.slice import GRACE, Slice
from sync.models.links import OPEN_INTENTS, Intent, IntentState, Link, LinkState, MatchKey
from sync.models.rows import update_rows

SEEN_FIELDS = ("seen", "stamps", "version", "updated_at", "by_hub", "parent", "missing_at")
CHUNK = 500


def observe(work: Slice, side: Side, records: Sequence[Record], *, scan: int | None, now: datetime) -> None:
    """Take in a page of records. Runs inside the caller's transaction, together with its cursor."""
    unique = {record.key: record for record in records}
    known = {link.get(side, "key"): link for link in _known(work, side, list(unique))}
    fresh = [_new_link(work, side, record, now) for key, record in unique.items() if key not in known]
    lately = _lately_written(side, known, now)
    suspects = {key: it for key, it in lately.items() if may_be_behind(work.rules, side, it, unique[key])}
    behind = {key for key, intent in suspects.items() if is_older(work, side, intent, unique[key])}
    doubtful = [
        key for key in suspects if key not in behind and _is_news(work, side, lately[key], unique[key])
    ]
    behind |= set(doubtful)
    written = {key: intent for key, intent in lately.items() if intent.state == IntentState.ACKNOWLEDGED}
    shown = {key: link for key, link in known.items() if key not in behind}
    changed = [link for key, link in shown.items() if not _as_seen(work.rules, link, side, unique[key])]
    for link in fresh:
        remember(work.rules, link, side, unique[link.get(side, "key")], now=now)
    noticed = [link for link in changed if _notice(work, link, side, unique[link.get(side, "key")], now=now)]
    _count_in(work, side, fresh, list(known.values()), scan)
    Link.objects.bulk_create(fresh, batch_size=CHUNK)
    update_rows(changed, update_fields(side))
    # A complete listing also mends the keys of records that said nothing new: the match rules may be new.
    _keep_match_keys(work.rules, side, [*fresh, *(changed if scan is None else known.values())])
    _confirm_writes(work, side, shown, written, unique, now)
    _put_off(lately[key] for key in doubtful)
    _count_news(work, side, noticed, now)


def _as_seen(rules: PairRules, link: Link, side: Side, record: Record) -> bool:
    """Whether a record says just what it said when the hub last read it."""
    return (
        link.get(side, "updated_at") == record.updated_at
        and link.get(side, "version") == (record.version or "")
        and link.get(side, "missing_at") is None
        and {**link.get(side, "seen"), **rules.wanted(side, record.values)} == link.get(side, "seen")
    )


def _count_in(work: Slice, side: Side, fresh: list[Link], known: list[Link], scan: int | None) -> None:
    """Everybody on the page is touched by this run, and stands in its scan."""
    new_here = [link.pk for link in known if link.run_id != work.run.pk]
    work.touch([*fresh, *known], Outcome.UNCHANGED)
    Link.objects.filter(pk__in=new_here).update(run=work.run, outcome=Outcome.UNCHANGED.value)
    if scan is not None:
        for link in fresh:
            link.put(side, scan=scan)
        Link.objects.filter(pk__in=[link.pk for link in known]).update(**{f"{side}_scan": scan})


def update_fields(side: Side) -> list[str]:
    names = [f"{side}_{name}" for name in SEEN_FIELDS]
    return [*names, "name", "due_at", "reason", "attempts"]


def _known(work: Slice, side: Side, keys: list[str]) -> Iterable[Link]:
    # Locked, for what somebody says of a link between this read and its update would be overwritten.
    known = Link.objects.current().select_for_update().order_by("pk")
    return known.filter(**{"pair": work.pair, f"{side}_key__in": keys})


def _new_link(work: Slice, side: Side, record: Record, now: datetime) -> Link:
    link = Link(pair=work.pair, due_at=now, reason=f"new in {work.pair.system(side)}")
    link.put(side, key=record.key)
    return link


def _notice(work: Slice, link: Link, side: Side, record: Record, *, now: datetime) -> bool:
    """A known record again: remember what it says, and make its link due where that matters (True)."""
    before, returned = dict(link.get(side, "seen")), link.get(side, "missing_at") is not None
    parent = link.get(side, "parent")
    remember(work.rules, link, side, record, now=now)
    if link.state in (LinkState.PAUSED, LinkState.REMOVED):
        return False
    has_moved, news = (
        parent != link.get(side, "parent"),
        _news(work.rules, side, before, link.get(side, "seen")),
    )
    matters = returned or has_moved or _matters(work.rules, link, side, news)
    if matters:
        link.due_at, link.reason = min(link.due_at or now, now), f"changed in {work.pair.system(side)}"
        if has_moved or news:
            link.attempts = 0
    return matters


def _matters(rules: PairRules, link: Link, side: Side, news: set[str]) -> bool:
    seen, base = link.get(side, "seen"), link.get(side, "base")
    if not link.linked or not base:
        return bool(news)
    if any(moved(rule, side, seen, base) for rule in rules.compared):
        return True
    # What has yet to meet the other side rests on nothing that it could have moved from.
    unmet = {path for rule in rules.compared for path in rule.paths(side) if path not in base}
    stuck = bool(link.refused or link.problem or link.outcome == "conflict")
    return bool(news if stuck else news & unmet)


def _news(rules: PairRules, side: Side, before: dict[str, object], seen: dict[str, object]) -> set[str]:
    """The properties that say something else than before."""
    return {path for path in seen if _meaning(rules, side, path, before) != _meaning(rules, side, path, seen)}


def _meaning(rules: PairRules, side: Side, path: str, values: dict[str, object]) -> object:
    type_ = rules.types[side].get(path)
    return meaning(values.get(path), type_) if type_ else values.get(path)  # type: ignore[arg-type]


def remember(rules: PairRules, link: Link, side: Side, record: Record, *, now: datetime) -> None:
    """What a record says becomes what its link has seen of that side."""
    before = link.get(side, "seen")
    seen = {**before, **rules.wanted(side, record.values)}
    moment = record.updated_at or on_their_clock(now, rules.pair.system(side))
    link.put(
        side,
        seen=seen,
        stamps=_stamps(rules, link, side, seen, moment),
        version=record.version or "",
        updated_at=record.updated_at,
        by_hub=record.by_hub,
        parent=str(seen.get(rules.pair.parent_property(side)) or ""),
        missing_at=None,
    )
    if side is Side.ERP or not link.erp_key or not link.name:
        link.name = rules.label(side, seen) or link.name


def _stamps(
    rules: PairRules, link: Link, side: Side, seen: dict[str, object], moment: datetime
) -> dict[str, str]:
    stamps = {path: datetime.fromisoformat(text) for path, text in link.get(side, "stamps").items()}
    after = restamp(stamps, before=link.get(side, "seen"), now=seen, at=moment, types=rules.types[side])  # type: ignore[arg-type]
    return {path: at.isoformat() for path, at in after.items()}


def _keep_match_keys(rules: PairRules, side: Side, links: list[Link]) -> None:
    wanted = {link.pk: match_keys(rules, side, link.get(side, "seen")) for link in links}
    rows = MatchKey.objects.filter(link_id__in=list(wanted), side=side)
    stale = []
    for row in rows.iterator():
        if wanted[row.link_id].get(row.position) == row.value:
            del wanted[row.link_id][row.position]
        else:
            stale.append(row.pk)
    for start in range(0, len(stale), CHUNK):
        MatchKey.objects.filter(pk__in=stale[start : start + CHUNK]).delete()
    MatchKey.objects.bulk_create(
        (
            MatchKey(pair=rules.pair, link_id=pk, side=side, position=position, value=value)
            for pk, values in wanted.items()
            for position, value in values.items()
        ),
        batch_size=CHUNK,
    )


def match_keys(rules: PairRules, side: Side, values: Values) -> dict[int, str]:
    """A record's match keys by position, short enough for an index."""
    found = match_values(rules.match, rules.rules, side=side, values=values, references=_nobody)
    return {position: _short(value) for position, value in found.items()}


def _nobody(_pair: str, _side: Side, _key: str) -> str | None:
    return None


def _short(value: str) -> str:
    return value if len(value) <= 150 else hashlib.sha256(value.encode()).hexdigest()


def _lately_written(side: Side, known: dict[str, Link], now: datetime) -> dict[str, Intent]:
    """The last write to each of these records, by key: one that waits for its confirming read, or that was confirmed so
    lately that a copy which lags behind may not know of it yet.
    """
    links = {link.pk: link for link in known.values()}
    waits = Q(state=IntentState.ACKNOWLEDGED)
    confirmed = Q(state=IntentState.CONFIRMED, acknowledged_at__gt=now - GRACE)
    intents = Intent.objects.filter(waits | confirmed, link_id__in=list(links), side=side).order_by("pk")
    found = {links[it.link_id].get(side, "key"): it for it in intents.select_related("change")}
    for key, intent in found.items():
        intent.link = known[key]
    return found


def _is_news(work: Slice, side: Side, intent: Intent, record: Record) -> bool:
    """Whether a record says what was not seen since a write. What waits for its confirming read has seen nothing."""
    return intent.state == IntentState.ACKNOWLEDGED or not _as_seen(work.rules, intent.link, side, record)


def _put_off(doubtful: Iterable[Intent]) -> None:
    """Answers from behind, or edits back: nothing is decided on these. They are read again once no copy can lag behind
    the write any more; a write that waits for its confirming read waits so long anyway.
    """
    for intent in doubtful:
        if intent.state == IntentState.CONFIRMED and intent.acknowledged_at:
            at = intent.acknowledged_at + GRACE
            Link.objects.filter(pk=intent.link_id).update(due_at=at, reread=True, reason="looks again")


def _confirm_writes(
    work: Slice,
    side: Side,
    shown: dict[str, Link],
    written: dict[str, Intent],
    records: dict[str, Record],
    now: datetime,
) -> None:
    """Our own acknowledged writes come back in a poll: that is their confirming read."""
    couples = [(shown[key], intent, records[key]) for key, intent in written.items() if key in shown]
    confirm(work, side, couples, now)


def _count_news(work: Slice, side: Side, noticed: Sequence[Link], now: datetime) -> None:
    """What the guard counts: linked records that moved, and not by the hub's own hand. Comes after the confirming."""
    edits = [link.pk for link in noticed if link.linked and link.due_at and _is_edit(work.rules, link, side)]
    if not edits:
        return
    # A write whose end nobody saw may be what shows here: whoever looks for it tells.
    under_way = Intent.objects.filter(link=OuterRef("pk"), side=side, state__in=OPEN_INTENTS)
    work.news += Link.objects.filter(~Exists(under_way), pk__in=edits).update(moved_at=now)


def _is_edit(rules: PairRules, link: Link, side: Side) -> bool:
    """Whether a link is due for what this side says, and not for what a write that was just confirmed has left."""
    seen, base = link.get(side, "seen"), link.get(side, "base")
    return link.reason != LEFT or any(moved(rule, side, seen, base) for rule in rules.compared)
