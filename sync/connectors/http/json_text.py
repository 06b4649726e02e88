"""JSON as strictly as two systems of record deserve: exact numbers, no NaN, no half answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NoReturn

from sync.core.records import Value


class NotJson(Exception):
    """The text is not JSON."""


def parse(content: bytes) -> Any:
    """The value a body holds; numbers with a fraction are Decimal. NotJson for anything else."""
    try:
        return json.loads(content.decode("utf-8-sig"), parse_float=_number, parse_constant=_refuse_constant)
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise NotJson(type(error).__name__) from error


def write(value: Any) -> str:
    """JSON text; a Decimal becomes the number it is, digit for digit. ValueError for what JSON cannot say."""
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(str(k))}:{write(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(write(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | Decimal | str)


def scalar(value: Any) -> Value:
    """A scalar that every database can keep: no NUL, no half of a surrogate pair."""
    if not isinstance(value, str):
        return value if isinstance(value, bool | int | Decimal) else None
    if value.isascii():
        return value.replace("\x00", "") if "\x00" in value else value
    return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _number(text: str) -> Decimal:
    number = Decimal(text)
    # 1e999999999 is eleven letters here and a gigabyte once somebody writes it out.
    if abs(number.adjusted()) > 300:
        raise ValueError("number out of range")
    return number


def _decimal(value: Decimal) -> str:
    if not value.is_finite() or abs(value.adjusted()) > 300:
        raise ValueError("not a number JSON can say")
    return format(value, "f")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
