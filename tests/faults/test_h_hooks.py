"""A delivery only says that a link is due: doubled, late, out of order, forged or missing, nothing else follows."""

from __future__ import annotations

import pytest

from sync.connectors.base import Unknown
from sync.models.links import Link
from sync.models.runs import Change
from tests.world import World, failing


def deliver(world: World, *keys: str) -> int:
    """A hook that names ERP records: their links are due and to be read afresh. How many it reached."""
    known = Link.objects.filter(pair=world.customers, erp_key__in=keys)
    return known.update(due_at=world.clock.now(), reread=True, reason="hook")


def writes(world: World) -> int:
    return len(world.crm.writes) + len(world.erp.writes)


@pytest.mark.parametrize("times", [1, 2, 50])
def test_a_delivery_that_comes_again_is_one_mark(world: World, key: str, times: int) -> None:
    world.erp.edit("customers", key, {"name": "Akkurat Norge AS"})
    before = len(world.crm.writes)
    for _ in range(times):
        deliver(world, key)
    assert world.run().touched == 1
    world.settle()
    assert len(world.crm.writes) == before + 1


def test_deliveries_out_of_order_end_in_what_is_there_now(world: World, key: str) -> None:
    for name in ("Tre AS", "To AS", "En AS"):
        world.erp.edit("customers", key, {"name": name})
    for _ in range(3):
        deliver(world, key)
        world.settle()
    assert world.of_customer(key)["OrgName"] == "En AS"


def test_a_late_delivery_of_a_record_that_is_gone_brings_nothing_back(world: World, key: str) -> None:
    world.erp.remove("customers", key)
    world.run(full=True)
    world.clock.pass_(120)
    world.run()
    before = writes(world)
    deliver(world, key)
    world.settle()
    assert (writes(world), Link.objects.get(erp_key=key).state) == (before, "removed")


def test_what_no_delivery_told_is_found_by_reading(world: World, key: str) -> None:
    world.erp.edit("customers", key, {"name": "Akkurat Norge AS"})
    world.crm.edit("orgs", world.link(erp_key=key).crm_key or "", {"OrgPhone": "33 00 00 00"})
    world.settle()
    assert world.of_customer(key)["OrgName"] == "Akkurat Norge AS"
    assert (world.erp.values("customers", key) or {})["phone"] == "33 00 00 00"


def test_a_flood_of_deliveries_costs_a_batch_of_reads(world: World) -> None:
    keys = [world.customer(name=f"Firma {number}") for number in range(60)]
    world.settle()
    before = writes(world), len(world.erp.calls)
    for _ in range(20):
        deliver(world, *keys)
    world.run()
    assert writes(world) == before[0]
    assert len([call for call in world.erp.calls[before[1] :] if call.name.startswith("read")]) == 1


def test_a_forged_delivery_causes_at_most_a_read(world: World, key: str) -> None:
    before = writes(world), Change.objects.count()
    deliver(world, key)
    assert world.run().counts == {"unchanged": 1}
    assert (writes(world), Change.objects.count()) == before


def test_a_delivery_of_nobody_reaches_nobody(world: World, key: str) -> None:
    assert deliver(world, "cus_999", "9" * 200, "' OR 1=1 --") == 0
    assert world.run().counts.get("written") is None


def test_news_of_our_own_record_before_its_create_was_answered_makes_no_second_link(world: World) -> None:
    key = world.customer(name="Akkurat AS")
    with failing(world.crm, "write orgs", "after", Unknown("The answer is still under way.")):
        world.run()
    (made,) = world.crm.keys("orgs")
    world.run()
    assert Link.objects.current().filter(crm_key=made).count() <= 1
    world.clock.pass_(300)
    world.settle()
    assert world.crm.keys("orgs") == [made]
    assert world.erp.keys("customers") == [key]
    (link,) = Link.objects.current()
    assert (link.erp_key, link.crm_key) == (key, made)
