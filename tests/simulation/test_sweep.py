"""One fault at a few points of every scenario. `make sweep STRIDE=1` strikes at all of them."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from tests.simulation.mutants import planted
from tests.simulation.scenarios import SCENARIOS
from tests.simulation.sweep import KINDS, Branching, play, plays, stage, violations

STRIDE = 199


def test_there_are_scenarios_enough() -> None:
    assert len(SCENARIOS) >= 40


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_survives_a_fault_at_any_point(name: str) -> None:
    chosen = plays(name)
    assert {kind for _, kind, _ in chosen} >= {"crash", "database", "before", "stall"}
    told = violations(chosen[7 * len(name) % STRIDE :: STRIDE])
    assert {play: wrong for play, wrong in told.items() if wrong} == {}


def test_a_fault_that_never_strikes_is_a_violation() -> None:
    last = len(stage("create in webCRM"))
    never = [f"crash at point {last + 1} never happened"]
    told = violations([("create in webCRM", "crash", last + 1)])
    assert told["create in webCRM", "crash", last + 1] == never
    assert play("create in webCRM", {last + 1: "crash"}).violations == never


def test_a_branch_lives_as_a_life_of_its_own_does() -> None:
    """Each of a worker's last words shows in the branch that was struck, and only there."""
    chosen = [it for it in plays("create in webCRM") if it[1] == "before"]
    with planted("what a system quotes is repeated"):
        told = violations(chosen)
        alone = {it: play(it[0], {it[2]: it[1]}).violations for it in chosen}
    assert told == {("create in webCRM", "nothing", 0): [], **alone}
    assert any(told.values())
    assert not all(told.values())


def test_a_branch_that_breaks_down_is_told_of() -> None:
    def heal(self: Branching) -> None:
        if self.mouth:
            raise ZeroDivisionError

    chosen = plays("create in webCRM")[:1]
    with patch.object(Branching, "heal", heal):
        told = violations(chosen)
    assert "ZeroDivisionError" in told[chosen[0]][0]


@pytest.mark.parametrize("kind", ["crash", *KINDS])
def test_every_kind_of_fault_strikes(kind: str) -> None:
    """Each one leaves its trace in the life it was planned for."""
    number = next(number for _, found, number in plays("create in webCRM") if found == kind)
    assert violations([("create in webCRM", kind, number)])["create in webCRM", kind, number] == []
