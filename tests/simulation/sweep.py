"""Every scenario, with one fault at each of its points in turn: the single-crash sweep and its sisters."""

from __future__ import annotations

import argparse
import os
import sys
import time
from random import Random

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from tests.simulation.database import own_database  # noqa: E402 - the settings come first
from tests.simulation.scenarios import SCENARIOS, Scenario  # noqa: E402
from tests.simulation.simulation import Result, Simulation  # noqa: E402
from tests.simulation.switches import Switches, calm, draw  # noqa: E402

PLAIN: dict[str, object] = {
    "habits": (), "restores": False, "erp_conditional": True, "crm_conditional": False, "names_editor": True,
    "answers_record": False, "changed_since": True, "removed_feed": False, "idempotent": False, "page_size": 3,
    "bulk_write": 3, "pages_by_offset": False, "skew": 0.0, "steps": 0,
}  # fmt: skip


def plain() -> Switches:
    """Two systems without any habits, and no chance at work."""
    found = calm(draw(Random(0)))
    return type(found)(**{**vars(found), **PLAIN})


class Staged(Simulation):
    """A simulation whose people follow a scenario. Points count from its last act on."""

    def __init__(self, scenario: Scenario, plan: dict[int, str]) -> None:
        super().__init__(0, switches=plain())
        self.scenario, self.staged = scenario, plan

    def _rules(self) -> None:
        if self.scenario.rules:
            self.scenario.rules(self)

    def live(self) -> None:
        self._acts()
        self.heal()

    def _acts(self) -> None:
        *before, last = self.scenario.acts
        for act in before:
            act(self)
            self.calm_pass()
        last(self)
        self.points, self.plan = 0, self.staged
        self.worker(self.calm_pass)
        self.figures["swept points"] = self.points
        self.plan = {}

    def calm_pass(self) -> None:
        self.pass_time(60)
        for name in self.world.pairs:
            self.run_through(name)


def points(name: str) -> int:
    """How many points a scenario's last pass has."""
    return play(name).figures["swept points"]


def play(name: str, plan: dict[int, str] | None = None) -> Result:
    return Staged(SCENARIOS[name], plan or {}).run()


FAULTS = ("crash", "database", "before", "after", "unknown", "late")


def faults_of(name: str, *, stride: int, first: int = 1) -> list[tuple[int, str]]:
    """Which fault comes at which point: a crash at every other, the rest in turn."""
    numbers = range(first, points(name) + 1, stride)
    return [
        (number, "crash" if place % 2 == 0 else FAULTS[place // 2 % len(FAULTS)])
        for place, number in enumerate(numbers)
    ]


def sweep(name: str, stride: int) -> tuple[int, int]:
    """Points tried and violations found in one scenario."""
    found = 0
    chosen = faults_of(name, stride=stride)
    for number, fault in chosen:
        for violation in play(name, {number: fault}).violations:
            found += 1
            sys.stdout.write(f"  ✗ {name}, {fault} at point {number}: {violation}\n")
    return len(chosen), found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stride", type=int, default=7)
    asked = parser.parse_args()
    started = time.monotonic()
    with own_database():
        tried, found = zip(*(sweep(name, asked.stride) for name in SCENARIOS), strict=True)
    seconds = time.monotonic() - started
    sys.stdout.write(
        f"{len(SCENARIOS)} scenarios, {sum(tried)} points in {seconds:.0f} s, violations: {sum(found)}\n"
    )
    return 1 if sum(found) else 0


if __name__ == "__main__":
    sys.exit(main())
