"""What an auditor and an admin find on a page at first sight."""

from __future__ import annotations

from html import unescape
from types import SimpleNamespace

import pytest

from sync.admin.act_page import difference
from sync.admin.show import BLANK
from sync.services.held import held_back
from tests import factories as make
from tests.faces.conftest import SignIn


def test_the_acts_say_when_who_what_and_from_what_to_what(sign_in: SignIn):
    pair = make.PairFactory()
    make.ActFactory(pair=pair, verb="mode", before="observe", after="live", reason="It is Friday")
    make.ActFactory(pair=pair, verb="mapping", before=[{"policy": "erp"}], after=[{"policy": "crm"}])
    answer = sign_in("auditor").get("/admin/sync/act/")
    text = answer.content.decode()
    heads = ["When", "Actor", "Verb", "Subject", "Before → after", "Pair", "Reason"]
    places = [text.index(f"{head}\n") if f"{head}\n" in text else text.index(f">{head}<") for head in heads]
    assert places == sorted(places)
    assert "observe → live" in text


def test_a_link_shows_its_base_only_where_a_side_has_moved(sign_in: SignIn, world: SimpleNamespace):
    make.MappingFactory(pair=world.pair, erp_property="city", crm_property="OrganisationCity")
    world.link.erp_seen = {"name": "Akkurat AS", "city": "Bergen"}
    world.link.erp_base = {"name": "Akkurat AS", "city": "Oslo"}
    world.link.crm_seen = world.link.crm_base = {"OrganisationName": "Akkurat AS", "OrganisationCity": "Oslo"}
    world.link.save()
    text = sign_in("auditor").get(f"/admin/sync/link/{world.link.pk}/change/").content.decode()
    assert text.count("in step as:") == 1
    assert "in step as: Oslo" in text


def test_what_goes_over_only_once_is_not_said_to_be_apart(sign_in: SignIn, world: SimpleNamespace):
    make.MappingFactory(
        pair=world.pair, erp_property="group", crm_property="OrganisationType", only_on_create=True
    )
    world.link.erp_base, world.link.crm_base = {"name": "Akkurat AS"}, {"OrganisationName": "Akkurat AS"}
    world.link.erp_seen = {**world.link.erp_base, "group": "Retail"}
    world.link.crm_seen = {**world.link.crm_base, "OrganisationType": "A Kunde"}
    world.link.save()
    text = sign_in("auditor").get(f"/admin/sync/link/{world.link.pk}/change/").content.decode()
    assert " once</td>" in text
    assert text.count("in step as:") == text.count("hub-apart") == 0


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        ("conflict/", "There are no conflicts yet."),
        ("conflict/?state__exact=open", "No conflicts match what is asked for."),
        ("entitypair/", "There are no pairs yet."),
    ],
)
def test_an_empty_list_says_what_is_not_there(sign_in: SignIn, page: str, sentence: str):
    text = sign_in("auditor").get(f"/admin/sync/{page}").content.decode()
    assert sentence in text
    assert "Add the first" not in text
    assert "Add the first pair" in sign_in("administrator").get("/admin/sync/entitypair/").content.decode()


def test_the_property_table_says_what_is_written_only_when_a_record_is_made(
    sign_in: SignIn, world: SimpleNamespace
):
    make.MappingFactory(pair=world.pair, erp_property="ref", crm_property="Ref", only_on_create=True)
    text = sign_in("auditor").get(f"/admin/sync/entitypair/{world.pair.pk}/properties/").content.decode()
    assert text.count("only when it is made") == 1


