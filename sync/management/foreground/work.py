"""A pair's run from request to end in this process, with nobody else needed."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils import timezone

from sync import jobs
from sync.connectors.base import Unavailable
from sync.engine.runner import advance
from sync.engine.slice import Means
from sync.models.pairs import EntityPair
from sync.models.runs import Run, RunState
from sync.queue.stopping import Stopping
from sync.services import runs
from sync.services.acts import NotPossible

PATIENCE = 65.0
"""Seconds to wait for room in a system's call budget: its sliding minute, and a little."""

SLICE = timedelta(minutes=2)
"""Long, for every slice asks both systems who they are; well within a run's lease."""

LOOK = 1.0
"""Seconds between two looks at a run that somebody else works on, and between two reports."""

UNDER_WAY = (RunState.QUEUED, RunState.RUNNING)

Report = Callable[[Run], None]


def run_pair(
    pair: EntityPair,
    *,
    by: str,
    report: Report,
    stopping: Stopping,
    full: bool = False,
    plan_only: bool = False,
) -> Run:
    """The run that was asked for, at its end; still under way when `stopping` was asked for. NotPossible.

    A run that is open already is made use of; one that reads less than asked for is ended first.
    """
    while True:
        run = runs.request(
            pair, by=by, trigger=Run.Trigger.COMMAND, full=full, plan_only=plan_only, queued=False
        )
        if plan_only and run.writes:
            raise NotPossible(
                f"{pair} has a run that writes, #{run.pk}, {run.get_state_display()}. "
                "Let it end, or cancel it, then plan."
            )
        fits = run.full or not full
        _work(run, report=report, stopping=stopping)
        if fits or run.state == RunState.HELD or stopping.asked:
            return run


def _work(run: Run, *, report: Report, stopping: Stopping) -> None:
    """Slice after slice, until the run is over or held, or stopping is asked for."""
    means = _means(run, report, stopping)
    while run.state in UNDER_WAY and not stopping.asked:
        progress = advance(run, means)
        run.refresh_from_db()
        report(run)
        if progress is None:
            stopping.wait(LOOK)
        elif progress.resume_at and run.state in UNDER_WAY:
            _rest_until(progress.resume_at, stopping)


def _rest_until(at: datetime, stopping: Stopping) -> None:
    stopping.wait(max(0.0, (at - timezone.now()).total_seconds()))


def _means(run: Run, report: Report, stopping: Stopping) -> Means:
    """What a worker has, with more patience, and an open ear between any two steps."""
    spoken = [0.0]

    def go_on() -> bool:
        if time.monotonic() - spoken[0] >= LOOK:
            report(run)
            spoken[0] = time.monotonic()
        return not stopping.asked

    def sleep(seconds: float) -> None:
        if stopping.wait(seconds):
            raise Unavailable("Stopped while waiting for the call budget.", retry_after=0.0)

    usual = jobs.means()
    ports = dataclasses.replace(usual.ports, sleep=sleep)
    return dataclasses.replace(usual, ports=ports, patience=PATIENCE, slice=SLICE, go_on=go_on)
