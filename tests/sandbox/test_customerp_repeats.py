"""Idempotency keys and batches."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.sandbox.customerp_stage import Stage, contact, customer


@pytest.fixture
def stage() -> Stage:
    return Stage(customers=[customer(1), customer(2)], contacts=[contact(1, "cus_001")])


def create(stage: Stage, key: str, name: str = "Akkurat AS", **headers: str) -> TestResponse:
    return stage.post("/customers", {"name": name}, Idempotency_Key=key, **headers)


def batch(stage: Stage, *operations: Any) -> list[dict[str, Any]]:
    answer = stage.post("/customers/batch", {"operations": list(operations)})
    assert answer.status_code == 207, answer.text
    results: list[dict[str, Any]] = answer.get_json()["results"]
    return results


def test_the_same_key_and_body_get_the_first_answer_again(stage: Stage) -> None:
    first, second = create(stage, "k1"), create(stage, "k1")
    assert second.get_json() == first.get_json()
    assert second.status_code == 201
    assert second.headers["Location"] == first.headers["Location"]
    assert second.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert len(stage.ids("/customers")) == 3


def test_the_same_key_with_another_body_is_refused(stage: Stage) -> None:
    create(stage, "k1")
    answer = create(stage, "k1", "Other AS")
    assert answer.status_code == 409
    assert answer.get_json()["error"]["code"] == "idempotency_key_reuse"


def test_a_refusal_is_an_answer_too(stage: Stage) -> None:
    assert create(stage, "k1", "").status_code == 422
    again = create(stage, "k1", "")
    assert again.status_code == 422
    assert again.headers["Idempotency-Replayed"] == "true"


def test_a_key_still_running_is_refused(stage: Stage) -> None:
    stage.erp.memory.begin(("hub", "POST /customers", "k1"), {"name": "Akkurat AS"})
    answer = create(stage, "k1")
    assert answer.status_code == 409
    assert answer.get_json()["error"]["code"] == "idempotency_in_progress"


def test_a_key_is_kept_for_a_day(stage: Stage) -> None:
    create(stage, "k1")
    stage.clock.pass_by(hours=24)
    assert create(stage, "k1").headers.get("Idempotency-Replayed") == "true"
    stage.clock.pass_by(seconds=1)
    assert "Idempotency-Replayed" not in create(stage, "k1").headers


def test_a_key_belongs_to_a_path(stage: Stage) -> None:
    create(stage, "k1")
    assert stage.post("/products", {"name": "Akkurat AS"}, Idempotency_Key="k1").status_code == 201


@pytest.mark.parametrize(("length", "status"), [(64, 201), (65, 400)])
def test_a_key_has_at_most_64_characters(stage: Stage, length: int, status: int) -> None:
    assert create(stage, "k" * length).status_code == status


def test_without_idempotency_the_key_means_nothing(stage: Stage) -> None:
    stage.erp.switches.idempotency = False
    assert create(stage, "k1").get_json()["id"] != create(stage, "k1").get_json()["id"]


def test_a_batch_answers_for_each_operation_in_order(stage: Stage) -> None:
    results = batch(
        stage,
        {"op": "create", "body": {"name": "New AS"}},
        {"op": "update", "id": "cus_001", "ifMatch": "1", "body": {"phone": "1"}},
        {"op": "delete", "id": "cus_002", "ifMatch": "1"},
    )
    new_id = results[0]["id"]
    assert new_id.startswith("cus_")
    assert results == [
        {"index": 0, "status": 201, "id": new_id, "etag": "1", "error": None},
        {"index": 1, "status": 200, "id": "cus_001", "etag": "2", "error": None},
        {"index": 2, "status": 204, "id": "cus_002", "etag": None, "error": None},
    ]
    assert set(stage.ids("/customers")) == {new_id, "cus_001"}


@pytest.mark.parametrize(
    ("operation", "status", "code"),
    [
        ({"op": "create", "body": {}}, 422, "validation_failed"),
        ({"op": "create", "body": {"name": "x", "customerNumber": "1001"}}, 409, "duplicate"),
        ({"op": "create"}, 400, "bad_request"),
        ({"op": "update", "id": "cus_002", "body": {"phone": "1"}}, 428, "precondition_required"),
        ({"op": "update", "id": "cus_002", "ifMatch": "9", "body": {"phone": "1"}}, 412, "version_mismatch"),
        ({"op": "update", "id": "cus_009", "ifMatch": "1", "body": {}}, 404, "not_found"),
        ({"op": "delete", "id": "cus_001", "ifMatch": "*"}, 409, "in_use"),
        ({"op": "upsert", "id": "cus_001"}, 400, "bad_request"),
        ({"op": "update", "body": {}}, 400, "bad_request"),
        ({"op": "create", "body": {"name": "x"}, "colour": "red"}, 400, "bad_request"),
        ({"op": "create", "body": {"name": "x"}, "idempotencyKey": 7}, 400, "bad_request"),
        ("create", 400, "bad_request"),
    ],
)
def test_a_bad_element_fails_alone(stage: Stage, operation: Any, status: int, code: str) -> None:
    bad, good = batch(stage, operation, {"op": "create", "body": {"name": "Good AS"}})
    assert (bad["status"], bad["error"]["code"], bad["etag"]) == (status, code, None)
    assert good["status"] == 201


def test_the_error_of_an_element_has_its_details(stage: Stage) -> None:
    (result,) = batch(stage, {"op": "create", "body": {"name": "x", "email": "?"}})
    assert [detail["field"] for detail in result["error"]["details"]] == ["email"]
    (result,) = batch(stage, {"op": "update", "id": "cus_001", "ifMatch": "9", "body": {}})
    assert result["error"]["current"]["id"] == "cus_001"
    assert result["id"] == "cus_001"


def test_an_element_is_repeated_by_its_own_key(stage: Stage) -> None:
    operation = {"op": "create", "idempotencyKey": "k1", "body": {"name": "Akkurat AS"}}
    first, second = batch(stage, operation, operation)
    assert second == first | {"index": 1}
    assert create(stage, "k1").get_json()["id"] == first["id"]
    assert len(stage.ids("/customers")) == 3


def test_an_update_repeated_by_its_key_is_not_stale(stage: Stage) -> None:
    operation = {
        "op": "update",
        "id": "cus_001",
        "ifMatch": "1",
        "idempotencyKey": "u1",
        "body": {"phone": "1"},
    }
    first, second = batch(stage, operation, operation)
    assert (first["status"], second["status"]) == (200, 200)
    assert second["etag"] == "2"


def test_the_quoted_tag_works_in_a_batch_too(stage: Stage) -> None:
    (result,) = batch(stage, {"op": "update", "id": "cus_001", "ifMatch": '"1"', "body": {"phone": "1"}})
    assert result["status"] == 200


def test_a_batch_holds_a_hundred(stage: Stage) -> None:
    operations = [{"op": "create", "body": {"name": f"Nr {at}"}} for at in range(100)]
    assert {result["status"] for result in batch(stage, *operations)} == {201}
    answer = stage.post("/customers/batch", {"operations": [*operations, operations[0]]})
    assert answer.status_code == 400


@pytest.mark.parametrize("body", [{}, {"operations": {}}, {"operations": [], "atomic": True}, []])
def test_a_batch_of_another_shape_is_refused(stage: Stage, body: Any) -> None:
    assert stage.post("/customers/batch", body).status_code == 400


def test_an_empty_batch_does_nothing(stage: Stage) -> None:
    assert batch(stage) == []


def test_a_whole_batch_has_a_key_too(stage: Stage) -> None:
    body = {"operations": [{"op": "create", "body": {"name": "x"}}]}
    first, second = (stage.post("/customers/batch", body, Idempotency_Key="b1") for _ in range(2))
    assert second.get_json() == first.get_json()
    assert len(stage.ids("/customers")) == 3
