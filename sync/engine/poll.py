"""Reading what changed since the cursor, page by page. The cursor moves with the page's observations or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from sync.connectors.base import Gone, Misconfigured, Nonsense, Page, Refused, Removed
from sync.core.records import Record
from sync.core.vocabulary import Side
from sync.engine.clocks import margin, on_their_clock
from sync.engine.drift import note_what_is_not_shown
from sync.engine.observe import observe
from sync.engine.slice import Slice
from sync.models.links import Link, LinkState
from sync.models.pairs import Cursor, EntityPair
from sync.models.systems import System

OVERLAP = timedelta(minutes=2)
"""How far a run reads back behind its cursor: records may become visible late. Once it has, and so much later than the
cursor came there, nothing behind it can still appear: what was a burst of changes is not read again and again."""

A_HANDFUL = 20
"""So many records may all be gone at once; more of them are not believed to be."""

CLOCKS = timedelta(minutes=10)
"""How far the remote's clock may be from ours where only ours can be asked."""

WATCHED = (LinkState.ACTIVE, LinkState.EXCLUDED)
"""Links of which it matters that a record is gone: out of scope too, for a scope may be widened."""

STEPS = 3
"""How many steps of the remote's clock any read reaches back: for equal stamps."""


def poll(work: Slice, side: Side, *, full: bool = False, tail: bool = False) -> bool:
    """Read one side until its listing is complete (True) or the slice is over, or the run (False).

    `full` asks for a complete listing, `tail` for what came since this run's own last reading.
    """
    cursor, _ = Cursor.objects.get_or_create(pair=work.pair, side=side)
    begins = not cursor.page or cursor.tailing != tail or (full and not cursor.scanning)
    if begins:
        _begin(work, cursor, side, full=full, tail=tail)
    while True:
        page = _list(work, cursor, side)
        if not _take_in(work, cursor, side, page):
            return False
        if not cursor.page:
            if begins:
                work.polled.add(side)
            return True
        if work.out_of_time():
            return False


def _list(work: Slice, cursor: Cursor, side: Side) -> Page:
    """The next page. A place in a listing that its system knows no more is forgotten: the next run begins anew."""
    try:
        return work.connectors[side].list(
            work.pair.entity(side),
            since=cursor.since,
            page=cursor.page or None,
            paths=work.rules.paths[side],
        )
    except (Refused, Gone, Misconfigured):
        Cursor.objects.filter(pk=cursor.pk).update(page="")
        raise


def _begin(work: Slice, cursor: Cursor, side: Side, *, full: bool, tail: bool) -> None:
    capabilities = work.capabilities(side)
    cursor.scanning = full or cursor.full_at is None or not capabilities.changed_since
    cursor.page, cursor.started_at, cursor.tailing = "", work.ports.now(), tail
    cursor.highest = (tail and cursor.tail) or cursor.position
    if cursor.scanning:
        cursor.since, cursor.highest = None, None
        cursor.scan += 1
    elif cursor.highest:
        steps = timedelta(seconds=STEPS * capabilities.resolution)
        cursor.since = cursor.highest - (steps if tail or _is_settled(cursor) else OVERLAP)


def _is_settled(cursor: Cursor) -> bool:
    """Whether a listing that reached back behind the position began so late that nothing can still appear there."""
    polled_at, reached_at = cursor.polled_at, cursor.reached_at
    return bool(polled_at and reached_at and polled_at >= reached_at + OVERLAP)


@transaction.atomic
def _take_in(work: Slice, cursor: Cursor, side: Side, page: Page) -> bool:
    """False where a person ended the run while the page came: it was asked for by rules that may be no more."""
    work.hold()
    if not work.is_wanted():
        return False
    now = work.ports.now()
    observe(work, side, page.records, scan=cursor.scan if cursor.scanning else None, now=now)
    if cursor.scanning:
        note_what_is_not_shown(work.rules, side, page.records, now)
    cursor.highest = _highest(cursor.highest, page.records, _present(work, side, now))
    cursor.page = page.next or ""
    if not page.next:
        _complete(work, cursor, side, now)
    cursor.save()
    return True


def _present(work: Slice, side: Side, now: datetime) -> datetime:
    """The latest that the system's own clock may show. What is stamped later will be read again until its time comes:
    a cursor that it led would see no edit before that."""
    system = System.objects.only("clock_ahead").get(pk=work.pair.system(side).pk)
    if system.clock_ahead is None:
        return now + CLOCKS
    return on_their_clock(now, system) + margin([(system, work.capabilities(side))])


def _highest(known: datetime | None, records: tuple[Record, ...], present: datetime) -> datetime | None:
    return max(
        filter(None, [known, _latest((record.updated_at for record in records), present)]), default=None
    )


