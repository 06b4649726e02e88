"""`/FieldsMetadata` and the linked look-ups: what a set-up page asks for."""

from __future__ import annotations

from typing import Any, Final

from sandbox.webcrm import setup
from sandbox.webcrm.checks import Checks
from sandbox.webcrm.fields import SHAPES, Field, Shape
from sandbox.webcrm.problems import bad_request
from sandbox.webcrm.switches import Switches

DISPLAY: Final = {
    "text": "T",
    "memo": "M",
    "int": "I",
    "number": "I",
    "bool": "C",
    "date": "DT",
    "object": "NONE",
}
"""The meanings are documented nowhere; these are the ones a reader would guess."""

OTHER_TYPES: Final = ("activity", "delivery", "event", "opportunity", "supportcase", "user")
"""Entities whose fields this webCRM does not know: asked for, they have none."""

FIRST_ID: Final = {"Organisations": 1000, "Persons": 2000, "Products": 3000}


def described(types: str, switches: Switches, checks: Checks) -> list[dict[str, Any]]:
    """The fields of these entities, `Organisation,Person` or `All`; 400 for an unknown one."""
    wanted = {each.strip().lower() for each in types.split(",")}
    known = {shape.prefix.lower(): shape for shape in SHAPES.values()}
    unknown = wanted - known.keys() - {"all", *OTHER_TYPES}
    if unknown:
        raise bad_request(f"The value '{', '.join(sorted(unknown))}' is not valid for entityTypes.")
    return [
        _described(shape, field, order, checks)
        for name, shape in known.items()
        if name in wanted or "all" in wanted
        for order, field in enumerate(shape.fields.values())
        if not (field.newer and switches.legacy_2019)
    ]


def _described(shape: Shape, field: Field, order: int, checks: Checks) -> dict[str, Any]:
    options = [{"Text": text, "Value": str(at)} for at, text in enumerate(field.options, start=1)]
    return {
        "FieldMetadataId": FIRST_ID[shape.entity] + order,
        "FieldMetadataDbFieldName": _column(shape, field),
        "FieldMetadataFriendlyFieldName": field.name,
        "FieldMetadataLabel": field.label,
        "FieldMetadataSortOrder": order,
        "FieldMetadataTextFieldMaxLength": checks.longest(field) if field.textual else None,
        "FieldMetadataDisplayType": setup.DISPLAY_TYPES.get(
            field.name, "L" if options else DISPLAY[field.kind]
        ),
        "FieldMetadataDropdownListData": options,
    }


def _column(shape: Shape, field: Field) -> str:
    """`OrganisationName` is `o_name` in the database: assumed from the columns queries let slip."""
    plain = field.name.removeprefix(shape.prefix)
    return f"{shape.prefix[0].lower()}_{plain[0].lower()}{plain[1:]}"


def linked_setup(shape: Shape) -> dict[str, Any]:
    """Which field each of a look-up row's nine texts fills; no look-ups are set up for most entities."""
    names = list(shape.fields)
    filled = [f"ProductCustom{number}" for number in range(1, 6)] if shape.entity == "Products" else []
    ids = [FIRST_ID[shape.entity] + names.index(name) for name in filled]
    ids += [0] * (9 - len(ids))
    return {
        **{f"LinkedSetupField{at}": key for at, key in enumerate(ids, start=1)},
        "MemoField": FIRST_ID[shape.entity] + names.index(f"{shape.prefix}Memo"),
        "IsUniqueValueRequired": False,
        "LinkMode": "Regular",
        "LookupMode": "DropdownLists",
        "UseItemGroup": False,
    }
