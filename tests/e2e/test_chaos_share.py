"""A share of `make chaos`: real workers are killed while they write, and nothing is lost or doubled."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.chaos.postgres import programs
from tests.e2e.harness import ROOT

pytestmark = pytest.mark.e2e

KILLS, SEED = 4, 7
FIGURES = re.compile(r"(kills|in flight|edits|lost|doubled|apart): (\d+)")


@contextmanager
def battle(database: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.chaos", "--database", database]
    command += ["--kills", str(KILLS), "--seed", str(SEED)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as fought:
        try:
            yield fought
        finally:
            fought.terminate()


def test_nothing_is_lost_or_doubled_when_workers_are_killed() -> None:
    databases = ["sqlite", "postgres"] if programs() else ["sqlite"]
    with ExitStack() as stack:
        battles = [stack.enter_context(battle(database)) for database in databases]
        for fought in battles:  # side by side: they mostly wait
            told = fought.communicate(timeout=600)[0]
            last = [line for line in told.splitlines() if line.startswith("kills: ")]
            figures = {name: int(number) for name, number in FIGURES.findall("".join(last))}
            assert fought.returncode == 0, told
            assert (figures["lost"], figures["doubled"], figures["apart"]) == (0, 0, 0), told
            assert (figures["kills"], figures["in flight"] > 0, figures["edits"] > 0) == (KILLS, True, True)
