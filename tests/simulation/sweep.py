"""Every scenario, with one fault at each of its points in turn: the single-crash sweep and its sisters."""

from __future__ import annotations

import argparse
import gc
import os
import re
import sys
import time
import traceback
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from random import Random

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from tests.simulation.pool import JOBS, spread  # noqa: E402 - the settings come first
from tests.simulation.scenarios import SCENARIOS, Scenario  # noqa: E402
from tests.simulation.scheduler import COMMITS  # noqa: E402
from tests.simulation.simulation import Result, Simulation  # noqa: E402
from tests.simulation.switches import Switches, calm, draw  # noqa: E402
from tests.simulation.words import PAIR  # noqa: E402

PLAIN: dict[str, object] = {
    "habits": (), "restores": False, "erp_conditional": True, "crm_conditional": False, "names_editor": True,
    "answers_record": False, "changed_since": True, "removed_feed": False, "idempotent": False, "page_size": 3,
    "bulk_write": 3, "pages_by_offset": False, "skew": 0.0, "steps": 0, "hidden": 0.0,
}  # fmt: skip


def plain() -> Switches:
    """Two systems without any habits, and no chance at work."""
    found = calm(draw(Random(0)))
    return type(found)(**{**vars(found), **PLAIN})


@dataclass(frozen=True, kw_only=True)
class Point:
    """One place of a scenario's last pass: which, before or after what, and whether another worker may run there."""

    number: int
    name: str
    is_open: bool
    in_flight: bool

    @property
    def keeps(self) -> bool:
        """Whether something lasts from here on: a commit, or a write that landed."""
        return self.name in ("commit after", "write after") or self.is_call("between", "after", writes=True)

    def is_call(self, *phases: str, writes: bool = False) -> bool:
        called = re.fullmatch(r"(?:erp|crm) (\w+)(?: \w+)? (before|between|after)", self.name)
        return bool(called) and called[2] in phases and (called[1] == "write" or not writes)


class Staged(Simulation):
    """A simulation whose people follow a scenario. Points count from its last act on."""

    def __init__(self, scenario: Scenario, plan: dict[int, str]) -> None:
        super().__init__(0, switches=plain())
        self.scenario, self.staged = scenario, plan
        self.is_staged = False
        self.seen: list[Point] = []

    def _rules(self) -> None:
        if self.scenario.rules:
            self.scenario.rules(self)

    def point(self, name: str, *, is_open: bool) -> None:
        number = self.points + 1
        self.seen.append(Point(number=number, name=name, is_open=is_open, in_flight=bool(self.flights)))
        super().point(name, is_open=is_open)

    def live(self) -> None:
        *before, last = self.scenario.acts
        for act in before:
            act(self)
            self.calm_pass()
        last(self)
        self.points, self.seen, self.plan, self.is_staged = 0, [], self.staged, True
        self.worker(self.calm_pass)
        self.stage, self.is_staged = tuple(self.seen), False
        for number in self.staged.keys() - self.struck:
            self.violate(f"{self.staged[number]} at point {number} never happened")
        self.heal()

    def calm_pass(self) -> None:
        self.pass_time(60)
        for name in self.names():
            self.run_through(name)

    def names(self) -> list[str]:
        """Only the pairs that have records at all: with the others nothing can go wrong."""
        busy = {PAIR[event.written.entity] for event in self.truth.events}
        return [name for name in super().names() if name in busy]


PART = 100
"""So many faults are one task: they share the life before them."""

Strike = tuple[str, int]
"""A fault, and the point where it strikes."""


class Branching(Staged):
    """A scenario that forks at chosen points: each child suffers one fault there, the parent lives on without.

    What came before a fault is lived once for all of them.
    """

    def __init__(self, scenario: Scenario, strikes: Iterable[Strike]) -> None:
        super().__init__(scenario, {})
        self.strikes: dict[int, list[str]] = defaultdict(list)
        for kind, number in strikes:
            self.strikes[number].append(kind)
        self.told: dict[Strike, list[str]] = {}
        self.mouth: Connection | None = None
        """Where a child tells what was wrong with its life."""

    def point(self, name: str, *, is_open: bool) -> None:
        number = self.points + 1
        for kind in self.strikes.pop(number, ()) if self.is_staged else ():
            if self._is_child(kind, number):
                break
        super().point(name, is_open=is_open)

    def _is_child(self, kind: str, number: int) -> bool:
        """True in a process of its own, where the fault is going to strike; False where that one's life is over."""
        ear, mouth = Pipe(duplex=False)
        with warnings.catch_warnings():
            # A test runner's threads are of no use to a child.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if not child:
            self.mouth, self.staged, self.plan = mouth, {number: kind}, {number: kind}
            self.strikes.clear()
            gc.disable()  # a short life, that would only copy what it shares with its parent
            return True
        mouth.close()
        try:
            self.told[kind, number] = ear.recv()
        except EOFError:
            self.told[kind, number] = ["its process ended without a word"]
        os.waitpid(child, 0)
        return False

    def lives(self) -> dict[Strike, list[str]]:
        """What was wrong with each life."""
        try:
            violations = self.run().violations
        except BaseException:
            if self.mouth is None:
                raise
            violations = [traceback.format_exc()]
        if self.mouth is not None:
            self.mouth.send(violations)
            os._exit(0)
        self.told["nothing", 0] = violations
        for number, kinds in self.strikes.items():
            for kind in kinds:
                self.told[kind, number] = [f"{kind} at point {number} never happened"]
        return self.told


