"""What people do with pairs, runs and conflicts: each verb's effect, its refusal in words, its row in the audit."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from django.test import Client

from sync.models.links import ConflictState
from sync.models.runs import Act, Change, Run, RunState
from sync.services import plans
from tests import factories as make
from tests.faces.asking import do, last_act, said
from tests.faces.conftest import SignIn


@pytest.fixture
def operator(sign_in: SignIn, queued: object) -> Client:
    return sign_in("operator")


@pytest.fixture
def administrator(sign_in: SignIn, queued: object) -> Client:
    return sign_in("administrator")


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


@pytest.mark.parametrize(("verb", "what"), [("full", "reads only what changed"), ("plan-run", "writes")])
def test_an_open_run_that_does_something_else_is_not_said_to_be_what_was_asked_for(
    operator: Client, verb: str, what: str
):
    pair = make.PairFactory(mode="live")
    run = make.RunFactory(pair=pair, state="queued", writes=True)
    (sentence,) = said(do(operator, "entitypair", pair, verb))
    assert sentence == f"{run} is queued, and {what}. Let it end, or cancel it, then ask again."
    do(operator, "entitypair", pair, "run")
    assert Run.objects.get() == run


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


def test_a_decision_on_what_no_page_has_shown_is_refused(operator: Client):
    conflict = make.ConflictFactory()
    asked = {**answer_of(conflict, winner="erp"), "seen": "[" * 100_000}
    assert do(operator, "conflict", conflict, "resolve", **asked).status_code == 200
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


def test_a_move_is_answered_by_what_becomes_of_the_record(operator: Client):
    conflict = make.ConflictFactory(mapping=None, field="the record's parent (moved)")
    page = operator.get(f"/admin/sync/conflict/{conflict.pk}/change/").content.decode()
    assert "Replace it under its new parent" in page
    assert "Keep it where it is" in page
    assert "Keep ERP" not in page
    assert "marked inactive" in page


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


def test_the_plan_that_is_approved_is_the_one_that_was_shown(administrator: Client):
    pair = make.PairFactory()
    shown = make.RunFactory(pair=pair, writes=False)
    page = administrator.get(f"/admin/sync/entitypair/{pair.pk}/plan/").content.decode()
    assert f"/do/approve/?seen={shown.pk}" in page
    make.RunFactory(pair=pair, writes=False)
    asked = administrator.get(f"/admin/sync/entitypair/{pair.pk}/do/approve/?seen={shown.pk}")
    assert f'name="seen" value="{shown.pk}"' in asked.content.decode()
    do(administrator, "entitypair", pair, "approve", seen=shown.pk)
    assert Run.objects.get(approved_by="administrator") == shown


@pytest.mark.postgres
@pytest.mark.parametrize("asked", ["%00-%00", "erp-%00", "nobody-create", "erp"])
def test_a_plan_that_is_narrowed_to_what_it_does_not_hold_is_shown_whole(on_postgres: None, asked: str):
    pair = make.PairFactory()
    fields = [{"property": "OrganisationName", "before": None, "after": "Akkurat AS", "why": "First."}]
    make.LinkFactory(pair=pair, name="Akkurat AS", plan=[{"side": "crm", "kind": "create", "fields": fields}])
    browser = Client()
    browser.force_login(make.UserFactory(role="auditor"))
    answer = browser.get(f"/admin/sync/entitypair/{pair.pk}/plan/?writes={asked}")
    assert "Akkurat AS" in answer.content.decode()


def test_only_who_may_approve_is_offered_it(sign_in: SignIn):
    pair = make.PairFactory()
    make.RunFactory(pair=pair, writes=False)
    assert b"Approve plan" not in sign_in("operator").get(f"/admin/sync/entitypair/{pair.pk}/plan/").content


@pytest.mark.postgres
def test_the_plan_is_counted_on_postgresql_too(on_postgres: None):
    pair = make.PairFactory()
    for draft in ({"side": "crm", "kind": "create"}, {"side": "erp", "kind": "update"}):
        make.LinkFactory(pair=pair, plan=[{**draft, "fields": []}])
    make.LinkFactory(pair=pair, plan=None)
    assert plans.overview(pair).kinds == {("crm", "create"): 1, ("erp", "update"): 1}
    assert plans.planned(pair, side="erp", kind="update").count() == 1
