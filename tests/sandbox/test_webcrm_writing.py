"""Creating, updating and removing through the API: what is accepted, refused, kept and stamped."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.webcrm_stage import CREATED, STARTED, TOO_LONG_NAME, Stage, organisation, person


@pytest.fixture
def stage() -> Stage:
    return Stage()


def put(stage: Stage, **values: Any) -> dict[str, Any]:
    """Updates organisation 1 and shows it."""
    answer = stage.call("PUT", "/Organisations/1", {"OrganisationId": 1} | values)
    assert (answer.status_code, answer.data) == (200, b"")
    row: dict[str, Any] = stage.get("/Organisations/1")
    return row


def test_creating_a_person_or_a_product_answers_the_bare_id(stage: Stage) -> None:
    assert stage.call("POST", "/Persons", person()).data == b"3"
    product = {"ProductId": 0, "ProductOrganisationId": 3, "ProductPrice": "12.50"}
    assert stage.call("POST", "/Products", product).data == b"2"
    assert stage.get("/Products/2")["ProductPrice"] == 12.5


@pytest.mark.parametrize(
    ("returns", "body"),
    [("object", b'{"OrganisationId":4}'), ("integer", b"4"), ("text", b'"4"'), ("empty", b"")],
)
def test_creating_an_organisation_answers_in_one_of_several_ways(
    stage: Stage, returns: str, body: bytes
) -> None:
    stage.turn(post_organisation_returns=returns)
    answer = stage.call("POST", "/Organisations", organisation())
    assert (answer.status_code, answer.data) == (200, body)
    assert stage.get("/Organisations/4")["OrganisationName"] == "Ny AS"


def test_a_numeric_text_as_id_and_unknown_properties_are_accepted(stage: Stage) -> None:
    body = organisation(OrganisationId="0", OrganisationShoeSize=43, organisationcity="Oslo")
    assert stage.call("POST", "/Organisations", body).json == {"OrganisationId": 4}
    assert stage.get("/Organisations/4")["OrganisationCity"] == "Oslo"


def test_a_create_is_stamped_with_the_name_of_the_token(stage: Stage) -> None:
    stage.call("POST", "/Persons", person(PersonCreatedBy="me", PersonName="Other"))
    row = stage.get("/Persons/3")
    assert (row["PersonCreatedAt"], row["PersonUpdatedAt"]) == (STARTED, STARTED)
    assert (row["PersonCreatedBy"], row["PersonUpdatedBy"]) == ("api2 hub", "api2 hub")
    assert row["PersonName"] == "Ny"


def test_a_put_changes_only_what_it_carries_and_stamps_the_record(stage: Stage) -> None:
    before = stage.get("/Organisations/1")
    after = put(stage, OrganisationCity="Oslo", OrganisationFax=None)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"OrganisationCity", "OrganisationUpdatedAt", "OrganisationUpdatedBy"}
    assert after["OrganisationUpdatedBy"] == "api2 hub"
    assert after["OrganisationCreatedAt"] == CREATED


def test_a_put_that_changes_nothing_stamps_the_record_all_the_same(stage: Stage) -> None:
    assert put(stage)["OrganisationUpdatedAt"] == STARTED


@pytest.mark.parametrize(
    ("field", "value", "cleared", "shown"),
    [
        ("OrganisationTelephone", "22", "", ""),
        ("OrganisationOwner", 3, 0, 0),
        ("OrganisationXDate1", "2026-05-01", "0001-01-01T00:00:00+00:00", "0001-01-01T00:00:00+00:00"),
        ("OrganisationXDate1", "2026-05-01", "0001-01-01T00:00:00", "0001-01-01T00:00:00+00:00"),
        ("OrganisationStatus", "Inaktiv", "", "-- vælg --"),
        ("OrganisationStatus", "Inaktiv", "-- vælg --", "-- vælg --"),
        ("OrganisationNoAds", True, False, False),
        ("OrganisationPlus2", "x", "", None),
    ],
)
def test_each_kind_of_value_has_its_way_of_being_cleared(
    stage: Stage, field: str, value: Any, cleared: Any, shown: Any
) -> None:
    assert put(stage, **{field: value})[field] != shown
    put(stage, **{field: None})
    assert stage.get("/Organisations/1")[field] != shown
    assert put(stage, **{field: cleared})[field] == shown


@pytest.mark.parametrize(
    "field",
    ["CreatedAt", "UpdatedAt", "CreatedBy", "UpdatedBy", "CompareName", "TelephoneSearch", "History"],
)
def test_server_kept_fields_are_passed_over(stage: Stage, field: str) -> None:
    name = f"Organisation{field}"
    assert put(stage, **{name: "2001-01-01T00:00:00+00:00"})[name] != "2001-01-01T00:00:00+00:00"


def test_derived_fields_follow(stage: Stage) -> None:
    row = put(stage, OrganisationName="Ærlig & Sønn", OrganisationTelephone="", OrganisationCountry="Sverige")
    assert row["OrganisationCompareName"] == "ÆRLIGSØNN3"
    assert row["OrganisationTelephoneSearch"] == "--22000001"
    assert row["OrganisationCountryData"] == {"CodeISO": "SE", "Name": "Sverige"}


def test_the_history_grows_with_each_status_change_only(stage: Stage) -> None:
    first = put(stage, OrganisationStatus="Inaktiv")["OrganisationHistory"]
    assert first.startswith("<tr><td>")
    assert put(stage, OrganisationCity="Oslo")["OrganisationHistory"] == first
    assert len(put(stage, OrganisationType="A Kunde")["OrganisationHistory"]) > len(first)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"OrganisationName": "x" * 201}, TOO_LONG_NAME),
        ({"OrganisationCity": "x" * 51}, "OrganisationCity must be a string with a maximum length of 50."),
        ({"OrganisationName": ""}, "The OrganisationName field is required."),
        ({"OrganisationStatus": "Kunnde"}, "The value 'Kunnde' is not valid for OrganisationStatus."),
        ({"OrganisationOwner": "x"}, "The value 'x' is not valid for OrganisationOwner."),
        ({"OrganisationOwner": 2**31}, "is not valid for OrganisationOwner."),
        ({"OrganisationOwner": 1.5}, "is not valid for OrganisationOwner."),
        ({"OrganisationNoAds": "maybe"}, "is not valid for OrganisationNoAds."),
        ({"OrganisationXDate1": "yesterday"}, "is not valid for OrganisationXDate1."),
        ({"OrganisationCity": "\ud83d"}, "is not valid for OrganisationCity."),
        ({"OrganisationCity": ["Oslo"]}, "is not valid for OrganisationCity."),
        ({"OrganisationExtraCustom8": "CUS_2"}, "in use: it must be unique."),
        ({"OrganisationId": 2}, "The field OrganisationId must be the id in the address."),
    ],
)
def test_an_update_that_does_not_validate_is_refused(
    stage: Stage, values: dict[str, Any], message: str
) -> None:
    stage.control("edit", entity="Organisations", key=2, values={"OrganisationExtraCustom8": "cus_2"})
    before = stage.get("/Organisations/1")
    status, text = stage.refused("PUT", "/Organisations/1", {"OrganisationId": 1} | values)
    assert status == 400
    assert message in text
    assert stage.get("/Organisations/1") == before


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/Persons", {"PersonId": 0, "PersonOrganisationId": 1}, "The PersonLastName field is required."),
        ("/Persons", {"PersonId": 0, "PersonLastName": "x"}, "The PersonOrganisationId field is required."),
        ("/Persons", person(PersonOrganisationId=77), "Organisation 77 was not found."),
        ("/Persons", person(PersonStatus="Gone"), "The value 'Gone' is not valid for PersonStatus."),
        ("/Persons", {"PersonLastName": "x"}, "The PersonId field is required."),
        ("/Persons", person(PersonId=7), "The field PersonId must be 0."),
        ("/Products", {"ProductId": 0}, "The ProductOrganisationId field is required."),
        (
            "/Products",
            {"ProductId": 0, "ProductOrganisationId": 3, "ProductPrice": "free"},
            "is not valid for ProductPrice.",
        ),
        ("/Organisations", {"OrganisationId": 0}, "The OrganisationName field is required."),
        ("/Organisations", organisation(OrganisationExtraCustom8="CUS_1"), "it must be unique."),
        ("/Organisations", [], "The request body must be a JSON object."),
    ],
)
def test_a_create_that_does_not_validate_is_refused(stage: Stage, path: str, body: Any, message: str) -> None:
    status, text = stage.refused("POST", path, body)
    assert status == 400
    assert message in text


def test_every_fault_is_named_in_either_envelope(stage: Stage) -> None:
    body = organisation(OrganisationName="x" * 201, OrganisationOwner="x")
    answer = stage.call("POST", "/Organisations", body)
    owner = "The value 'x' is not valid for OrganisationOwner."
    assert answer.json == {"Message": f"{TOO_LONG_NAME} {owner}", "Type": "ValidationException"}
    stage.turn(error_style="model_state")
    answer = stage.call("POST", "/Organisations", body)
    assert answer.json == {"OrganisationName": [TOO_LONG_NAME], "OrganisationOwner": [owner]}


def test_a_body_that_is_no_json_is_refused(stage: Stage) -> None:
    token = stage.log_in()["AccessToken"]
    answer = stage.http.post("/Persons", data="{", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 400


def test_an_unknown_record_cannot_be_updated(stage: Stage) -> None:
    assert stage.refused("PUT", "/Persons/77", {"PersonId": 77}) == (404, "Person 77 was not found.")


def test_over_long_texts_may_be_cut_instead(stage: Stage) -> None:
    stage.turn(over_long="cut", max_name=50)
    assert put(stage, OrganisationName="x" * 60)["OrganisationName"] == "x" * 50


def test_drop_downs_may_take_any_text(stage: Stage) -> None:
    stage.turn(strict_dropdowns=False)
    assert put(stage, OrganisationStatus="Kunnde")["OrganisationStatus"] == "Kunnde"


def test_any_field_may_be_unique(stage: Stage) -> None:
    stage.turn(unique_fields=["PersonTitle"])
    stage.call("POST", "/Persons", person(PersonTitle="Sjef"))
    assert stage.refused("POST", "/Persons", person(PersonTitle="sjef"))[0] == 400
    assert stage.call("PUT", "/Persons/3", {"PersonId": 3, "PersonTitle": "Sjef"}).status_code == 200


def test_a_person_stays_with_its_organisation(stage: Stage) -> None:
    body = {"PersonId": 1, "PersonOrganisationId": 2, "PersonTitle": "Sjef"}
    assert stage.call("PUT", "/Persons/1", body).status_code == 200
    row = stage.get("/Persons/1")
    assert (row["PersonOrganisationId"], row["PersonTitle"]) == (1, "Sjef")
    stage.turn(organisation_move="reject")
    assert "cannot be changed" in stage.refused("PUT", "/Persons/1", body)[1]


def test_a_mandatory_text_may_stay_absent_on_update(stage: Stage) -> None:
    assert stage.call("PUT", "/Persons/2", {"PersonId": 2, "PersonStatus": "Resigned"}).status_code == 200
    assert stage.get("/Persons/2")["PersonStatus"] == "Resigned"


def test_some_systems_know_better(stage: Stage) -> None:
    stage.turn(spelling=True)
    row = put(stage, OrganisationName="A  B", OrganisationCity="NORDRE LAND", OrganisationAddress="a\r\nb  c")
    assert row["OrganisationName"] == "A B"
    assert row["OrganisationCity"] == "Nordre Land"
    assert row["OrganisationAddress"] == "a\r\nb c"
    stage.call("PUT", "/Products/1", {"ProductId": 1, "ProductPrice": 1.2345})
    assert stage.get("/Products/1")["ProductPrice"] == 1.23


def test_values_are_otherwise_kept_exactly(stage: Stage) -> None:
    text = "  Æ  '\"<b>&🎈\r\n\tx "
    assert put(stage, OrganisationAddress=text)["OrganisationAddress"] == text
