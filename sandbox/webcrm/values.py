"""What was sent, turned into what is stored; and what is stored, turned into what is shown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from sandbox.webcrm import setup, stamps
from sandbox.webcrm.fields import CENSORED, NO_DATE, SHAPES, Field, Shape
from sandbox.webcrm.rows import Row
from sandbox.webcrm.switches import Switches

SMALLEST, LARGEST = -(2**31), 2**31 - 1
WORDS: Final = {"true": True, "false": False}


def coerced(field: Field, value: Any, zone: str) -> Any:
    """The value as it is stored; ValueError with a message when it is not of the field's kind."""
    try:
        return COERCE[field.kind](value, zone)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"The value {value!r} is not valid for {field.name}.") from error


def is_blank(field: Field, value: Any) -> bool:
    """Whether a stored value is the same as none."""
    return value is None or value == "" or value == field.blank


def merged(shape: Shape, row: Row, values: Mapping[str, Any]) -> Row:
    """A new row: the values over the old ones, blanks dropped."""
    both = row | dict(values)
    return {name: value for name, value in both.items() if not is_blank(shape.fields[name], value)}


def shown(shape: Shape, row: Row, switches: Switches) -> Row:
    """The whole record as the API shows it."""
    blanks = _blank_row(shape.entity, switches.dropdown_placeholder, switches.legacy_2019)
    whole = blanks | row
    for name in _translated(shape.entity):
        if name in row:
            whole[name] = _translate(shape.fields[name], row[name], switches.timezone)
    if switches.legacy_2019:
        return {name: whole[name] for name in blanks}
    return whole


def shown_value(field: Field, row: Row, switches: Switches) -> Any:
    """One value of a record as the API shows it."""
    if field.name in row:
        return _translate(field, row[field.name], switches.timezone)
    return _shown_blank(field, switches.dropdown_placeholder)


def _translate(field: Field, value: Any, zone: str) -> Any:
    if field.kind == "date":
        return stamps.shown(value, zone)
    return CENSORED if field.secret else value


@lru_cache
def _translated(entity: str) -> tuple[str, ...]:
    """The fields that are not shown as they are stored."""
    fields = SHAPES[entity].fields.values()
    return tuple(field.name for field in fields if field.kind == "date" or field.secret)


@lru_cache
def _blank_row(entity: str, placeholder: str, legacy: bool) -> Row:
    """Not to be changed: shared by everybody."""
    fields = SHAPES[entity].fields.values()
    return {field.name: _shown_blank(field, placeholder) for field in fields if not (legacy and field.newer)}


def _shown_blank(field: Field, placeholder: str) -> Any:
    if field.secret:
        return CENSORED
    return placeholder if field.dropdown else field.blank


def _text(value: Any, _zone: str) -> str:
    """Numbers become texts, as the real deserialiser does; half a surrogate pair is no text."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError
    return str(value).encode().decode()


def _integer(value: Any, _zone: str) -> int:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError
    number = int(value)
    if number != float(value) or not SMALLEST <= number <= LARGEST:
        raise ValueError
    return number


def _number(value: Any, _zone: str) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    return number


def _flag(value: Any, _zone: str) -> bool:
    found = WORDS.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise TypeError
    return found


def _date(value: Any, zone: str) -> str:
    if not isinstance(value, str):
        raise TypeError
    moment = stamps.parsed(value, zone)
    return NO_DATE if moment == datetime.min.replace(tzinfo=UTC) else stamps.kept(moment)


def _object(_value: Any, _zone: str) -> None:
    """The one object there is, the country, is kept by the server."""
    raise ValueError


COERCE: Final = {
    "text": _text,
    "memo": _text,
    "int": _integer,
    "number": _number,
    "bool": _flag,
    "date": _date,
    "object": _object,
}


def country(name: str) -> dict[str, str] | None:
    """`OrganisationCountryData` of a localised country name."""
    code = setup.COUNTRIES.get(name)
    return {"CodeISO": code, "Name": name} if code else None
