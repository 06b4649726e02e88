"""A run from its first page to its counts, in slices: every slice may be the last one its worker lives to make."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import OperationalError, transaction
from django.db.models import Count, F, QuerySet

from sync.connectors.base import ConnectorError, Unavailable
from sync.core.vocabulary import Outcome, Side
from sync.engine.check import read_schemas
from sync.engine.evidence import confirm_rest, look, take_over_from_the_dead
from sync.engine.guard import judge
from sync.engine.poll import poll, poll_removed
from sync.engine.rules import load
from sync.engine.schedule import span
from sync.engine.settle import settle_due
from sync.engine.slice import LEASE, Means, Overtaken, Slice, free
from sync.engine.waiting import wake_from_a_clock_ahead, wake_the_planned, wake_the_ready, wake_who_pointed
from sync.models.links import Intent, IntentState, Link
from sync.models.pairs import EntityPair, Mode
from sync.models.runs import OPEN_RUNS, Run, RunState

logger = logging.getLogger(__name__)

ROUNDS = 5
"""How often one run goes over what its own writes made due. What is left then is the next run's."""

MAX_WAIT = 3600.0
COUNTS = "The counts do not add up: {total} outcomes for {touched} links. Please report this."


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a slice came. `resume_at` says when the next may go on; None when the run has ended."""

    run: Run
    resume_at: datetime | None = None


def advance(run: Run, means: Means, *, watch: Callable[[Run], None] | None = None) -> Progress | None:
    """Work on a run for one slice. None when somebody else holds it, or it is over."""
    now = means.ports.now()
    token = means.ports.token()
    if not _take(run, token, now):
        return None
    run.refresh_from_db()
    work = Slice(
        run=run,
        rules=load(run.pair),
        ports=means.ports,
        until=now + means.slice,
        patience=means.patience,
        allow_hosts=means.hosts,
        token=token,
        go_on=means.go_on,
    )
    try:
        return _in_one_piece(work, watch or (lambda _: None))
    finally:
        _add_calls(work)
        Run.objects.filter(pk=run.pk, lease_token=token).update(lease_token="", lease_until=None)


def _take(run: Run, token: str, now: datetime) -> bool:
    mine = Run.objects.filter(free(now), pk=run.pk, state__in=[RunState.QUEUED, RunState.RUNNING])
    taken = mine.update(state=RunState.RUNNING, lease_token=token, lease_until=now + LEASE)
    Run.objects.filter(pk=run.pk, started_at__isnull=True).update(started_at=now)
    return bool(taken)


def _in_one_piece(work: Slice, watch: Callable[[Run], None]) -> Progress | None:
    """Every error ends here, as a sentence on the run; a defect of ours keeps its traceback in the log."""
    try:
        return _phases(work, watch)
    except Overtaken:
        return None
    except Unavailable as error:
        return _later(work, error)
    except ConnectorError as error:
        return _fail(work, str(error))
    except OperationalError as error:
        said = str(error).partition("\n")[0].rstrip(".")
        return _fail(
            work, f"The hub's own database gave up: {said}. What was kept stands; the next run goes on."
        )
    except Exception:
        logger.exception("run errored", extra={"run": work.run.pk, "pair": work.pair.name})
        return _fail(
            work, "A defect of the hub stopped this run; its log has the details. The next run tries again."
        )


def _phases(work: Slice, watch: Callable[[Run], None]) -> Progress | None:
    steps = {
        Run.Phase.POLL: _poll,
        Run.Phase.GUARD: _guard,
        Run.Phase.WORK: _work,
        Run.Phase.CONFIRM: _confirm,
    }
    if why := _overruled(work):
        return _fail(work, why)
    began = work.ports.now()
    for side in Side:
        work.verify(side)
    # On top of the slice: a system that is slow to say who it is must not leave every slice without work.
    work.until += work.ports.now() - began
    while True:
        work.run.refresh_from_db(fields=["state", "touched", "lease_token"])
        if work.run.lease_token != work.token:
            return None
        if work.run.state != RunState.RUNNING:
            return Progress(run=work.run)
        _count(work, counts(work.run))
        watch(work.run)
        if work.run.phase == Run.Phase.END:
            return _close(work, RunState.DONE)
        if work.out_of_time() or not steps[Run.Phase(work.run.phase)](work):
            return Progress(run=work.run, resume_at=work.ports.now())


def _overruled(work: Slice) -> str:
    """Why a run that writes may not go on: a person changed the pair since it was asked for."""
    run, pair = work.run, work.pair
    if run.writes and pair.mode != Mode.LIVE:
        return f"The pair was set to {pair.mode} while this run was under way: it writes nothing more."
    if run.writes and run.rules_version != pair.rules_version:
        return "The mapping was changed while this run was under way: what is left waits for the next run."
    return ""


def _to(work: Slice, phase: Run.Phase) -> bool:
    work.run.phase = phase
    _ours(work).update(phase=phase, round=work.run.round)
    return True


def _ours(work: Slice) -> QuerySet[Run]:
    """The run as far as it is still ours: what a worker says that was overtaken is not heard."""
    return Run.objects.filter(pk=work.run.pk, lease_token=work.token)


def _poll(work: Slice) -> bool:
    if read_schemas(work):
        work.rules = load(work.pair)
    take_over_from_the_dead(work.pair.pk, work.ports.now())
    wake_from_a_clock_ahead(work.pair.pk, work.ports.now())
    for side in Side:
        full = work.run.full and not _read_since(work, side)
        if not poll(work, side, full=full):
            return False
        poll_removed(work, side)
    if not look(work):
        return False
    wake_the_ready(work.pair, work.ports.now())
    wake_who_pointed(work.run, work.rules, work.ports.now())
    if work.run.writes:
        wake_the_planned(work.run, work.ports.now())
    if work.run.full:
        next_full_at = work.ports.now() + span(work.pair.full_interval)
        EntityPair.objects.filter(pk=work.pair.pk).update(next_full_at=next_full_at)
    return _to(work, Run.Phase.GUARD)


def _read_since(work: Slice, side: Side) -> bool:
    """Whether this side's full read was already completed in an earlier slice of this run."""
    cursor = work.pair.cursors.filter(side=side).first()
    started = work.run.started_at
    return bool(cursor and cursor.full_at and started and cursor.full_at >= started)


