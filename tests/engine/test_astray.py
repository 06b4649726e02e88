"""Answers that lead astray: another system, a parent that is gone, a suspicion, a place in a listing forgotten."""

from __future__ import annotations

import pytest

from sync.connectors.base import Gone, Operation, Refused, Result
from sync.models.links import Intent, Link
from sync.models.pairs import Cursor, FieldMapping
from tests.world import World, die_before_confirming, failing


@pytest.fixture
def key(world: World) -> str:
    """One customer in step on both sides."""
    made = world.customer(name="Akkurat", number="1")
    world.settle()
    return made


def test_nothing_of_another_system_travels(world: World, key: str) -> None:
    world.crm.identity = "another company"
    world.crm.edit("orgs", Link.objects.get().crm_key or "", {"OrgName": "Another"})
    assert "another company" in world.run().problem or "introduced" in world.run().problem
    world.crm.identity = "crm"
    world.crm.edit("orgs", Link.objects.get().crm_key or "", {"OrgName": "Akkurat"})
    world.settle()
    assert (world.erp.values("customers", key) or {})["name"] == "Akkurat"


def test_a_write_kept_from_another_system_is_no_unknown_outcome(world: World, key: str) -> None:
    world.erp.edit("customers", key, {"name": "Akkurat AS"})
    world.crm.identity = "another company"
    assert world.run().state == "failed"
    assert not Intent.objects.filter(state="unknown").exists()


def test_a_create_whose_parent_is_gone_hurts_nobody_else(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = world.customer(name="Akkurat")

    def apply(_entity: str, operation: Operation, *, by: str = "hub") -> Result:
        return Result(key=operation.key, error=Gone("crm has no such parent."))

    monkeypatch.setattr(world.crm, "apply", apply)
    assert world.run().counts == {"failed": 1}
    world.clock.pass_(300)
    world.run()
    assert (world.erp.values("customers", made) or {})["inactive"] is False
    assert Link.objects.get().state == "active"


def test_a_suspicion_is_no_removal_when_another_write_is_confirmed(world: World, key: str) -> None:
    world.crm.entity("orgs").answers_record = False
    world.erp.edit("customers", key, {"name": "Akkurat AS"})
    die_before_confirming(world)
    world.clock.pass_(600)
    Link.objects.update(erp_missing_at=world.clock.now(), due_at=world.clock.now())
    world.run()
    assert (Link.objects.get().state, Link.objects.get().erp_missing_at) == ("active", None)


def test_a_mark_of_removal_may_come_back_in_another_spelling(world: World, key: str) -> None:
    world.crm.entity("orgs").habits["OrgStatus"] = lambda value: str(value).upper()
    world.erp.remove("customers", key)
    world.run(full=True)
    world.clock.pass_(120)
    assert world.run().state == "done"
    assert Link.objects.get().state == "removed"


def test_a_mapping_may_go_while_its_write_is_on_the_way(world: World, key: str) -> None:
    rows = FieldMapping.objects.filter(crm_property="OrgPhone")
    rows.update(transforms="")
    world.crm.entity("orgs").habits["OrgPhone"] = lambda value: str(value).upper()
    world.erp.edit("customers", key, {"phone": "abc"})

    def forget(call: str, phase: str) -> None:
        if (call, phase) == ("write orgs", "before"):
            rows.delete()

    world.crm.faults = forget
    assert world.run().state == "done"


def test_a_field_that_could_not_be_created_stays_a_problem(world: World) -> None:
    FieldMapping.objects.filter(group="address").update(group="")
    FieldMapping.objects.filter(crm_property="OrgCity").update(transforms="options(Oslo=OSL)")
    world.customer(name="Akkurat", city="Atlantis")
    for _ in range(3):
        assert world.run().state == "done"
    assert "Atlantis" in Link.objects.get().problem


def test_a_full_read_begins_anew_where_a_shorter_one_was_left(world: World, key: str) -> None:
    left = Cursor.objects.filter(side="erp", pair=world.customers)
    left.update(page="0", since=world.clock.now())
    before = left.get().scan
    world.run(full=True)
    assert left.get().scan == before + 1


def test_a_place_in_a_listing_that_is_forgotten_holds_up_one_run_only(world: World, key: str) -> None:
    Cursor.objects.filter(side="erp", pair=world.customers).update(page="1")
    with failing(world.erp, "list customers", "before", Refused("No such page.")):
        assert world.run().state == "failed"
    assert Cursor.objects.get(side="erp", pair=world.customers).page == ""
    assert world.run().state == "done"
