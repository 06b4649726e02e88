"""Calls that fail, before they land or after; records that are refused; systems that are not who they were."""

from __future__ import annotations

import pytest

from sync.connectors.base import Nonsense, Unauthorized, Unavailable, Unknown
from sync.models.links import Intent, Link
from sync.models.runs import Change, RunState
from sync.models.systems import System
from tests.world import World, failing


def orgs(world: World) -> list[object]:
    return [(world.crm.values("orgs", key) or {})["OrgName"] for key in world.crm.keys("orgs")]


@pytest.mark.parametrize("phase", ["before", "after"])
def test_a_create_whose_end_nobody_saw_is_made_exactly_once(world: World, phase: str) -> None:
    key = world.customer(name="Akkurat AS")
    with failing(world.crm, "write orgs", phase, Unknown("The connection was lost.")):
        run = world.run()
    assert run.counts == {"unknown": 1}
    assert Link.objects.get(erp_key=key).problem.startswith("Unknown outcome")
    world.clock.pass_(300)
    world.settle()
    assert orgs(world) == ["Akkurat AS"]
    assert Link.objects.linked().filter(erp_key=key).exists()


def test_an_unknown_outcome_blocks_its_link_until_its_grace_is_over(world: World) -> None:
    key = world.customer(name="Akkurat AS")
    with failing(world.crm, "write orgs", "after", Unknown("The connection was lost.")):
        world.run()
    world.erp.edit("customers", key, {"name": "Akkurat Norge AS"})
    world.run()
    assert orgs(world) == ["Akkurat AS"]
    assert Intent.objects.get().state == "unknown"


@pytest.mark.parametrize("phase", ["before", "after"])
def test_an_update_whose_end_nobody_saw_arrives(world: World, phase: str) -> None:
    key = world.customer(name="Akkurat AS")
    world.settle()
    world.erp.edit("customers", key, {"name": "Akkurat Norge AS"})
    with failing(world.crm, "write orgs", phase, Unknown("The connection was lost.")):
        world.run()
    world.clock.pass_(300)
    world.settle()
    assert orgs(world) == ["Akkurat Norge AS"]
    assert not Change.objects.filter(outcome="pending").exists()


@pytest.mark.parametrize("phase", ["before", "after"])
def test_what_was_held_before_is_no_cut_of_what_was_to_be_written(world: World, phase: str) -> None:
    """A name that only grew: the old one looks like the new one cut, though nothing has landed."""
    key = world.customer(name="Akkurat")
    world.settle()
    world.erp.edit("customers", key, {"name": "Akkurat Norge AS"})
    with failing(world.crm, "write orgs", phase, Unknown("The connection was lost.")):
        world.run()
    world.clock.pass_(300)
    world.settle()
    assert orgs(world) == ["Akkurat Norge AS"]


def test_a_system_that_is_away_fails_the_run_and_loses_nothing(world: World) -> None:
    world.customer(name="Akkurat AS")
    with failing(world.crm, "write orgs", "before", Unavailable("webCRM is away.")):
        run = world.run()
    assert (run.state, run.problem) == (RunState.FAILED, "crm: webCRM is away.")
    assert run.counts == {"waiting": 1}
    assert System.objects.get(name="crm").failures == 1
    world.clock.pass_(60)
    world.settle()
    assert orgs(world) == ["Akkurat AS"]


@pytest.mark.parametrize(
    "error", [Nonsense("It answers a page."), Unauthorized("The token is not accepted.")]
)
def test_a_listing_that_fails_leaves_the_cursor_where_it_was(world: World, error: Exception) -> None:
    world.customer(name="Akkurat AS")
    world.settle()
    world.customer(name="Ny AS")
    with failing(world.erp, "list customers", "before", error):
        run = world.run()
    assert (run.state, run.problem) == (RunState.FAILED, str(error))
    assert run.problem.startswith("erp: ")
    world.settle()
    assert sorted(map(str, orgs(world))) == ["Akkurat AS", "Ny AS"]


def test_a_refused_record_fails_alone_with_its_sentence(world: World) -> None:
    world.crm.entity("orgs").refuses["OrgName"] = {"Bad AS"}
    bad, good = world.customer(name="Bad AS"), world.customer(name="Good AS")
    run = world.run()
    assert run.state == RunState.DONE
    assert "OrgName" in Link.objects.get(erp_key=bad).problem
    assert Link.objects.get(erp_key=good).linked


def test_a_refused_field_holds_back_no_other_field(world: World) -> None:
    key = world.customer(name="Akkurat AS", city="Oslo")
    world.settle()
    world.crm.entity("orgs").refuses["OrgPhone"] = {"bad"}
    world.erp.edit("customers", key, {"phone": "bad", "name": "Akkurat Norge AS"})
    world.run()
    assert orgs(world) == ["Akkurat Norge AS"]
    calls = len(world.crm.calls)
    world.run()
    assert not [call for call in world.crm.calls[calls:] if call.name == "write orgs"]
    world.erp.edit("customers", key, {"phone": "22 00 00 00"})
    world.settle()
    assert world.of_customer(key)["OrgPhone"] == "22 00 00 00"
    assert Link.objects.get(erp_key=key).problem == ""


def test_another_system_behind_the_same_address_is_written_nothing(world: World) -> None:
    world.customer(name="Akkurat AS")
    world.settle()
    world.customer(name="Ny AS")
    world.crm.identity = "another tenant"
    run = world.run()
    assert run.state == RunState.FAILED
    assert "introduced as" in run.problem
    assert orgs(world) == ["Akkurat AS"]


def test_writes_are_recorded_before_they_are_made(world: World) -> None:
    seen: list[int] = []

    def look(call: str, phase: str) -> None:
        if call == "write orgs" and phase == "before":
            seen.append(Intent.objects.filter(state="recorded", change__outcome="pending").count())

    world.crm.faults = look
    world.customer(name="Akkurat AS")
    world.run()
    assert seen == [1]


def test_the_call_budget_is_kept_in_any_minute(world: World) -> None:
    System.objects.filter(name="erp").update(calls_per_minute=10)
    for number in range(60):
        world.customer(name=f"Firma {number}")
    started = world.clock.time
    assert world.run().state == RunState.DONE
    waited = (world.clock.time - started).total_seconds()
    assert len(world.erp.calls) >= 20
    assert waited >= 60 * (len(world.erp.calls) // 10 - 1)


def test_a_system_that_stays_away_is_left_alone_longer_each_time(world: World) -> None:
    world.customer(name="Akkurat AS")
    with failing(world.crm, "list orgs", "before", Unavailable("It is away."), times=3):
        waits = []
        for _ in range(3):
            world.clock.pass_(600)
            world.run()
            paused = System.objects.get(name="crm").paused_until
            assert paused is not None
            waits.append(round((paused - world.clock.time).total_seconds()))
    assert waits == [10, 20, 40]
    world.clock.pass_(600)
    world.settle()
    assert System.objects.get(name="crm").failures == 0
