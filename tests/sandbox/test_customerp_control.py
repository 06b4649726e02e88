"""What a person does behind the API's back."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.customerp.control import Control
from sandbox.customerp.problems import Problem
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


@pytest.fixture
def control(stage: Stage) -> Control:
    return Control(stage.erp)


def test_a_person_edits_without_a_version_and_is_named(stage: Stage, control: Control) -> None:
    control.edit({"entity": "customers", "id": "cus_002", "fields": {"phone": "1"}, "by": "Ola Hansen"})
    row = stage.get("/customers/cus_002").get_json()
    assert (row["phone"], row["version"], row["updatedBy"]) == ("1", 2, "Ola Hansen")


def test_a_person_obeys_the_same_rules(control: Control) -> None:
    with pytest.raises(Problem, match="1 field is invalid"):
        control.edit({"entity": "customers", "id": "cus_002", "fields": {"email": "?"}})


def test_a_person_creates(stage: Stage, control: Control) -> None:
    made = control.create({"entity": "contacts", "fields": {"lastName": "Ny", "customer": {"id": "cus_002"}}})
    assert stage.get(f"/contacts/{made['id']}").get_json()["updatedBy"] == "Kari Nordmann"


def test_a_person_merges_two_customers(stage: Stage, control: Control) -> None:
    control.remove({"entity": "customers", "id": "cus_001", "mergedInto": "cus_002"})
    assert stage.get("/customers/deleted").get_json()["data"][0]["mergedInto"] == "cus_002"
    assert stage.ids("/contacts?customerId=cus_002") == ["con_001"]


@pytest.mark.parametrize("target", ["cus_009", "cus_001"])
def test_nothing_merges_into_what_is_not_another_record(stage: Stage, control: Control, target: str) -> None:
    with pytest.raises(Problem):
        control.remove({"entity": "customers", "id": "cus_001", "mergedInto": target})
    assert stage.get("/customers/cus_001").status_code == 200


def test_the_warehouse_counts(stage: Stage, control: Control) -> None:
    control.stock({"id": "pro_001", "quantity": 4})
    assert stage.get("/products/pro_001").get_json()["stock"]["available"] == 4.0


def test_a_dump_holds_everything(control: Control) -> None:
    dump = control.dump({})
    assert {entity: len(rows) for entity, rows in dump.items()} == {
        "customers": 2,
        "contacts": 1,
        "products": 1,
    }
    assert set(control.dump({"entity": "customers"})) == {"customers"}


def test_switches_are_turned_and_shown(stage: Stage, control: Control) -> None:
    shown = control.switches({"bulk_read": False, "rate_limit_per_minute": 7})
    assert (shown["bulk_read"], shown["rate_limit_per_minute"], shown["etag"]) == (False, 7, True)
    assert stage.get("/customers?ids=cus_001").status_code == 400


@pytest.mark.parametrize(
    "switches",
    [{"colour": "red"}, {"page_order": "name"}, {"bulk_read": "maybe"}, {"rate_limit_per_minute": 0}],
)
def test_a_nonsense_switch_is_refused_and_turns_nothing(
    stage: Stage, control: Control, switches: dict[str, Any]
) -> None:
    with pytest.raises(Problem):
        control.switches({"etag": False} | switches)
    assert stage.erp.switches.etag is True


def test_an_unknown_entity_is_refused(control: Control) -> None:
    with pytest.raises(Problem, match="entity must be one of"):
        control.dump({"entity": "orders"})
