"""Records that are merged, moved, copied, made anew or numbered like another: who is who."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sync.connectors.base import Unknown
from sync.models.links import Conflict, Link
from sync.services import conflicts, links
from sync.services.acts import NotPossible
from tests.world import World, failing


def org_of(world: World, key: str) -> str:
    return world.link(erp_key=key).crm_key or ""


def erp(world: World, key: str) -> dict[str, Any]:
    return dict(world.erp.values("customers", key) or {})


def later(world: World) -> None:
    """Long enough for two looks at what is missing."""
    world.run(full=True)
    world.clock.pass_(120)
    world.run()


@pytest.fixture
def doubles(world: World) -> tuple[str, str]:
    """Two ERP customers whose organisations are the same firm, in webCRM's words too."""
    keys = world.customer(name="Akkurat AS", number="924618094"), world.customer(name="Akkurat Norge AS")
    world.settle()
    world.crm.edit("orgs", org_of(world, keys[1]), {"OrgName": "Akkurat AS"})
    world.settle()
    return keys


@pytest.mark.parametrize("taken_over", ["OrgRef", "OrgNumber"])
def test_a_merge_in_webcrm_asks_a_person_where_the_survivor_shows_it(world: World, taken_over: str) -> None:
    key = world.customer(name="Akkurat AS", number="924618094")
    world.settle()
    gone = org_of(world, key)
    world.customers.creates_in_erp = False
    world.customers.save(update_fields=["creates_in_erp"])
    said = {"OrgRef": key, "OrgNumber": "924618094"}
    survivor = world.organisation(OrgName="Akkurat", **{taken_over: said[taken_over]})
    world.crm.remove("orgs", gone, merged_into=survivor)
    later(world)
    later(world)
    assert erp(world, key)["inactive"] is False
    assert world.crm.keys("orgs") == [survivor]
    (conflict,) = world.conflicts()
    assert f"'Akkurat' ({survivor})" in conflict.why
    assert world.link(erp_key=key).state == "active"


def test_a_merge_that_the_erp_tells_of_asks_a_person(world: World, doubles: tuple[str, str]) -> None:
    room = world.erp.entity("customers")
    room.capabilities = replace(room.capabilities, removed_feed=True)
    orgs = [org_of(world, key) for key in doubles]
    world.erp.remove("customers", doubles[1], merged_into=doubles[0])
    later(world)
    assert not (world.crm.values("orgs", orgs[1]) or {})["OrgStatus"]
    assert len(world.conflicts()) == 1


def test_what_a_person_says_of_a_merged_record_is_done(world: World) -> None:
    key = world.customer(name="Akkurat AS", number="924618094")
    world.settle()
    gone = org_of(world, key)
    survivor = world.organisation(OrgName="Akkurat", OrgNumber="924618094")
    world.crm.remove("orgs", gone, merged_into=survivor)
    later(world)
    Conflict.objects.filter(state="open").update(state="ruled", winner="crm", resolved_by="kari")
    Link.objects.update(due_at=world.clock.now())
    world.run()
    assert erp(world, key)["inactive"] is True


def test_a_contact_that_moves_to_another_customer_waits_for_a_person(world: World) -> None:
    one, two = world.customer(name="En AS"), world.customer(name="To AS")
    contact = world.contact(one, last="Nordmann", mail="kari@en.no")
    world.settle()
    person = world.link(erp_key=contact).crm_key or ""
    world.erp.edit("contacts", contact, {"customer.id": two})
    run = world.run("contacts")
    assert run.counts["conflict"] == 1
    assert world.crm.keys("persons") == [person]
    assert (world.crm.values("persons", person) or {})["PersonOrgId"] == org_of(world, one)
    (conflict,) = world.conflicts()
    assert "webCRM cannot move it" in conflict.why
    Conflict.objects.update(state="ruled", winner="crm", resolved_by="kari")
    Link.objects.update(due_at=world.clock.now())
    world.settle()
    assert world.run("contacts", full=True).counts == {"unchanged": 1}


def test_a_contact_that_moves_still_has_its_other_fields_in_step(world: World) -> None:
    one, two = world.customer(name="En AS"), world.customer(name="To AS")
    contact = world.contact(one, last="Nordmann", mail="kari@en.no")
    world.settle()
    world.erp.edit("contacts", contact, {"customer.id": two, "last": "Hansen"})
    world.settle()
    person = world.link(erp_key=contact).crm_key or ""
    assert (world.crm.values("persons", person) or {})["PersonLast"] == "Hansen"


