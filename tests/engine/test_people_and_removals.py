"""Removals, and what people do to the records and to the hub meanwhile: nothing is lost, nothing comes back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sync.models.links import Link, LinkState
from sync.models.pairs import EntityPair
from sync.models.runs import Change, RunState
from sync.services import conflicts, links
from sync.services.acts import NotPossible
from tests.engine.people import change_rules, go_live, run_twice, with_todays_clock
from tests.world import ERP, World, make_world


@pytest.fixture
def world(db: None) -> World:
    return with_todays_clock(make_world())


def test_mass_removal_of_couples_that_met_in_step_is_held(world: World) -> None:
    """Nothing was ever written to them: a hub that lost its database, or a second pair over the same records."""
    keys = []
    for number in range(60):
        key = world.customer(name=f"Firma {number}", number=str(900000000 + number))
        org = world.organisation(OrgRef=key, OrgName=f"Firma {number}", OrgNumber=str(900000000 + number))
        world.erp.edit("customers", key, {"reference": org})
        keys.append(key)
    world.settle()
    assert Link.objects.linked().count() == 60
    assert not Change.objects.exists()
    for key in keys[:50]:
        world.erp.remove("customers", key)
    world.run(full=True)
    world.clock.pass_(120)
    assert world.run(full=True).state == RunState.HELD
    assert not Change.objects.exists()


def removed_though_edited(world: World) -> str:
    """Gone in webCRM, edited in the ERP, and a person has said that it is to go there too. The customer's key."""
    EntityPair.objects.update(on_removal="delete", creates_in_erp=False)
    key = world.customer(name="Akkurat AS", phone="22 00 00 00")
    world.settle()
    world.erp.edit("customers", key, {"phone": "99 99 99 99"})
    world.crm.remove("orgs", world.link(erp_key=key).crm_key or "")
    run_twice(world)
    (conflict,) = world.conflicts()
    assert conflict.erp_values == {"(record)": "there", "phone": "99 99 99 99"}
    conflicts.resolve(conflict, winner="crm", by="kari")
    return key


def test_an_edit_that_loses_to_a_removal_stands_in_the_audit(world: World) -> None:
    key = removed_though_edited(world)
    world.settle()
    assert world.erp.values("customers", key) is None
    removal = world.changes()[-1]
    assert removal.kind == "remove"
    told = {each["property"]: (each["before"], each["after"]) for each in removal.fields}
    assert told["phone"] == ("99 99 99 99", None)
    assert told["name"] == ("Akkurat AS", None)


def test_an_edit_made_after_a_removal_was_decided_is_asked_about(world: World) -> None:
    key = removed_though_edited(world)
    world.erp.edit("customers", key, {"phone": "11 11 11 11"})
    world.settle()
    assert world.erp.values("customers", key) is not None
    (conflict,) = world.conflicts()
    assert conflict.erp_values["phone"] == "11 11 11 11"
    conflicts.resolve(conflict, winner="crm", by="kari")
    world.settle()
    assert world.erp.values("customers", key) is None


def test_nothing_is_made_for_a_record_that_was_removed_while_out_of_scope(world: World) -> None:
    key = world.customer(name="Kari Privat", type="person")
    world.settle()
    assert world.link(erp_key=key).state == LinkState.EXCLUDED
    world.erp.remove("customers", key)
    run_twice(world)
    EntityPair.objects.filter(pk=world.customers.pk).update(scope={})
    change_rules(EntityPair.objects.get(pk=world.customers.pk))
    world.run(full=True)
    go_live(world.customers)
    world.run()
    assert world.crm.keys("orgs") == []
    assert not Change.objects.exists()


@pytest.mark.parametrize("known", [True, False], ids=["known to be gone", "not noticed yet"])
def test_a_record_that_is_gone_and_linked_by_hand_takes_nothing_with_it(world: World, known: bool) -> None:
    EntityPair.objects.update(creates_in_erp=False)
    key = world.customer(name="Kari Privat", type="person")
    org = world.organisation(OrgName="Levende AS")
    world.settle()
    world.erp.remove("customers", key)
    if known:
        world.run(full=True)
        with pytest.raises(NotPossible, match="not to be found in erp"):
            links.link(world.customers, erp_key=key, crm_key=org, by="kari")
        return
    links.link(world.customers, erp_key=key, crm_key=org, by="kari")
    run_twice(world)
    assert (world.crm.values("orgs", org) or {})["OrgStatus"] == ""
    (conflict,) = world.conflicts()
    assert "never in step" in conflict.why


def test_whom_a_paused_record_was_merged_into_is_remembered(db: None) -> None:
    world = with_todays_clock(make_world(erp=replace(ERP, removed_feed=True)))
    one, two = world.customer(name="Akkurat AS"), world.customer(name="Akkurat Norge AS")
    later = world.customer(name="Tredje AS")
    world.settle()
    world.run(full=True)
    links.pause(world.link(erp_key=one), by="kari")
    world.erp.remove("customers", one, merged_into=two)
    world.run()
    change_rules(world.customers)
    world.clock.pass_(600)
    world.erp.remove("customers", later)  # the feed goes on, and does not tell of the merge again
    world.run()
    world.clock.pass_(600)
    world.run()
    go_live(world.customers)
    links.resume(world.link(erp_key=one), by="kari")
    for _ in range(3):
        world.clock.pass_(120)
        world.run()
    (conflict,) = (each for each in world.conflicts() if each.link.erp_key == one)
    assert "merged into 'Akkurat Norge AS'" in conflict.why


def test_a_removal_of_a_year_that_no_clock_shows_blinds_no_feed(db: None) -> None:
    world = with_todays_clock(make_world(erp=replace(ERP, removed_feed=True)))
    keys = [world.customer(name=f"Firma {number}") for number in range(12)]
    world.settle()
    world.run(full=True)
    world.clock.time, today = datetime(9998, 1, 1, tzinfo=UTC), world.clock.time
    world.erp.remove("customers", keys[0])
    world.clock.time = today
    world.run()
    world.clock.pass_(600)
    world.erp.remove("customers", keys[5])
    world.run()
    assert world.link(erp_key=keys[5]).erp_missing_at
