"""Lives in which the hub's administrators act too. `make simulate ADMINISTRATORS=1` plays more of them."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from sync.engine.pairing import Matcher
from tests.simulation.simulation import Simulation

CAUGHT_BY = 8
"""The first seed in which records that a person took apart would meet again, if nothing kept them apart."""


def administered(seed: int) -> Simulation:
    life = Simulation(seed, administered=True)
    life.run()
    return life


@pytest.mark.parametrize("seed", [1, 7, 26, 27, 49, 5041, 5073, 5166, 5198])
def test_what_administrators_do_loses_and_doubles_nothing(seed: int) -> None:
    life = administered(seed)
    assert life.violations == [], f"make simulate FIRST_SEED={seed} SEEDS=1 ADMINISTRATORS=1"
    assert any(name.startswith("act: ") for name in life.figures)


def test_a_separation_that_is_not_obeyed_is_caught() -> None:
    with patch.object(Matcher, "_apart", lambda *_: False):
        told = administered(CAUGHT_BY).violations
    assert any(violation.startswith("apart stay apart") for violation in told)