def play(name: str, plan: dict[int, str] | None = None) -> Result:
    return Staged(SCENARIOS[name], plan or {}).run()


def stage(name: str) -> tuple[Point, ...]:
    """The points of a scenario's last pass, as they come when nothing goes wrong."""
    staged = Staged(SCENARIOS[name], {})
    staged.run()
    return staged.stage


KINDS: dict[str, Callable[[Point], bool]] = {
    "database": lambda it: it.name in COMMITS,
    "before": lambda it: it.is_call("before"),
    "after": lambda it: it.is_call("between", "after", writes=True),
    "unknown": lambda it: it.is_call("before", writes=True),
    "late": lambda it: it.is_call("before", writes=True),
    "stall": lambda it: it.is_open and not it.in_flight,
}
"""Where a fault can strike, beside a crash: a commit is refused, a call fails before it lands, a write fails after it
landed (a read whose answer is lost leaves the same world as one that failed before), its outcome is unknown, it lands
late, a worker sleeps beyond its lease while another one takes over."""


def crashes(points: tuple[Point, ...]) -> Iterator[int]:
    """Points at which a crash leaves something else behind than one at the point before: the rest are the same life."""
    lasts = True
    for point in points:
        lasts = lasts or point.keeps
        if lasts:
            yield point.number
        lasts = False


Play = tuple[str, str, int]
"""Scenario, fault, and the point where it strikes."""


def plays(name: str) -> list[Play]:
    """Every fault at every point of a scenario where it can make a difference."""
    points = stage(name)
    found = [(name, "crash", number) for number in crashes(points)]
    for kind, strikes in KINDS.items():
        found += [(name, kind, point.number) for point in points if strikes(point)]
    return found


def violations(chosen: Sequence[Play]) -> dict[Play, list[str]]:
    """What was wrong with the lives that these faults struck, of one scenario or of several."""
    found: dict[Play, list[str]] = {}
    for name, strikes in groupby(chosen, key=lambda it: it[0]):
        told = Branching(SCENARIOS[name], [(kind, number) for _, kind, number in strikes]).lives()
        found |= {(name, *strike): wrong for strike, wrong in told.items()}
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stride", type=int, default=7)
    parser.add_argument("--jobs", type=int, default=JOBS)
    parser.add_argument("--only", default="", help="scenarios whose names contain this")
    parser.add_argument("--fault", default="", help="only these kinds, separated by commas")
    asked = parser.parse_args()
    started = time.monotonic()
    names = [name for name in SCENARIOS if asked.only in name]
    all_of_them = [it for found in spread(plays, names, jobs=asked.jobs) for it in found]
    kinds = asked.fault.split(",") if asked.fault else ["crash", *KINDS]
    if unknown := set(kinds) - {"crash", *KINDS}:
        parser.error(f"No such fault: {', '.join(sorted(unknown))}. There are: crash, {', '.join(KINDS)}.")
    chosen = [it for it in all_of_them if it[1] in kinds][:: asked.stride]
    parts = [chosen[start : start + PART] for start in range(0, len(chosen), PART)]
    found = 0
    for done, told in enumerate(spread(violations, parts, jobs=asked.jobs), start=1):
        for (name, kind, number), wrong in told.items():
            found += len(wrong)
            for violation in wrong:
                sys.stdout.write(f"  ✗ {name}, {kind} at point {number}: {violation}\n")
        sys.stdout.write(f"{min(done * PART, len(chosen))} of {len(chosen)} faults, violations: {found}\n")
        sys.stdout.flush()
    counted = ", ".join(f"{number} {kind}" for kind, number in Counter(kind for _, kind, _ in chosen).items())
    seconds = time.monotonic() - started
    sys.stdout.write(
        f"{len(names)} scenarios, {len(chosen)} faults ({counted}) in {seconds:.0f} s, violations: {found}\n"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
