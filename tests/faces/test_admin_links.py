"""What people do with links: find them, link, unlink, pause, resume, resync; each with its row in the audit."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.test import Client

from sync.models.links import Link, LinkState, Separation
from sync.models.runs import Act, Change
from tests import factories as make
from tests.faces.asking import do, last_act, said
from tests.faces.conftest import SignIn


@pytest.fixture
def operator(sign_in: SignIn, queued: object) -> Client:
    return sign_in("operator")


LINK_MOVES = [
    ("active", "pause", "paused"),
    ("paused", "resume", "active"),
    ("removed", "lift", "active"),
    ("active", "resync", "active"),
]


@pytest.mark.parametrize(("before", "verb", "after"), LINK_MOVES)
def test_a_link_moves_as_it_is_told(operator: Client, before: str, verb: str, after: str):
    link = make.LinkFactory(state=before)
    answer = do(operator, "link", link, verb, reason="Asked by Kari")
    link.refresh_from_db()
    assert answer["Location"] == f"/admin/sync/link/{link.pk}/change/"
    assert link.state == after
    assert (link.due_at is None) is (after == "paused")
    assert last_act() == (verb, "operator", "Asked by Kari")


REFUSED_MOVES = [("paused", "pause"), ("active", "resume"), ("active", "lift"), ("paused", "resync")]


@pytest.mark.parametrize(("state", "verb"), REFUSED_MOVES)
def test_what_a_link_cannot_do_is_said_in_a_sentence(operator: Client, state: str, verb: str):
    link = make.LinkFactory(state=state)
    (sentence,) = said(do(operator, "link", link, verb, reason=""))
    assert str(link) in sentence
    assert Link.objects.get(pk=link.pk).state == state
    assert not Act.objects.exists()


def test_unlinking_takes_two_records_apart_for_good(operator: Client, world: SimpleNamespace):
    do(operator, "link", world.link, "unlink", reason="Two firms")
    assert Separation.objects.get().said_by == "operator"
    assert Link.objects.filter(pair=world.pair, crm_key="145", erp_key=None).exists()


def test_a_candidate_is_linked_from_the_page_of_its_link(operator: Client, world: SimpleNamespace):
    Link.objects.filter(pk=world.lonely.pk).update(candidates=[world.other.pk])
    page = operator.get(f"/admin/sync/link/{world.lonely.pk}/change/").content.decode()
    ask = f"/admin/sync/link/{world.lonely.pk}/do/link/?counterpart=146"
    assert ask in page
    assert 'value="146"' in operator.get(ask).content.decode()
    do(operator, "link", world.lonely, "link", counterpart="146", reason="Same number")
    world.lonely.refresh_from_db()
    assert (world.lonely.erp_key, world.lonely.crm_key) == ("cus_2", "146")
    assert last_act() == ("link", "operator", "Same number")


def test_linking_to_a_record_nobody_has_read_is_refused(operator: Client, world: SimpleNamespace):
    (sentence,) = said(do(operator, "link", world.lonely, "link", counterpart="999", reason=""))
    assert "'999'" in sentence


def test_linking_needs_a_counterpart(operator: Client, world: SimpleNamespace):
    answer = do(operator, "link", world.lonely, "link", counterpart="", reason="")
    assert answer.status_code == 200
    assert "This field is required" in answer.content.decode()


def test_what_was_not_made_is_said_where_the_hub_cannot_know(operator: Client, world: SimpleNamespace):
    page = f"/admin/sync/link/{world.lonely.pk}/change/"
    assert "It was not made" not in operator.get(page).content.decode()
    make.LostCreateFactory(link=world.lonely)
    assert "It was not made" in operator.get(page).content.decode()
    do(operator, "link", world.lonely, "not_made", reason="I looked")
    assert Change.objects.get(link=world.lonely).outcome == "dropped"
    assert last_act() == ("not made", "operator", "I looked")
    assert "It was not made" not in operator.get(page).content.decode()


def test_many_links_at_once_each_for_itself(operator: Client):
    links = [make.LinkFactory(state=state) for state in ("active", "active", "paused")]
    asked = {"action": "pause", "_selected_action": [link.pk for link in links]}
    answer = operator.post("/admin/sync/link/", asked, follow=True)
    assert Link.objects.filter(state=LinkState.PAUSED).count() == 3
    assert [act.verb for act in Act.objects.all()] == ["pause", "pause"]
    assert "Pause: 2 links." in answer.content.decode()


def test_too_many_links_at_once_are_refused(operator: Client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sync.admin.links.AT_ONCE", 1)
    links = [make.LinkFactory(), make.LinkFactory()]
    asked = {"action": "pause", "_selected_action": [link.pk for link in links]}
    (sentence,) = said(operator.post("/admin/sync/link/", asked))
    assert "at most 1 links" in sentence
    assert not Act.objects.exists()


def test_an_auditor_has_no_bulk_verbs(sign_in: SignIn):
    link = make.LinkFactory()
    client = sign_in("auditor")
    client.post("/admin/sync/link/", {"action": "pause", "_selected_action": [link.pk]})
    assert Link.objects.get().state == LinkState.ACTIVE
    assert "Pause the chosen links" not in client.get("/admin/sync/link/").content.decode()


SEARCHES = [("cus_77", 1), ("9977", 1), ("Blå Ko", 1), ("blå", 1), ("Ko", 0), ("cus_7", 0), ("", 2)]


@pytest.mark.parametrize(("typed", "found"), SEARCHES)
def test_links_are_found_by_either_key_and_by_the_beginning_of_a_name(
    sign_in: SignIn, typed: str, found: int
):
    make.LinkFactory(erp_key="cus_77", crm_key="9977", name="Blå Ko AS")
    make.LinkFactory(erp_key="cus_1", crm_key="1", name="Akkurat")
    page = sign_in("auditor").get("/admin/sync/link/", {"q": typed})
    assert page.context["cl"].result_count == found


FILTERS = [
    ("state=paused", {"paused"}),
    ("state=merged", {"merged"}),
    ("known=both", {"paused", "plain"}),
    ("known=erp", {"lonely"}),
    ("needs=problem", {"plain"}),
    ("needs=choice", {"lonely"}),
    ("", {"paused", "plain", "lonely"}),
]


@pytest.mark.parametrize(("asked", "names"), FILTERS)
def test_links_are_narrowed(sign_in: SignIn, asked: str, names: set[str]):
    pair = make.PairFactory()
    make.LinkFactory(pair=pair, name="paused", state="paused")
    make.LinkFactory(pair=pair, name="merged", state="merged")
    make.LinkFactory(pair=pair, name="plain", problem="Refused.")
    make.LinkFactory(pair=pair, name="lonely", crm_key=None, candidates=[1])
    page = sign_in("auditor").get(f"/admin/sync/link/?{asked}")
    assert {link.name for link in page.context["cl"].result_list} == names


def test_the_lists_a_link_leads_to_are_its_own(sign_in: SignIn, world: SimpleNamespace):
    make.ChangeFactory()
    make.ConflictFactory()
    client = sign_in("auditor")
    for page in ("change", "act", "conflict"):
        found = client.get(f"/admin/sync/{page}/?link__exact={world.link.pk}")
        assert [row.link_id for row in found.context["cl"].result_list] == [world.link.pk]
