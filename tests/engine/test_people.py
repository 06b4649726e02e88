"""What people do, to records and to the hub, between any two of its steps: nothing is lost, nothing doubled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from sync.connectors.base import Refused, Unavailable, Unknown
from sync.engine import guard, runner
from sync.engine.check import check
from sync.engine.runner import advance
from sync.engine.schedule import open_due_runs
from sync.models.links import Link, LinkState
from sync.models.pairs import Cursor, EntityPair, MatchRule
from sync.models.runs import Change, RunState
from sync.models.systems import System
from sync.services import conflicts, links, pairs
from sync.services.acts import NotPossible
from tests.world import ERP, World, failing, make_world


@pytest.fixture
def world(db: None) -> World:
    return with_todays_clock(make_world())


def with_todays_clock(world: World) -> World:
    """What people do is stamped by the real clock."""
    world.clock.time = datetime.now(UTC)
    return world


def run_twice(world: World) -> None:
    """A full run, and one far enough behind it to believe that a record is gone."""
    world.run(full=True)
    world.clock.pass_(120)
    world.run(full=True)


def change_rules(pair: EntityPair) -> None:
    """As the admin does it after a form was saved: what was there before is of no matter here."""
    assert pairs.rules_changed(pair, before=[], by="kari")


def go_live(pair: EntityPair) -> None:
    fresh = EntityPair.objects.get(pk=pair.pk)
    pairs.approve_plan(fresh, by="kari")
    pairs.set_mode(fresh, "live", by="kari")


# Plans, mappings, turns


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


# Removals


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


# Links by hand


def test_a_record_that_is_being_made_for_another_is_not_linked_by_hand(world: World) -> None:
    """What is known of it is that it was made; whose it is the hub finds out, and would take it back."""
    EntityPair.objects.update(creates_in_erp=False)
    twin = world.customer(name="Akkurat avd. Oslo", type="person")
    world.customer(name="Akkurat AS")
    with failing(world.crm, "write orgs", "after", Unknown("The connection was lost.")):
        world.run()
    world.run()
    (org,) = world.crm.keys("orgs")
    with pytest.raises(NotPossible, match="probably the record that the hub makes for 'Akkurat AS'"):
        links.link(world.customers, erp_key=twin, crm_key=org, by="kari")
    world.clock.pass_(300)
    world.settle()
    assert world.link(crm_key=org).erp_key == "cus_2"
    with pytest.raises(NotPossible, match="linked to 'cus_2' already"):
        links.link(world.customers, erp_key=twin, crm_key=org, by="kari")


def test_a_link_that_is_paused_while_its_write_waits_its_turn_is_not_written(world: World) -> None:
    room = world.crm.entity("orgs")
    room.capabilities = replace(room.capabilities, bulk_write=1)
    keys = [world.customer(name=f"Firma {number}", city="Oslo") for number in range(2)]
    world.settle()
    for key in keys:
        world.erp.edit("customers", key, {"city": "Bergen"})
    coming = iter([True])

    def pause_the_second(call: str, phase: str) -> None:
        if (call, phase) == ("write orgs", "before") and next(coming, False):
            links.pause(world.link(erp_key=keys[1]), by="kari")

    world.crm.faults = pause_the_second
    world.run()
    assert [world.of_customer(key)["OrgCity"] for key in keys] == ["Bergen", "Oslo"]
    links.resume(world.link(erp_key=keys[1]), by="kari")
    world.run()
    assert world.of_customer(keys[1])["OrgCity"] == "Bergen"


def test_a_person_may_ask_for_a_link_in_the_moment_its_run_ends(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = world.customer(name="Akkurat AS")
    world.settle()
    recall = runner._recall_what_stands

    def and_then_ask(run: object) -> None:
        recall(run)  # type: ignore[arg-type]
        links.resync(world.link(erp_key=key), by="kari")

    monkeypatch.setattr(runner, "_recall_what_stands", and_then_ask)
    run = world.run(full=True)
    assert (run.state, run.counts) == (RunState.DONE, {"unchanged": 1})


def while_it_is_refused(world: World, act: Callable[[], object]) -> None:
    """A person says something while a write to webCRM is under way, which is then refused."""
    left = [act]

    def fault(call: str, phase: str) -> None:
        if (call, phase) == ("write orgs", "before") and left:
            left.pop()()
            raise Refused("No.")

    world.crm.faults = fault


def test_a_conflict_that_is_decided_while_a_write_is_refused_is_carried_out(world: World) -> None:
    world.customers.mappings.filter(erp_property="phone").update(policy="ask")
    key = world.customer(name="Akkurat AS", phone="11 11 11 11", city="Oslo")
    world.settle()
    world.erp.edit("customers", key, {"phone": "22 22 22 22"})
    world.crm.edit("orgs", world.link(erp_key=key).crm_key or "", {"OrgPhone": "33 33 33 33"})
    world.run()
    (conflict,) = world.conflicts()
    world.erp.edit("customers", key, {"city": "Bergen"})
    while_it_is_refused(world, lambda: conflicts.resolve(conflict, winner="erp", by="kari"))
    world.run()
    world.run()
    conflict.refresh_from_db()
    assert (conflict.state, conflict.closed_why) == ("closed", "carried out")


def test_a_link_that_is_asked_for_while_its_write_is_refused_is_settled_again(world: World) -> None:
    key = world.customer(name="Akkurat AS", city="Oslo")
    world.settle()
    world.erp.edit("customers", key, {"city": "Bergen"})
    while_it_is_refused(world, lambda: links.resync(world.link(erp_key=key), by="kari"))
    world.run()
    world.run()
    assert world.of_customer(key)["OrgCity"] == "Bergen"
