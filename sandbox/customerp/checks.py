"""Holding a request's body to the schema: one detail for every field that is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from sandbox.customerp.countries import ALPHA_2
from sandbox.customerp.problems import Detail
from sandbox.customerp.schemas import Schema

EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
DECIMALS = 4

KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "null": (type(None),),
}


def unwritable(schema: Schema, body: dict[str, Any], current: dict[str, Any]) -> Iterator[Detail]:
    """Fields the schema does not know, and kept fields that differ from what the record holds."""
    for name, value in body.items():
        field = schema["properties"].get(name)
        if field is None:
            yield Detail(name, "unknown_field", f"There is no field {name}.")
        elif field.get("readOnly") and current.get(name) != value:
            yield Detail(name, "read_only", f"{field['title']} is kept by the server.")


def wrong_values(schema: Schema, record: dict[str, Any], *, path: str = "") -> Iterator[Detail]:
    """What is wrong with a whole record or a nested part of it; `path` is what stands before its names."""
    for name in schema.get("required", ()):
        if _missing(record.get(name)):
            yield Detail(path + name, "required", f"{schema['properties'][name]['title']} is required.")
    for name, value in record.items():
        field = schema["properties"].get(name)
        if field is None:
            yield Detail(path + name, "unknown_field", f"There is no field {path}{name}.")
        elif not field.get("readOnly") and not (name in schema.get("required", ()) and _missing(value)):
            yield from _wrong(field, value, path + name)


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _wrong(field: Schema, value: Any, path: str) -> Iterator[Detail]:
    if not _is_kind(field["type"], value):
        yield Detail(path, "invalid_type", f"{field['title']} must be {_spoken(field['type'])}.")
    elif isinstance(value, dict):
        yield from wrong_values(field, value, path=f"{path}.")
    elif value is not None:
        problem = _wrong_text(field, value) if isinstance(value, str) else _wrong_number(field, value)
        if problem:
            yield Detail(path, *problem)


def _is_kind(kinds: str | list[str], value: Any) -> bool:
    wanted = [kinds] if isinstance(kinds, str) else kinds
    if isinstance(value, bool):
        return "boolean" in wanted
    return any(isinstance(value, KINDS[kind]) for kind in wanted)


def _spoken(kinds: str | list[str]) -> str:
    return kinds if isinstance(kinds, str) else " or ".join(kinds)


def _wrong_text(field: Schema, value: str) -> tuple[str, str] | None:
    """(code, sentence) or None."""
    length = field.get("maxLength")
    if length is not None and len(value) > length:
        return "too_long", f"{field['title']} must be at most {length} characters."
    if "enum" in field and value not in field["enum"]:
        return "unknown_value", f"{field['title']} must be one of {', '.join(field['enum'])}."
    return _wrong_format(field.get("format"), value)


def _wrong_format(wanted: str | None, value: str) -> tuple[str, str] | None:
    if wanted == "email" and not EMAIL.fullmatch(value):
        return "invalid_format", f"'{value}' is not an e-mail address."
    if wanted == "iso-3166-1-alpha-2" and value not in ALPHA_2:
        return "unknown_value", f"'{value}' is not a country."
    if wanted == "date" and not _is_date(value):
        return "invalid_format", f"'{value}' is not a date like 1980-12-31."
    return None


def _is_date(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _wrong_number(field: Schema, value: float) -> tuple[str, str] | None:
    if value < field.get("minimum", value):
        return "too_small", f"{field['title']} must be at least {field['minimum']}."
    if value > field.get("maximum", value):
        return "too_large", f"{field['title']} must be at most {field['maximum']}."
    if "multipleOf" in field and _decimals(value) > DECIMALS:
        return "too_many_decimals", f"{field['title']} must have at most {DECIMALS} decimals."
    return None


def _decimals(value: float) -> int:
    exponent = Decimal(str(value)).normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) else DECIMALS + 1