def _guard(work: Slice) -> bool:
    run, work.news = work.run, 0
    why = judge(work.rules, work.ports.now()) if run.writes else ""
    if not why:
        return _to(work, Run.Phase.WORK)
    _ours(work).filter(state=RunState.RUNNING).update(state=RunState.HELD, problem=why)
    logger.warning("run held", extra={"run": run.pk, "pair": work.pair.name, "why": why})
    return True


def _work(work: Slice) -> bool:
    done = settle_due(work)
    if work.must_judge():
        return _to(work, Run.Phase.GUARD)
    return done and _to(work, Run.Phase.CONFIRM)


def _confirm(work: Slice) -> bool:
    """The confirming read of what was written; then once more over whatever that made due."""
    for side in Side:
        acknowledged = Intent.objects.standing(work.pair.pk, IntentState.ACKNOWLEDGED)
        open_here = acknowledged.filter(side=side).exists()
        if open_here and work.capabilities(side).changed_since and not poll(work, side, tail=True):
            return False
        if open_here and not confirm_rest(work, side):
            return False
    due = Link.objects.filter(pair=work.pair, due_at__lte=work.ports.now()).exists()
    work.run.round += 1
    return _to(work, Run.Phase.GUARD if due and work.run.round < ROUNDS else Run.Phase.END)


def counts(run: Run) -> dict[str, int]:
    """A run's counts as they stand: every link touched, once, under its worst outcome.

    What was only read so far, and is due, has none yet.
    """
    return _tally(Link.objects.filter(run=run).exclude(outcome=Outcome.UNCHANGED.value, due_at__isnull=False))


