"""Which runs are due: by a pair's own intervals, by a request, or because due links were left over."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q

from sync.engine.evidence import take_over_from_the_dead
from sync.engine.slice import FARTHEST, free
from sync.engine.waiting import wake_from_a_clock_ahead
from sync.models.links import Link
from sync.models.pairs import EntityPair, Mode
from sync.models.runs import OPEN_RUNS, Run, RunState

EARLY = timedelta(seconds=30)
"""How much before its time a pair may run, so that a tick each minute keeps an interval of a minute."""


TRY_AGAIN = timedelta(hours=1)
"""When a full read that does not come to its end has its turn again. The runs between read what changed."""

CENTURY = 36_500 * 86_400
"""Seconds. SQLite keeps an interval that leads beyond the end of the calendar."""

REST = timedelta(minutes=1)
"""How long after a run that failed, or that a person ended, what is due is left to the pair's own interval."""


def open_run(
    pair: EntityPair, *, trigger: str, now: datetime, by: str = "", full: bool = False, writes: bool = True
) -> tuple[Run, bool]:
    """The pair's open run, made where there is none; and whether it was made."""
    try:
        with transaction.atomic():
            run = Run.objects.create(
                pair=pair,
                trigger=trigger,
                requested_by=by,
                requested_at=now,
                full=full,
                writes=writes and pair.mode == Mode.LIVE,
                rules_version=pair.rules_version,
            )
        return run, True
    except IntegrityError:
        return Run.objects.get(pair=pair, state__in=OPEN_RUNS), False


def open_due_runs(now: datetime) -> list[Run]:
    """A run for every pair whose interval is over. Any number of machines may ask at once."""
    pairs = EntityPair.objects.exclude(mode=Mode.OFF)
    due = [pair for pair in pairs if _is_over(pair.next_run_at, pair.interval, now + EARLY)]
    return [run for pair in due if (run := _open_in_turn(pair, now))]


def span(interval: int) -> timedelta:
    """An interval as a time that can be added: one pair that says nonsense must not keep the others from their turn."""
    return timedelta(seconds=min(interval, CENTURY))


def _is_over(at: datetime | None, interval: int, now: datetime) -> bool:
    """A time further off than its interval was set by a clock that was ahead, or by a longer interval."""
    return at is None or not now < at <= now + span(interval)


def _open_in_turn(pair: EntityPair, now: datetime) -> Run | None:
    full = _is_over(pair.next_full_at, pair.full_interval, now)
    taken = EntityPair.objects.filter(pk=pair.pk, next_run_at=pair.next_run_at).update(
        next_run_at=now + span(pair.interval),
        next_full_at=now + min(TRY_AGAIN, span(pair.full_interval)) if full else pair.next_full_at,
    )
    if not taken:
        return None
    run, made = open_run(pair, trigger=Run.Trigger.SCHEDULE, now=now, full=full)
    if made:
        return run
    if full and not run.full:
        # Its turn for a full read has not come: the run that is open reads only what changed.
        EntityPair.objects.filter(pk=pair.pk).update(next_full_at=pair.next_full_at)
    return None


def open_runs_for_due_links(now: datetime) -> list[Run]:
    """Links that became due between runs: woken children, looked-for outcomes, requests."""
    due = Link.objects.filter(pair=OuterRef("pk"), due_at__lte=now)
    busy = Run.objects.filter(pair=OuterRef("pk"), state__in=OPEN_RUNS)
    rests = Run.objects.filter(
        pair=OuterRef("pk"),
        state__in=[RunState.FAILED, RunState.CANCELLED],
        ended_at__range=(now - REST, now + REST),
    )
    pairs = EntityPair.objects.exclude(mode=Mode.OFF).filter(Exists(due))
    ready = pairs.exclude(Exists(busy)).exclude(Exists(rests))
    made = (open_run(pair, trigger=Run.Trigger.SWEEPER, now=now) for pair in ready)
    return [run for run, fresh in made if fresh]


def runs_to_go_on(now: datetime) -> list[int]:
    """Open runs that nobody works on: fresh ones, interrupted ones, those whose worker died."""
    rested = Q(resume_at__isnull=True) | Q(resume_at__lte=now) | Q(resume_at__gt=now + FARTHEST)
    runs = Run.objects.filter(free(now), rested, state__in=[RunState.QUEUED, RunState.RUNNING])
    return list(runs.order_by("pair__position", "pk").values_list("pk", flat=True))


def sweep(now: datetime) -> list[int]:
    """Make good whatever the queue lost: the ids of the runs that should be worked on now."""
    for pair in EntityPair.objects.exclude(mode=Mode.OFF):
        take_over_from_the_dead(pair.pk, now)
        wake_from_a_clock_ahead(pair.pk, now)
    open_runs_for_due_links(now)
    return runs_to_go_on(now)
