"""Whether every planted defect is caught: `python -m tests.simulation.hunt --seeds 1000`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass, replace
from functools import partial
from random import Random

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from tests.simulation.mutants import CLIMATES, MUTANTS, planted  # noqa: E402 - the settings come first
from tests.simulation.pool import JOBS, spread  # noqa: E402
from tests.simulation.simulation import DEFECT, Simulation  # noqa: E402
from tests.simulation.switches import draw  # noqa: E402

CONSTRAINT = f"{DEFECT} IntegrityError"


@dataclass(frozen=True, kw_only=True)
class Hunted:
    """How a planted defect fared. `caught_by`: the violation that shows it; empty where it survived all seeds."""

    name: str
    seeds: int
    seconds: float
    caught_by: str

    def line(self) -> str:
        shown = self.caught_by.partition("\n")[0][:90] or "SURVIVED"
        return f"{self.name:48} {self.seeds:5} seeds {self.seconds:5.0f} s  {shown}"


def hunt(name: str, *, seeds: int) -> Hunted:
    """Seeds from the first on until an oracle speaks that is silent without the defect.

    A life in which the engine itself broke down shows nothing, whatever else was wrong in it. Where it was stopped by a
    constraint of the database, that is what the constraint is for.
    """
    started, number, caught_by = time.monotonic(), 0, ""
    while number < seeds and not caught_by:
        number += 1
        with planted(name):
            wrong = _spoken(name, number)
        if wrong and not _spoken(name, number):
            caught_by = wrong[0]
    return Hunted(name=name, seeds=number, seconds=time.monotonic() - started, caught_by=caught_by)


def _spoken(name: str, seed: int) -> list[str]:
    climate = CLIMATES.get(name)
    switches = replace(draw(Random(seed)), **climate) if climate else None
    found = Simulation(seed, switches=switches).run().violations
    broken = [it for it in found if it.startswith(DEFECT)]
    return [it for it in broken if CONSTRAINT in it] if broken else found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--only", default="", help="defects whose names contain this")
    parser.add_argument("--jobs", type=int, default=JOBS)
    asked = parser.parse_args()
    names = [name for name in MUTANTS if asked.only in name]
    started, caught = time.monotonic(), 0
    for hunted in spread(partial(hunt, seeds=asked.seeds), names, jobs=asked.jobs):
        caught += bool(hunted.caught_by)
        sys.stdout.write(f"{hunted.line()}\n")
        sys.stdout.flush()
    seconds = time.monotonic() - started
    sys.stdout.write(f"caught: {caught} of {len(names)} in {seconds:.0f} s\n")
    return 0 if caught == len(names) else 1


if __name__ == "__main__":
    sys.exit(main())
