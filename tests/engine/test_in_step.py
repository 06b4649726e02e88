"""Linked records stay in step wherever they are edited, field by field."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sync.models.links import Conflict, Link
from sync.models.pairs import FieldMapping, Finding
from sync.services.acts import NotPossible
from sync.services.conflicts import resolve
from tests.world import World


@pytest.fixture
def pair(world: World) -> tuple[str, str]:
    """One customer in step on both sides: its two keys."""
    key = world.customer(name="Akkurat AS", number="924618094", phone="22 00 00 00", city="Oslo", zip="0155")
    world.settle()
    return key, Link.objects.get(erp_key=key).crm_key or ""


def erp(world: World, key: str) -> dict[str, object]:
    return dict(world.erp.values("customers", key) or {})


def crm(world: World, key: str) -> dict[str, object]:
    return dict(world.crm.values("orgs", key) or {})


@pytest.mark.parametrize(
    ("field", "target"), [("name", "OrgName"), ("phone", "OrgPhone"), ("city", "OrgCity")]
)
def test_an_edit_in_the_erp_arrives_in_webcrm(
    world: World, pair: tuple[str, str], field: str, target: str
) -> None:
    world.erp.edit("customers", pair[0], {field: "99 88 77 66"})
    world.settle()
    assert crm(world, pair[1])[target] == "99 88 77 66"


@pytest.mark.parametrize(
    ("field", "target"), [("OrgName", "name"), ("OrgPhone", "phone"), ("OrgCity", "city")]
)
def test_an_edit_in_webcrm_arrives_in_the_erp(
    world: World, pair: tuple[str, str], field: str, target: str
) -> None:
    world.crm.edit("orgs", pair[1], {field: "99 88 77 66"})
    world.settle()
    assert erp(world, pair[0])[target] == "99 88 77 66"


def test_edits_of_two_fields_on_two_sides_both_survive(world: World, pair: tuple[str, str]) -> None:
    world.erp.edit("customers", pair[0], {"name": "Akkurat Norge AS"})
    world.crm.edit("orgs", pair[1], {"OrgPhone": "33 00 00 00"})
    world.settle()
    assert crm(world, pair[1])["OrgName"] == "Akkurat Norge AS"
    assert erp(world, pair[0])["phone"] == "33 00 00 00"


def test_newest_wins_and_the_loser_stands_in_the_audit(world: World, pair: tuple[str, str]) -> None:
    world.erp.edit("customers", pair[0], {"name": "Older"})
    world.clock.pass_(600)
    world.crm.edit("orgs", pair[1], {"OrgName": "Newer"})
    world.settle()
    assert erp(world, pair[0])["name"] == crm(world, pair[1])["OrgName"] == "Newer"
    assert world.changes()[-1].fields[0]["before"] == "Older"


def test_edits_too_close_to_tell_apart_wait_for_a_person_field_by_field(
    world: World, pair: tuple[str, str]
) -> None:
    world.erp.edit("customers", pair[0], {"name": "One", "phone": "11 11 11 11"})
    world.crm.edit("orgs", pair[1], {"OrgName": "Other"})
    run = world.run()
    (conflict,) = world.conflicts()
    assert (conflict.erp_values, conflict.crm_values) == ({"name": "One"}, {"OrgName": "Other"})
    assert run.counts == {"conflict": 1}
    assert crm(world, pair[1])["OrgPhone"] == "11 11 11 11"


@pytest.mark.parametrize(
    ("winner", "value", "expected"),
    [("erp", None, "One"), ("crm", None, "Other"), ("other", "Third", "Third")],
)
def test_a_persons_word_ends_the_conflict(
    world: World, pair: tuple[str, str], winner: str, value: str | None, expected: str
) -> None:
    world.erp.edit("customers", pair[0], {"name": "One"})
    world.crm.edit("orgs", pair[1], {"OrgName": "Other"})
    world.run()
    Conflict.objects.filter(state="open").update(
        state="ruled", winner=winner, value=value, resolved_by="kari"
    )
    Link.objects.update(due_at=world.clock.now())
    world.settle()
    assert erp(world, pair[0])["name"] == crm(world, pair[1])["OrgName"] == expected
    assert Conflict.objects.get().state == "closed"


def test_fields_of_a_group_move_together(world: World, pair: tuple[str, str]) -> None:
    FieldMapping.objects.filter(group="address").update(policy="erp")
    world.erp.edit("customers", pair[0], {"city": "Bergen"})
    world.crm.edit("orgs", pair[1], {"OrgZip": "9999"})
    world.settle()
    assert (crm(world, pair[1])["OrgCity"], crm(world, pair[1])["OrgZip"]) == ("Bergen", "0155")


def test_a_cleared_value_clears_the_other_side(world: World, pair: tuple[str, str]) -> None:
    world.erp.edit("customers", pair[0], {"phone": None})
    world.settle()
    assert not crm(world, pair[1])["OrgPhone"]


def test_a_name_that_webcrm_cannot_hold_never_shortens_the_erps(world: World, pair: tuple[str, str]) -> None:
    long = "Akkurat Internasjonale Handelshus og Sønner Aksjeselskap"
    world.erp.edit("customers", pair[0], {"name": long})
    world.settle()
    assert crm(world, pair[1])["OrgName"] == long[:40]
    assert erp(world, pair[0])["name"] == long


def test_a_name_that_webcrm_cuts_by_itself_never_shortens_the_erps(
    world: World, pair: tuple[str, str]
) -> None:
    world.crm.entity("orgs").habits["OrgName"] = lambda value: str(value)[:10] if value else value
    world.erp.edit("customers", pair[0], {"name": "Akkurat Norge AS"})
    world.settle()
    assert crm(world, pair[1])["OrgName"] == "Akkurat No"
    assert erp(world, pair[0])["name"] == "Akkurat Norge AS"
    assert Finding.objects.get().count == 1


def test_an_owner_is_asserted_where_a_field_travels_one_way(world: World, pair: tuple[str, str]) -> None:
    world.crm.edit("orgs", pair[1], {"OrgRef": "something else"})
    world.settle()
    assert crm(world, pair[1])["OrgRef"] == pair[0]


def test_a_stale_write_is_read_and_planned_again(world: World, pair: tuple[str, str]) -> None:
    world.crm.edit("orgs", pair[1], {"OrgPhone": "33 00 00 00"})

    def meddle(call: str, phase: str) -> None:
        if call == "write customers" and phase == "before":
            world.erp.faults = lambda _call, _phase: None
            world.erp.edit("customers", pair[0], {"name": "Edited meanwhile"})

    world.erp.faults = meddle
    world.settle()
    assert erp(world, pair[0])["phone"] == "33 00 00 00"
    assert crm(world, pair[1])["OrgName"] == "Edited meanwhile"


def test_a_field_mapped_later_has_its_own_first_meeting(world: World, pair: tuple[str, str]) -> None:
    FieldMapping.objects.filter(erp_property="phone").delete()
    Link.objects.update(due_at=world.clock.now())
    world.settle()
    world.erp.edit("customers", pair[0], {"phone": "11"})
    world.crm.edit("orgs", pair[1], {"OrgPhone": "22"})
    world.settle()
    world.map("phone", "OrgPhone", transforms="phone")
    Link.objects.update(due_at=world.clock.now(), reread=True)
    world.settle()
    assert erp(world, pair[0])["phone"] == crm(world, pair[1])["OrgPhone"] == "11"


def test_the_audit_says_before_after_why_and_who(world: World, pair: tuple[str, str]) -> None:
    world.erp.edit("customers", pair[0], {"name": "Akkurat Norge AS"})
    world.settle()
    change = world.changes()[-1]
    (field,) = change.fields
    assert (field["property"], field["before"], field["after"]) == (
        "OrgName",
        "Akkurat AS",
        "Akkurat Norge AS",
    )
    assert (change.actor, change.outcome, change.held) == ("test", "written", {"OrgName": "Akkurat Norge AS"})
    assert field["why"]
    assert change.finished_at is not None
    assert change.finished_at - change.created_at < timedelta(minutes=5)


def test_a_field_that_flips_to_and_fro_is_frozen_alone(world: World, pair: tuple[str, str]) -> None:
    """A robot in webCRM writes its own value back whenever the hub has written the ERP's, and one in the ERP too."""
    for number in range(8):
        world.erp.edit("customers", pair[0], {"name": "From the ERP", "phone": f"22 00 00 0{number}"})
        world.run()
        world.crm.edit("orgs", pair[1], {"OrgName": "From webCRM"})
        world.run()
    names = [
        field["after"]
        for change in world.changes()
        for field in change.fields
        if field["property"] == "OrgName"
    ]
    assert names.count("From the ERP") == 2
    (conflict,) = world.conflicts()
    assert conflict.why.startswith("It flips to and fro")
    assert crm(world, pair[1])["OrgPhone"] == "22 00 00 07"
    Conflict.objects.update(state="ruled", winner="erp", resolved_by="kari")
    Link.objects.update(due_at=world.clock.now())
    world.settle()
    assert crm(world, pair[1])["OrgName"] == erp(world, pair[0])["name"]


