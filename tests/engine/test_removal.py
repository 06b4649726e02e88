"""What is not there any more: verified twice, then carried over as the pair says, and never made again by itself."""

from __future__ import annotations

import pytest

from sync.connectors.base import Unknown
from sync.core.vocabulary import Side
from sync.models.links import Conflict, ConflictState, Link
from sync.models.pairs import EntityPair, FieldMapping
from sync.models.runs import Run, RunState
from sync.services import conflicts
from tests.world import World, failing


@pytest.fixture
def key(world: World) -> str:
    """One customer in step on both sides."""
    made = world.customer(name="Akkurat AS", number="924618094")
    world.settle()
    return made


def run_twice(world: World) -> None:
    world.run(full=True)
    world.clock.pass_(120)
    world.run()


def test_a_removed_customer_marks_its_organisation_inactive(world: World, key: str) -> None:
    world.erp.remove("customers", key)
    run_twice(world)
    link = Link.objects.get(erp_key=key)
    assert (world.crm.values("orgs", link.crm_key or "") or {})["OrgStatus"] == "Inactive"
    assert link.state == "removed"


def test_nobody_is_missing_where_the_one_beside_them_is_not_found_either(world: World, key: str) -> None:
    """Credentials that see no record any more, or a system that answers every read with nothing."""
    world.customer(name="Annen AS")
    world.settle()
    room = world.erp.entity("customers")
    kept = dict(room.stored)

    def blind(call: str, phase: str) -> None:
        if (call, phase) == ("read customers", "before"):
            room.stored.clear()
        elif (call, phase) == ("read customers", "after"):
            room.stored.update(kept)

    world.erp.faults = blind
    Link.objects.filter(erp_key=key).update(due_at=world.clock.now(), reread=True)
    run = world.run()
    assert (run.state, "nor any of 1 that were there a moment ago" in run.problem) == (RunState.FAILED, True)
    link = Link.objects.get(erp_key=key)
    assert (link.erp_missing_at, link.attempts, link.lease_token) == (None, 0, "")
    world.erp.faults = lambda _call, _phase: None
    writes = len(world.crm.writes)
    for _ in range(3):
        world.clock.pass_(120)
        world.settle()
    assert len(world.crm.writes) == writes
    assert not Link.objects.filter(erp_missing_at__isnull=False).exists()


def test_the_newest_of_all_may_be_removed_at_once(world: World, key: str) -> None:
    """Whoever is asked beside the missing may have been removed as well: one of several tells that eyes are open."""
    newest = [world.customer(name=f"New {number} AS") for number in range(3)]
    world.settle()
    for removed in newest:
        world.erp.remove("customers", removed)
    Link.objects.filter(erp_key=newest[0]).update(due_at=world.clock.now(), reread=True)
    assert world.run().state == RunState.DONE
    for _ in range(3):
        world.clock.pass_(120)
        assert world.run().state == RunState.DONE
    gone = Link.objects.filter(state="removed").values_list("erp_key", flat=True)
    assert sorted(gone) == sorted(newest)
    assert Link.objects.get(erp_key=key).state == "active"


def test_nothing_follows_from_one_look(world: World, key: str) -> None:
    world.erp.remove("customers", key)
    run = world.run(full=True)
    assert run.counts == {"waiting": 1}
    assert Link.objects.get(erp_key=key).state == "active"


def test_a_record_that_was_only_skipped_is_not_removed(world: World, key: str) -> None:
    Link.objects.update(erp_missing_at=world.clock.now(), due_at=world.clock.now())
    world.clock.pass_(120)
    world.run()
    link = Link.objects.get(erp_key=key)
    assert (link.state, link.erp_missing_at) == ("active", None)


@pytest.mark.parametrize(
    ("policy", "there", "state"),
    [("delete", False, "removed"), ("unlink", True, "removed"), ("inactive", True, "removed")],
)
def test_the_pair_says_what_follows_in_the_erp(
    world: World, key: str, policy: str, there: bool, state: str
) -> None:
    world.customers.on_removal = policy
    world.customers.save(update_fields=["on_removal"])
    world.crm.remove("orgs", Link.objects.get(erp_key=key).crm_key or "")
    run_twice(world)
    assert (world.erp.values("customers", key) is not None) is there
    assert Link.objects.get(erp_key=key).state == state


def test_what_was_removed_does_not_come_back_by_itself(world: World, key: str) -> None:
    world.crm.remove("orgs", Link.objects.get(erp_key=key).crm_key or "")
    run_twice(world)
    world.erp.edit("customers", key, {"name": "Akkurat Norge AS"})
    run_twice(world)
    assert world.crm.keys("orgs") == []


