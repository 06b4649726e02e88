"""What people do to the hub's rules, plans and turns, between any two of its steps: nothing is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from sync.connectors.base import Unavailable, Unknown
from sync.engine import guard
from sync.engine.check import check
from sync.engine.runner import advance
from sync.engine.schedule import open_due_runs
from sync.models.pairs import Cursor, EntityPair, MatchRule
from sync.models.runs import RunState
from sync.models.systems import System
from sync.services import pairs
from tests.engine.people import change_rules, go_live, with_todays_clock
from tests.world import World, failing, make_world


@pytest.fixture
def world(db: None) -> World:
    return with_todays_clock(make_world())


def test_an_edit_that_was_only_planned_is_written_though_the_next_run_failed(world: World) -> None:
    key = world.customer(name="Akkurat AS", city="Oslo")
    world.settle()
    world.erp.edit("customers", key, {"city": "Bergen"})
    world.run(writes=False)
    with failing(world.erp, "list customers", "before", Unavailable("away"), times=9):
        assert world.run().state == RunState.FAILED
    assert world.run().counts == {"written": 1}
    assert world.of_customer(key)["OrgCity"] == "Bergen"


def test_what_is_mapped_anew_while_a_page_is_read_is_read_anew(world: World) -> None:
    """Nothing is made before the match keys of the new rule are known of everybody."""
    MatchRule.objects.filter(by="number").delete()
    EntityPair.objects.filter(name="customers").update(creates_in_erp=False)
    world.organisation(OrgName="Annet navn", OrgNumber="923609016")
    world.settle()
    coming = iter([True])

    def match_by_number(call: str, phase: str) -> None:
        if (call, phase) == ("list orgs", "before") and next(coming, False):
            MatchRule.objects.create(pair=world.customers, position=3, by="number")
            change_rules(world.customers)

    world.crm.faults = match_by_number
    assert world.run().state == RunState.CANCELLED
    assert set(Cursor.objects.filter(pair=world.customers).values_list("full_at", flat=True)) == {None}
    world.customer(name="Akkurat AS", number="923609016")
    world.run()
    go_live(world.customers)
    world.run()
    assert len(world.crm.keys("orgs")) == 1


def test_a_plan_made_by_rules_that_are_no_more_is_given_up(world: World) -> None:
    EntityPair.objects.update(mode="observe")
    world.customer(name="Akkurat AS")
    coming = iter([True])

    def unmap_the_phone(call: str, phase: str) -> None:
        if (call, phase) == ("list customers", "before") and next(coming, False):
            world.customers.mappings.filter(erp_property="phone").delete()
            change_rules(world.customers)

    world.erp.faults = unmap_the_phone
    assert world.run().state == RunState.CANCELLED


def test_a_full_read_that_failed_has_its_turn_again_the_same_day(world: World) -> None:
    """Else a system that is serviced at that hour every night would never be read in full again."""
    world.settle()
    world.clock.pass_(2 * 86400)
    with failing(world.erp, "list customers", "before", Unavailable("serviced"), times=99):
        (night,) = (run for run in open_due_runs(world.clock.now()) if run.pair == world.customers)
        assert night.full
        advance(night, world.means)
    for hours, full in ((0.5, False), (0.6, True), (2, False)):
        world.clock.pass_(timedelta(hours=hours).total_seconds())
        (run,) = (run for run in open_due_runs(world.clock.now()) if run.pair == world.customers)
        assert run.full is full
        advance(run, world.means)


def test_a_property_that_a_test_of_the_connection_did_not_see_loses_no_edit(world: World) -> None:
    key = world.customer(name="Akkurat AS", phone="22 00 00 00", city="Oslo")
    world.settle()
    room = world.erp.entity("customers")
    described = room.properties
    room.properties = tuple(each for each in described if each.path != "phone")
    check(System.objects.get(name="erp"), world.means)
    room.properties = described
    world.erp.edit("customers", key, {"city": "Bergen"})
    world.settle()
    world.crm.edit("orgs", world.link(erp_key=key).crm_key or "", {"OrgPhone": "99 99 99 99"})
    world.settle()
    check(System.objects.get(name="erp"), world.means)
    world.run(full=True)
    assert "99 99 99 99" in str(world.erp.values("customers", key))


def test_a_record_that_points_at_no_parent_is_made_once_the_other_is(world: World) -> None:
    """A branch, and its main company."""
    mapping = world.customers.mappings.get(erp_property="zip")
    mapping.transforms, mapping.direction = "ref(customers)", "to_crm"
    mapping.save()
    world.customers.mappings.update(group="")
    world.customer(name="Filial", zip="cus_2")
    world.run()
    assert world.customer(name="Hoved") == "cus_2"
    world.run()
    world.run()
    assert len(world.crm.keys("orgs")) == 2
    assert world.of_customer("cus_1")["OrgZip"] == world.link(erp_key="cus_2").crm_key


def test_a_group_of_which_one_field_is_refused_stays_as_it_was(world: World) -> None:
    key = world.customer(name="Akkurat AS", city="Oslo", zip="0150")
    world.settle()
    world.crm.entity("orgs").refuses = {"OrgCity": {"Bergen"}}
    world.erp.edit("customers", key, {"city": "Bergen", "zip": "5003"})
    for _ in range(3):
        world.run()
    values = world.of_customer(key)
    assert (values["OrgCity"], values["OrgZip"]) == ("Oslo", "0150")
    world.erp.edit("customers", key, {"city": "Bergen sentrum"})
    world.settle()
    values = world.of_customer(key)
    assert (values["OrgCity"], values["OrgZip"]) == ("Bergen sentrum", "5003")


def test_two_edits_of_what_a_record_was_made_without_are_a_conflict(world: World) -> None:
    """Before anybody saw that it was made: both were blank then, and have moved since."""
    world.customers.mappings.filter(erp_property="phone").update(policy="ask")
    key = world.customer(name="Akkurat AS")
    with failing(world.crm, "write orgs", "after", Unknown("The connection was lost.")):
        world.run()
    (org,) = world.crm.keys("orgs")
    world.erp.edit("customers", key, {"phone": "11 11 11 11"})
    world.crm.edit("orgs", org, {"OrgPhone": "99 99 99 99"})
    world.clock.pass_(300)
    world.run()
    world.run()
    (conflict,) = world.conflicts()
    assert (conflict.erp_values, conflict.crm_values) == (
        {"phone": "11 11 11 11"},
        {"OrgPhone": "99 99 99 99"},
    )


def test_an_interval_beyond_the_calendar_keeps_no_other_pair_from_its_turn(world: World) -> None:
    EntityPair.objects.filter(name="customers").update(interval=9 * 10**18, full_interval=9 * 10**18)
    EntityPair.objects.get(name="customers").full_clean()  # SQLite has room for it, so the form takes it
    assert {run.pair.name for run in open_due_runs(world.clock.now())} == {"customers", "contacts"}
    assert world.run(full=True).state == RunState.DONE
    assert not open_due_runs(world.clock.now())


def test_what_came_after_the_plan_that_was_looked_at_is_held(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pair that observes plans every minute: a flood may come between the look and the approval."""
    monkeypatch.setattr(timezone, "now", world.clock.now)
    monkeypatch.setattr(guard, "SMALL", 20)
    keys = [world.customer(name=f"Firma {number}", phone="22 00 00 00") for number in range(40)]
    world.settle()
    change_rules(world.customers)
    seen = world.run(full=True)
    for key in keys[:30]:
        world.erp.edit("customers", key, {"phone": ""})
    world.run()
    fresh = EntityPair.objects.get(name="customers")
    pairs.approve_plan(fresh, by="kari", seen=seen.pk)
    pairs.set_mode(fresh, "live", by="kari")
    held = world.run()
    assert held.state == RunState.HELD
    assert held.problem.startswith(f"'phone' went blank in 30 of 40 linked records in erp since {seen} was")
