"""One fault at every point of every scenario. `make sweep` takes smaller strides."""

from __future__ import annotations

import pytest

from tests.simulation.scenarios import SCENARIOS
from tests.simulation.sweep import faults_of, play

STRIDE = 61


def test_there_are_scenarios_enough() -> None:
    assert len(SCENARIOS) >= 40


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_survives_a_fault_at_any_point(name: str) -> None:
    assert play(name).violations == []
    for number, fault in faults_of(name, stride=STRIDE, first=1 + 7 * len(name) % STRIDE):
        assert play(name, {number: fault}).violations == [], f"{fault} at point {number}"
