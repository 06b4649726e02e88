"""What failed is not tried again at once, and what was never tried is not held against a record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from sync.connectors.base import Nonsense, Unauthorized, Unavailable
from sync.engine.runner import advance
from sync.engine.schedule import open_run, sweep
from sync.models.links import Link
from sync.models.runs import Run, RunState
from sync.models.systems import System
from sync.services import runs as run_services
from sync.services.systems import enter_credentials, request_check
from tests.world import World, failing


def wait_for_links(world: World) -> Link:
    """A record of which every run of the sweeper would find something due."""
    link = Link.objects.get()
    Link.objects.filter(pk=link.pk).update(due_at=world.clock.now(), reread=True)
    return link


def sweep_for(world: World, minutes: int) -> int:
    """How many runs the sweeper opened meanwhile, looking every five seconds; each is worked on."""
    before = Run.objects.count()
    for _ in range(minutes * 12):
        world.clock.pass_(5)
        if sweep(world.clock.now()):
            world.run()
    return Run.objects.count() - before


@pytest.mark.parametrize("error", [Nonsense("It answers a page."), Unauthorized("Not accepted.")])
def test_due_links_do_not_make_a_failing_run_start_again_and_again(
    world: World, key: str, error: Exception
) -> None:
    wait_for_links(world)
    with failing(world.crm, "list orgs", "before", error, times=10_000):
        assert world.run().state == RunState.FAILED
        assert sweep_for(world, minutes=2) <= 2


def test_a_run_that_a_person_ended_is_not_opened_anew_at_once(world: World, key: str) -> None:
    wait_for_links(world)
    run, _ = open_run(world.customers, trigger="person", now=world.clock.now())
    run_services.cancel(run, by="anna")
    Run.objects.filter(pk=run.pk).update(ended_at=world.clock.now())
    assert sweep(world.clock.now()) == []
    world.clock.pass_(61)
    assert sweep(world.clock.now()) != []


def test_credentials_that_are_not_accepted_pause_their_system_longer_each_time(
    world: World, key: str
) -> None:
    waits = []
    with failing(world.crm, "list orgs", "before", Unauthorized("The token is not accepted."), times=2):
        for _ in range(2):
            world.clock.pass_(600)
            world.run()
            system = System.objects.get(name="crm")
            assert system.paused_until is not None
            waits.append(round((system.paused_until - world.clock.time).total_seconds()))
    assert waits == [10, 20]
    assert "not accepted" in system.problem


def test_a_run_says_why_its_system_is_left_alone(world: World, key: str) -> None:
    until = world.clock.now() + timedelta(minutes=10)
    System.objects.filter(name="crm").update(paused_until=until, problem="crm: The token is not accepted.")
    run, _ = open_run(world.customers, trigger="person", now=world.clock.now())
    advance(run, world.means)
    run.refresh_from_db()
    assert "left alone" in run.problem
    assert "The token is not accepted." in run.problem


def paused(world: World) -> System:
    until = world.clock.now() + timedelta(minutes=10)
    System.objects.filter(name="crm").update(paused_until=until, failures=9)
    return System.objects.get(name="crm")


@pytest.mark.parametrize(
    "act",
    [
        lambda system: enter_credentials(system, {"token": "new"}, by="anna"),
        lambda system: request_check(system, by="anna"),
    ],
    ids=["new credentials", "a test of the connection"],
)
def test_a_person_ends_the_pause_of_a_system_that_failed(
    world: World, key: str, act: Callable[[System], None]
) -> None:
    act(paused(world))
    assert System.objects.get(name="crm").paused_until is None


def test_a_person_does_not_end_the_pause_a_system_asked_for(world: World) -> None:
    system = paused(world)
    System.objects.filter(pk=system.pk).update(failures=0)
    request_check(system, by="anna")
    assert System.objects.get(pk=system.pk).paused_until is not None


def test_a_batch_that_could_not_be_read_is_let_go_and_burns_no_attempts(world: World, key: str) -> None:
    wait_for_links(world)
    asked = Unavailable("It asks to wait.", retry_after=1)
    with failing(world.crm, "read orgs", "before", asked, times=20):
        run = world.run()
    link = Link.objects.get()
    assert (run.state, run.counts) == (RunState.DONE, {"unchanged": 1})
    assert (link.attempts, link.lease_token, link.problem) == (0, "", "")


def test_a_record_that_cannot_be_read_stops_nobody_for_long(world: World, key: str) -> None:
    others = [world.customer(name=f"Firma {number}") for number in range(3)]
    world.settle()
    for other in others:
        world.erp.edit("customers", other, {"city": "Oslo"})
    bad = Link.objects.get(erp_key=key)
    Link.objects.filter(pk=bad.pk).update(due_at=world.clock.now(), reread=True)
    with failing(world.crm, "read orgs", "before", Nonsense("One record is no JSON."), times=10_000):
        for _ in range(12):
            world.run()
    assert {world.of_customer(other)["OrgCity"] for other in others} == {"Oslo"}
    bad.refresh_from_db()
    assert "begun" in bad.problem
    assert bad.settled_as == "failed"