@pytest.fixture
def moved(world: World) -> tuple[str, str, str]:
    """A contact that moved in the ERP: its key, its person's key, and its new customer's."""
    one, two = world.customer(name="En AS"), world.customer(name="To AS")
    contact = world.contact(one, last="Nordmann", mail="kari@en.no")
    world.settle()
    person = world.link(erp_key=contact).crm_key or ""
    world.erp.edit("contacts", contact, {"customer.id": two})
    world.settle()
    return contact, person, two


def replace_it(world: World) -> None:
    for row in world.conflicts():
        conflicts.resolve(row, winner="erp", by="kari")
    Link.objects.filter(conflicts__state="ruled").update(due_at=world.clock.now())


def person_of(world: World, key: str) -> dict[str, Any]:
    return dict(world.crm.values("persons", key) or {})


def test_a_moved_contact_is_replaced_where_a_person_says_so(
    world: World, moved: tuple[str, str, str]
) -> None:
    contact, old, customer = moved
    replace_it(world)
    world.settle()
    link = world.link(erp_key=contact)
    assert link.crm_key not in (old, None)
    made = person_of(world, link.crm_key or "")
    assert (made["PersonOrgId"], made["PersonRef"]) == (org_of(world, customer), contact)
    assert made["PersonLast"] == "Nordmann"
    left = person_of(world, old)
    assert (left["PersonRef"], left["PersonStatus"]) == ("", "Resigned")
    assert world.link(crm_key=old).state == "removed"
    assert Conflict.objects.get().closed_why == "carried out"
    assert world.run("contacts", full=True).counts == {"unchanged": 2}
    assert (len(world.crm.keys("persons")), len(world.erp.keys("contacts"))) == (2, 1)


def test_what_was_edited_in_webcrm_reaches_the_erp_before_a_contact_is_replaced(
    world: World, moved: tuple[str, str, str]
) -> None:
    contact, old, _ = moved
    world.crm.edit("persons", old, {"PersonLast": "Hansen"})
    replace_it(world)
    world.settle()
    assert (world.erp.values("contacts", contact) or {})["last"] == "Hansen"
    made = world.link(erp_key=contact).crm_key or ""
    assert made != old
    assert person_of(world, made)["PersonLast"] == "Hansen"


def test_a_moved_contact_is_replaced_once_its_new_customer_is_linked(
    world: World, moved: tuple[str, str, str]
) -> None:
    contact, old, customer = moved
    links.unlink(world.link(erp_key=customer), by="kari")
    replace_it(world)
    world.settle()
    assert world.link(erp_key=contact).crm_key == old
    assert Conflict.objects.get().state == "ruled"
    links.resume(world.link(erp_key=customer), by="kari")
    Link.objects.filter(due_at__isnull=False).update(due_at=world.clock.now())
    world.settle()
    made = person_of(world, world.link(erp_key=contact).crm_key or "")
    assert made["PersonOrgId"] == org_of(world, customer)
    assert person_of(world, old)["PersonStatus"] == "Resigned"


def test_a_person_removed_while_it_is_to_be_replaced_removes_nothing_in_the_erp(
    world: World, moved: tuple[str, str, str]
) -> None:
    contact, old, customer = moved
    world.contacts.on_removal = "delete"
    world.contacts.save(update_fields=["on_removal"])
    replace_it(world)
    world.crm.remove("persons", old)
    world.run("contacts", full=True)
    world.clock.pass_(120)
    world.settle()
    assert world.erp.keys("contacts") == [contact]
    made = person_of(world, world.link(erp_key=contact).crm_key or "")
    assert made["PersonOrgId"] == org_of(world, customer)


def test_a_contact_that_moves_back_is_not_replaced(world: World, moved: tuple[str, str, str]) -> None:
    contact, old, _ = moved
    replace_it(world)
    world.erp.edit(
        "contacts", contact, {"customer.id": world.link(crm_key=person_of(world, old)["PersonOrgId"]).erp_key}
    )
    world.settle()
    assert world.link(erp_key=contact).crm_key == old
    assert "same parent" in Conflict.objects.get().closed_why


