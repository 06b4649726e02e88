"""Creating, changing, replacing and deleting, and every rule a record is held to."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sandbox.customerp.drafts import normalised, problems
from sandbox.seed.world import make_world
from tests.sandbox.customerp_stage import Stage, contact, customer, details


@pytest.fixture
def stage() -> Stage:
    return Stage(
        customers=[customer(1, organizationNumber="924618094", externalReference="webcrm:145"), customer(2)],
        contacts=[contact(1, "cus_001", email="bat@akkurat.no")],
        products=[
            {
                "id": "pro_001",
                "productNumber": "70",
                "name": "Steam washer",
                "updatedAt": "2026-01-01T00:00:00.000Z",
            }
        ],
    )


def test_a_created_customer_comes_back_whole(stage: Stage) -> None:
    answer = stage.post("/customers", {"name": "Akkurat AS", "postalAddress": {"city": "Oslo"}})
    row = answer.get_json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/api/v1/customers/{row['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert re.fullmatch("cus_[0-9A-HJKMNP-TV-Z]{26}", row["id"])
    assert row["version"] == 1
    assert row["updatedBy"] == "client:hub"
    assert row["createdAt"] == row["updatedAt"] == "2026-03-01T08:00:00.000Z"
    assert (row["type"], row["isInactive"], row["email"]) == ("company", False, None)
    assert row["postalAddress"] == {
        "addressLine1": None,
        "addressLine2": None,
        "postalCode": None,
        "city": "Oslo",
        "state": None,
        "countryCode": None,
    }
    assert stage.get(f"/customers/{row['id']}").get_json() == row


def test_absent_numbers_are_assigned_and_given_ones_kept(stage: Stage) -> None:
    first, second = (stage.post("/customers", {"name": "x"}).get_json()["customerNumber"] for _ in range(2))
    assert first.isdigit()
    assert first != second
    assert stage.post("/products", {"name": "x", "productNumber": "A-7"}).get_json()["productNumber"] == "A-7"


def test_a_created_product_has_empty_stock(stage: Stage) -> None:
    row = stage.post("/products", {"name": "x", "salesPrice": 10.25}).get_json()
    assert row["stock"] == {"quantity": 0.0, "available": 0.0, "updatedAt": "2026-03-01T08:00:00.000Z"}
    assert row["salesPrice"] == 10.25


def test_a_created_contact_names_its_customer(stage: Stage) -> None:
    row = stage.post("/contacts", {"lastName": "Man", "customer": {"id": "cus_002"}}).get_json()
    assert row["customer"] == {"id": "cus_002"}
    assert stage.ids("/contacts?customerId=cus_002") == [row["id"]]


@pytest.mark.parametrize(
    ("entity", "body", "expected"),
    [
        ("customers", {}, {"name": "required"}),
        ("customers", {"name": None}, {"name": "required"}),
        ("customers", {"name": "  "}, {"name": "required"}),
        ("customers", {"name": 7}, {"name": "invalid_type"}),
        ("customers", {"name": "x" * 256}, {"name": "too_long"}),
        ("customers", {"name": "x", "colour": "red"}, {"colour": "unknown_field"}),
        (
            "customers",
            {"name": "x", "postalAddress": {"street": "y"}},
            {"postalAddress.street": "unknown_field"},
        ),
        ("customers", {"name": "x", "postalAddress": "Oslo"}, {"postalAddress": "invalid_type"}),
        (
            "customers",
            {"name": "x", "deliveryAddress": {"city": 1}},
            {"deliveryAddress.city": "invalid_type"},
        ),
        ("customers", {"name": "x", "email": "nobody"}, {"email": "invalid_format"}),
        ("customers", {"name": "x", "email": "a b@c.no"}, {"email": "invalid_format"}),
        ("customers", {"name": "x", "type": "club"}, {"type": "unknown_value"}),
        ("customers", {"name": "x", "isInactive": "yes"}, {"isInactive": "invalid_type"}),
        ("customers", {"name": "x", "isInactive": None}, {"isInactive": "invalid_type"}),
        ("customers", {"name": "x", "paymentTermsDays": 1.5}, {"paymentTermsDays": "invalid_type"}),
        ("customers", {"name": "x", "paymentTermsDays": True}, {"paymentTermsDays": "invalid_type"}),
        ("customers", {"name": "x", "externalReference": "x" * 65}, {"externalReference": "too_long"}),
        ("customers", {"name": "x", "organizationNumber": "NO924"}, {"organizationNumber": "invalid_format"}),
        ("customers", {"name": "x", "version": 3}, {"version": "read_only"}),
        ("customers", {"name": "x", "id": "cus_9"}, {"id": "read_only"}),
        ("contacts", {"lastName": "x"}, {"customer": "required"}),
        ("contacts", {"lastName": "x", "customer": {}}, {"customer.id": "required"}),
        ("contacts", {"lastName": "x", "customer": {"id": "cus_9"}}, {"customer.id": "unknown_value"}),
        ("contacts", {"lastName": "x", "customer": {"id": 9}}, {"customer.id": "invalid_type"}),
        ("contacts", {"lastName": "x", "customer": "cus_001"}, {"customer": "invalid_type"}),
        ("contacts", {"customer": {"id": "cus_001"}}, {"lastName": "required"}),
        ("contacts", {"lastName": "x" * 101, "customer": {"id": "cus_001"}}, {"lastName": "too_long"}),
        (
            "contacts",
            {"lastName": "x", "customer": {"id": "cus_001"}, "birthDate": "1.2.1980"},
            {"birthDate": "invalid_format"},
        ),
        ("products", {"name": "x", "salesPrice": -1}, {"salesPrice": "too_small"}),
        ("products", {"name": "x", "costPrice": 0.12345}, {"costPrice": "too_many_decimals"}),
        ("products", {"name": "x", "costPrice": "12"}, {"costPrice": "invalid_type"}),
        ("products", {"name": "x", "productNumber": "9" * 31}, {"productNumber": "too_long"}),
        ("products", {"name": "x", "stock": {"quantity": 3}}, {"stock": "read_only"}),
        ("products", {"name": "x", "productGroup": {"label": "y"}}, {"productGroup.label": "unknown_field"}),
        ("products", {"name": "x", "vatRate": 101}, {"vatRate": "too_large"}),
    ],
)
def test_a_wrong_body_is_refused_field_by_field(
    stage: Stage, entity: str, body: dict[str, Any], expected: dict[str, str]
) -> None:
    assert details(stage.post(f"/{entity}", body)) == expected


def test_the_refusal_reads_as_the_contract_shows_it(stage: Stage) -> None:
    answer = stage.post("/customers", {"postalAddress": {"countryCode": "XX"}}, X_Request_Id="req_1")
    assert answer.get_json() == {
        "error": {
            "code": "validation_failed",
            "message": "2 fields are invalid.",
            "requestId": "req_1",
            "details": [
                {"field": "name", "code": "required", "message": "Name is required."},
                {
                    "field": "postalAddress.countryCode",
                    "code": "unknown_value",
                    "message": "'XX' is not a country.",
                },
            ],
        }
    }


@pytest.mark.parametrize(
    ("given", "country", "stored"),
    [
        ("924 618 095", "NO", "924618095"),
        ("924.618-095", "NO", "924618095"),
        ("12 34 56 78", "DK", "12345678"),
        ("", "NO", None),
        (None, "NO", None),
    ],
)
def test_organisation_numbers_are_stored_as_digits(
    stage: Stage, given: str | None, country: str, stored: str | None
) -> None:
    body = {"name": "x", "organizationNumber": given, "postalAddress": {"countryCode": country}}
    assert stage.post("/customers", body).get_json()["organizationNumber"] == stored


def test_a_norwegian_number_has_nine_digits(stage: Stage) -> None:
    body = {"name": "x", "organizationNumber": "12345678", "postalAddress": {"countryCode": "NO"}}
    assert details(stage.post("/customers", body)) == {"organizationNumber": "invalid_format"}


@pytest.mark.parametrize(
    ("entity", "body", "taken_by"),
    [
        ("customers", {"name": "x", "organizationNumber": "924 618 094"}, "cus_001"),
        ("customers", {"name": "x", "externalReference": "webcrm:145"}, "cus_001"),
        ("customers", {"name": "x", "customerNumber": "1002"}, "cus_002"),
        ("products", {"name": "x", "productNumber": "70"}, "pro_001"),
    ],
)
def test_a_double_is_refused_and_named(
    stage: Stage, entity: str, body: dict[str, Any], taken_by: str
) -> None:
    answer = stage.post(f"/{entity}", body)
    assert answer.status_code == 409
    assert answer.get_json()["error"]["code"] == "duplicate"
    assert answer.get_json()["error"]["conflictingId"] == taken_by


def test_a_deleted_record_frees_its_number(stage: Stage) -> None:
    stage.call("DELETE", "/contacts/con_001", If_Match="*")
    stage.call("DELETE", "/customers/cus_001", If_Match="*")
    assert stage.post("/customers", {"name": "x", "organizationNumber": "924618094"}).status_code == 201


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b'{"name": NaN}', b'{"name": "\\ud800"}', b"\xff", b"[" * 50_000]
)
def test_a_body_that_is_no_json_object_is_refused(stage: Stage, body: bytes) -> None:
    answer = stage.http.post("/api/v1/customers", data=body, headers={"X-Api-Key": "key-hub"})
    assert answer.status_code == 400


def test_a_patch_changes_what_it_names_and_clears_with_null(stage: Stage) -> None:
    stage.clock.pass_by(minutes=1)
    stage.patch(
        "/customers/cus_001", {"phone": "1", "postalAddress": {"addressLine1": "Storgata 1", "city": "Oslo"}}
    )
    answer = stage.patch("/customers/cus_001", {"phone": None, "postalAddress": {"city": "Bergen"}}, '"2"')
    row = answer.get_json()
    assert (row["phone"], row["organizationNumber"], row["version"]) == (None, "924618094", 3)
    assert (row["postalAddress"]["addressLine1"], row["postalAddress"]["city"]) == ("Storgata 1", "Bergen")
    assert row["updatedAt"] == "2026-03-01T08:01:00.000Z"
    assert answer.headers["ETag"] == '"3"'


def test_a_null_address_clears_all_its_parts(stage: Stage) -> None:
    stage.patch("/customers/cus_001", {"postalAddress": {"city": "Oslo"}})
    row = stage.patch("/customers/cus_001", {"postalAddress": None}).get_json()
    assert set(row["postalAddress"].values()) == {None}


def test_a_patch_that_changes_nothing_moves_no_version(stage: Stage) -> None:
    answer = stage.patch("/customers/cus_001", {"name": "Kunde 1 AS"})
    assert answer.status_code == 200
    assert answer.get_json()["version"] == 1


def test_a_contact_may_move_to_another_customer(stage: Stage) -> None:
    assert stage.patch("/contacts/con_001", {"customer": {"id": "cus_002"}}).status_code == 200
    assert stage.ids("/contacts?customerId=cus_001") == []
    assert stage.ids("/contacts?customerId=cus_002") == ["con_001"]


@pytest.mark.parametrize(
    ("path", "body"),
    [("/customers/cus_001", {"customerNumber": None}), ("/products/pro_001", {"productNumber": ""})],
)
def test_a_human_number_cannot_be_cleared(stage: Stage, path: str, body: dict[str, Any]) -> None:
    assert set(details(stage.patch(path, body)).values()) == {"required"}


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_if_match_is_required(stage: Stage, method: str) -> None:
    answer = stage.call(method, "/customers/cus_002", body={"name": "x"})
    assert answer.status_code == 428
    assert answer.get_json()["error"]["code"] == "precondition_required"


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_a_stale_version_is_refused_with_the_current_record(stage: Stage, method: str) -> None:
    current = stage.patch("/customers/cus_002", {"phone": "1"}).get_json()
    answer = stage.call(method, "/customers/cus_002", body={"name": "x"}, If_Match='"1"')
    assert answer.status_code == 412
    assert answer.get_json()["error"]["code"] == "version_mismatch"
    assert answer.get_json()["current"] == current


@pytest.mark.parametrize(
    ("match", "status"), [("*", 200), ('"1"', 200), ('"7", "1"', 200), ('W/"1"', 412), ('"11"', 412)]
)
def test_if_match_spellings(stage: Stage, match: str, status: int) -> None:
    assert stage.patch("/customers/cus_002", {"phone": "1"}, match).status_code == status


def test_without_etags_no_version_is_demanded(stage: Stage) -> None:
    stage.erp.switches.etag = False
    answer = stage.call("PATCH", "/customers/cus_002", body={"phone": "1"})
    assert answer.status_code == 200
    assert "ETag" not in answer.headers


def test_put_replaces_and_keeps_what_the_server_keeps(stage: Stage) -> None:
    stage.patch("/customers/cus_001", {"phone": "1", "customerGroup": "Retail"})
    answer = stage.call("PUT", "/customers/cus_001", body={"name": "New"}, If_Match='"2"')
    row = answer.get_json()
    assert answer.status_code == 200
    assert (row["name"], row["phone"], row["customerGroup"], row["organizationNumber"]) == (
        "New",
        None,
        None,
        None,
    )
    assert (row["customerNumber"], row["version"]) == ("1001", 3)
    assert row["createdAt"] == "2026-02-28T08:00:01.000Z"


def test_put_takes_back_the_whole_object_it_was_given(stage: Stage) -> None:
    row = stage.get("/customers/cus_001").get_json()
    assert stage.call("PUT", "/customers/cus_001", body=row, If_Match="*").get_json() == row


def test_put_needs_what_is_required(stage: Stage) -> None:
    answer = stage.call("PUT", "/customers/cus_001", body={"phone": "1"}, If_Match="*")
    assert details(answer) == {"name": "required"}


def test_delete_answers_with_nothing(stage: Stage) -> None:
    answer = stage.call("DELETE", "/customers/cus_002", If_Match='"1"')
    assert (answer.status_code, answer.data) == (204, b"")


def test_a_customer_with_contacts_is_in_use(stage: Stage) -> None:
    answer = stage.call("DELETE", "/customers/cus_001", If_Match="*")
    assert answer.status_code == 409
    assert answer.get_json()["error"]["code"] == "in_use"
    stage.call("DELETE", "/contacts/con_001", If_Match="*")
    assert stage.call("DELETE", "/customers/cus_001", If_Match="*").status_code == 204


@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE"])
def test_a_deleted_record_is_gone_for_every_verb(stage: Stage, method: str) -> None:
    stage.call("DELETE", "/customers/cus_002", If_Match="*")
    answer = stage.call(method, "/customers/cus_002", body={"name": "x"}, If_Match="*")
    assert answer.status_code == 410
    assert answer.get_json()["deletedAt"]


def test_stock_moves_both_stamps(stage: Stage) -> None:
    stage.clock.pass_by(minutes=5)
    stage.erp.store.set_stock("pro_001", 12.0, by="Lager Larsen")
    row = stage.get("/products/pro_001").get_json()
    assert row["stock"] == {"quantity": 12.0, "available": 12.0, "updatedAt": "2026-03-01T08:05:00.000Z"}
    assert (row["updatedAt"], row["version"], row["updatedBy"]) == (
        "2026-03-01T08:05:00.000Z",
        2,
        "Lager Larsen",
    )


def test_a_merged_customer_hands_its_contacts_over(stage: Stage) -> None:
    stage.erp.store.remove("customers", "cus_001", merged_into="cus_002")
    assert stage.get("/contacts/con_001").get_json()["customer"] == {"id": "cus_002"}
    feed = stage.get("/customers/deleted").get_json()["data"]
    assert [(row["id"], row["mergedInto"]) for row in feed] == [("cus_001", "cus_002")]


def test_text_is_stored_as_it_came(stage: Stage) -> None:
    name = "  O'Brien's \"Café\" 🍓  & Søn\u00a0AS "
    assert stage.post("/customers", {"name": name}).get_json()["name"] == name


@pytest.mark.parametrize("entity", ["customers", "contacts", "products"])
def test_the_seed_breaks_no_rule(entity: str) -> None:
    world = make_world(customers=300, contacts=300, products=300, seed=3)
    for row in Stage(**world.erp).erp.state(entity):
        assert problems(entity, row, row, row) == []
        assert normalised(row) == row
