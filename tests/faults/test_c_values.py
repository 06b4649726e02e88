"""Values that systems change, refuse, demand or cannot hold: one field suffers, nothing else."""

from __future__ import annotations

import html
from dataclasses import replace

import pytest
from django.db.models import CharField

from sync.connectors.base import Nonsense, Refused
from sync.connectors.http.json_text import scalar
from sync.connectors.rest.presets import configured
from sync.connectors.rest.reading import read_document
from sync.connectors.rest.records import record_of
from sync.connectors.rest.shapes import flat
from sync.connectors.webcrm.facts import ORGANISATIONS
from sync.connectors.webcrm.reading import Reader
from sync.core.records import Value
from sync.engine.check import check
from sync.models.links import Link
from sync.models.pairs import Finding
from sync.models.runs import Change, RunState
from sync.models.systems import EntitySchema, System
from tests.connectors.calls import READ, session
from tests.connectors.raw import RawServer, says
from tests.world import World, failing, make_world


def org(world: World, key: str) -> str:
    return world.link(erp_key=key).crm_key or ""


def erp(world: World, key: str, path: str) -> Value:
    return (world.erp.values("customers", key) or {})[path]


def describe(world: World, path: str, **facts: object) -> None:
    """webCRM describes one property of its organisations differently from now on; the hub has not asked before."""
    redescribe(world, path, **facts)
    EntitySchema.objects.all().delete()


def redescribe(world: World, path: str, **facts: object) -> None:
    """webCRM describes a property that the hub knows already differently from now on."""
    room = world.crm.entity("orgs")
    room.properties = tuple(
        replace(each, **facts) if each.path == path else each  # type: ignore[arg-type]
        for each in room.properties
    )


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Akkurat  AS ", "Akkurat  AS"),
        ("Akkurat\u00a0AS", "Akkurat AS"),
        ("Akkurat\tAS", "Akkurat AS"),
        ("Akkurat\u200b AS", "Akkurat AS"),
        ("Akkurat\nAS", "Akkurat\r\nAS"),
        ("Cafe\u0301 AS", "Caf\u00e9 AS"),
        ("AKKURAT as", "Akkurat As"),
    ],
)
def test_what_a_system_makes_of_blanks_and_letters_costs_one_write(
    world: World, key: str, typed: str, kept: str
) -> None:
    world.crm.entity("orgs").habits["OrgName"] = lambda value: kept if value else value
    world.erp.edit("customers", key, {"name": typed})
    world.settle()
    writes = len(world.crm.writes) + len(world.erp.writes)
    world.run(full=True)
    world.settle()
    assert len(world.crm.writes) + len(world.erp.writes) == writes
    assert erp(world, key, "name") == typed


def test_a_value_that_grows_with_every_save_is_written_once(world: World, key: str) -> None:
    world.crm.entity("orgs").habits["OrgName"] = lambda value: html.escape(str(value)) if value else value
    for round in range(3):
        name = f"Fisk & Sønner {round}"
        world.erp.edit("customers", key, {"name": name})
        world.settle()
        assert erp(world, key, "name") == name
    assert world.of_customer(key)["OrgName"] == "Fisk &amp; Sønner 2"
    assert Finding.objects.get().kind == "escaped"


def test_a_system_that_escapes_again_whatever_is_saved_beside_it_never_reaches_the_other(
    world: World, key: str
) -> None:
    """Saving any field escapes the name once more: what grew is the system's doing, not a person's."""
    world.erp.edit("customers", key, {"name": "Fisk & Sønner"})
    world.settle()
    room = world.crm.entity("orgs")
    room.answers_record = False

    def grow(call: str, phase: str) -> None:
        if (call, phase) == ("write orgs", "after"):
            stored = room.stored[org(world, key)]
            stored.values["OrgName"] = str(stored.values["OrgName"]).replace("&", "&amp;")

    world.crm.faults = grow
    for round in range(4):
        world.erp.edit("customers", key, {"phone": f"22 00 00 0{round}"})
        world.settle()
    assert erp(world, key, "name") == "Fisk & Sønner"


