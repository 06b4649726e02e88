"""What people do while a run is under way: it stops where it must, and nothing of what they said is lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sync.connectors.base import Unknown
from sync.engine import settle
from sync.engine.draft import Decision
from sync.engine.schedule import open_due_runs, open_run
from sync.engine.slice import Slice
from sync.models.links import Conflict, Intent, Link
from sync.models.pairs import EntityPair, FieldMapping, MatchRule
from sync.models.runs import Run, RunState
from sync.services import conflicts, links, pairs, runs
from sync.services.acts import NotPossible
from tests.world import World, at_the_first_write, failing

BATCH = 200


def while_deciding(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    decide = settle._decide

    def decided(work: Slice, claimed: list[Link]) -> list[Decision]:
        found = decide(work, claimed)
        monkeypatch.setattr(settle, "_decide", decide)
        act()
        return found

    monkeypatch.setattr(settle, "_decide", decided)


def change_rules(world: World, act: Callable[[], object]) -> None:
    before = pairs.snapshot(world.customers)
    act()
    pairs.rules_changed(EntityPair.objects.get(pk=world.customers.pk), before=before, by="anna")
    Link.objects.update(due_at=world.clock.now())


def in_conflict(world: World) -> Conflict:
    FieldMapping.objects.filter(crm_property="OrgName").update(policy="ask", transforms="")
    key = world.customer(name="Akkurat")
    world.settle()
    world.erp.edit("customers", key, {"name": "Akkurat AS"})
    world.crm.edit("orgs", Link.objects.get(erp_key=key).crm_key or "", {"OrgName": "Akkurat A/S"})
    world.run()
    return Conflict.objects.get()


@pytest.mark.parametrize("mode", ["off", "observe"])
def test_a_pair_that_is_stopped_writes_nothing_more(world: World, mode: str) -> None:
    for number in range(BATCH + 50):
        world.customer(name=f"Customer {number}")
    at_the_first_write(world, lambda: pairs.set_mode(world.customers, mode, by="anna"))
    run = world.run()
    assert (run.state, run.problem) == ("cancelled", f"customers was set to {mode}.")
    assert len(world.crm.keys("orgs")) <= BATCH
    assert not Link.objects.exclude(lease_token="").exists()


def test_a_run_does_not_go_on_with_mappings_that_nobody_approved(world: World) -> None:
    for number in range(BATCH + 50):
        world.customer(name=f"Customer {number}")
    rows = FieldMapping.objects.filter(erp_property="zip")
    at_the_first_write(world, lambda: change_rules(world, lambda: rows.update(erp_property="id")))
    assert world.run().state == "cancelled"
    assert len(world.crm.keys("orgs")) <= BATCH


def test_a_held_run_cannot_be_approved_for_other_mappings(world: World) -> None:
    world.run()
    run = Run.objects.create(
        pair=world.customers, trigger="schedule", writes=True, state="held", requested_at=world.clock.now()
    )
    change_rules(world, lambda: FieldMapping.objects.filter(erp_property="zip").delete())
    with pytest.raises(NotPossible, match="cancelled"):
        runs.approve(run, by="anna")


def test_a_pause_is_heard_while_the_hub_decides(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    key = world.customer(name="Akkurat")
    world.settle()
    world.erp.edit("customers", key, {"name": "Akkurat AS"})
    while_deciding(monkeypatch, lambda: links.pause(Link.objects.get(), by="anna"))
    run = world.run()
    assert (Link.objects.get().state, run.counts) == ("paused", {"held": 1})
    assert world.of_customer(key)["OrgName"] == "Akkurat"


def test_a_decision_is_heard_while_the_hub_decides(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    conflict = in_conflict(world)
    Link.objects.update(due_at=world.clock.now())

    def resolve() -> None:
        conflicts.resolve(conflict, winner="crm", by="anna")
        Link.objects.update(due_at=world.clock.now())

    while_deciding(monkeypatch, resolve)
    world.run()
    assert world.erp.values("customers", "cus_1") == {
        **(world.erp.values("customers", "cus_1") or {}),
        "name": "Akkurat A/S",
    }


def test_a_value_that_fits_nowhere_is_refused_at_once(world: World) -> None:
    with pytest.raises(NotPossible, match="40"):
        conflicts.resolve(in_conflict(world), winner="other", value="x" * 41, by="anna")


def test_a_decision_that_cannot_be_carried_out_is_asked_for_again(world: World) -> None:
    conflict = in_conflict(world)
    world.crm.entity("orgs").habits["OrgName"] = lambda value: value
    conflicts.resolve(conflict, winner="other", value="Akkurat Norge", by="anna")
    Conflict.objects.update(value="x" * 41)
    Link.objects.update(due_at=world.clock.now())
    assert world.run().counts == {"failed": 1}
    conflict.refresh_from_db()
    assert (conflict.state, conflict.winner) == ("open", "")
    assert "could not be carried out" in conflict.why


def test_who_decides_under_a_long_name_is_heard(world: World) -> None:
    conflict = in_conflict(world)
    conflicts.resolve(conflict, winner="crm", by="a" * 150)
    assert len(Link.objects.get().reason) <= 100


def test_nobody_links_by_hand_what_is_being_created(world: World) -> None:
    EntityPair.objects.update(creates_in_erp=False)
    known = world.organisation(OrgName="Other")
    world.run()
    key = world.customer(name="Akkurat")
    refused = []

    def link() -> None:
        with pytest.raises(NotPossible) as error:
            links.link(world.customers, erp_key=key, crm_key=known, by="anna")
        refused.append(error)

    at_the_first_write(world, link)
    world.run()
    assert len(refused) == 1
    assert Link.objects.get(crm_key=known).state == "active"


def test_what_was_taken_apart_can_be_linked_to_another(world: World) -> None:
    EntityPair.objects.update(creates_in_erp=False, creates_in_crm=False)
    wrong, right = world.customer(name="Wrong", number="1"), world.customer(name="Right", number="2")
    known = world.organisation(OrgName="Right", OrgNumber="1")
    world.settle()
    links.unlink(Link.objects.get(erp_key=wrong), by="anna")
    links.link(world.customers, erp_key=right, crm_key=known, by="anna")
    link = Link.objects.current().get(erp_key=right)
    assert (link.crm_key, link.state) == (known, "active")


def test_a_field_that_is_mapped_later_is_read_for_every_record(world: World) -> None:
    rows = FieldMapping.objects.filter(crm_property="OrgPhone")
    rows.update(active=False)
    key = world.customer(name="Akkurat", phone="12345678")
    world.settle()
    world.clock.pass_(3600)
    world.settle()
    change_rules(world, lambda: rows.update(active=True))
    world.run()
    pairs.approve_plan(world.customers, by="anna")
    pairs.set_mode(world.customers, "live", by="anna")
    world.settle()
    assert world.of_customer(key)["OrgPhone"] == "12345678"


def test_a_match_rule_that_comes_later_finds_records_that_were_known(world: World) -> None:
    EntityPair.objects.update(creates_in_erp=False, creates_in_crm=False)
    MatchRule.objects.filter(pair=world.customers, position=3).delete()
    key, known = world.customer(name="Akkurat", number="1"), world.organisation(OrgName="A", OrgNumber="1")
    world.settle()
    change_rules(world, lambda: MatchRule.objects.create(pair=world.customers, position=3, by="number"))
    world.run()
    assert Link.objects.current().get(erp_key=key).crm_key == known


def test_a_flood_that_comes_while_a_run_writes_asks_too(world: World) -> None:
    first, *keys = [world.customer(name=f"Customer {number}") for number in range(250)]
    world.settle()
    world.clock.pass_(3 * 86_400)
    world.settle()

    def flood(call: str, phase: str) -> None:
        if (call, phase) == ("write customers", "before"):
            for key in keys:
                world.erp.edit("customers", key, {"name": "Wiped"})

    world.erp.faults, world.erp.entity("customers").answers_record = flood, False
    world.crm.edit("orgs", Link.objects.get(erp_key=first).crm_key or "", {"OrgName": "One"})
    run = world.run()
    assert (run.state, "changed within a day" in run.problem) == ("held", True)
    assert world.of_customer(keys[0])["OrgName"] == "Customer 1"


def test_a_flood_that_a_look_between_two_writes_brings_is_judged_before_it_is_claimed(world: World) -> None:
    first, *keys = [world.customer(name=f"Customer {number}") for number in range(250)]
    world.settle()
    world.clock.pass_(3 * 86_400)
    world.settle()

    def flood(call: str, phase: str) -> None:
        if (call, phase) == ("list orgs", "before") and looks():
            world.crm.faults = lambda _call, _phase: None
            for key in keys:
                world.crm.edit("orgs", world.link(erp_key=key).crm_key or "", {"OrgName": "Wiped"})

    def looks() -> bool:
        return Run.objects.get(state=RunState.RUNNING).phase == Run.Phase.WORK

    world.crm.faults = flood
    world.erp.edit("customers", first, {"name": "One"})
    run = world.run()
    assert (run.state, "changed within a day" in run.problem) == ("held", True)
    assert (world.erp.values("customers", keys[0]) or {})["name"] == "Customer 1"


def test_a_conflict_ends_with_its_couple(world: World) -> None:
    conflict = in_conflict(world)
    links.unlink(conflict.link, by="anna")
    conflict.refresh_from_db()
    assert (conflict.state, conflict.closed_why) == ("closed", "the two were taken apart")


def test_a_full_read_keeps_its_turn_while_another_run_is_open(world: World) -> None:
    world.run()
    now = world.clock.now()
    EntityPair.objects.update(next_run_at=now, next_full_at=now)
    open_run(world.customers, trigger="person", now=now)
    assert open_due_runs(now) != []
    assert EntityPair.objects.get(name="customers").next_full_at == now


def test_a_create_that_cannot_be_looked_for_is_not_made_twice(world: World) -> None:
    world.customer(name="Akkurat")
    with failing(world.crm, "write orgs", "after", Unknown("lost")):
        world.run()
    FieldMapping.objects.filter(crm_property="OrgRef").update(crm_property="OrgCity")
    FieldMapping.objects.filter(group="address").delete()
    world.crm.entity("orgs").stored.clear()
    world.clock.pass_(300)
    world.run()
    world.run()
    assert (world.crm.keys("orgs"), Intent.objects.get().state) == ([], "unknown")


def test_a_worker_that_dies_after_its_write_landed_has_counted_it(world: World, key: str) -> None:
    """What no version protected is told, whatever became of the worker."""
    world.erp.edit("customers", key, {"name": "Newer"})
    with failing(world.crm, "write orgs", "after", KeyboardInterrupt()), pytest.raises(KeyboardInterrupt):
        world.run()
    assert Run.objects.latest("pk").windows["crm"]["writes"] == 1
