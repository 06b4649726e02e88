"""What a record tells of a write whose answer was lost: a default, an edit, a spelling, or that it landed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sync.connectors.base import Unknown
from sync.models.links import Intent, Link
from tests.world import CRM, World, failing, make_world


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


def test_a_value_that_stands_as_before_is_no_spelling_of_a_lost_write(nameless: World) -> None:
    key = nameless.customer(name="akkurat as")
    nameless.settle()
    org = nameless.crm.keys("orgs")[0]
    nameless.crm.edit("orgs", org, {"OrgName": "AKKURAT AS"})
    with failing(nameless.erp, "write customers", "before", Unknown("The connection was lost.")):
        nameless.run()
    nameless.erp.edit("customers", key, {"city": "Oslo"})
    nameless.clock.pass_(300)
    nameless.settle()
    assert (nameless.erp.values("customers", key) or {})["name"] == "AKKURAT AS"
    assert nameless.conflicts() == []


def with_a_lost_write(world: World) -> str:
    """A customer whose new name and city have reached webCRM, which nobody heard. Its key."""
    key = world.customer(name="Akkurat AS", city="Oslo")
    world.settle()
    world.erp.edit("customers", key, {"name": "Akkurat Norge AS", "city": "Bergen"})
    with failing(world.crm, "write orgs", "after", Unknown("The connection was lost.")):
        world.run()
    return key


def test_a_lost_write_is_known_by_what_nobody_has_edited_since(nameless: World) -> None:
    key = with_a_lost_write(nameless)
    nameless.crm.edit("orgs", nameless.crm.keys("orgs")[0], {"OrgCity": "Trondheim"})
    nameless.erp.edit("customers", key, {"name": "Akkurat Norden AS"})
    nameless.clock.pass_(300)
    nameless.settle()
    assert nameless.conflicts() == []
    assert nameless.of_customer(key)["OrgName"] == "Akkurat Norden AS"
    assert (nameless.erp.values("customers", key) or {})["city"] == "Trondheim"


def test_what_was_perhaps_put_back_after_a_lost_write_is_left_alone(nameless: World) -> None:
    """The name tells that the write landed; whether the city was put back or never written, nobody may guess."""
    nameless.customers.mappings.update(group="")
    key = with_a_lost_write(nameless)
    nameless.crm.edit("orgs", nameless.crm.keys("orgs")[0], {"OrgCity": "Oslo"})
    nameless.clock.pass_(300)
    nameless.settle()
    assert nameless.of_customer(key)["OrgName"] == "Akkurat Norge AS"
    assert nameless.of_customer(key)["OrgCity"] == "Oslo"
    assert (nameless.erp.values("customers", key) or {})["city"] == "Bergen"
    link = nameless.link(erp_key=key)
    assert "somebody put back what had been here before" in link.problem
    Link.objects.filter(pk=link.pk).update(refused={}, due_at=nameless.clock.now())  # somebody retries
    nameless.settle()
    assert nameless.of_customer(key)["OrgCity"] == "Bergen"


@pytest.mark.parametrize("again", [True, False], ids=["read again", "read once"])
@pytest.mark.parametrize("named", [True, False], ids=["named", "nameless"])
def test_what_a_poll_had_read_whole_was_not_cut_by_its_system(db: None, again: bool, named: bool) -> None:
    """Nobody knows yet whose the record is; what was read of it tells nevertheless."""
    world = make_world(crm=replace(CRM, names_editor=named))
    key = world.customer(name="Akkurat Norge AS")
    with failing(world.crm, "write orgs", "after", Unknown("The connection was lost.")):
        world.run()
    Intent.objects.update(look_after=world.clock.now() + timedelta(minutes=5))
    world.run()
    (org,) = world.crm.keys("orgs")
    assert world.link(crm_key=org).crm_seen["OrgName"] == "Akkurat Norge AS"
    world.erp.edit("customers", key, {"name": "Akkurat Norden AS"})
    world.clock.pass_(60)
    world.crm.edit("orgs", org, {"OrgName": "Akkurat Norge"})
    if again:
        world.run()
    else:
        Intent.objects.update(look_after=world.clock.now())
    world.clock.pass_(600)
    world.settle()
    assert world.link(erp_key=key).crm_key == org
    assert world.of_customer(key)["OrgName"] == "Akkurat Norge"
    assert (world.erp.values("customers", key) or {})["name"] == "Akkurat Norge"
    assert world.conflicts() == []