def _tally(links: QuerySet[Link]) -> dict[str, int]:
    found = dict(links.values_list("outcome").annotate(number=Count("pk")).order_by())
    return {outcome.value: found[outcome.value] for outcome in Outcome if outcome.value in found}


def _count(work: Slice, found: dict[str, int]) -> None:
    work.run.counts = found
    _ours(work).update(counts=found)


STANDING = [
    outcome.value
    for outcome in (
        Outcome.FAILED,
        Outcome.CONFLICT,
        Outcome.HELD,
        Outcome.WAITING,
        Outcome.REMOVED,
        Outcome.EXCLUDED,
    )
]
"""What a link was settled as and still is, until something makes it due again."""


def _recall_what_stands(run: Run) -> None:
    """A record that says what it said before is not in step if it was held, or failed, or waits, or is due still."""
    unseen = Intent.objects.standing(run.pair_id, IntentState.UNKNOWN).values("link_id")
    Link.objects.filter(run=run, outcome=Outcome.UNCHANGED.value, pk__in=unseen).update(
        outcome=Outcome.UNKNOWN.value
    )
    Link.objects.filter(run=run, outcome=Outcome.UNCHANGED.value, due_at__isnull=False).update(
        outcome=Outcome.WAITING.value
    )
    quiet = Link.objects.filter(run=run, outcome=Outcome.UNCHANGED.value, due_at__isnull=True)
    quiet.filter(settled_as__in=STANDING).update(outcome=F("settled_as"))
    if not run.writes:
        quiet.filter(plan__isnull=False).update(outcome=Outcome.WRITTEN.value)


def _later(work: Slice, error: Unavailable) -> Progress | None:
    """A system asks for patience: the run goes on later. One that cannot be reached at all ends it."""
    if error.retry_after is None or error.retry_after > MAX_WAIT:
        return _fail(work, str(error))
    run, resume_at = work.run, work.ports.now() + timedelta(seconds=error.retry_after)
    run.problem, run.resume_at = str(error), resume_at
    _ours(work).update(problem=run.problem, resume_at=resume_at)
    return Progress(run=run, resume_at=resume_at)


def _fail(work: Slice, why: str) -> Progress | None:
    return _close(work, RunState.FAILED, why)


def _close(work: Slice, state: RunState, problem: str = "") -> Progress | None:
    """The run's end with its last counts, in one piece. None when the run was not ours to end any more."""
    run, now = work.run, work.ports.now()
    with transaction.atomic():
        if not _ours(work).filter(state__in=OPEN_RUNS).update(ended_at=now, resume_at=None):
            return None
        _recall_what_stands(run)
        # Everybody: who was made due since, by a person, was settled before.
        _count(work, _tally(Link.objects.filter(run=run)))
        run.refresh_from_db(fields=["touched"])
        total = sum(run.counts.values())
        if total != run.touched and state == RunState.DONE:
            state, problem = RunState.FAILED, COUNTS.format(total=total, touched=run.touched)
        run.state, run.problem, run.ended_at, run.resume_at = state, problem, now, None
        _ours(work).update(state=state, problem=problem)
    if state == RunState.FAILED:
        logger.error("run failed", extra={"run": run.pk, "pair": work.pair.name, "why": problem})
    return Progress(run=run)


def _add_calls(work: Slice) -> None:
    """Calls were made, whoever holds the run by now: they are added to what others made for it."""
    with transaction.atomic():
        run = Run.objects.select_for_update().only("calls").get(pk=work.run.pk)
        calls = {name: Counter(endpoints) for name, endpoints in run.calls.items()}
        for name, counter in work.calls.items():
            calls[name] = calls.get(name, Counter()) + counter
        run.calls = {name: dict(counter) for name, counter in calls.items()}
        run.save(update_fields=["calls"])
    work.run.calls = run.calls
