"""The people behind webCRM's back, and records that outlive a restart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from sandbox.kit.ground import Ground
from sandbox.kit.server import Server
from sandbox.kit.storage import Storage
from sandbox.webcrm.system import WebCrm
from tests.sandbox.webcrm_stage import ROWS, STARTED, Stage


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_persons_edit_bears_the_persons_name_and_is_no_api_write(stage: Stage) -> None:
    order = {"entity": "Persons", "key": 1, "values": {"PersonTitle": "Sjef"}}
    assert stage.control("edit", **order).json == {"ok": True}
    row = stage.get("/Persons/1")
    assert (row["PersonTitle"], row["PersonUpdatedBy"]) == ("Sjef", "Kari Nordmann")
    assert row["PersonUpdatedAt"] == STARTED
    stage.control("edit", **order, by="Jens Hansen")
    assert stage.get("/Persons/1")["PersonUpdatedBy"] == "Jens Hansen"
    assert stage.http.get("/_control/writes").json == []


@pytest.mark.parametrize(
    ("entity", "key", "values", "shown"),
    [
        ("Organisations", 1, {"OrganisationName": "x" * 300}, {"OrganisationName": "x" * 300}),
        ("Organisations", 1, {"OrganisationStatus": "Odd"}, {"OrganisationStatus": "Odd"}),
        ("Organisations", 1, {"OrganisationTelephone": None}, {"OrganisationTelephone": ""}),
        ("Organisations", 3, {"OrganisationExtraCustom8": "cus_1"}, {"OrganisationExtraCustom8": "cus_1"}),
        ("Persons", 1, {"PersonOrganisationId": 2}, {"PersonOrganisationId": 2}),
        ("Persons", 1, {"PersonLastName": ""}, {"PersonName": "Bat"}),
        ("Products", 1, {"ProductPrice": 3}, {"ProductTotalPrice": 6.0}),
    ],
)
def test_a_person_is_not_held_to_what_the_api_checks(
    stage: Stage, entity: str, key: int, values: dict[str, Any], shown: dict[str, Any]
) -> None:
    assert stage.control("edit", entity=entity, key=key, values=values).status_code == 200
    row = stage.get(f"/{entity}/{key}")
    assert {name: row[name] for name in shown} == shown


@pytest.mark.parametrize(
    ("path", "order", "sentence"),
    [
        ("edit", {"entity": "Persons", "key": 77, "values": {}}, "Person 77 was not found."),
        ("edit", {"entity": "Persons", "key": "x", "values": {}}, "x is no id: ids are numbers."),
        ("edit", {"entity": "Persons", "key": 1, "values": {"Shoe": 1}}, "Persons have no Shoe."),
        (
            "edit",
            {"entity": "Products", "key": 1, "values": {"ProductPrice": "free"}},
            "The value 'free' is not valid for ProductPrice.",
        ),
        ("remove", {"entity": "Products", "key": 77}, "Product 77 was not found."),
        ("create", {"entity": "Invoices", "values": {}}, "There is no Invoices"),
        ("act/merge", {"from": 1, "into": 1}, "An organisation cannot be merged into itself."),
        ("act/merge", {"from": 1, "into": 77}, "Organisation 77 was not found."),
        ("act/merge", {"from": 1}, "None is no id"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    stage: Stage, path: str, order: dict[str, Any], sentence: str
) -> None:
    answer = stage.control(path, **order)
    assert answer.status_code == 400
    assert sentence in answer.json["error"]


def test_a_person_makes_a_record(stage: Stage) -> None:
    values = {"OrganisationName": "Ny", "OrganisationStatus": "Kunde"}
    assert stage.control("create", entity="Organisations", values=values).json == {"key": 4}
    row = stage.get("/Organisations/4")
    assert (row["OrganisationCompareName"], row["OrganisationCreatedBy"]) == ("NY", "Kari Nordmann")


def test_an_organisation_takes_what_belongs_to_it_along(stage: Stage) -> None:
    stage.control("remove", entity="Organisations", key=1)
    assert stage.refused("GET", "/Organisations/1")[0] == 404
    assert [row["PersonId"] for row in stage.get("/Persons")] == [2]


def test_a_merge_moves_what_belongs_to_the_organisation(stage: Stage) -> None:
    stage.control("act/merge", **{"from": 1, "into": 2}, by="Jens Hansen")
    assert stage.refused("GET", "/Organisations/1")[0] == 404
    persons = stage.get("/Organisations/2/Persons")
    assert [(row["PersonId"], row["PersonUpdatedBy"]) for row in persons] == [
        (1, "Jens Hansen"),
        (2, "webCRM import"),
    ]


def test_a_reset_brings_the_first_records_back(stage: Stage) -> None:
    before = stage.http.get("/_control/state").json
    stage.turn(rate_limit_per_minute=3)
    stage.control("remove", entity="Organisations", key=1)
    stage.call("POST", "/Organisations", {"OrganisationId": 0, "OrganisationName": "Ny"})
    stage.control("reset")
    assert stage.http.get("/_control/state").json == before
    assert [stage.call("GET", "/Auth").status_code for _ in range(4)] == [200] * 4


def test_a_reset_counts_creates_from_the_start(stage: Stage) -> None:
    stage.call("POST", "/Organisations", {"OrganisationId": 0, "OrganisationName": "Ny"})
    stage.control("reset")
    stage.turn(id_clash_every=2)
    new = {"OrganisationId": 0, "OrganisationName": "Nyere"}
    assert [stage.call("POST", "/Organisations", new).status_code for _ in range(2)] == [200, 500]


def test_a_restarted_webcrm_has_the_same_records_hooks_and_look_ups(tmp_path: Path) -> None:
    path = tmp_path / "webcrm.sqlite3"
    first = started(path)
    hook = {
        "Id": 0,
        "EventType": "Update",
        "Filter": ["All"],
        "IsEnabled": True,
        "TargetUrl": "http://127.0.0.1:9/",
    }
    call(first, "POST", "/Persons/Hooks", hook)
    call(first, "POST", "/Products/LinkedData", {"LinkedDataItemData1": "70"})
    call(first, "PUT", "/Organisations/1", {"OrganisationId": 1, "OrganisationCity": "Bodø"})
    call(first, "DELETE", "/Products/1")
    paths = ("/Organisations", "/Persons", "/Products", "/Persons/Hooks", "/Products/LinkedData")
    before = [call(first, "GET", each) for each in paths]
    first.close()
    second = started(path)
    assert [call(second, "GET", each) for each in paths] == before
    assert call(second, "POST", "/Products", {"ProductId": 0, "ProductOrganisationId": 3}) == 2
    second.close()


def started(path: Path) -> Server:
    ground = Ground(storage=Storage(path))
    return Server(WebCrm(ground, ROWS), ground)


def call(server: Server, method: str, path: str, body: Any = None) -> Any:
    http = Client(server)
    form = {"authCode": "00000000-0000-0000-0000-000000000001"}
    answer = http.post("/Auth/ApiLogin", data=form, headers={"Accept": "application/json"})
    headers = {"Authorization": f"Bearer {answer.json['AccessToken']}", "Accept": "application/json"}
    answer = http.open(path, method=method, json=body, headers=headers)
    assert answer.status_code == 200
    return answer.json if answer.data else None
