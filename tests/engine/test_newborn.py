"""What stands in a record the hub made, when the hub reads it for the first time: a default, or somebody's edit?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync.connectors.base import Unknown
from tests.world import CRM, World, make_world


@pytest.fixture
def nameless(db: None) -> World:
    """webCRM as it would be if it did not name its editors, nor tell what it holds after a write."""
    world = make_world(crm=replace(CRM, names_editor=False))
    world.crm.entity("orgs").answers_record = False
    return world


@pytest.mark.parametrize("lost", [True, False])
def test_an_edit_made_before_the_first_read_is_not_a_default(nameless: World, lost: bool) -> None:
    key = nameless.customer(name="Akkurat AS")

    def somebody(call: str, phase: str) -> None:
        if (call, phase) == ("write orgs", "after"):
            nameless.crm.faults = lambda _call, _phase: None
            nameless.crm.edit("orgs", nameless.crm.keys("orgs")[0], {"OrgCity": "Oslo"})
            if lost:
                raise Unknown("The connection was lost.")

    nameless.crm.faults = somebody
    nameless.run()
    nameless.clock.pass_(300)
    nameless.settle()
    assert (nameless.erp.values("customers", key) or {})["city"] == "Oslo"