ROW = {
    "id": 7,
    "erp_property": "name",
    "crm_property": "OrganisationName",
    "policy": "newest",
    "blank": "clear",
}
DIFFERENCES = [
    ("observe", "live", [("", "observe", "live")]),
    (None, ["auth_code"], [("", "", '[\n  "auth_code"\n]')]),
    ({"address": "https://a/", "kind": "rest"}, {"address": "https://b/", "kind": "rest"},
     [("address", "https://a/", "https://b/")]),
    ([ROW], [{**ROW, "policy": "ask"}], [("name · OrganisationName: policy", "newest", "ask")]),
    ([], [{"id": 7, "position": 2, "by": "email"}],
     [("match rule 2: position", "", "2"), ("match rule 2: by", "", "email")]),
    ({}, {"interval": 60}, [("interval", "", "60")]),
    ([ROW, {"name": "customers", "interval": 60}], [{**ROW, "blank": "keep"}, {"name": "customers", "interval": 90}],
     [("name · OrganisationName: blank", "clear", "keep"), ("interval", "60", "90")]),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "lines"), DIFFERENCES)
def test_an_act_shows_what_is_another_now(before: object, after: object, lines: list[tuple[str, str, str]]):
    shown = [
        tuple("" if cell.text == BLANK else cell.text for cell in line)
        for line in difference(before, after).lines
    ]
    assert shown == lines


def test_who_changes_nothing_is_not_asked_why(sign_in: SignIn, world: SimpleNamespace):
    page = f"/admin/sync/entitypair/{world.pair.pk}/change/"
    asked = "Kept in the audit, together with your name."
    assert asked in sign_in("administrator").get(page).content.decode()
    text = sign_in("auditor").get(page).content.decode()
    assert asked not in text
    assert ">Reason<" not in text


def test_the_start_page_leads_to_what_the_side_bar_leads_to(sign_in: SignIn):
    start = sign_in("administrator").get("/admin/").content.decode()
    assert all(f"<h2>{word}</h2>" in start for word in ("Connected", "Watched", "Allowed"))
    assert not any(word in start for word in ("Knox", "Auth tokens", "Groups", "Authentication"))
    assert "Tokens" not in sign_in("auditor").get("/admin/").content.decode()


def test_whoever_has_no_role_yet_is_told_who_gives_one(sign_in: SignIn):
    assert "Your account has no role yet" in sign_in("stranger").get("/admin/").content.decode()


def test_a_held_run_says_what_it_asks(sign_in: SignIn):
    why = "'city' went blank in 214 of 2000 linked records in erp within a day, more than the 200 that may go blank."
    run = make.RunFactory(state="held", problem=why)
    text = unescape(sign_in("administrator").get(f"/admin/sync/run/{run.pk}/change/").content.decode())
    assert why in text
    assert "Approve" in text
    assert (
        unescape(sign_in("auditor").get("/admin/sync/run/").content.decode()).count("'city' went blank") >= 1
    )


def test_a_held_run_shows_what_it_holds_back(sign_in: SignIn, world: SimpleNamespace):
    due = {"due_at": make.NOW, "settled_at": make.NOW}
    emptied = make.LinkFactory(
        pair=world.pair, name="Tom AS", erp_seen={"name": ""}, erp_base={"name": "Tom og Sønn"}, **due
    )
    gone = make.LinkFactory(pair=world.pair, name="Borte AS", crm_missing_at=make.NOW, **due)
    run = make.RunFactory(pair=world.pair, state="held", problem="Too much", touched=2, counts={})
    found = [(it.link, it.side.value, it.property, it.was, it.now) for it in held_back(run, links=50)]
    assert found == [(emptied, "erp", "name", "Tom og Sønn", ""), (gone, "crm", "", None, None)]
    text = sign_in("administrator").get(f"/admin/sync/run/{run.pk}/change/").content.decode()
    assert "Held back" in text
    assert "not settled yet" in text
    assert "No link was touched" not in text
    assert all(
        word in text for word in ("Tom AS", "Tom og Sønn", "Borte AS", "the record itself", "needs=due")
    )
    run.state = "done"
    run.save()
    assert (
        "Held back" not in sign_in("administrator").get(f"/admin/sync/run/{run.pk}/change/").content.decode()
    )
