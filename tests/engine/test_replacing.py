"""A moved record that a person wants replaced: what comes between its decision and its end."""

from __future__ import annotations

from typing import Any

import pytest

from sync.connectors.base import Refused, Unknown
from sync.models.links import Conflict, ConflictState, Link
from sync.models.pairs import FieldMapping
from sync.services import conflicts
from tests.world import World, failing


@pytest.fixture
def contact(world: World) -> str:
    """A contact that moved in the ERP, and is to be replaced under its new customer. Its standing is mapped."""
    world.map("reference", "PersonStatus", pair="contacts")
    one, two = world.customer(name="En AS"), world.customer(name="To AS")
    key = world.contact(one, last="Nordmann", mail="kari@en.no", reference="Active")
    world.settle()
    world.erp.edit("contacts", key, {"customer.id": two})
    world.settle()
    decide(world)
    return key


def decide(world: World) -> None:
    for row in world.conflicts():
        conflicts.resolve(row, winner="erp", by="kari")
    Link.objects.filter(conflicts__state="ruled").update(due_at=world.clock.now())


def person(world: World, key: str) -> dict[str, Any]:
    return dict(world.crm.values("persons", key) or {})


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("edit", [{}, {"PersonRef": "con_1"}, {"PersonStatus": "Active"}])
def test_a_farewell_whose_answer_is_lost_is_nobody_s_edit(
    world: World, contact: str, phase: str, edit: dict[str, str]
) -> None:
    """Whether it landed or not, and whatever of it somebody took back before the hub looked."""
    old = world.link(erp_key=contact).crm_key or ""
    with failing(world.crm, "write persons", phase, Unknown("The answer was lost.")):
        world.run("contacts")
    if edit:
        world.crm.edit("persons", old, edit)
    world.clock.pass_(3600)
    world.settle()
    assert (world.erp.values("contacts", contact) or {})["reference"] == "Active"
    made = person(world, world.link(erp_key=contact).crm_key or "")
    assert (made["PersonStatus"], made["PersonRef"]) == ("Active", contact)
    assert world.link(crm_key=old).state == "removed"
    assert (len(world.crm.keys("persons")), len(world.erp.keys("contacts"))) == (2, 1)


def test_a_refused_field_says_that_the_replacement_waits_for_it(world: World, contact: str) -> None:
    world.erp.edit("contacts", contact, {"mail": "no mail"})
    refusal = Refused("It is no e-mail.", fields={"PersonMail": "It is no e-mail."})
    with failing(world.crm, "write persons", "before", refusal):
        world.run("contacts")
    world.run("contacts")
    link = world.link(erp_key=contact)
    assert "It is no e-mail." in link.problem
    assert "replaced under its new parent once this is settled" in link.problem
    world.erp.edit("contacts", contact, {"mail": "kari@to.no"})
    world.settle()
    assert person(world, world.link(erp_key=contact).crm_key or "")["PersonMail"] == "kari@to.no"
    assert len(world.crm.keys("persons")) == 2


def test_another_conflict_says_that_the_replacement_waits_for_it(world: World, contact: str) -> None:
    FieldMapping.objects.filter(crm_property="PersonLast").update(policy="ask")
    world.erp.edit("contacts", contact, {"last": "Hansen"})
    world.crm.edit("persons", world.link(erp_key=contact).crm_key or "", {"PersonLast": "Olsen"})
    world.run("contacts")
    link = world.link(erp_key=contact)
    assert "replaced under its new parent once" in link.problem
    decide(world)
    world.settle()
    assert person(world, world.link(erp_key=contact).crm_key or "")["PersonLast"] == "Hansen"


@pytest.mark.parametrize("on_removal", ["inactive", "delete"])
def test_what_is_removed_before_it_is_replaced_was_not_replaced(
    world: World, contact: str, on_removal: str
) -> None:
    world.contacts.on_removal = on_removal
    world.contacts.save(update_fields=["on_removal"])
    old = world.link(erp_key=contact).crm_key or ""
    world.erp.remove("contacts", contact)
    world.run("contacts", full=True)
    world.clock.pass_(120)
    world.settle()
    (ruled,) = Conflict.objects.filter(winner="erp")
    assert ruled.state == ConflictState.CLOSED
    assert ruled.closed_why == "its record was removed before it was carried out"
    assert person(world, old)["PersonStatus"] == "Resigned"
    assert world.crm.keys("persons") == [old]