def test_an_option_that_is_not_there_keeps_its_own_field_back(world: World, key: str) -> None:
    describe(world, "OrgCity", options=("Oslo", "Bergen"))
    world.erp.edit("customers", key, {"city": "Trondheim", "name": "Akkurat Norge AS"})
    run = world.run()
    assert run.counts["failed"] == 1
    assert world.of_customer(key)["OrgName"] == "Akkurat Norge AS"
    assert not world.of_customer(key)["OrgCity"]
    assert "no option 'Trondheim'" in world.link(erp_key=key).problem
    world.erp.edit("customers", key, {"city": "Bergen"})
    world.settle()
    assert (world.of_customer(key)["OrgCity"], world.link(erp_key=key).problem) == ("Bergen", "")


def test_an_option_that_was_removed_since_keeps_its_own_field_back(world: World, key: str) -> None:
    world.crm.entity("orgs").refuses["OrgCity"] = {"Oslo"}
    world.erp.edit("customers", key, {"city": "Oslo", "phone": "33 00 00 00"})
    world.run()
    assert world.of_customer(key)["OrgPhone"] == "33 00 00 00"
    assert "OrgCity" in world.link(erp_key=key).problem


def test_a_choice_that_is_offered_since_is_used_after_the_next_full_read(world: World, key: str) -> None:
    describe(world, "OrgCity", options=("Oslo", "Bergen"))
    world.erp.edit("customers", key, {"city": "Trondheim"})
    assert world.run().counts["failed"] == 1
    redescribe(world, "OrgCity", options=("Oslo", "Bergen", "Trondheim"))
    world.run()
    assert not world.of_customer(key)["OrgCity"]
    world.run(full=True)
    assert (world.of_customer(key)["OrgCity"], world.link(erp_key=key).problem) == ("Trondheim", "")


def test_a_choice_that_was_refused_is_tried_once_it_is_described_anew(world: World, key: str) -> None:
    room = world.crm.entity("orgs")
    room.refuses["OrgCity"] = {"Oslo"}
    world.erp.edit("customers", key, {"city": "Oslo"})
    world.run()
    room.refuses.clear()
    redescribe(world, "OrgCity", options=("Oslo",))
    world.run(full=True)
    assert world.of_customer(key)["OrgCity"] == "Oslo"


def test_a_choice_that_is_offered_no_more_is_known_after_the_next_full_read(world: World, key: str) -> None:
    describe(world, "OrgCity", options=("Oslo", "Bergen"))
    world.run()
    redescribe(world, "OrgCity", options=("Bergen",))
    world.run(full=True)
    world.erp.edit("customers", key, {"city": "Oslo"})
    world.run()
    assert "no option 'Oslo'" in world.link(erp_key=key).problem


def test_a_description_that_cannot_be_read_anew_leaves_the_known_one(world: World, key: str) -> None:
    with failing(world.crm, "fields orgs", "before", Refused("This token may not read it."), times=10):
        run = world.run(full=True)
    assert run.state == RunState.DONE
    assert {row["path"] for row in EntitySchema.objects.get(entity="orgs").properties} >= {
        "OrgName",
        "OrgCity",
    }


def test_a_property_that_is_not_described_any_more_stays_known_until_a_person_tests(
    world: World, key: str
) -> None:
    room = world.crm.entity("orgs")
    room.properties = tuple(each for each in room.properties if each.path != "OrgCity")
    world.run(full=True)
    assert "OrgCity" in {row["path"] for row in EntitySchema.objects.get(entity="orgs").properties}
    check(System.objects.get(name="crm"), world.means)
    assert "OrgCity" not in {row["path"] for row in EntitySchema.objects.get(entity="orgs").properties}


def test_a_record_without_what_is_demanded_waits_and_is_made_once_it_is_filled(world: World) -> None:
    describe(world, "OrgPhone", required=True)
    key = world.customer(name="Akkurat AS")
    other = world.customer(name="Annen AS", phone="22 00 00 00")
    world.run()
    assert world.link(erp_key=other).linked
    held = world.link(erp_key=key)
    assert (held.linked, "OrgPhone" in held.problem) == (False, True)
    assert not [call for call in world.crm.writes if call.after.get("OrgName") == "Akkurat AS"]
    assert not Change.objects.filter(link=held).exists()
    world.erp.edit("customers", key, {"phone": "33 00 00 00"})
    world.settle()
    assert world.of_customer(key)["OrgPhone"] == "33 00 00 00"


