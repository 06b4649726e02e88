"""What a set-up page asks for: field metadata and look-up tables."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.webcrm_stage import Stage


@pytest.fixture
def stage() -> Stage:
    return Stage()


def by_name(fields: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {field["FieldMetadataFriendlyFieldName"]: field for field in fields}


def test_a_field_is_described_by_these_members(stage: Stage) -> None:
    field = by_name(stage.get("/FieldsMetadata/Product"))["ProductCustom1"]
    assert isinstance(field.pop("FieldMetadataId"), int)
    assert isinstance(field.pop("FieldMetadataSortOrder"), int)
    assert field == {
        "FieldMetadataDbFieldName": "p_custom1",
        "FieldMetadataFriendlyFieldName": "ProductCustom1",
        "FieldMetadataLabel": "Varenummer",
        "FieldMetadataTextFieldMaxLength": 100,
        "FieldMetadataDisplayType": "T",
        "FieldMetadataDropdownListData": [],
    }


@pytest.mark.parametrize(
    ("types", "count"),
    [
        ("Organisation", 116),
        ("person", 90),
        ("Product", 56),
        ("All", 262),
        ("Person,Product", 146),
        ("User", 0),
    ],
)
def test_the_fields_of_each_entity(stage: Stage, types: str, count: int) -> None:
    assert len(stage.get(f"/FieldsMetadata/{types}")) == count


def test_all_fields_have_ids_of_their_own(stage: Stage) -> None:
    fields = stage.get("/FieldsMetadata")
    assert len({field["FieldMetadataId"] for field in fields}) == len(fields) == 262


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("OrganisationExtraCustom1", "CVR/Org.nr"),
        ("OrganisationExtraCustom2", "Debitornr"),
        ("OrganisationExtraCustom8", "ERP-id"),
        ("PersonCustom5", "ERP-id"),
        ("ProductCustom1", "Varenummer"),
        ("ProductCustom2", "Navn"),
        ("ProductCustom3", "ERP-id"),
        ("ProductCustom4", "Enhed"),
        ("ProductCustom5", "GTIN"),
        ("ProductCustom9", "Custom9"),
    ],
)
def test_labels(stage: Stage, name: str, label: str) -> None:
    assert by_name(stage.get("/FieldsMetadata/All"))[name]["FieldMetadataLabel"] == label


@pytest.mark.parametrize(
    ("name", "longest"),
    [
        ("OrganisationName", 200),
        ("OrganisationDivisionName", 200),
        ("OrganisationAddress", 250),
        ("OrganisationVatCountry", 10),
        ("OrganisationVatGroup", 20),
        ("OrganisationTelephone", 50),
        ("OrganisationWww", 50),
        ("OrganisationExtraCustom8", 50),
        ("OrganisationComment", None),
        ("OrganisationOwner", None),
    ],
)
def test_lengths(stage: Stage, name: str, longest: int | None) -> None:
    assert by_name(stage.get("/FieldsMetadata/All"))[name]["FieldMetadataTextFieldMaxLength"] == longest


def test_drop_downs_list_their_texts(stage: Stage) -> None:
    fields = by_name(stage.get("/FieldsMetadata/Organisation,Person"))
    status = fields["OrganisationStatus"]
    assert status["FieldMetadataDisplayType"] == "L"
    assert status["FieldMetadataDropdownListData"][0] == {"Text": "Kunde", "Value": "1"}
    assert [each["Text"] for each in fields["PersonStatus"]["FieldMetadataDropdownListData"]] == [
        "Active",
        "Resigned",
        "Other",
        "Guest",
    ]


def test_an_old_system_says_so(stage: Stage) -> None:
    stage.turn(legacy_2019=True, max_name=50)
    fields = by_name(stage.get("/FieldsMetadata/Organisation"))
    assert len(fields) == 109
    assert fields["OrganisationName"]["FieldMetadataTextFieldMaxLength"] == 50


def test_an_unknown_entity_type_is_refused(stage: Stage) -> None:
    assert stage.refused("GET", "/FieldsMetadata/Invoice")[0] == 400


def test_the_linked_set_up_names_the_fields_that_are_filled(stage: Stage) -> None:
    setup = stage.get("/Products/LinkedSetup")
    fields = by_name(stage.get("/FieldsMetadata/Product"))
    assert setup["LinkedSetupField1"] == fields["ProductCustom1"]["FieldMetadataId"]
    assert setup["LinkedSetupField9"] == 0
    assert setup["MemoField"] == fields["ProductMemo"]["FieldMetadataId"]
    assert (setup["LinkMode"], setup["LookupMode"]) == ("Regular", "DropdownLists")


@pytest.mark.parametrize(
    ("entity", "prefix"), [("Products", "LinkedDataItem"), ("QuotationLines", "QuotationLineLinkedDataItem")]
)
def test_look_up_rows_are_made_changed_and_removed(stage: Stage, entity: str, prefix: str) -> None:
    path = f"/{entity}/LinkedData"
    assert stage.call("POST", path, {f"{prefix}Id": 0, f"{prefix}Data1": "70"}).data == b"1"
    assert stage.call("POST", path, {f"{prefix}Data1": "71"}).data == b"2"
    row = stage.get(f"{path}/1")
    assert (row[f"{prefix}Id"], row[f"{prefix}Data1"], row[f"{prefix}Data2"]) == (1, "70", "-")
    stage.call("PUT", f"{path}/1", {f"{prefix}Data2": "Steam washer"})
    assert stage.get(path)[0][f"{prefix}Data2"] == "Steam washer"
    assert stage.refused("PUT", f"{path}/1", {f"{prefix}Data2": ""})[0] == 400
    stage.call("DELETE", f"{path}/1")
    assert stage.refused("GET", f"{path}/1")[0] == 404


def test_a_delete_without_an_id_wipes_the_whole_table(stage: Stage) -> None:
    for _ in range(2):
        stage.call("POST", "/Products/LinkedData", {})
    stage.call("DELETE", "/Products/LinkedData")
    assert stage.get("/Products/LinkedData") == []