def test_an_edit_on_the_other_side_beats_the_removal_until_a_person_decides(world: World, key: str) -> None:
    crm_key = Link.objects.get(erp_key=key).crm_key or ""
    world.erp.remove("customers", key)
    world.run(full=True)
    world.crm.edit("orgs", crm_key, {"OrgPhone": "33 00 00 00"})
    world.clock.pass_(120)
    world.run()
    (conflict,) = world.conflicts()
    assert "gone" in conflict.why
    assert not (world.crm.values("orgs", crm_key) or {})["OrgStatus"]
    Conflict.objects.update(state="ruled", winner="erp", resolved_by="kari")
    Link.objects.update(due_at=world.clock.now())
    world.run()
    assert (world.crm.values("orgs", crm_key) or {})["OrgStatus"] == "Inactive"


def test_a_source_that_lists_nothing_stops_the_run(world: World, key: str) -> None:
    for number in range(30):
        world.customer(name=f"Firma {number}")
    world.settle()
    world.erp.entity("customers").stored.clear()
    run = world.run(full=True)
    assert run.state == RunState.FAILED
    assert "listed no customers at all" in run.problem
    assert Link.objects.get(erp_key=key).erp_missing_at is None


def test_a_mass_removal_waits_for_a_person(world: World) -> None:
    keys = [world.customer(name=f"Firma {number}") for number in range(30)]
    world.settle()
    for key in keys[:25]:
        world.erp.remove("customers", key)
    run = world.run(full=True)
    assert run.state == RunState.HELD
    assert "25 of 30" in run.problem


def test_a_flood_of_changes_waits_and_a_slow_flood_is_a_flood(world: World) -> None:
    world.customers.guard_changes = 10
    world.customers.save(update_fields=["guard_changes"])
    for room in (world.erp.entity("customers"), world.crm.entity("orgs")):
        room.page_size = 500
    keys = [world.customer(name=f"Firma {number}") for number in range(210)]
    world.run()
    world.run()
    for start in (0, 15):
        for key in keys[start : start + 15]:
            world.erp.edit("customers", key, {"phone": f"22 00 {key}"})
        run = world.run()
    assert run.state == RunState.HELD
    assert "30 of 210" in run.problem
    before = len(world.crm.writes)
    Run.objects.filter(pk=run.pk).update(state="queued", approved_by="kari", approved_at=world.clock.now())
    assert world.run().state == RunState.DONE
    assert len(world.crm.writes) == before + 15
    assert world.run().state == RunState.DONE


@pytest.mark.parametrize("on_removal", [EntityPair.Removal.ASK, EntityPair.Removal.DELETE])
@pytest.mark.parametrize("winner", list(Side))
def test_of_a_removed_record_nothing_is_asked_any_more(
    world: World, key: str, on_removal: str, winner: Side
) -> None:
    """Whichever way the question of the record itself was answered, that was done; what else was open is over."""
    FieldMapping.objects.filter(crm_property="OrgName").update(policy="ask")
    EntityPair.objects.filter(name="customers").update(on_removal=on_removal)
    organisation = world.link(erp_key=key).crm_key or ""
    world.erp.edit("customers", key, {"name": "Ett AS"})
    world.crm.edit("orgs", organisation, {"OrgName": "To AS"})
    world.run()
    world.crm.remove("orgs", organisation)
    for _ in range(3):
        world.run(full=True)
        world.clock.pass_(120)
    name, record = Conflict.objects.order_by("pk")
    assert record.state == ConflictState.OPEN
    conflicts.resolve(record, winner=winner.value, by="kari")
    Link.objects.update(due_at=world.clock.now())
    world.settle()
    assert world.link(erp_key=key).state == "removed"
    assert (key in world.erp.keys("customers")) is (winner is Side.ERP or on_removal == "ask")
    name.refresh_from_db()
    record.refresh_from_db()
    assert (record.state, record.closed_why) == (ConflictState.CLOSED, "carried out")
    assert (name.state, name.closed_why) == (ConflictState.CLOSED, "its record was removed")


def test_a_removal_whose_answer_was_lost_stands_in_the_audit_as_made(world: World) -> None:
    EntityPair.objects.update(on_removal="delete", creates_in_erp=False)
    customer = world.customer(name="Akkurat AS")
    world.settle()
    world.crm.remove("orgs", world.link(erp_key=customer).crm_key or "")
    world.run(full=True)
    world.clock.pass_(120)
    with failing(world.erp, "write customers", "after", Unknown("The connection was lost.")):
        world.run()
    assert world.erp.values("customers", customer) is None
    for _ in range(3):
        world.clock.pass_(180)
        world.run()
    removal = world.changes()[-1]
    assert (removal.kind, removal.outcome) == ("remove", "written")
    assert Link.objects.get(erp_key=customer).state == "removed"