def _latest(stamps: Iterable[datetime | None], present: datetime) -> datetime | None:
    return max((stamp for stamp in stamps if stamp and stamp <= present), default=None)


def _complete(work: Slice, cursor: Cursor, side: Side, now: datetime) -> None:
    started_at = cursor.started_at or now
    if not cursor.scanning:
        cursor.tail = cursor.highest
        if not cursor.tailing:
            _reach(cursor, cursor.highest or cursor.position, now)
        return
    _refuse_an_empty_source(work, cursor, side)
    # A complete listing is in no order of time: what changed behind its back is at most as old as its start.
    took = max(now - started_at, timedelta())
    _reach(cursor, cursor.highest - took if cursor.highest else None, now)
    cursor.tail = cursor.position
    cursor.full_at, cursor.scanning = now, False
    # Who was removed before is not in the listing anyway; the feed need only tell of what comes.
    cursor.removed_since = started_at - CLOCKS
    _mark_missing(work, cursor, side, now)


def _reach(cursor: Cursor, position: datetime | None, now: datetime) -> None:
    cursor.polled_at = cursor.started_at
    if position != cursor.position:
        cursor.position, cursor.reached_at = position, now


def _refuse_an_empty_source(work: Slice, cursor: Cursor, side: Side) -> None:
    """A listing of nothing where there were records is no mass removal but a system that answers nonsense."""
    here = Link.objects.current().filter(**{"pair": work.pair, f"{side}_key__isnull": False})
    if cursor.scan == 1 or here.filter(**{f"{side}_scan": cursor.scan}).exists():
        return
    if here.count() > A_HANDFUL:
        system = work.pair.system(side)
        raise Nonsense(
            f"{system} listed no {work.pair.entity(side)} at all where the hub knows {here.count()}. "
            "Nothing was changed. Check that the credentials still see these records, then read again."
        )


def _mark_missing(work: Slice, cursor: Cursor, side: Side, now: datetime) -> None:
    """Whoever a complete listing did not name is missing: a suspicion, to be verified by reading it."""
    missing = Link.objects.filter(
        **{
            "pair": work.pair,
            "state__in": WATCHED,
            f"{side}_key__isnull": False,
            f"{side}_scan__lt": cursor.scan,
            f"{side}_missing_at__isnull": True,
        }
    )
    missing.update(
        **{f"{side}_missing_at": now, "due_at": now, "reason": f"missing in {work.pair.system(side)}"}
    )


def poll_removed(work: Slice, side: Side) -> None:
    """Ask a system that keeps a feed of removals; whoever it names is missing, to be verified by reading it."""
    since = Cursor.objects.get(pair=work.pair, side=side).removed_since
    if since is None or not work.capabilities(side).removed_feed:
        return
    try:
        told_all = _take_removals(work, side, since)
    except Gone:
        told_all = False
    if not told_all:
        # It does not reach back so far, or tells too much: the next complete listing tells who is missing.
        EntityPair.objects.filter(pk=work.pair.pk).update(next_full_at=None)


def _take_removals(work: Slice, side: Side, since: datetime) -> bool:
    """The feed, page by page; it counts as read once its last page was. False: the slice is over before."""
    latest, page = since, None
    while not work.out_of_time():
        told = work.connectors[side].removed(work.pair.entity(side), since=since - OVERLAP, page=page)
        stamps = (entry.removed_at for entry in told.entries)
        latest = _latest([latest, *stamps], _present(work, side, work.ports.now())) or since
        with transaction.atomic():
            work.hold()
            _suspect(work, side, [entry.key for entry in told.entries], work.ports.now())
            _name_survivors(work, side, told.entries)
            if told.next is None:
                Cursor.objects.filter(pair=work.pair, side=side).update(removed_since=latest)
                return True
        page = told.next
    return False


def _suspect(work: Slice, side: Side, keys: list[str], now: datetime) -> None:
    known = {"pair": work.pair, f"{side}_key__in": keys, f"{side}_missing_at__isnull": True}
    Link.objects.filter(state__in=WATCHED, **known).update(
        **{f"{side}_missing_at": now, "due_at": now, "reason": f"removed in {work.pair.system(side)}"}
    )


def _name_survivors(work: Slice, side: Side, entries: Sequence[Removed]) -> None:
    """Where a system tells what a record was merged into, a person is shown it before anything follows."""
    merged = {entry.key: entry.merged_into for entry in entries if entry.merged_into}
    known = Link.objects.current().filter(pair=work.pair)
    found = known.filter(**{f"{side}_key__in": list(merged.values())})
    survivors = dict(found.values_list(f"{side}_key", "pk"))
    for key, into in merged.items():
        if into in survivors:
            known.filter(**{f"{side}_key": key}).update(candidates=[survivors[into]])
