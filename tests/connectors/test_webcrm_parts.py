"""Tables for webCRM: what its answers mean, what is sent, how its rows are read."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from sync.connectors.base import Gone, Nonsense, Refused, Unknown
from sync.connectors.http.messages import Answer
from sync.connectors.webcrm.facts import ENTITIES, ORGANISATIONS, PERSONS, PRODUCTS
from sync.connectors.webcrm.metadata import described
from sync.connectors.webcrm.reading import Reader, moment
from sync.connectors.webcrm.writing import body_of, message_of, new_id, refusal_of, row_result
from sync.core.vocabulary import DataType
from tests.connectors.operations import create, update


@pytest.mark.parametrize(
    ("said", "key", "error"),
    [
        ("145", "145", None),
        (145, "145", None),
        ("0145", "145", None),
        ("0", None, Unknown),
        ("", None, Unknown),
        (None, None, Unknown),
        (True, None, Unknown),
        ({"id": 5}, None, Unknown),
        ("-5", None, Refused),
        ("The field OrganisationName is too long", None, Refused),
        ("Feltet er påkrævet", None, Refused),
    ],
)
def test_what_a_batch_says_of_a_create(said, key, error):
    result = row_result(create(), said)
    assert (result.key, type(result.error) if result.error else None) == (key, error)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("7", None),
        (7, None),
        ("", None),
        (None, None),
        ("8", Unknown),
        ("Organisation 7 was not found.", Gone),
        ("Organisation 99 was not found.", Refused),
        ("PersonOrganisationId 7 was not found", Refused),
        ("12 fejl", Refused),
    ],
)
def test_what_a_batch_says_of_an_update(said, error):
    result = row_result(update("7"), said)
    assert (result.key, type(result.error) if result.error else None) == ("7", error)


def test_a_refusal_names_the_properties_it_speaks_of():
    result = row_result(create(), "The field OrganisationName must be shorter.")
    assert result.error.fields == {"OrganisationName": "The field OrganisationName must be shorter."}


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ({"OrganisationId": 5}, "5"),
        ({"OrganisationId": "5"}, "5"),
        (5, "5"),
        ("5", "5"),
        (0, None),
        (-1, None),
        (True, None),
        (None, None),
        ("", None),
        ({}, None),
        ([5], None),
        (Decimal("5.5"), None),
    ],
)
def test_the_id_a_post_answers_with(body, key):
    assert new_id(ORGANISATIONS, body) == key


@pytest.mark.parametrize(
    ("facts", "operation", "body"),
    [
        (PERSONS, create(PersonLastName="-", PersonEmail=None), {"PersonId": 0, "PersonLastName": "-"}),
        (PERSONS, update("7", PersonEmail=None), {"PersonId": 7, "PersonEmail": ""}),
        (
            PERSONS,
            update("7", PersonBirthday=None),
            {"PersonId": 7, "PersonBirthday": "0001-01-01T00:00:00+00:00"},
        ),
        (PERSONS, update("7", PersonCheckMark1=None), {"PersonId": 7, "PersonCheckMark1": False}),
        (ORGANISATIONS, update("7", OrganisationOwner=None), {"OrganisationId": 7, "OrganisationOwner": 0}),
        (
            ORGANISATIONS,
            update("7", OrganisationNewerThing=None),
            {"OrganisationId": 7, "OrganisationNewerThing": ""},
        ),
        (
            PRODUCTS,
            update("7", ProductPrice=Decimal("1.10")),
            {"ProductId": 7, "ProductPrice": Decimal("1.10")},
        ),
    ],
)
def test_what_is_sent(facts, operation, body):
    assert body_of(facts, operation, facts.properties()) == body


@pytest.mark.parametrize(
    ("facts", "operation", "path"),
    [
        (PERSONS, update("7", PersonOrganisationId=3), "PersonOrganisationId"),
        (PERSONS, update("7", PersonUpdatedAt="x"), "PersonUpdatedAt"),
        (PERSONS, update("7", PersonName="x"), "PersonName"),
        (PERSONS, update("7", PersonPassword="x"), "PersonPassword"),
        (PERSONS, update("7", PersonComment="(censored)"), "PersonComment"),
        (PERSONS, update("7", OrganisationName="x"), "OrganisationName"),
        (PERSONS, update("7", personemail="x"), "personemail"),
        (ORGANISATIONS, update("7", OrganisationTelephoneSearch="x"), "OrganisationTelephoneSearch"),
        (ORGANISATIONS, create(OrganisationId=5), "OrganisationId"),
    ],
)
def test_what_is_never_sent(facts, operation, path):
    with pytest.raises(Refused) as caught:
        body_of(facts, operation, facts.properties())
    assert list(caught.value.fields) == [path]


@pytest.mark.parametrize("key", ["", "abc", "-1", "1 OR 1", "../1"])
def test_an_update_needs_a_real_id(key):
    with pytest.raises(Refused):
        body_of(PERSONS, update(key), PERSONS.properties())


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"Message": "No.", "Type": "X"}, "No."),
        ({"OrganisationName": ["Too long.", "Too odd."]}, "Too long. Too odd."),
        ({"errors": {"PersonEmail": ["Bad."]}, "title": "Invalid"}, "Invalid"),
        ({"IsError": True, "ErrorDescription": "Invalid authCode"}, "Invalid authCode"),
        (["x"], ""),
        (None, ""),
        ({"Message": 5}, ""),
    ],
)
def test_the_sentence_in_an_error(body, said):
    assert message_of(body) == said


def test_model_state_gives_the_properties():
    body = {"errors": {"PersonEmail": ["Bad."]}}
    error = refusal_of(
        update("7"), Answer(status=400, headers={}, body=body, text="", empty=False), "Invalid"
    )
    assert error.fields == {"PersonEmail": "Bad."}


@pytest.mark.parametrize(
    ("path", "raw", "value"),
    [
        ("OrganisationName", "Akkurat", "Akkurat"),
        ("OrganisationType", "-- vælg --", None),
        ("OrganisationType", "--Velg--", None),
        ("OrganisationType", "-- Vælg ---", None),
        ("OrganisationXDate1", "0001-01-01T00:00:00+00:00", None),
        ("OrganisationOwner", 0, None),
        ("OrganisationXInt1", 0, 0),
        ("OrganisationPlus1", 42, "42"),
        ("OrganisationPlus1", Decimal("4.20"), "4.20"),
        ("OrganisationPlus1", None, None),
        ("OrganisationComment", "", ""),
        ("OrganisationComment", "-", "-"),
        ("OrganisationComment", "a\x00b", "ab"),
        ("OrganisationNoAds", True, True),
    ],
)
def test_how_a_value_is_read(path, raw, value):
    record = Reader(ORGANISATIONS, "").record({"OrganisationId": 1, path: raw})
    assert record.values[path] == value


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("RowNumber", 1),
        ("p_lastLogin", "x"),
        ("OrganisationName", "x"),
        ("PersonPassword", "(censored)"),
        ("PersonCampaignPassword", "secret"),
        ("PersonMemberPassword", None),
        ("PersonHistory", "<tr>"),
        ("PersonComment", "(censored)"),
        ("PersonMemberships", []),
    ],
)
def test_what_is_dropped_before_anybody_sees_it(name, raw):
    assert Reader(PERSONS, "").record({"PersonId": 1, name: raw}).values == {"PersonId": 1}


def test_nested_parts_are_flat():
    row = {"OrganisationId": 1, "OrganisationCountryData": {"CodeISO": "DK", "Name": "Danmark", "x": {}}}
    values = Reader(ORGANISATIONS, "").record(row).values
    assert values["OrganisationCountryData.CodeISO"] == "DK"


@pytest.mark.parametrize(
    ("by", "ours"), [("api2 hub", True), ("API2 Hub", True), ("Kari", False), (None, False)]
)
def test_the_hubs_own_writes_are_known_by_their_editor(by, ours):
    assert Reader(PERSONS, "api2 hub").record({"PersonId": 1, "PersonUpdatedBy": by}).by_hub is ours


def test_without_a_name_nothing_is_the_hubs():
    assert not Reader(PERSONS, "").record({"PersonId": 1, "PersonUpdatedBy": ""}).by_hub


@pytest.mark.parametrize("key", [None, 0, -1, "7", True])
def test_a_row_without_an_id_is_nonsense(key):
    with pytest.raises(Nonsense):
        Reader(PERSONS, "").record({"PersonId": key})


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2022-08-11T08:45:34+01:00", datetime(2022, 8, 11, 7, 45, 34, tzinfo=UTC)),
        ("2022-08-11T08:45:34.1234567Z", datetime(2022, 8, 11, 8, 45, 34, 123456, tzinfo=UTC)),
        ("2022-08-11T08:45:34", datetime(2022, 8, 11, 8, 45, 34, tzinfo=UTC)),
        ("0001-01-01T00:00:00+00:00", None),
        ("yesterday", None),
        (None, None),
    ],
)
def test_how_a_stamp_is_read(text, read):
    assert moment(text) == read


@pytest.mark.parametrize(
    ("entity", "path", "kind", "length", "read_only"),
    [
        ("Organisations", "OrganisationName", DataType.STRING, 200, False),
        ("Organisations", "OrganisationExtraCustom8", DataType.STRING, 50, False),
        ("Organisations", "OrganisationUpdatedAt", DataType.DATETIME, None, True),
        ("Persons", "PersonOrganisationId", DataType.INTEGER, None, False),
        ("Persons", "PersonCustom15", DataType.STRING, None, False),
        ("Persons", "PersonName", DataType.STRING, None, True),
        ("Products", "ProductPrice", DataType.NUMBER, None, False),
    ],
)
def test_what_is_known_without_asking(entity, path, kind, length, read_only):
    known = ENTITIES[entity].properties()[path]
    assert (known.type, known.max_length, known.read_only) == (kind, length, read_only)


def test_metadata_gives_labels_lengths_and_choices():
    row = {
        "FieldMetadataFriendlyFieldName": "ProductCustom1",
        "FieldMetadataLabel": "Varenummer",
        "FieldMetadataTextFieldMaxLength": 30,
        "FieldMetadataDropdownListData": [{"Text": "A", "Value": "1"}, {"Text": "B", "Value": "2"}],
    }
    known = {p.path: p for p in described(PRODUCTS, [row])}["ProductCustom1"]
    assert (known.label, known.max_length, known.options) == ("Varenummer", 30, ("A", "B"))


def test_newer_properties_count_once_the_system_names_them():
    without = {p.path for p in described(ORGANISATIONS, [])}
    named = [{"FieldMetadataFriendlyFieldName": "OrganisationCountryData"}]
    with_ = {p.path for p in described(ORGANISATIONS, named)}
    assert with_ - without == {"OrganisationCountryData.CodeISO", "OrganisationCountryData.Name"}


def test_no_password_is_ever_described():
    rows = [{"FieldMetadataFriendlyFieldName": "PersonPassword", "FieldMetadataLabel": "Adgangskode"}]
    assert not [p for p in described(PERSONS, rows) if "assword" in p.path]
