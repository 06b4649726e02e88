"""One fault at a few points of every scenario. `make sweep STRIDE=1` strikes at all of them."""

from __future__ import annotations

import pytest

from tests.simulation.scenarios import SCENARIOS
from tests.simulation.sweep import KINDS, plays, stage, violations

STRIDE = 199


def test_there_are_scenarios_enough() -> None:
    assert len(SCENARIOS) >= 40


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_survives_a_fault_at_any_point(name: str) -> None:
    chosen = plays(name)
    assert {kind for _, kind, _ in chosen} >= {"crash", "database", "before", "after", "stall"}
    for it in chosen[7 * len(name) % STRIDE :: STRIDE]:
        assert violations(it) == [], it


def test_a_fault_that_never_strikes_is_a_violation() -> None:
    last = len(stage("create in webCRM"))
    assert violations(("create in webCRM", "crash", last + 1)) == [
        f"crash at point {last + 1} never happened"
    ]


@pytest.mark.parametrize("kind", ["crash", *KINDS])
def test_every_kind_of_fault_strikes(kind: str) -> None:
    """Each one leaves its trace in the life it was planned for."""
    number = next(number for _, found, number in plays("create in webCRM") if found == kind)
    assert violations(("create in webCRM", kind, number)) == []
