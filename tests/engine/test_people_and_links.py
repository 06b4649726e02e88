"""What people do with links while the hub works on them: every word is kept, nothing is written against it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sync.connectors.base import Refused, Unknown
from sync.engine import runner
from sync.models.pairs import EntityPair
from sync.models.runs import RunState
from sync.services import conflicts, links
from sync.services.acts import NotPossible
from tests.engine.people import with_todays_clock
from tests.world import World, failing, make_world


@pytest.fixture
def world(db: None) -> World:
    return with_todays_clock(make_world())


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
