"""A share of the simulation that fits into every test run. `make simulate` runs as many seeds as there is time for."""

from __future__ import annotations

import pytest

from tests.simulation.simulation import Simulation

KEPT = (
    27, 29, 33, 38, 55, 61, 90, 116, 140, 208, 219, 233, 241, 244, 254, 560, 1016, 1165, 1183, 1275, 20030, 20140,
    20265, 20384, 30054, 30170, 30211, 30212,
)  # fmt: skip
"""Seeds that once showed a defect, of the engine or of an oracle."""


@pytest.mark.parametrize("first", range(1, 21, 5))
def test_nothing_is_lost_and_nothing_is_doubled(first: int) -> None:
    for seed in range(first, first + 5):
        assert Simulation(seed).run().violations == [], f"make simulate FIRST_SEED={seed} SEEDS=1"


@pytest.mark.parametrize("seed", KEPT)
def test_seeds_that_once_failed(seed: int) -> None:
    assert Simulation(seed).run().violations == []


def test_a_seed_is_the_same_life_every_time() -> None:
    first, second = (Simulation(8).run() for _ in range(2))
    assert first.hash == second.hash
    assert first.figures["writes"] > 0
