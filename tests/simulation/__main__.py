"""Many seeds, side by side: `python -m tests.simulation --seeds 300 --first 1`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from functools import partial

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from tests.simulation.pool import JOBS, spread  # noqa: E402 - the settings come first
from tests.simulation.simulation import Result, live  # noqa: E402

TAIL = 60


def main() -> int:
    asked = _asked()
    figures: Counter[str] = Counter()
    violations, started = 0, time.monotonic()
    work = partial(live, administered=asked.administrators)
    for result in spread(work, range(asked.first, asked.first + asked.seeds), jobs=asked.jobs):
        figures.update(result.figures)
        violations += len(result.violations)
        if result.violations:
            _show(result, asked.tail)
    _sum_up(asked.seeds, figures, violations, time.monotonic() - started)
    return 1 if violations else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=300)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--tail", type=int, default=TAIL)
    parser.add_argument("--jobs", type=int, default=JOBS)
    parser.add_argument("--administrators", action="store_true")
    return parser.parse_args()


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _show(result: Result, tail: int) -> None:
    say(f"seed {result.seed}: {result.switches.shown()}")
    for line in result.trace[-tail:] if tail else ():
        say(f"    {line[:300]}")
    for violation in result.violations:
        say(f"  ✗ seed {result.seed}: {violation}")


def _sum_up(seeds: int, figures: Counter[str], violations: int, seconds: float) -> None:
    shown = ", ".join(f"{name}: {number}" for name, number in sorted(figures.items()))
    say(f"{seeds} seeds in {seconds:.0f} s; {shown}")
    say(
        f"operations: {figures['operations']}, crashes: {figures['crashes']}, "
        f"window losses: {figures['window losses']}, violations: {violations}"
    )


if __name__ == "__main__":
    sys.exit(main())