def test_a_cut_that_a_person_may_have_made_is_a_conflict_and_not_a_guess(
    world: World, pair: tuple[str, str]
) -> None:
    room = world.crm.entity("orgs")
    room.answers_record, room.habits["OrgName"] = False, lambda value: str(value)[:10] if value else value
    world.erp.edit("customers", pair[0], {"name": "Akkurat Norge AS"})

    def meddle(call: str, phase: str) -> None:
        if call == "write orgs" and phase == "after":
            world.crm.faults = lambda _call, _phase: None
            world.crm.edit("orgs", pair[1], {"OrgPhone": "33 00 00 00"})

    world.crm.faults = meddle
    world.settle()
    assert erp(world, pair[0])["name"] == "Akkurat Norge AS"
    assert erp(world, pair[0])["phone"] == "33 00 00 00"
    (conflict,) = world.conflicts()
    assert conflict.crm_values == {"OrgName": "Akkurat No"}


def test_conflicts_of_mappings_that_are_no_more_are_all_closed(world: World) -> None:
    erp, crm = world.customer(name="A", phone="22 00 00 00"), ""
    world.settle()
    crm = world.link(erp_key=erp).crm_key or ""
    world.erp.edit("customers", erp, {"name": "Akkurat", "phone": "33 00 00 00"})
    world.crm.edit("orgs", crm, {"OrgName": "Annen", "OrgPhone": "44 00 00 00"})
    world.run()
    assert len(world.conflicts()) == 2
    world.customers.mappings.filter(erp_property__in=["name", "phone"]).delete()
    world.erp.edit("customers", erp, {"city": "Oslo"})
    world.run()
    assert world.conflicts() == []
    assert set(Conflict.objects.values_list("closed_why", flat=True)) == {"its mapping is no more"}


