"""The processes of a test: seen through /proc, waited for with deadlines, none left behind."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Found = TypeVar("Found")

STEP = 0.1


class TooLate(AssertionError):
    """What a test waited for did not come."""


def eventually(look: Callable[[], Found], what: str, *, seconds: float = 60.0) -> Found:
    """The first true answer; TooLate, with the last answer, when none comes in time."""
    until = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > until:
            raise TooLate(f"{what}: not within {seconds:.0f} seconds, last seen {found!r}")
        time.sleep(STEP)
    return found


def alive(pid: int) -> bool:
    """Whether the process runs; one that only waits to be collected does not."""
    return _stat(pid)[:1] not in ([], ["Z"])


def children(pid: int) -> list[int]:
    """Its direct children; none of 0, which stands for nobody here and for the whole machine in /proc."""
    return [each for each in _pids() if _stat(each)[1:2] == [str(pid)]] if pid else []


def descendants(pid: int) -> list[int]:
    """Everybody below it, nearest first."""
    found: list[int] = []
    for child in children(pid):
        found += [child, *descendants(child)]
    return found


def group(leader: int) -> list[int]:
    """Everybody in the process group of this leader who still runs; none of 0, as with `children`."""
    return [each for each in _pids() if _stat(each)[2:3] == [str(leader)] and alive(each)] if leader else []


def kill(pids: list[int], number: int = signal.SIGKILL) -> None:
    """Those that are gone already do not mind."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def _pids() -> list[int]:
    return [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit()]


def _stat(pid: int) -> list[str]:
    """State, parent, process group …; empty when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
