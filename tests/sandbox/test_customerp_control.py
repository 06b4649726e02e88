"""What a person does behind the API's back, and what the control address sees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from sandbox.customerp.system import CustomErp
from sandbox.kit.ground import Ground
from sandbox.kit.server import Server
from sandbox.kit.storage import Storage
from tests.sandbox.customerp_stage import Stage, contact, customer


@pytest.fixture
def stage() -> Stage:
    return Stage(
        customers=[customer(1, isInactive=True), customer(2)],
        contacts=[contact(1, "cus_001")],
        products=[
            {"id": "pro_001", "productNumber": "70", "name": "x", "updatedAt": "2026-01-01T00:00:00.000Z"}
        ],
    )


def edit(stage: Stage, key: str, **values: Any) -> int:
    order = {"entity": "customers", "key": key, "values": values, "by": "Ola Hansen"}
    return stage.control("POST", "/edit", order).status_code


def merge(stage: Stage, key: str, target: str) -> int:
    order = {"entity": "customers", "key": key, "mergedInto": target}
    return stage.control("POST", "/act/merge", order).status_code


def test_a_person_edits_without_a_version_and_is_named(stage: Stage) -> None:
    assert edit(stage, "cus_002", phone="1") == 200
    row = stage.get("/customers/cus_002").get_json()
    assert (row["phone"], row["version"], row["updatedBy"]) == ("1", 2, "Ola Hansen")


def test_a_person_obeys_the_same_rules_and_is_told_which(stage: Stage) -> None:
    order = {"entity": "customers", "key": "cus_002", "values": {"email": "?"}}
    answer = stage.control("POST", "/edit", order)
    assert answer.status_code == 400
    assert answer.get_json()["error"] == "1 field is invalid. '?' is not an e-mail address."


def test_a_person_creates_and_removes(stage: Stage) -> None:
    values = {"lastName": "Ny", "customer": {"id": "cus_002"}}
    key = stage.control("POST", "/create", {"entity": "contacts", "values": values}).get_json()["key"]
    assert stage.get(f"/contacts/{key}").get_json()["updatedBy"] == "Kari Nordmann"
    assert stage.control("POST", "/remove", {"entity": "contacts", "key": key}).status_code == 200
    assert stage.get(f"/contacts/{key}").status_code == 410


def test_a_customer_with_contacts_is_not_removed(stage: Stage) -> None:
    assert stage.control("POST", "/remove", {"entity": "customers", "key": "cus_001"}).status_code == 400


def test_a_person_merges_two_customers(stage: Stage) -> None:
    assert merge(stage, "cus_001", "cus_002") == 200
    assert stage.get("/customers/deleted").get_json()["data"][0]["mergedInto"] == "cus_002"
    assert stage.ids("/contacts?customerId=cus_002") == ["con_001"]


@pytest.mark.parametrize("target", ["cus_009", "cus_001"])
def test_nothing_merges_into_what_is_not_another_record(stage: Stage, target: str) -> None:
    assert merge(stage, "cus_001", target) == 400
    assert stage.get("/customers/cus_001").status_code == 200


def test_an_act_without_what_it_needs_is_refused(stage: Stage) -> None:
    assert stage.control("POST", "/act/stock", {"key": "pro_001"}).status_code == 400
    assert stage.control("POST", "/act/merge", {}).status_code == 400


def test_the_warehouse_counts(stage: Stage) -> None:
    stage.control("POST", "/act/stock", {"key": "pro_001", "quantity": 4})
    assert stage.get("/products/pro_001").get_json()["stock"]["available"] == 4.0


def test_tokens_can_be_forgotten(stage: Stage) -> None:
    form = {"grant_type": "client_credentials", "client_id": "hub", "client_secret": "hub-secret"}
    token = stage.http.post("/api/v1/oauth/token", data=form).get_json()["access_token"]
    stage.control("POST", "/act/forget_tokens", {})
    answer = stage.http.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


def test_the_state_holds_inactive_records_too(stage: Stage) -> None:
    state = stage.control("GET", "/state").get_json()
    assert {entity: len(rows) for entity, rows in state.items()} == {
        "customers": 2,
        "contacts": 1,
        "products": 1,
    }


def test_switches_are_turned_through_the_control_address(stage: Stage) -> None:
    assert stage.control("PATCH", "/switches", {"bulk_read": False}).status_code == 200
    assert stage.get("/customers?ids=cus_001").status_code == 400
    assert stage.control("PATCH", "/switches", {"page_order": "name"}).status_code == 400


def test_a_limit_of_nothing_still_divides(stage: Stage) -> None:
    stage.erp.switches.rate_limit_per_minute = 0
    assert [stage.get("/me").status_code for _ in range(2)] == [200, 429]


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/api/v1/customers", "/api/v1/customers"),
        ("/api/v1/customers/cus_01J", "/api/v1/customers/{id}"),
        ("/api/v1/customers/deleted", "/api/v1/customers/deleted"),
        ("/api/v1/products/batch", "/api/v1/products/batch"),
        ("/api/v1/schema/contacts", "/api/v1/schema/contacts"),
        ("/api/v1/webhooks/whk_1/ping", "/api/v1/webhooks/{id}/ping"),
        ("/api/v1/oauth/token", "/api/v1/oauth/token"),
        ("/nowhere/7", "/nowhere/7"),
    ],
)
def test_calls_are_counted_without_their_ids(stage: Stage, path: str, template: str) -> None:
    assert stage.erp.template(path) == template


def test_every_write_that_landed_stands_in_the_ledger_once(stage: Stage) -> None:
    stage.post("/customers", {"name": "New"}, Idempotency_Key="k")
    stage.post("/customers", {"name": "New"}, Idempotency_Key="k")
    stage.post("/customers", {"name": ""})
    stage.patch("/customers/cus_002", {"phone": "1"})
    stage.patch("/customers/cus_002", {"phone": "2"}, '"1"')
    update = {"op": "update", "id": "cus_002", "ifMatch": "2", "body": {"phone": "3"}}
    stage.post("/customers/batch", {"operations": [update]})
    stage.call("PUT", "/customers/cus_002", body={"name": "P"}, If_Match="*")
    stage.call("DELETE", "/customers/cus_002", If_Match="*")
    edit(stage, "cus_001", phone="9")
    writes = stage.control("GET", "/writes").get_json()
    assert [(each["method"], each["values"]) for each in writes] == [
        ("POST", {"name": "New"}),
        ("PATCH", {"phone": "1"}),
        ("PATCH", {"phone": "3"}),
        ("PUT", {"name": "P"}),
        ("DELETE", {}),
    ]
    assert {each["by"] for each in writes} == {"client:hub"}


def test_an_answer_lost_after_the_write_is_given_again_by_its_key(stage: Stage) -> None:
    order = {"method": "POST", "path_prefix": "/api/v1/customers", "status": 503, "when": "after"}
    stage.control("POST", "/fail", order)
    assert stage.post("/customers", {"name": "New"}, Idempotency_Key="k").status_code == 503
    again = stage.post("/customers", {"name": "New"}, Idempotency_Key="k")
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert len(stage.control("GET", "/state/customers").get_json()) == 3


def test_reset_begins_again(stage: Stage) -> None:
    edit(stage, "cus_001", phone="9")
    stage.call("DELETE", "/customers/cus_002", If_Match="*")
    stage.post("/customers", {"name": "New"}, Idempotency_Key="k")
    stage.control("POST", "/reset")
    rows = stage.control("GET", "/state/customers").get_json()
    assert [(row["id"], row["version"], row["phone"]) for row in rows] == [
        ("cus_001", 1, None),
        ("cus_002", 1, None),
    ]
    stage.erp.switches.rate_limit_per_minute = 1000
    assert stage.ids("/customers/deleted") == []
    assert (
        "Idempotency-Replayed" not in stage.post("/customers", {"name": "New"}, Idempotency_Key="k").headers
    )


def test_a_restart_goes_on_where_it_was(tmp_path: Path) -> None:
    begin = {"customers": [customer(1), customer(2)]}

    def started() -> tuple[Server, Client]:
        ground = Ground(storage=Storage(tmp_path / "erp.sqlite3"), post=lambda *_: (204, b""))
        server = Server(CustomErp(ground, begin), ground)
        return server, Client(server)

    headers = {"X-Api-Key": "key-hub", "If-Match": "*"}
    hook = {"url": "http://127.0.0.1:9/", "events": ["customer.created"], "secret": "s" * 32}
    server, http = started()
    http.patch("/api/v1/customers/cus_001", json={"phone": "9"}, headers=headers)
    http.delete("/api/v1/customers/cus_002", headers=headers)
    http.post("/api/v1/webhooks", json=hook, headers=headers)
    server.close()
    server, http = started()
    rows = http.get("/api/v1/customers", headers=headers).get_json()["data"]
    assert [(row["id"], row["phone"], row["version"]) for row in rows] == [("cus_001", "9", 2)]
    assert http.get("/api/v1/customers/cus_002", headers=headers).status_code == 410
    assert len(http.get("/api/v1/webhooks", headers=headers).get_json()["data"]) == 1
    server.close()
