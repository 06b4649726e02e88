"""Turning a request's body into a whole record that may be stored, or into the details of why not."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

from sandbox.customerp.checks import unwritable, wrong_values
from sandbox.customerp.problems import Detail
from sandbox.customerp.rows import Row
from sandbox.customerp.schemas import NUMBERED, SCHEMAS, Schema

SPACING = re.compile(r"[\s.\-\u00a0]")
BLANK_IS_NULL = ("organizationNumber", "externalReference")
NORWEGIAN_DIGITS = 9


def blank(entity: str) -> Row:
    """A record of this entity with nothing but defaults."""
    return {name: _default(field) for name, field in SCHEMAS[entity]["properties"].items()}


def merged(current: Row, patch: Row, schema: Schema) -> Row:
    """`current` with the patch laid over it: absent leaves, null clears, nested parts merge."""
    result = dict(current)
    for name, value in patch.items():
        field = schema["properties"].get(name, {})
        result[name] = _laid_over(current.get(name), value, field) if "properties" in field else value
    return result


def replaced(entity: str, current: Row, body: Row) -> Row:
    """A full replacement: what is absent falls back to its default; kept fields and the number stay."""
    schema = SCHEMAS[entity]
    base = blank(entity)
    stays = {name for name, field in schema["properties"].items() if field.get("readOnly")}
    stays |= {NUMBERED[entity]} if entity in NUMBERED else set()
    return merged(base | {name: current[name] for name in stays}, body, schema)


def normalised(row: Row) -> Row:
    """Organisation numbers without their spacing; blank unique fields as null."""
    number = row.get("organizationNumber")
    if isinstance(number, str):
        row = row | {"organizationNumber": SPACING.sub("", number)}
    return row | {name: None for name in BLANK_IS_NULL if row.get(name) == ""}


def problems(entity: str, body: Row, draft: Row, current: Row) -> list[Detail]:
    """Everything wrong with the body and with the record it would make."""
    schema = SCHEMAS[entity]
    known = {name: value for name, value in draft.items() if name in schema["properties"]}
    details = [*unwritable(schema, body, current), *wrong_values(schema, known)]
    details.extend(_wrong_number(known))
    number = NUMBERED.get(entity)
    if number and current and known[number] in (None, ""):
        details.append(Detail(number, "required", f"{schema['properties'][number]['title']} is required."))
    return details


def changed_fields(before: Row, after: Row) -> list[str]:
    """Top-level names whose values differ."""
    return [name for name, value in after.items() if before.get(name) != value]


def _default(field: Schema) -> Any:
    if "default" in field:
        return field["default"]
    nested = field.get("properties")
    return dict.fromkeys(nested) if nested and "postalCode" in nested else None


def _laid_over(current: Any, value: Any, field: Schema) -> Any:
    """A null address becomes an address of nulls, so that readers always find its parts."""
    if value is None:
        return deepcopy(_default(field))
    if not isinstance(value, dict):
        return value
    return (current or dict.fromkeys(field["properties"])) | value


def _wrong_number(row: Row) -> list[Detail]:
    number = row.get("organizationNumber")
    if not isinstance(number, str):
        return []
    if not (number.isascii() and number.isdigit()):
        return [Detail("organizationNumber", "invalid_format", "Organisation number must be digits only.")]
    home = row.get("postalAddress")
    norwegian = isinstance(home, dict) and home.get("countryCode") == "NO"
    if norwegian and len(number) != NORWEGIAN_DIGITS:
        return [Detail("organizationNumber", "invalid_format", "A Norwegian number has 9 digits.")]
    return []
