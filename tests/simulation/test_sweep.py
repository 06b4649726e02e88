"""One fault at every point of every scenario. `make simulate` sweeps them all; here each is swept with a stride."""

from __future__ import annotations

import pytest

from tests.simulation.scenarios import SCENARIOS
from tests.simulation.sweep import play, points

STRIDE = 61
FAULTS = ("crash", "database", "before", "after", "unknown", "late")


def test_there_are_scenarios_enough() -> None:
    assert len(SCENARIOS) >= 40


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_survives_a_fault_at_any_point(name: str) -> None:
    assert play(name).violations == []
    for number in range(1 + len(name) % STRIDE, points(name) + 1, STRIDE):
        fault = FAULTS[number % len(FAULTS)] if number % 2 else "crash"
        assert play(name, {number: fault}).violations == [], f"{fault} at point {number}"