def test_a_pair_that_cannot_leave_a_record_behind_says_so(world: World, moved: tuple[str, str, str]) -> None:
    world.contacts.inactive = {}
    world.contacts.save(update_fields=["inactive"])
    with pytest.raises(NotPossible, match="inactive"):
        replace_it(world)


def test_a_move_has_no_third_answer(world: World, moved: tuple[str, str, str]) -> None:
    with pytest.raises(NotPossible, match="no question of a value"):
        conflicts.resolve(world.conflicts()[0], winner="other", value="x", by="kari")


@pytest.mark.parametrize("phase", ["before", "after"])
def test_a_replacement_whose_answer_is_lost_is_carried_out_once(
    world: World, moved: tuple[str, str, str], phase: str
) -> None:
    contact, old, customer = moved
    replace_it(world)
    with failing(world.crm, "write persons", phase, Unknown("The answer was lost.")):
        world.run("contacts")
    world.clock.pass_(3600)
    world.settle()
    made = person_of(world, world.link(erp_key=contact).crm_key or "")
    assert made["PersonOrgId"] == org_of(world, customer)
    assert person_of(world, old)["PersonStatus"] == "Resigned"
    assert len(world.crm.keys("persons")) == 2


def test_an_unknown_create_takes_no_record_that_a_person_separated(
    world: World, moved: tuple[str, str, str]
) -> None:
    contact, old, customer = moved
    links.unlink(world.link(erp_key=contact), by="kari")
    links.resume(world.link(erp_key=contact), by="kari")
    Link.objects.filter(due_at__isnull=False).update(due_at=world.clock.now())
    with failing(world.crm, "write persons", "before", Unknown("The answer was lost.")):
        world.run("contacts")
    world.clock.pass_(3600)
    world.settle()
    link = world.link(erp_key=contact)
    assert link.crm_key not in (old, None)
    assert person_of(world, link.crm_key or "")["PersonOrgId"] == org_of(world, customer)


def test_what_was_removed_and_made_anew_is_another_record(world: World, key: str) -> None:
    gone = org_of(world, key)
    world.crm.edit("orgs", gone, {"OrgCity": "Oslo"})
    world.settle()
    world.erp.remove("customers", key)
    later(world)
    again = world.customer(name="Akkurat AS", number="924618094")
    assert again != key
    world.settle()
    assert world.link(erp_key=key).state == "removed"
    made = world.link(erp_key=again)
    assert made.crm_key not in (gone, None)
    assert not world.of_customer(again)["OrgCity"]
    assert (world.crm.values("orgs", gone) or {})["OrgStatus"] == "Inactive"


def test_a_copy_with_its_reference_neither_hijacks_the_link_nor_makes_a_double(
    world: World, key: str
) -> None:
    original = org_of(world, key)
    copy = world.organisation(**{**world.of_customer(key), "OrgName": "Akkurat kopi"})
    run = world.run()
    assert run.counts["held"] == 1
    world.settle()
    assert org_of(world, key) == original
    assert world.erp.keys("customers") == [key]
    assert "linked to another one already" in world.link(crm_key=copy).problem


def test_a_cleared_reference_is_put_back_and_makes_no_double(world: World, key: str) -> None:
    world.crm.edit("orgs", org_of(world, key), {"OrgRef": ""})
    world.settle()
    assert world.of_customer(key)["OrgRef"] == key
    assert (len(world.crm.keys("orgs")), len(world.erp.keys("customers"))) == (1, 1)


def test_a_number_used_again_is_another_customer(world: World, key: str) -> None:
    world.erp.edit("customers", key, {"number": "811111111"})
    world.settle()
    heir = world.customer(name="Arving AS", number="924618094")
    world.settle()
    assert org_of(world, heir) != org_of(world, key)
    assert world.of_customer(heir)["OrgName"] == "Arving AS"


def test_keys_keep_their_noughts(world: World) -> None:
    full = {"type": "company", "name": "Null AS"}
    for key in ("12", "0012"):
        world.erp.create("customers", {**full, "id": key}, key=key)
    world.settle()
    assert sorted(str(world.of_customer(key)["OrgRef"]) for key in ("12", "0012")) == ["0012", "12"]


def test_an_inactive_organisation_may_be_brought_back(world: World, key: str) -> None:
    world.erp.remove("customers", key)
    later(world)
    assert world.crm.values("orgs", world.link(erp_key=key).crm_key or "") is not None
