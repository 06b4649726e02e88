"""Batches, removals, creates that clash, and the ledger of everything that landed."""

from __future__ import annotations

import pytest

from tests.sandbox.webcrm_stage import TOO_LONG_NAME, Stage, organisation, person


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_every_so_many_creates_fail_once(stage: Stage) -> None:
    stage.turn(id_clash_every=2)
    statuses = [stage.call("POST", "/Persons", person()).status_code for _ in range(4)]
    assert statuses == [200, 500, 200, 500]
    assert len(stage.get("/Persons")) == 4


def test_a_batch_answers_one_text_per_element_in_order(stage: Stage) -> None:
    answer = stage.call(
        "PATCH",
        "/Organisations",
        [
            {"OrganisationId": 1, "OrganisationCity": "Oslo"},
            organisation(),
            organisation(OrganisationName="x" * 201),
            {"OrganisationId": 77},
            "nonsense",
            {"OrganisationCity": "Oslo"},
            organisation(OrganisationName="Siste"),
        ],
    )
    assert answer.status_code == 200
    assert answer.json == [
        "1",
        "4",
        TOO_LONG_NAME,
        "Organisation 77 was not found.",
        "The request body must be a JSON object.",
        "The OrganisationId field is required.",
        "5",
    ]
    assert stage.get("/Organisations/1")["OrganisationCity"] == "Oslo"
    assert stage.get("/Organisations/5")["OrganisationName"] == "Siste"


@pytest.mark.parametrize(("result", "shown"), [("id", "1"), ("empty", ""), ("null", None)])
def test_an_update_in_a_batch_answers_in_one_of_several_ways(
    stage: Stage, result: str, shown: str | None
) -> None:
    stage.turn(patch_update_result=result)
    answer = stage.call("PATCH", "/Persons", [{"PersonId": 1}, person()])
    assert answer.json == [shown, "3"]


def test_a_batch_must_be_an_array(stage: Stage) -> None:
    assert stage.refused("PATCH", "/Persons", {"PersonId": 1})[0] == 400
    assert stage.call("PATCH", "/Persons", []).json == []


def test_only_products_can_be_removed_and_their_ids_do_not_come_back(stage: Stage) -> None:
    assert stage.call("DELETE", "/Products/1").status_code == 200
    assert stage.refused("GET", "/Products/1")[0] == 404
    assert stage.refused("DELETE", "/Products/1")[0] == 404
    product = {"ProductId": 0, "ProductOrganisationId": 3}
    assert stage.call("POST", "/Products", product).data == b"2"


def test_every_write_that_landed_stands_in_the_ledger(stage: Stage) -> None:
    stage.call("POST", "/Persons", person())
    stage.call("PUT", "/Persons/3", {"PersonId": 3, "PersonTitle": None})
    stage.call("PATCH", "/Persons", [{"PersonId": 3, "PersonTitle": "x"}, {"PersonId": 77}])
    stage.call("DELETE", "/Products/1")
    stage.call("PUT", "/Persons/77", {"PersonId": 77})
    writes = stage.http.get("/_control/writes").json
    assert [(write["method"], write["entity"], write["key"]) for write in writes] == [
        ("POST", "Persons", 3),
        ("PUT", "Persons", 3),
        ("PATCH", "Persons", 3),
        ("DELETE", "Products", 1),
    ]
    assert writes[2]["values"] == {"PersonId": 3, "PersonTitle": "x"}
    assert {write["by"] for write in writes} == {"api2 hub"}