def test_a_system_that_gives_defaults_to_what_it_makes_edits_nothing(world: World) -> None:
    world.crm.entity("orgs").habits["OrgCity"] = lambda value: value or "Oslo"
    key = world.customer(name="Akkurat AS")
    world.settle()
    assert erp(world, key, "city") is None


@pytest.mark.parametrize("text", ["A\x00B", "\ud83d", "\x01\x02", "a\udfffb", "\U0001f468\u200d\U0001f469"])
def test_no_text_reaches_a_database_that_it_cannot_hold(text: str) -> None:
    kept = scalar(text)
    assert isinstance(kept, str)
    assert "\x00" not in kept
    kept.encode()


@pytest.mark.parametrize("said", ["Bad \\u0000 value", "Bad \\ud83d value"])
def test_no_message_reaches_a_database_that_it_cannot_hold(said: str) -> None:
    with RawServer(says(f'{{"message": "{said}"}}', "400 Bad Request")) as server:
        opened = session(server)
        opened.message_of = lambda body: str(body["message"])
        quoted = opened.quote(opened.call(READ))
    assert "\x00" not in quoted
    quoted.encode()


SECRETS = {"client_id": "hub", "client_secret": "s3cret-9"}
ODD = "A\x00B\ud83dC"


def test_a_value_that_no_database_holds_arrives_without_its_odd_signs() -> None:
    row = {"OrganisationId": 1, "OrganisationComment": ODD, "OrganisationCountryData": {"Name": ODD}}
    seen = [*dict(flat({"note": ODD, "owner": {"name": ODD}})).values()]
    seen += Reader(ORGANISATIONS, "").record(row).values.values()
    assert [value for value in seen if value != 1] == ["AB?C"] * 4


def test_names_and_keys_that_no_database_holds_arrive_without_their_odd_signs() -> None:
    resource = read_document(configured({"preset": "customerp"}), SECRETS).resources["customers"]
    record = record_of(resource, {"id": ODD, "na\x00me": "Akkurat AS", "version": ODD})
    assert (record.key, record.values["name"], record.version) == ("AB?C", "Akkurat AS", "AB?C")


def test_a_key_that_no_link_can_keep_is_said_in_a_sentence() -> None:
    resource = read_document(configured({"preset": "customerp"}), SECRETS).resources["customers"]
    with pytest.raises(Nonsense, match="longer than 200"):
        record_of(resource, {"id": "9" * 201})


def test_what_is_longer_than_its_column_stops_nobody(world: World) -> None:
    """SQLite takes any length; PostgreSQL would refuse the whole page of records."""
    customer = world.customer(name="N" * 400)
    lost = world.contact("9" * 300, last="L" * 400)
    good = world.contact(customer, last="Nordmann")
    world.erp.entity("contacts").stored[lost].version = "v" * 300
    world.settle()
    assert world.link(erp_key=good).linked
    assert not world.link(erp_key=lost).linked
    texts = [field for field in Link._meta.concrete_fields if isinstance(field, CharField)]
    assert [
        (field.name, link.pk)
        for link in Link.objects.all()
        for field in texts
        if len(getattr(link, field.name) or "") > (field.max_length or 0)
    ] == []


@pytest.mark.postgres
@pytest.mark.usefixtures("on_postgres")
def test_what_a_system_says_of_a_record_is_kept_on_postgresql() -> None:
    """Over-long sentences and odd signs in what a system says must not poison the outcome's transaction."""
    world = make_world()
    key = world.customer(name="Akkurat AS")
    error = Refused("x" * 5000, fields={"OrgName": "\u202eodd"})
    with failing(world.crm, "write orgs", "before", error):
        assert world.run().state == RunState.DONE
    assert Link.objects.get(erp_key=key).problem
