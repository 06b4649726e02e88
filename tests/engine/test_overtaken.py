"""Workers that slept beyond their lease, and runs that end at an awkward moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sync.connectors.base import Unavailable, Unknown
from sync.engine.runner import advance
from sync.engine.schedule import open_due_runs, open_run, runs_to_go_on, sweep
from sync.engine.slice import LEASE
from sync.models.links import Intent, Link
from sync.models.pairs import EntityPair
from sync.models.runs import Change, Run, RunState
from sync.models.systems import System
from tests.world import World, failing


def sleep_at(world: World, call: str, phase: str) -> None:
    """The next call of that name sleeps beyond its lease, and another worker takes its run over."""
    run = Run.objects.get(state=RunState.RUNNING)

    def fault(name: str, when: str) -> None:
        if (name, when) == (call, phase):
            world.crm.faults = lambda _call, _when: None
            world.clock.pass_(400)
            advance(Run.objects.get(pk=run.pk), world.means)

    world.crm.faults = fault


def start(world: World) -> Run:
    run, _ = open_run(world.customers, trigger="command", now=world.clock.now())
    Run.objects.filter(pk=run.pk).update(state=RunState.RUNNING)
    return run


def test_a_worker_that_was_overtaken_keeps_nothing(world: World) -> None:
    world.customer(name="Akkurat AS")
    run = start(world)
    sleep_at(world, "list orgs", "after")
    assert advance(run, world.means) is None
    assert Run.objects.get(pk=run.pk).state == RunState.DONE
    assert len(world.crm.keys("orgs")) == 1


def test_evidence_is_weighed_once_though_two_workers_looked(world: World) -> None:
    world.customer(name="Akkurat AS")
    with failing(world.crm, "write orgs", "before", Unknown("The connection was lost.")):
        world.run()
    world.clock.pass_(300)
    run = start(world)
    sleep_at(world, "find orgs", "after")
    assert advance(run, world.means) is None
    world.settle()
    assert len(world.crm.keys("orgs")) == 1
    assert not Change.objects.filter(outcome="pending").exists()
    assert set(Intent.objects.values_list("state", flat=True)) == {"dropped", "confirmed"}


def test_a_worker_that_slept_at_the_end_of_its_run_leaves_the_counts_alone(world: World) -> None:
    world.customer(name="Akkurat AS")
    run = start(world)

    def sleep_at_the_end(seen: Run) -> None:
        if seen.phase == Run.Phase.END:
            world.clock.pass_(400)
            advance(Run.objects.get(pk=run.pk), world.means)
            world.run(full=True)

    assert advance(run, world.means, watch=sleep_at_the_end) is None
    ended = Run.objects.get(pk=run.pk)
    assert (ended.state, ended.counts, ended.touched) == (RunState.DONE, {"written": 1}, 1)


def test_a_plan_that_was_made_after_the_pair_went_live_is_carried_out(world: World) -> None:
    world.customer(name="Akkurat AS")
    EntityPair.objects.update(mode="observe")
    run, _ = open_run(EntityPair.objects.get(name="customers"), trigger="command", now=world.clock.now())
    EntityPair.objects.update(mode="live")
    advance(run, world.means)
    assert world.crm.keys("orgs") == []
    world.settle()
    assert len(world.crm.keys("orgs")) == 1


def test_what_was_taken_while_our_clock_was_far_ahead_holds_nobody_up(world: World, key: str) -> None:
    """A worker died then, and the clock was set right again: its leases would last as long as it was ahead."""
    world.erp.edit("customers", key, {"city": "Oslo"})
    run, _ = open_run(world.customers, trigger="command", now=world.clock.now())
    then = world.clock.now() + timedelta(days=30)
    Run.objects.filter(pk=run.pk).update(state=RunState.RUNNING, lease_token="dead", lease_until=then)
    Link.objects.update(lease_token="dead", lease_until=then)
    System.objects.update(write_token="dead", write_until=then)
    assert runs_to_go_on(world.clock.now()) == [run.pk]
    assert advance(run, world.means) is not None
    assert world.of_customer(key)["OrgCity"] == "Oslo"


def test_a_turn_that_was_set_while_our_clock_was_far_ahead_comes_at_once(world: World) -> None:
    then = world.clock.now() + timedelta(days=30)
    EntityPair.objects.update(next_run_at=then, next_full_at=then)
    assert [run.full for run in open_due_runs(world.clock.now())] == [True, True]
    assert open_due_runs(world.clock.now()) == []


@contextmanager
def our_clock_a_month_ahead(world: World) -> Iterator[None]:
    now, world.erp.clock, world.crm.clock = world.clock.time, lambda: now, lambda: now
    world.clock.pass_(30 * 86400)
    yield
    world.clock.time, world.erp.clock, world.crm.clock = now, world.clock.now, world.clock.now


def test_what_was_to_be_tried_again_by_a_clock_far_ahead_is_not_put_off(world: World, key: str) -> None:
    world.erp.edit("customers", key, {"city": "Bergen"})
    away = failing(world.crm, "write orgs", "before", Unavailable("away"), times=9)
    with our_clock_a_month_ahead(world), away:
        world.run()
    sweep(world.clock.now())
    world.clock.pass_(300)
    world.run()
    assert world.of_customer(key)["OrgCity"] == "Bergen"


def test_what_was_to_be_looked_for_by_a_clock_far_ahead_is_not_put_off(world: World) -> None:
    world.customer(name="Akkurat AS")
    lost = failing(world.crm, "write orgs", "before", Unknown("The connection was lost."))
    with our_clock_a_month_ahead(world), lost:
        world.run()
    for _ in range(3):
        world.clock.pass_(300)
        world.run()
    assert len(world.crm.keys("orgs")) == 1
    assert not Change.objects.filter(outcome="pending").exists()


def test_a_run_that_was_to_go_on_by_a_clock_far_ahead_goes_on(world: World) -> None:
    busy = failing(world.erp, "list customers", "before", Unavailable("busy", retry_after=60))
    with our_clock_a_month_ahead(world), busy:
        run = start(world)
        advance(run, world.means)
    assert run.pk in sweep(world.clock.now())


def test_a_run_that_failed_by_a_clock_far_ahead_keeps_nobody_waiting(world: World, key: str) -> None:
    away = failing(world.erp, "list customers", "before", Unavailable("away"))
    with our_clock_a_month_ahead(world), away:
        assert world.run().state == RunState.FAILED
    Link.objects.filter(erp_key=key).update(due_at=world.clock.now())
    assert sweep(world.clock.now())


def test_a_lease_of_a_worker_whose_clock_is_a_little_ahead_is_kept(world: World) -> None:
    run, _ = open_run(world.customers, trigger="command", now=world.clock.now())
    ahead = world.clock.now() + LEASE + timedelta(minutes=1)
    Run.objects.filter(pk=run.pk).update(state=RunState.RUNNING, lease_token="alive", lease_until=ahead)
    assert advance(run, world.means) is None
