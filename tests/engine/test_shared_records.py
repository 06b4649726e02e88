"""Two pairs over the same records: two ERPs beside one webCRM."""

from __future__ import annotations

import pytest

from sync.connectors.memory_rows import MemoryEntity
from sync.connectors.memory_system import MemorySystem
from sync.models.pairs import EntityPair, FieldMapping, MatchRule
from sync.models.systems import System
from tests.world import CUSTOMER, ERP, World, die_before_confirming


@pytest.fixture
def second(world: World) -> MemorySystem:
    """Another ERP, whose customers meet the same organisations by their number."""
    room = MemoryEntity(properties=CUSTOMER, capabilities=ERP)
    erp = MemorySystem("second", {"customers": room}, clock=world.clock.now)
    pair = EntityPair.objects.create(
        name="second", position=3, erp_entity="customers", crm_entity="orgs", mode="live",
        erp_system=System.objects.create(name="second", kind="memory", address="memory://second"),
        crm_system=world.customers.crm_system,
    )  # fmt: skip
    for position, (customer, organisation) in enumerate((("name", "OrgName"), ("number", "OrgNumber"))):
        FieldMapping.objects.create(
            pair=pair, position=position, erp_property=customer, crm_property=organisation
        )
    MatchRule.objects.create(pair=pair, position=1, by="number")
    world.pairs["second"] = pair
    return erp


def test_what_another_pair_wrote_before_a_write_was_confirmed_is_an_edit(
    world: World, second: MemorySystem
) -> None:
    """webCRM names the hub as its editor either way."""
    world.crm.entity("orgs").answers_record = False
    key = world.customer(name="Akkurat AS", number="923609016")
    other = second.create("customers", {"name": "Akkurat AS", "number": "923609016"})
    world.settle()
    world.erp.edit("customers", key, {"name": "Akkurat Norge AS"})
    die_before_confirming(world)
    world.run("second")
    second.edit("customers", other, {"name": "Helt nytt navn"})
    world.run("second")
    world.clock.pass_(300)
    world.settle()
    assert (world.erp.values("customers", key) or {})["name"] == "Helt nytt navn"
    assert world.of_customer(key)["OrgName"] == "Helt nytt navn"
