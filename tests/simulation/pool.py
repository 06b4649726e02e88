"""Lives side by side: one process each for so many cores, every one with a database of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from typing import TypeVar

import django

T = TypeVar("T")
R = TypeVar("R")

JOBS = os.cpu_count() or 1
_lasting = ExitStack()


def spread(work: Callable[[T], R], tasks: Sequence[T], *, jobs: int = JOBS, at_once: int = 1) -> Iterator[R]:
    """The results of `work` on every task, in the order of the tasks. `work` and its results must be picklable."""
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_prepare) as pool:
        yield from pool.map(work, tasks, chunksize=at_once)


def _prepare() -> None:
    """Once for each process: its own database is its default one for as long as it lives."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from tests.simulation.database import own_database  # noqa: PLC0415 - the settings come first

    _lasting.enter_context(own_database())
