"""The stage, for every test that wants it."""

from __future__ import annotations

import pytest

from tests.world import World, make_world


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def key(world: World) -> str:
    """The ERP key of a customer that is in step."""
    made = world.customer(name="Akkurat AS")
    world.settle()
    return made
