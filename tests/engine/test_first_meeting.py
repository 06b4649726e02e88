"""How records meet that nobody has linked yet: linked by their keys, created where they have no counterpart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync.models.links import Link, Separation
from sync.models.pairs import MatchRule
from sync.models.runs import Change
from tests.world import CRM, START, World, at_the_first_write, make_world


def test_an_erp_customer_without_counterpart_is_created_once(world: World) -> None:
    key = world.customer(name="Akkurat AS", number="924618094", city="Oslo")
    world.settle()
    assert world.of_customer(key)["OrgName"] == "Akkurat AS"
    assert world.of_customer(key)["OrgRef"] == key
    assert len(world.crm.keys("orgs")) == 1


def test_a_second_run_writes_nothing_and_counts_everybody(world: World) -> None:
    for number in range(7):
        world.customer(name=f"Firma {number}", number=str(900000000 + number))
    world.settle()
    writes = len(world.crm.writes) + len(world.erp.writes)
    run = world.run(full=True)
    assert len(world.crm.writes) + len(world.erp.writes) == writes
    assert run.counts == {"unchanged": 7}


@pytest.mark.parametrize(
    ("erp", "crm"),
    [
        ({"number": "924618094"}, {"OrgNumber": "924 618 094"}),
        ({"id": "cus_1"}, {"OrgRef": "cus_1"}),
        ({"reference": "1"}, {}),
    ],
    ids=["by number however it is spelt", "by the reference webCRM keeps", "by the reference the ERP keeps"],
)
def test_one_hit_links_and_creates_nothing(world: World, erp: dict[str, str], crm: dict[str, str]) -> None:
    world.customer(name="Akkurat AS", **erp)
    world.organisation(OrgName="Akkurat", **crm)
    world.settle()
    assert len(world.crm.keys("orgs")) == len(world.erp.keys("customers")) == 1
    assert Link.objects.linked().get().erp_key == "cus_1"
    assert world.of_customer("cus_1")["OrgName"] == "Akkurat AS"


def test_the_first_winner_decides_and_blanks_are_filled_from_whoever_knows(world: World) -> None:
    key = world.customer(name="Akkurat AS", number="924618094", phone=None)
    world.organisation(OrgName="akkurat", OrgNumber="924618094", OrgPhone="22 00 00 00")
    world.settle()
    assert world.of_customer(key)["OrgName"] == "Akkurat AS"
    assert (world.erp.values("customers", key) or {})["phone"] == "22 00 00 00"


@pytest.mark.parametrize("known", [True, False], ids=["linked", "created"])
def test_a_cut_that_a_person_may_have_made_of_what_just_met_is_asked_about(world: World, known: bool) -> None:
    """They were in step: the first winner has had its say, and may not overrule who was there since."""
    key = world.customer(name="Akkurat Norge AS", number="924618094")
    if known:
        world.organisation(OrgName="Akkurat", OrgNumber="924618094")
    world.crm.entity("orgs").answers_record = False

    def somebody(call: str, phase: str) -> None:
        if (call, phase) == ("write orgs", "after"):
            world.crm.faults = lambda _call, _phase: None
            world.crm.edit("orgs", world.crm.keys("orgs")[0], {"OrgName": "Akkurat Norge"})

    world.crm.faults = somebody
    world.settle()
    assert world.of_customer(key)["OrgName"] == "Akkurat Norge"
    (conflict,) = world.conflicts()
    assert conflict.erp_values == {"name": "Akkurat Norge AS"}
    assert conflict.crm_values == {"OrgName": "Akkurat Norge"}


def test_several_hits_wait_for_a_person(world: World) -> None:
    world.customer(name="Akkurat AS", number="924618094")
    for name in ("Akkurat Oslo", "Akkurat Bergen"):
        world.organisation(OrgName=name, OrgNumber="924618094")
    run = world.run()
    held = Link.objects.get(erp_key="cus_1")
    assert held.outcome == "held"
    assert len(held.candidates) == 2
    assert "OrgNumber" in held.problem
    assert run.counts["held"] == 3
    assert not world.crm.writes[2:]


def test_who_waits_for_a_person_is_counted_so_until_then(world: World) -> None:
    world.customer(name="Akkurat AS", number="924618094")
    for name in ("Akkurat Oslo", "Akkurat Bergen"):
        world.organisation(OrgName=name, OrgNumber="924618094")
    world.run()
    assert world.run(full=True).counts == {"held": 3}


def test_a_match_that_is_out_of_scope_is_linked_all_the_same(world: World) -> None:
    world.customers.scope = {"crm": [{"path": "OrgStatus", "operator": "in", "values": ["Kunde"]}]}
    world.customers.save(update_fields=["scope"])
    world.organisation(OrgName="Akkurat", OrgNumber="924618094", OrgStatus="Inaktiv")
    world.run()
    world.customer(name="Akkurat AS", number="924618094")
    world.settle()
    assert len(world.crm.keys("orgs")) == 1
    assert Link.objects.linked().count() == 1


@pytest.mark.parametrize(("number", "counts"), [("", {"held": 2}), ("911111111", {"written": 2})])
def test_a_proposal_waits_unless_a_stronger_key_contradicts_it(
    world: World, number: str, counts: dict[str, int]
) -> None:
    MatchRule.objects.create(pair=world.customers, position=9, by="name", propose=True)
    world.customer(name="Akkurat AS", number="924618094")
    world.organisation(OrgName="Akkurat AS", OrgNumber=number)
    assert world.run().counts == counts


def test_two_that_want_the_same_counterpart_wait(world: World) -> None:
    world.customer(name="Akkurat AS", number="924618094")
    world.customer(name="Akkurat AS", number="924618094")
    world.organisation(OrgName="Akkurat", OrgNumber="924618094")
    run = world.run()
    assert run.counts["held"] == 3


def test_a_number_that_is_taken_is_no_counterpart(world: World) -> None:
    world.customer(name="Akkurat AS", number="924618094")
    world.settle()
    world.customer(name="Akkurat Filial", number="924618094")
    run = world.run()
    assert run.counts["held"] == 1
    assert len(world.crm.keys("orgs")) == 1


def test_matching_obeys_a_separation(world: World) -> None:
    world.customer(name="Akkurat AS", number="924618094")
    world.organisation(OrgName="Akkurat", OrgNumber="924618094")
    Separation.objects.create(
        pair=world.customers, erp_key="cus_1", crm_key="1", said_by="kari", said_at=START
    )
    world.settle()
    assert len(world.crm.keys("orgs")) == 2


def test_records_out_of_scope_are_excluded_and_not_created(world: World) -> None:
    world.customer(name="Kari Nordmann", type="person")
    run = world.run()
    assert run.counts == {"excluded": 1}
    assert world.crm.keys("orgs") == []


def test_a_crm_only_record_is_created_in_the_erp_where_the_pair_says_so(world: World) -> None:
    world.organisation(OrgName="Ny Kunde AS", OrgNumber="911111111")
    world.settle()
    (key,) = world.erp.keys("customers")
    values = world.erp.values("customers", key) or {}
    assert (values["name"], values["reference"]) == ("Ny Kunde AS", "1")


def test_what_the_erp_alone_can_say_of_a_record_made_there_reaches_webcrm(world: World) -> None:
    world.erp.entity("customers").born["id"] = str
    organisation = world.organisation(OrgName="Ny Kunde AS")
    world.settle()
    (key,) = world.erp.keys("customers")
    assert world.of_customer(key)["OrgId"] == organisation
    assert world.of_customer(key)["OrgRef"] == key


def test_a_default_of_the_erp_is_no_edit_of_a_field_that_travels_both_ways(world: World) -> None:
    world.erp.entity("customers").born["city"] = lambda _key: "Oslo"
    organisation = world.organisation(OrgName="Ny Kunde AS")
    world.settle()
    assert (world.crm.values("orgs", organisation) or {})["OrgCity"] == ""


def test_nothing_is_created_in_the_erp_where_the_pair_does_not_say_so(world: World) -> None:
    world.customers.creates_in_erp = False
    world.customers.save(update_fields=["creates_in_erp"])
    world.organisation(OrgName="Ny Kunde AS")
    run = world.run()
    assert run.counts == {"excluded": 1}
    assert world.erp.keys("customers") == []


def test_a_contact_waits_for_its_customer_and_burns_no_attempts(world: World) -> None:
    customer = world.customer(name="Akkurat AS")
    contact = world.contact(customer, last="Nordmann", mail="kari@akkurat.no")
    assert world.run("contacts").counts == {"waiting": 1}
    waiting = Link.objects.get(erp_key=contact)
    assert (waiting.outcome, waiting.attempts) == ("waiting", 0)
    world.settle()
    (person,) = world.crm.keys("persons")
    values = world.crm.values("persons", person) or {}
    assert values["PersonOrgId"] == Link.objects.get(erp_key=customer).crm_key


def test_contacts_match_by_mail_only_under_the_same_parent(world: World) -> None:
    one, two = world.customer(name="En AS"), world.customer(name="To AS")
    world.settle()
    first = Link.objects.get(erp_key=one).crm_key or ""
    world.person(first, PersonLast="Nordmann", PersonMail="POST@example.no")
    world.contact(one, last="Nordmann", mail="post@example.no")
    world.contact(two, last="Hansen", mail="post@example.no")
    world.settle()
    assert len(world.crm.keys("persons")) == 2
    assert Link.objects.linked().filter(pair=world.contacts).count() == 2


def test_observing_links_and_plans_but_writes_nothing(world: World) -> None:
    world.customers.mode = "observe"
    world.customers.save(update_fields=["mode"])
    world.customer(name="Akkurat AS", number="924618094")
    world.customer(name="Ny AS")
    world.organisation(OrgName="akkurat", OrgNumber="924618094")
    made = len(world.crm.writes) + len(world.erp.writes)
    run = world.run()
    assert len(world.crm.writes) + len(world.erp.writes) == made
    assert run.counts["written"] == 2
    planned = Link.objects.get(erp_key="cus_2").plan
    assert planned[0]["kind"] == "create"
    assert {"property": "OrgName", "before": None, "after": "Ny AS"}.items() <= planned[0]["fields"][
        1
    ].items()


def test_a_batch_of_contacts_finds_every_parent(world: World) -> None:
    customers = [world.customer(name=f"Firma {number}") for number in range(4)]
    world.settle()
    for number, customer in enumerate(customers):
        world.contact(customer, last=f"Nordmann {number}", mail=f"kari@firma{number}.no")
    organisation = Link.objects.get(erp_key=customers[0]).crm_key or ""
    world.person(organisation, PersonLast="Nordmann", PersonMail="kari@firma0.no")
    run = world.run("contacts")
    assert run.counts == {"written": 4}
    assert len(world.crm.keys("persons")) == 4


def test_a_waiting_contact_that_its_person_absorbs_is_counted_once(world: World) -> None:
    customer = world.customer(name="Akkurat AS", number="924618094")
    world.contact(customer, last="Nordmann", mail="kari@akkurat.no")
    organisation = world.organisation(OrgName="Akkurat", OrgNumber="924618094")
    world.person(organisation, PersonLast="Nordmann", PersonMail="kari@akkurat.no")
    assert world.run("contacts").counts == {"waiting": 2}
    world.settle()
    run = world.run("contacts", full=True)
    assert run.counts == {"unchanged": 1}
    assert len(world.crm.keys("persons")) == len(world.erp.keys("contacts")) == 1


def test_a_default_that_webcrm_gives_a_new_record_does_not_travel_back(world: World) -> None:
    key = world.customer(name="Akkurat AS", phone=None)

    def fill_in(call: str, phase: str) -> None:
        if call == "write orgs" and phase == "after":
            for made in world.crm.entity("orgs").stored.values():
                made.values["OrgPhone"] = made.values["OrgPhone"] or "00 00 00 00"

    world.crm.faults = fill_in
    world.crm.entity("orgs").answers_record = False
    world.settle()
    assert world.of_customer(key)["OrgPhone"] == "00 00 00 00"
    assert (world.erp.values("customers", key) or {})["phone"] is None


def test_what_is_edited_while_two_meet_is_what_the_audit_keeps(db: None) -> None:
    """Of two that agreed on something already, and have yet to meet in the rest."""
    world = make_world(crm=replace(CRM, bulk_write=1))
    for number in ("924618094", "914778271"):
        world.customer(name=f"ERP {number}", number=number, phone="22 00 00 00")
    orgs = [
        world.organisation(OrgName=f"CRM {number}", OrgNumber=number, OrgPhone="22 00 00 00")
        for number in ("924618094", "914778271")
    ]
    at_the_first_write(world, lambda: world.crm.edit("orgs", orgs[1], {"OrgName": "Edited meanwhile"}))
    world.settle()
    written = Change.objects.filter(key=orgs[1], outcome="written").order_by("id")
    names = [it["before"] for change in written for it in change.fields if it["property"] == "OrgName"]
    assert names == ["Edited meanwhile"]
