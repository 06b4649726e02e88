"""What people do in the admin: each verb's effect, its refusal in words, and its row in the audit."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from django.contrib.messages import get_messages
from django.http import HttpResponse
from django.test import Client

from sync.models.links import ConflictState, Link, LinkState, Separation
from sync.models.runs import Act, Change, Run, RunState
from sync.services import plans
from tests import factories as make
from tests.faces.conftest import SignIn


def said(answer: HttpResponse) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


def do(client: Client, page: str, row: object, verb: str, **values: object) -> HttpResponse:
    return client.post(f"/admin/sync/{page}/{row.pk}/do/{verb}/", values)


def last_act() -> tuple[str, str, str]:
    act = Act.objects.first()
    return act.verb, act.actor, act.reason


@pytest.fixture
def operator(sign_in: SignIn, queued: object) -> Client:
    return sign_in("operator")


@pytest.fixture
def administrator(sign_in: SignIn, queued: object) -> Client:
    return sign_in("administrator")


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


RUNS = [("run", False), ("full", True), ("plan-run", False)]


@pytest.mark.parametrize(("verb", "full"), RUNS)
def test_an_operator_asks_for_a_run_and_lands_on_its_page(
    operator: Client, queued: list[object], verb: str, full: bool
):
    pair = make.PairFactory(mode="live")
    answer = do(operator, "entitypair", pair, verb)
    run = Run.objects.get()
    assert answer["Location"] == f"/admin/sync/run/{run.pk}/change/"
    assert (run.full, run.writes, run.requested_by, run.trigger) == (
        full,
        verb != "plan-run",
        "operator",
        "person",
    )


def test_a_pair_that_is_off_runs_for_nobody(operator: Client):
    pair = make.PairFactory(mode="off")
    (sentence,) = said(do(operator, "entitypair", pair, "run"))
    assert "is off" in sentence
    assert not Run.objects.exists()


def test_live_needs_an_approved_plan(administrator: Client):
    pair = make.PairFactory()
    (sentence,) = said(do(administrator, "entitypair", pair, "live", reason=""))
    assert "has not been approved" in sentence
    make.RunFactory(pair=pair, writes=False)
    do(administrator, "entitypair", pair, "approve", reason="Looked at it")
    do(administrator, "entitypair", pair, "live", reason="Go")
    pair.refresh_from_db()
    assert pair.mode == "live"
    assert [act.verb for act in Act.objects.all()] == ["mode", "approve plan"]


@pytest.mark.parametrize(
    ("before", "verb", "after"), [("live", "observe", "observe"), ("observe", "off", "off")]
)
def test_modes_are_verbs(administrator: Client, before: str, verb: str, after: str):
    pair = make.PairFactory(mode=before)
    do(administrator, "entitypair", pair, verb, reason="")
    pair.refresh_from_db()
    assert pair.mode == after


RUN_VERBS = [
    ("running", "cancel", "cancelled"),
    ("held", "approve", "queued"),
    ("held", "reject", "cancelled"),
    ("done", "cancel", "done"),
    ("running", "approve", "running"),
]


@pytest.mark.parametrize(("before", "verb", "after"), RUN_VERBS)
def test_runs_are_cancelled_approved_and_rejected(administrator: Client, before: str, verb: str, after: str):
    run = make.RunFactory(state=before)
    answer = do(administrator, "run", run, verb, reason="")
    run.refresh_from_db()
    assert run.state == after
    assert Act.objects.exists() is (before != after)
    assert len(said(answer)) == 1


def test_an_operator_does_not_approve_what_the_guard_held(operator: Client):
    run = make.RunFactory(state="held")
    assert do(operator, "run", run, "approve", reason="").status_code == 403
    assert Run.objects.get().state == RunState.HELD


def answer_of(conflict: object, **more: object) -> dict[str, object]:
    seen = {"erp": conflict.erp_values, "crm": conflict.crm_values}
    return {"reason": "The name on the invoice", "seen": json.dumps(seen), **more}


RESOLUTIONS = [("erp", "", None), ("crm", "", None), ("other", "Akkurat Holding", "Akkurat Holding")]


@pytest.mark.parametrize(("winner", "typed", "value"), RESOLUTIONS)
def test_a_person_decides_a_conflict(operator: Client, winner: str, typed: str, value: str | None):
    conflict = make.ConflictFactory()
    do(operator, "conflict", conflict, "resolve", **answer_of(conflict, winner=winner, value=typed))
    conflict.refresh_from_db()
    assert (conflict.state, conflict.winner, conflict.value) == (ConflictState.RULED, winner, value)
    assert last_act() == ("resolve", "operator", "The name on the invoice")


def test_a_decision_on_values_that_have_moved_is_refused(operator: Client):
    conflict = make.ConflictFactory()
    asked = answer_of(conflict, winner="erp")
    type(conflict).objects.update(erp_values={"name": "Something new"})
    (sentence,) = said(do(operator, "conflict", conflict, "resolve", **asked))
    assert "moved on" in sentence
    conflict.refresh_from_db()
    assert conflict.state == ConflictState.OPEN


def test_another_value_must_be_given(operator: Client):
    conflict = make.ConflictFactory()
    answer = do(operator, "conflict", conflict, "resolve", **answer_of(conflict, winner="other", value=""))
    assert "Give the other value" in answer.content.decode()


def test_a_conflict_of_the_record_itself_offers_no_other_value(operator: Client):
    conflict = make.ConflictFactory(mapping=None, field="the record itself (removed)")
    page = operator.get(f"/admin/sync/conflict/{conflict.pk}/change/").content.decode()
    assert "Keep webCRM" in page
    assert "Other value" not in page


def test_open_conflicts_come_first(sign_in: SignIn):
    for state in ("closed", "open", "ruled", "open"):
        make.ConflictFactory(state=state)
    rows = sign_in("auditor").get("/admin/sync/conflict/").context["cl"].result_list
    assert [row.state for row in rows] == ["open", "open", "ruled", "closed"]


def test_a_change_tells_before_after_and_why(sign_in: SignIn, world: SimpleNamespace):
    text = sign_in("auditor").get(f"/admin/sync/change/{world.change.pk}/change/").content.decode()
    for word in ("OrganisationName", "Old", "New", "The ERP moved."):
        assert word in text
    assert Change.objects.count() == 1


def test_the_plan_shows_what_would_be_written_and_by_kind(sign_in: SignIn):
    pair = make.PairFactory()
    make.RunFactory(pair=pair, writes=False)
    for number, kind in enumerate(["create", "create", "update"]):
        fields = [
            {"property": "OrganisationName", "before": None, "after": f"Name {number}", "why": "First."}
        ]
        make.LinkFactory(pair=pair, plan=[{"side": "crm", "kind": kind, "fields": fields}])
    client = sign_in("administrator")
    everything = client.get(f"/admin/sync/entitypair/{pair.pk}/plan/").content.decode()
    updates = client.get(f"/admin/sync/entitypair/{pair.pk}/plan/?writes=crm-update").content.decode()
    assert f"2 × create in {pair.crm_system}" in everything
    assert "Name 0" in everything
    assert "Name 0" not in updates
    assert "Name 2" in updates
    assert "Approve plan" in everything


def test_only_who_may_approve_is_offered_it(sign_in: SignIn):
    pair = make.PairFactory()
    make.RunFactory(pair=pair, writes=False)
    assert b"Approve plan" not in sign_in("operator").get(f"/admin/sync/entitypair/{pair.pk}/plan/").content


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_plan_is_counted_on_postgresql_too(on_postgres: None):
    pair = make.PairFactory()
    for draft in ({"side": "crm", "kind": "create"}, {"side": "erp", "kind": "update"}):
        make.LinkFactory(pair=pair, plan=[{**draft, "fields": []}])
    make.LinkFactory(pair=pair, plan=None)
    assert plans.overview(pair).kinds == {("crm", "create"): 1, ("erp", "update"): 1}
    assert plans.planned(pair, side="erp", kind="update").count() == 1