def test_an_address_of_which_one_field_flips_is_frozen_as_a_whole(world: World) -> None:
    key = world.customer(name="Akkurat AS", city="Oslo", zip="0150")
    world.settle()
    for _ in range(2):
        world.erp.edit("customers", key, {"city": "Bergen"})
        world.run()
        world.crm.edit("orgs", world.link(erp_key=key).crm_key or "", {"OrgCity": "Oslo"})
        world.run()
    world.erp.edit("customers", key, {"city": "Bergen", "zip": "5003"})
    world.run()
    values = world.of_customer(key)
    assert (values["OrgCity"], values["OrgZip"]) == ("Oslo", "0150")
    for conflict in world.conflicts():
        assert world.of_customer(key)["OrgCity"] == "Oslo"
        Conflict.objects.filter(pk=conflict.pk).update(state="ruled", winner="erp", resolved_by="kari")
        Link.objects.update(due_at=world.clock.now())
        world.run()
    values = world.of_customer(key)
    assert (values["OrgCity"], values["OrgZip"]) == ("Bergen", "5003")


def test_a_frozen_field_of_one_way_keeps_its_sources_value(world: World) -> None:
    world.customers.mappings.filter(erp_property="phone").update(direction="to_crm")
    key = world.customer(name="Akkurat AS", phone="22 00 00 00")
    world.settle()
    for _ in range(3):
        world.crm.edit("orgs", world.link(erp_key=key).crm_key or "", {"OrgPhone": "33 00 00 00"})
        world.run()
    (conflict,) = world.conflicts()
    with pytest.raises(NotPossible, match="one way only, from erp"):
        resolve(conflict, winner="crm", by="kari")
    resolve(conflict, winner="erp", by="kari")
