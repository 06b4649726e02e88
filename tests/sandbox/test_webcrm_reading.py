"""Lists, single reads, and the conventions of what a record looks like."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.seed.world import make_world
from tests.sandbox.webcrm_stage import READER, Stage


@pytest.fixture
def stage() -> Stage:
    return Stage()


def many(count: int) -> Stage:
    rows = [{"OrganisationId": at, "OrganisationName": f"Firma {at}"} for at in range(1, count + 1)]
    return Stage({"Organisations": rows})


def test_a_list_is_a_bare_array_in_the_order_of_ids() -> None:
    stage = many(120)
    assert ids(stage.get("/Organisations", Page=2, Size=50)) == list(range(51, 101))
    assert ids(stage.get("/Organisations", page=3, size=50)) == list(range(101, 121))
    assert stage.get("/Organisations", Page=4, Size=50) == []


def test_without_a_size_fifty_come() -> None:
    assert len(many(120).get("/Organisations")) == 50


@pytest.mark.parametrize("query", [{"Size": 1001}, {"Size": 0}, {"Page": 0}, {"Page": -1}, {"Page": "x"}])
def test_pages_out_of_range_are_refused(stage: Stage, query: dict[str, Any]) -> None:
    status, message = stage.refused("GET", "/Persons", **query)
    assert status == 400
    assert "must be between 1 and" in message


def test_unknown_query_names_do_not_filter(stage: Stage) -> None:
    assert len(stage.get("/Persons", PersonEmail="nobody@example.no")) == 2


def test_new_rows_come_last_in_a_list(stage: Stage) -> None:
    stage.call("POST", "/Organisations", {"OrganisationId": 0, "OrganisationName": "Ny"})
    assert ids(stage.get("/Organisations")) == [1, 2, 3, 4]


def test_a_record_shows_every_field_and_only_its_own(stage: Stage) -> None:
    assert len(stage.get("/Organisations/1")) == 116
    assert len(stage.get("/Persons/1")) == 90
    assert len(stage.get("/Products/1")) == 56
    assert all(name.startswith("Person") for name in stage.get("/Persons/1"))


@pytest.mark.parametrize(
    ("path", "field", "shown"),
    [
        ("/Organisations/3", "OrganisationTelephone", ""),
        ("/Organisations/3", "OrganisationOwner", 0),
        ("/Organisations/3", "OrganisationNoAds", False),
        ("/Organisations/3", "OrganisationXDate1", "0001-01-01T00:00:00+00:00"),
        ("/Organisations/3", "OrganisationPlus2", None),
        ("/Organisations/3", "OrganisationPlus1", "0"),
        ("/Organisations/3", "OrganisationStatus", "-- vælg --"),
        ("/Organisations/2", "OrganisationType", "-- vælg --"),
        ("/Organisations/1", "OrganisationStatus", "Kunde"),
        ("/Organisations/3", "OrganisationLastItemType", "Undefined"),
        ("/Organisations/3", "OrganisationCountryData", None),
        ("/Organisations/1", "OrganisationCountryData", {"CodeISO": "NO", "Name": "Norge"}),
        ("/Organisations/1", "OrganisationCompareName", "AKKURATAS3"),
        ("/Organisations/2", "OrganisationCompareName", "OHARASBLOMSTER"),
        ("/Organisations/1", "OrganisationTelephoneSearch", "-4722000000-22000001"),
        ("/Organisations/1", "OrganisationCreatedBy", "webCRM import"),
        ("/Persons/1", "PersonName", "Bat Man"),
        ("/Persons/1", "PersonTelephoneSearch", "-2233-4455"),
        ("/Persons/1", "PersonStatus", "Active"),
        ("/Persons/1", "PersonCustom4", "No"),
        ("/Persons/1", "PersonPassword", "(censored)"),
        ("/Persons/2", "PersonPassword", "(censored)"),
        ("/Persons/1", "PersonLastLoginDateTime", None),
        ("/Products/1", "ProductCombined", "70, Steam washer"),
        ("/Products/1", "ProductTotalPrice", 201.0),
        ("/Products/1", "ProductCostPrice", 0.0),
    ],
)
def test_values_follow_the_conventions(stage: Stage, path: str, field: str, shown: Any) -> None:
    assert stage.get(path)[field] == shown


def test_stamps_are_whole_seconds_with_the_offset_of_the_servers_zone() -> None:
    winter, summer = "2015-12-13T12:17:47.123Z", "2022-08-11T07:45:34Z"
    rows = [{"OrganisationId": 1, "OrganisationCreatedAt": winter, "OrganisationUpdatedAt": summer}]
    stage = Stage({"Organisations": rows})
    row = stage.get("/Organisations/1")
    assert row["OrganisationCreatedAt"] == "2015-12-13T12:17:47+00:00"
    assert row["OrganisationUpdatedAt"] == "2022-08-11T08:45:34+01:00"
    stage.turn(timezone="Europe/Copenhagen")
    assert stage.get("/Organisations/1")["OrganisationUpdatedAt"] == "2022-08-11T09:45:34+02:00"


def test_the_placeholder_is_in_the_systems_language(stage: Stage) -> None:
    stage.turn(dropdown_placeholder="--Velg--")
    assert stage.get("/Organisations/3")["OrganisationStatus"] == "--Velg--"


def test_a_system_of_2019_shows_nothing_newer(stage: Stage) -> None:
    stage.turn(legacy_2019=True)
    row = stage.get("/Organisations/1")
    assert len(row) == 109
    assert "OrganisationDeliveryAddress" not in row
    assert "SystemId" not in stage.log_in(READER)
    assert stage.refused("GET", "/Persons/ByOrganisation/1")[0] == 404


def test_a_missing_record_is_404_or_an_empty_204(stage: Stage) -> None:
    assert stage.refused("GET", "/Persons/77") == (404, "Person 77 was not found.")
    stage.turn(missing_as_204=True)
    answer = stage.call("GET", "/Persons/77")
    assert (answer.status_code, answer.data) == (204, b"")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/Organisations/1/Persons", [1]),
        ("/Persons/ByOrganisation/2", [2]),
        ("/Organisations/3/Persons", []),
    ],
)
def test_the_persons_of_an_organisation(stage: Stage, path: str, found: list[int]) -> None:
    assert [row["PersonId"] for row in stage.get(path)] == found


def test_the_products_of_an_organisation(stage: Stage) -> None:
    assert [row["ProductId"] for row in stage.get("/Organisations/3/Products")] == [1]
    assert stage.refused("GET", "/Organisations/77/Products")[0] == 404


@pytest.mark.parametrize(
    "path", ["Organisations/1/Relations", "Organisations/1/SupportCases", "Persons/1/Relations"]
)
def test_other_things_of_a_record_are_none(stage: Stage, path: str) -> None:
    assert stage.get(f"/{path}") == []


@pytest.mark.parametrize(
    ("dates", "found"),
    [
        ("2026-01-11T10:00:00/2026-01-12T10:00:00", [1]),
        ("2026-01-11T10:00:01Z/2026-02-02T00:00:01Z", [2, 3]),
        ("2026-01-11/2026-01-12", [1]),
        ("2030-01-01/2031-01-01", []),
    ],
)
def test_organisations_by_update_date_from_and_until(stage: Stage, dates: str, found: list[int]) -> None:
    assert ids(stage.get(f"/Organisations/FindByUpdateDates/{dates}", Page=1, Size=9)) == found


def test_organisations_by_creation_date(stage: Stage) -> None:
    found = stage.get("/Organisations/FindByCreateDates/2026-01-10T09:00:00Z/2026-01-10T09:00:01Z", Size=1)
    assert ids(found) == [1]
    assert stage.refused("GET", "/Organisations/FindByCreateDates/soon/later")[0] == 400


def test_users_are_listed_and_paged(stage: Stage) -> None:
    assert [user["UserId"] for user in stage.get("/Users", Page=2, Size=3)] == [4]
    assert all(user["UserIsActive"] for user in stage.get("/Users/AllActive"))


def test_the_seeds_rows_become_whole_records() -> None:
    world = make_world(customers=60, contacts=80, products=40, seed=1)
    stage = Stage(world.crm)
    for entity in ("Organisations", "Persons", "Products"):
        rows = stage.get(f"/{entity}", Size=1000)
        key = f"{entity[:-1]}Id"
        assert [row[key] for row in rows] == [row[key] for row in world.crm[entity]]
        assert stage.http.get(f"/_control/state/{entity}").json == rows


def ids(rows: list[dict[str, Any]]) -> list[int]:
    return [row["OrganisationId"] for row in rows]
