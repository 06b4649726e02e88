"""Whether every planted defect is caught: `python -m tests.simulation.hunt --seeds 1000`."""

from __future__ import annotations

import argparse
import os
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from tests.simulation.database import own_database  # noqa: E402 - the settings come first
from tests.simulation.mutants import MUTANTS, planted  # noqa: E402
from tests.simulation.simulation import Simulation  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    names = [name for name in MUTANTS if asked.only in name]
    with own_database():
        caught = [name for name in names if _caught(name, asked.seeds)]
    sys.stdout.write(f"caught: {len(caught)} of {len(names)}\n")
    return 0 if len(caught) == len(names) else 1


def _caught(name: str, seeds: int) -> bool:
    started = time.monotonic()
    for seed in range(1, seeds + 1):
        with planted(name):
            violations = Simulation(seed).run().violations
        if violations:
            _say(name, seed, time.monotonic() - started, violations[0])
            return True
    _say(name, seeds, time.monotonic() - started, "SURVIVED")
    return False


def _say(name: str, seeds: int, seconds: float, what: str) -> None:
    first = what.splitlines()[0][:90]
    sys.stdout.write(f"{name:45} {seeds:5} seeds {seconds:5.0f} s  {first}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
