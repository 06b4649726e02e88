"""Runs on request: by a person, a program or the command line; and what a person says of a held one."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from sync.engine.schedule import open_run
from sync.jobs import enqueue
from sync.models.pairs import EntityPair, Mode
from sync.models.runs import OPEN_RUNS, Run, RunState
from sync.services.acts import NotPossible, record


def request(
    pair: EntityPair,
    *,
    by: str,
    trigger: str,
    full: bool = False,
    plan_only: bool = False,
    queued: bool = True,
    reason: str = "",
) -> Run:
    """The pair's next run, or the one that is open already. `queued`: a worker is asked to take it up."""
    if pair.mode == Mode.OFF:
        raise NotPossible(f"{pair} is off. Set it to observe or live first.")
    with transaction.atomic():
        run, made = open_run(
            pair, trigger=trigger, now=timezone.now(), by=by, full=full, writes=not plan_only
        )
        if made:
            asked = {"full": full, "plan_only": plan_only}
            record("request run", by=by, subject=run, reason=reason, pair=pair, after=asked)
        if queued:
            enqueue("run", run.pk)
    return run


def cancel(run: Run, *, by: str, reason: str = "") -> None:
    """End a run where it is. What is due stays due."""
    _answer(run, "cancel", OPEN_RUNS, RunState.CANCELLED, by=by, reason=reason)


def approve(run: Run, *, by: str, reason: str = "") -> None:
    """A person has looked at what the guard held back: it may be written."""
    with transaction.atomic():
        _answer(run, "approve", [RunState.HELD], RunState.QUEUED, by=by, reason=reason)
        Run.objects.filter(pk=run.pk).update(
            approved_by=by, approved_at=timezone.now(), problem="", ended_at=None
        )
        enqueue("run", run.pk)


def reject(run: Run, *, by: str, reason: str = "") -> None:
    """What the guard held back must not be written: the pair only observes until a person says otherwise."""
    with transaction.atomic():
        _answer(run, "reject", [RunState.HELD], RunState.CANCELLED, by=by, reason=reason)
        live = EntityPair.objects.filter(pk=run.pair_id, mode=Mode.LIVE)
        if live.update(mode=Mode.OBSERVE, approved_version=0):
            record(
                "mode", by=by, subject=run.pair, reason=f"{run} was rejected", pair=run.pair,
                before=Mode.LIVE, after=Mode.OBSERVE,
            )  # fmt: skip


def _answer(run: Run, verb: str, states: list[RunState], state: RunState, *, by: str, reason: str) -> None:
    with transaction.atomic():
        now = timezone.now()
        ended = now if state == RunState.CANCELLED else None
        moved = Run.objects.filter(pk=run.pk, state__in=states).update(state=state, ended_at=ended)
        if not moved:
            raise NotPossible(
                f"{run} is {Run.objects.get(pk=run.pk).get_state_display()}: too late to {verb} it."
            )
        record(verb, by=by, subject=run, reason=reason, pair=run.pair, before={"state": run.state})
