"""Edits, runs and workers that meet at an awkward moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from unittest.mock import ANY

import pytest

from sync.connectors.base import Unavailable
from sync.core.vocabulary import Side
from sync.engine.runner import advance
from sync.engine.schedule import open_due_runs, open_run, runs_to_go_on
from sync.models.links import Conflict, Link
from sync.models.pairs import EntityPair, FieldMapping
from sync.models.runs import OPEN_RUNS, Run, RunState
from sync.services.pairs import rules_changed, snapshot
from tests.world import World


def org(world: World, key: str) -> str:
    return world.link(erp_key=key).crm_key or ""


def phone(world: World, key: str) -> object:
    return (world.erp.values("customers", key) or {})["phone"]


def test_a_value_that_came_back_before_anybody_looked_is_written_nowhere(world: World, key: str) -> None:
    writes = len(world.crm.writes)
    for name in ("Noe annet AS", "Akkurat AS"):
        world.erp.edit("customers", key, {"name": name})
    world.settle()
    assert len(world.crm.writes) == writes


def test_an_edit_between_the_write_and_its_reading_back_is_somebodys_edit(world: World, key: str) -> None:
    world.crm.entity("orgs").answers_record = False

    def meddle(call: str, phase: str) -> None:
        if (call, phase) == ("write orgs", "after"):
            world.crm.faults = lambda _call, _phase: None
            world.crm.edit("orgs", org(world, key), {"OrgPhone": "44 00 00 00"})

    world.crm.faults = meddle
    world.erp.edit("customers", key, {"phone": "33 00 00 00"})
    world.settle()
    assert phone(world, key) == world.of_customer(key)["OrgPhone"] == "44 00 00 00"


def test_an_edit_right_before_the_write_is_seen_where_a_fresh_read_comes_first(
    world: World, key: str
) -> None:
    def meddle(call: str, phase: str) -> None:
        if (call, phase) == ("list orgs", "before") and len(world.crm.calls) > calls + 1:
            world.crm.faults = lambda _call, _phase: None
            world.crm.edit("orgs", org(world, key), {"OrgPhone": "44 00 00 00"})

    world.erp.edit("customers", key, {"phone": "33 00 00 00"})
    world.clock.pass_(60)
    calls = len(world.crm.calls)
    world.crm.faults = meddle
    world.settle()
    assert phone(world, key) == world.of_customer(key)["OrgPhone"] == "44 00 00 00"


def test_two_workers_never_hold_the_same_run(world: World) -> None:
    world.customer(name="Akkurat AS")
    run, _ = open_run(world.customers, trigger="command", now=world.clock.now())
    second: list[object] = []

    def meddle(call: str, phase: str) -> None:
        if (call, phase) == ("write orgs", "before"):
            second.append(advance(Run.objects.get(pk=run.pk), world.means))

    world.crm.faults = meddle
    advance(run, world.means)
    assert second == [None]
    assert len(world.crm.keys("orgs")) == 1


def test_a_job_that_comes_twice_or_late_finds_nothing_to_do(world: World, key: str) -> None:
    run = Run.objects.latest("pk")
    writes, calls = len(world.crm.writes), len(world.crm.calls)
    assert advance(run, world.means) is None
    world.clock.pass_(3600)
    assert advance(Run.objects.get(pk=run.pk), world.means) is None
    assert (len(world.crm.writes), len(world.crm.calls)) == (writes, calls)


def test_a_burst_of_missed_ticks_opens_one_run_a_pair(world: World) -> None:
    world.clock.pass_(6 * 3600)
    for _ in range(20):
        open_due_runs(world.clock.now())
    assert Run.objects.filter(state__in=OPEN_RUNS).count() == len(world.pairs)
    assert len(runs_to_go_on(world.clock.now())) == len(world.pairs)


def test_a_mapping_changed_in_the_middle_of_a_run_keeps_the_next_from_writing(world: World, key: str) -> None:
    version, rows = world.customers.rules_version, snapshot(world.customers)
    world.erp.edit("customers", key, {"name": "Akkurat Norge AS"})

    def change(call: str, phase: str) -> None:
        if (call, phase) == ("list customers", "after"):
            world.erp.faults = lambda _call, _phase: None
            FieldMapping.objects.filter(crm_property="OrgCity").update(erp_property="phone")
            rules_changed(world.customers, before=rows, by="kari")

    world.erp.faults = change
    run = world.run()
    assert run.rules_version == version
    pair = EntityPair.objects.get(pk=world.customers.pk)
    assert (pair.mode, pair.rules_version) == ("observe", version + 1)
    writes = len(world.crm.writes)
    world.erp.edit("customers", key, {"name": "Akkurat Verden AS"})
    assert world.run().counts == {"written": 1}
    assert len(world.crm.writes) == writes


def test_a_run_of_many_slices_never_writes_by_a_mapping_nobody_approved(world: World, key: str) -> None:
    for number in range(3):
        world.erp.edit("customers", key, {"name": f"Akkurat {number} AS"})
    run, _ = open_run(world.customers, trigger="command", now=world.clock.now())
    advance(run, replace(world.means, slice=timedelta(milliseconds=4)))
    rows = snapshot(world.customers)
    FieldMapping.objects.filter(crm_property="OrgCity").update(erp_property="name")
    rules_changed(world.customers, before=rows, by="kari")
    writes = len(world.crm.writes)
    while advance(run, world.means):
        run.refresh_from_db()
    run.refresh_from_db()
    assert run.state not in OPEN_RUNS
    assert len(world.crm.writes) == writes
    assert "were changed" in run.problem or "was changed" in run.problem


def test_a_pair_that_is_switched_off_writes_nothing_more(world: World, key: str) -> None:
    world.erp.edit("customers", key, {"name": "Akkurat Norge AS"})
    run, _ = open_run(world.customers, trigger="command", now=world.clock.now())
    advance(run, replace(world.means, slice=timedelta(milliseconds=4)))
    EntityPair.objects.update(mode="off")
    writes = len(world.crm.writes)
    while advance(run, world.means):
        run.refresh_from_db()
    assert (run.state, len(world.crm.writes)) == (RunState.FAILED, writes)


def test_a_ruling_on_values_that_moved_on_is_asked_for_again(world: World, key: str) -> None:
    FieldMapping.objects.update(policy="ask")
    world.erp.edit("customers", key, {"name": "Ett AS"})
    world.crm.edit("orgs", org(world, key), {"OrgName": "To AS"})
    world.run()
    Conflict.objects.update(state="ruled", winner=Side.ERP, resolved_by="kari")
    world.crm.edit("orgs", org(world, key), {"OrgName": "Tre AS"})
    Link.objects.update(due_at=world.clock.now())
    world.run()
    (conflict,) = world.conflicts()
    assert (conflict.crm_values, conflict.winner) == ({"OrgName": "Tre AS"}, "")
    assert world.of_customer(key)["OrgName"] == "Tre AS"


@pytest.mark.parametrize("changed_since", [True, False])
def test_writes_that_no_version_protects_are_counted_on_the_run(world: World, *, changed_since: bool) -> None:
    """And each call of them comes right after a read of its records."""
    room = world.crm.entity("orgs")
    room.capabilities = replace(room.capabilities, changed_since=changed_since, bulk_write=20)
    keys = [world.customer(name=f"Firma {number}") for number in range(45)]
    world.settle()
    for key in keys:
        world.erp.edit("customers", key, {"city": "Bergen"})
    world.crm.calls.clear()
    run = world.run()
    names = [call.name for call in world.crm.calls]
    writes = [place for place, name in enumerate(names) if name == "write orgs"]
    assert [len(world.crm.calls[place].operations) for place in writes] == [20, 20, 5]
    read = "list orgs" if changed_since else "read orgs"
    assert all(read in names[max(0, place - 2) : place] for place in writes)
    assert run.windows == {"crm": {"writes": 45, "longest_ms": ANY}}
    assert 0 < run.windows["crm"]["longest_ms"] < 1000


@pytest.mark.parametrize("changed_since", [True, False])
def test_an_edit_while_an_earlier_batch_is_written_is_not_overwritten(
    world: World, *, changed_since: bool
) -> None:
    room = world.crm.entity("orgs")
    room.capabilities = replace(room.capabilities, changed_since=changed_since, bulk_write=20)
    FieldMapping.objects.update(policy="newest")
    keys = [world.customer(name=f"Firma {number}") for number in range(30)]
    world.settle()
    for key in keys:
        world.erp.edit("customers", key, {"city": "Bergen"})
    world.clock.pass_(60)

    def meddle(call: str, phase: str) -> None:
        if (call, phase) == ("write orgs", "after"):
            world.crm.faults = lambda _call, _phase: None
            world.crm.edit("orgs", org(world, keys[-1]), {"OrgCity": "Tromsø"})

    world.crm.faults = meddle
    world.run()
    world.settle()
    assert (world.erp.values("customers", keys[-1]) or {})["city"] == "Tromsø"


def test_a_look_that_fails_between_two_batches_leaves_the_rest_for_later(world: World) -> None:
    room = world.crm.entity("orgs")
    room.capabilities = replace(room.capabilities, bulk_write=20)
    keys = [world.customer(name=f"Firma {number}") for number in range(30)]
    world.settle()
    for key in keys:
        world.erp.edit("customers", key, {"city": "Bergen"})

    def fail(call: str, phase: str) -> None:
        if (call, phase) == ("list orgs", "before") and world.crm.calls[-2].name == "write orgs":
            world.crm.faults = lambda _call, _phase: None
            raise Unavailable("It is away.")

    world.crm.faults = fail
    assert world.run().state == RunState.FAILED
    assert not Link.objects.exclude(lease_token="").exists()
    world.clock.pass_(120)
    world.settle()
    assert {(world.of_customer(key))["OrgCity"] for key in keys} == {"Bergen"}


def test_writes_that_a_version_protects_are_not_counted(world: World) -> None:
    world.customer(name="Akkurat AS")
    world.settle()
    world.crm.edit("orgs", world.crm.keys("orgs")[0], {"OrgCity": "Bergen"})
    assert world.run().windows == {}
