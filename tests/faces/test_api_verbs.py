"""What programs may do: the effect of each verb, its audit row, and its refusals."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from sync.engine.runner import advance
from sync.models.links import Link, Separation
from sync.models.pairs import EntityPair
from sync.models.runs import Act, Run
from tests import factories as make
from tests.faces.callers import Caller, caller
from tests.world import World, make_world


@pytest.fixture
def operator(db: None) -> Caller:
    return caller("operator")


@pytest.fixture
def administrator(db: None) -> Caller:
    return caller("administrator")


def last_act() -> tuple[str, str, str]:
    act = Act.objects.latest("id")
    return act.verb, act.actor, act.reason


def test_two_records_are_linked_by_hand(world: SimpleNamespace, operator: Caller) -> None:
    answer = operator.post(
        "links/", pair=world.pair.name, erp_key="cus_2", crm_key="146", reason="same bakery"
    )
    assert answer.code == 201
    assert (answer.body["erp_key"], answer.body["crm_key"]) == ("cus_2", "146")
    assert last_act() == ("link", "operator", "same bakery")


@pytest.mark.parametrize(
    ("erp_key", "crm_key", "sentence"),
    [
        ("cus_9", "146", "has read no customers record 'cus_9'"),
        ("cus_1", "146", "'cus_1' of"),
        ("cus_2", "145", "is linked to 'cus_1' already"),
    ],
)
def test_what_cannot_be_linked_says_why(
    world: SimpleNamespace, operator: Caller, erp_key: str, crm_key: str, sentence: str
) -> None:
    answer = operator.post("links/", pair=world.pair.name, erp_key=erp_key, crm_key=crm_key)
    assert answer.code == 409
    assert sentence in answer.body["error"]
    assert answer.body["fields"] == {}


def test_unlinking_leaves_a_separation(world: SimpleNamespace, operator: Caller) -> None:
    answer = operator.post(f"links/{world.link.pk}/unlink/", reason="two companies")
    assert (answer.code, answer.body["crm_key"], answer.body["state"]) == (200, None, "paused")
    assert Separation.objects.get().reason == "two companies"
    again = operator.post(f"links/{world.link.pk}/unlink/")
    assert (again.code, "nothing to unlink" in again.body["error"]) == (409, True)


def test_pause_and_resume(world: SimpleNamespace, operator: Caller) -> None:
    path = f"links/{world.link.pk}"
    assert operator.post(f"{path}/resume/").code == 409
    assert operator.post(f"{path}/pause/").body["state"] == "paused"
    assert last_act() == ("pause", "operator", "")
    assert operator.post(f"{path}/resync/").code == 409
    assert operator.post(f"{path}/resume/").body["state"] == "active"
    assert operator.post(f"{path}/lift/").code == 409


def test_a_tombstone_is_lifted(world: SimpleNamespace, operator: Caller) -> None:
    Link.objects.filter(pk=world.link.pk).update(state="removed")
    assert operator.post(f"links/{world.link.pk}/lift/").body["state"] == "active"


def test_what_was_not_made_is_said_once(world: SimpleNamespace, operator: Caller) -> None:
    make.LostCreateFactory(link=world.lonely)
    answer = operator.post(f"links/{world.lonely.pk}/not_made/", reason="I looked")
    assert (answer.code, answer.body["problem"], answer.body["due_at"] is None) == (200, "", False)
    assert last_act() == ("not made", "operator", "I looked")
    again = operator.post(f"links/{world.lonely.pk}/not_made/")
    assert (again.code, "no create whose outcome is unknown" in again.body["error"]) == (409, True)


def test_a_run_is_asked_for_once(world: SimpleNamespace, operator: Caller) -> None:
    first = operator.post("runs/", pair=world.pair.name, full=True)
    assert first.code == 202
    assert (first.body["state"], first.body["trigger"], first.body["requested_by"]) == (
        "queued",
        "program",
        "operator",
    )
    assert first.body["full"] is True
    assert operator.post("runs/", pair=world.pair.name).body["id"] == first.body["id"]


def test_a_pair_that_is_off_runs_for_nobody(world: SimpleNamespace, operator: Caller) -> None:
    EntityPair.objects.update(mode="off")
    answer = operator.post("runs/", pair=world.pair.name)
    assert (answer.code, "is off" in answer.body["error"]) == (409, True)


def test_a_run_is_cancelled_once(world: SimpleNamespace, operator: Caller) -> None:
    run = operator.post("runs/", pair=world.pair.name).body["id"]
    assert operator.post(f"runs/{run}/cancel/", reason="wrong pair").body["state"] == "cancelled"
    assert last_act() == ("cancel", "operator", "wrong pair")
    assert operator.post(f"runs/{run}/cancel/").code == 409


@pytest.mark.parametrize(("verb", "state"), [("approve", "queued"), ("reject", "cancelled")])
def test_what_the_guard_holds_waits_for_an_administrator(
    world: SimpleNamespace, administrator: Caller, operator: Caller, verb: str, state: str
) -> None:
    held = make.RunFactory(pair=world.pair, state="held")
    assert operator.post(f"runs/{held.pk}/{verb}/").code == 403
    assert administrator.post(f"runs/{held.pk}/{verb}/").body["state"] == state
    assert last_act()[:2] == (verb, "administrator")
    assert administrator.post(f"runs/{held.pk}/{verb}/").code == 409


def resolve(asking: Caller, world: SimpleNamespace, **body: Any) -> Any:
    return asking.post(f"conflicts/{world.conflict.pk}/resolve/", **body)


@pytest.mark.parametrize(
    "body",
    [
        {"winner": "erp"},
        {"winner": "crm", "reason": "asked them"},
        {"winner": "other", "value": "Akkurat Holding"},
        {
            "winner": "erp",
            "seen": {"erp": {"name": "Akkurat AS"}, "crm": {"OrganisationName": "Akkurat ASA"}},
        },
    ],
)
def test_a_conflict_is_resolved_once(
    world: SimpleNamespace, operator: Caller, body: dict[str, object]
) -> None:
    answer = resolve(operator, world, **body)
    assert (answer.code, answer.body["state"], answer.body["winner"]) == (200, "ruled", body["winner"])
    assert (answer.body["value"], answer.body["resolved_by"]) == (body.get("value"), "operator")
    assert resolve(operator, world, **body).code == 409


def test_a_value_with_a_fraction_stays_exact(world: SimpleNamespace, operator: Caller) -> None:
    assert resolve(operator, world, winner="other", value=12.5).body["value"] == "12.5"


def test_values_that_moved_on_are_looked_at_again(world: SimpleNamespace, operator: Caller) -> None:
    answer = resolve(operator, world, winner="erp", seen={"erp": {"name": "Old"}, "crm": {}})
    assert (answer.code, "moved on since you looked" in answer.body["error"]) == (409, True)


BAD_BODIES = [
    ("links/", '{"pair": "nowhere", "erp_key": "1", "crm_key": "2"}', "pair"),
    ("links/", '{"erp_key": "1", "crm_key": "2"}', "pair"),
    ("links/", '{"pair": 7, "erp_key": "a\\u0000b", "crm_key": "2"}', "erp_key"),
    ("links/", '{"pair": "x", "erp_key": "\\ud800", "crm_key": "2"}', "erp_key"),
    ("links/", '{"pair": "x", "erp_key": ["1"], "crm_key": "2"}', "erp_key"),
    ("links/", '{"pairs": "x"}', "pairs"),
    ("links/{link}/pause/", '{"because": "x"}', "because"),
    ("links/{link}/pause/", '{"reason": {"a": 1}}', "reason"),
    ("links/{link}/pause/", '{"reason": null}', "reason"),
    ("runs/", '{"pair": "x", "full": "perhaps"}', "full"),
    ("conflicts/{conflict}/resolve/", '{"winner": "me"}', "winner"),
    ("conflicts/{conflict}/resolve/", "{}", "winner"),
    ("conflicts/{conflict}/resolve/", '{"winner": "other", "value": {"a": 1}}', "value"),
    ("conflicts/{conflict}/resolve/", '{"winner": "other", "value": "\\u0000"}', "value"),
    ("conflicts/{conflict}/resolve/", '{"winner": "erp", "seen": [1]}', "seen"),
]


@pytest.mark.parametrize(("path", "body", "name"), BAD_BODIES)
def test_a_bad_body_names_its_field(
    world: SimpleNamespace, operator: Caller, path: str, body: str, name: str
) -> None:
    answer = operator.send("POST", path.format(link=world.link.pk, conflict=world.conflict.pk), body)
    assert answer.code == 400
    assert name in answer.body["fields"]
    assert f"{name}: " in answer.body["error"]


@pytest.mark.parametrize(
    "body", ["", "[]", "7", "null", '"x"', "{", '{"a": NaN}', "[" * 100_000, "\x00", "9" * 5000]
)
def test_a_body_that_is_no_object_is_refused(world: SimpleNamespace, operator: Caller, body: str) -> None:
    answer = operator.send("POST", "links/", body)
    assert answer.code == 400
    assert answer.body["error"]


def test_a_body_that_is_no_json_says_where(db: None, operator: Caller) -> None:
    answer = operator.send("POST", "links/", '{"pair": ')
    assert answer.body["error"].startswith("The body is not JSON: ")
    assert "line 1" in answer.body["error"]


def test_why_a_run_was_asked_for_is_in_the_audit(world: SimpleNamespace, operator: Caller) -> None:
    operator.post("runs/", pair=world.pair.name, reason="Kari called")
    assert (Act.objects.first().verb, Act.objects.first().reason) == ("request run", "Kari called")


def test_a_token_has_one_link_settled_and_watches_it(db: None, operator: Caller) -> None:
    stage = synced_stage()
    link = stage.link(pair=stage.customers, erp_key="cus_1")
    stage.erp.edit("customers", "cus_1", {"phone": "+47 22 00 00 01"})
    asked = operator.post(f"links/{link.pk}/resync/", reason="customer called")
    assert (asked.code, asked.body["due_at"] is not None) == (202, True)
    stage.clock.time = timezone.now()
    stage.run()
    watched = operator.get(f"links/{link.pk}/").body
    assert (watched["due_at"], watched["outcome"]) == (None, "written")
    assert stage.of_customer("cus_1")["OrgPhone"] == "+47 22 00 00 01"


def test_a_token_has_one_pair_settled_and_watches_it_end(db: None, operator: Caller) -> None:
    stage = synced_stage()
    stage.erp.edit("customers", "cus_1", {"phone": "+47 22 00 00 02"})
    asked = operator.post("runs/", pair="customers")
    assert (asked.code, asked.body["state"]) == (202, "queued")
    stage.clock.time = timezone.now()
    while (progress := advance(Run.objects.get(pk=asked.body["id"]), stage.means)) and progress.resume_at:
        stage.clock.time = max(stage.clock.time, progress.resume_at)
    watched = operator.get(f"runs/{asked.body['id']}/").body
    assert (watched["state"], watched["counts"].get("written")) == ("done", 1)
    assert stage.of_customer("cus_1")["OrgPhone"] == "+47 22 00 00 02"


def synced_stage() -> World:
    stage = make_world()
    stage.customer(name="Akkurat AS", phone="+47 22 00 00 00")
    stage.settle()
    return stage


@pytest.mark.postgres
@pytest.mark.parametrize("name", ["custo\0mers", "custo\ud800mers"])
def test_a_name_that_no_database_can_look_for_is_that_of_no_pair(on_postgres: None, name: str) -> None:
    answer = caller("operator").post("runs/", pair=name)
    assert (answer.code, answer.body["fields"]) == (400, {"pair": ["Invalid value."]})
