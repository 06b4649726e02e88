"""How far the runs of a command are: a bar each on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from sync.engine.runner import counts
from sync.management.foreground.result import in_words
from sync.management.foreground.work import Report
from sync.models.links import Link
from sync.models.runs import Run

LINE_WIDTH = 250
LINE_SECONDS = 10.0
"""Seconds between two plain lines about the same phase."""


def make_console(*, stderr: bool = False) -> Console:
    """A terminal as wide as it is; elsewhere lines that nobody breaks."""
    console = Console(stderr=stderr, highlight=False)
    return console if console.is_terminal else Console(stderr=stderr, highlight=False, width=LINE_WIDTH)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A run as it stands now: links it is done with, links still due."""

    settled: int
    due: int
    phase: str
    words: str


@contextmanager
def display(console: Console, pair: str) -> Iterator[Report]:
    """Something to report a run to, while it is worked on."""
    if not console.is_terminal:
        yield Lines(console, pair).report
        return
    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(bar_width=30),
        TextColumn("{task.completed:>6,.0f} of {task.total:,.0f}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[words]}"),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(pair, total=0, words="")
        yield Bar(progress, task).report


class Bar:
    """A moving bar: links settled, of those settled and due."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self.progress = progress
        self.task = task

    def report(self, run: Run) -> None:
        standing = _standing(run)
        self.progress.update(
            self.task,
            completed=standing.settled,
            total=max(standing.settled + standing.due, 1),
            words=standing.words or standing.phase,
        )


class Lines:
    """A line at each new phase, and one now and then in between."""

    def __init__(self, console: Console, pair: str) -> None:
        self.console = console
        self.pair = pair
        self.phase = ""
        self.spoken = 0.0

    def report(self, run: Run) -> None:
        standing = _standing(run)
        now = time.monotonic()
        if standing.phase == self.phase and now - self.spoken < LINE_SECONDS:
            return
        self.phase, self.spoken = standing.phase, now
        whole = standing.settled + standing.due
        counted = f"{standing.settled:,} of {whole:,}"
        self.console.print(f"{self.pair}: {standing.phase}, {counted}; {standing.words}".rstrip("; "))


def _standing(run: Run) -> Standing:
    fresh = Run.objects.get(pk=run.pk)
    if fresh.ended_at is None:
        fresh.counts = counts(fresh)
    due = Q(due_at__lte=timezone.now())
    return Standing(
        settled=fresh.touched if fresh.ended_at else Link.objects.filter(~due, run=fresh).count(),
        due=0 if fresh.ended_at else Link.objects.filter(due, pair=fresh.pair_id).count(),
        phase=f"{fresh.get_state_display()}, {fresh.get_phase_display()}",
        words=fresh.problem or in_words(fresh.counts),
    )
