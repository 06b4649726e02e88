"""The stage of two systems in memory, and one customer in step on both sides."""

from __future__ import annotations

import pytest

from tests.connectors.conftest import crm, crm_server, erp, erp_server
from tests.world import World, make_world

__all__ = ["crm", "crm_server", "erp", "erp_server"]


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def key(world: World) -> str:
    """The ERP key of a customer that is in step."""
    made = world.customer(name="Akkurat AS", number="924618094", phone="22 00 00 00")
    world.settle()
    return made
