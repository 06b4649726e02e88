"""Which records a pair is about: conditions on their values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sync.core.records import Value, Values
from sync.core.values import is_blank, shown, text_of

SOME = 5


class BadCondition(ValueError):
    """A condition that cannot be read. The message says what, why and what to do."""


class Operator(StrEnum):
    IN = "in"
    NOT_IN = "not_in"
    FILLED = "filled"
    BLANK = "blank"


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What one property must say for a record to be in scope."""

    path: str
    operator: Operator
    values: tuple[str, ...] = ()


def parse_conditions(rows: Iterable[Mapping[str, Any]]) -> tuple[Condition, ...]:
    """Conditions from `{"path": …, "operator": "in", "values": […]}`. Raises `BadCondition`."""
    return tuple(_condition(row) for row in rows)


def excluded(conditions: Iterable[Condition], values: Values) -> str | None:
    """Why a record is out of scope, as a sentence; None when it is in. An absent value excludes nothing."""
    for condition in conditions:
        if condition.path in values and not _is_met(condition, values[condition.path]):
            return _sentence(condition, values[condition.path])
    return None


def _condition(row: Mapping[str, Any]) -> Condition:
    path, operator, wanted = row.get("path"), row.get("operator"), row.get("values", ())
    if not path or not isinstance(path, str):
        raise BadCondition("A condition names no property. Give it a 'path'.")
    if operator not in list(Operator):
        raise BadCondition(f"'{operator}' on '{path}' is no operator. Choose from {', '.join(Operator)}.")
    if isinstance(wanted, str) or not isinstance(wanted, list | tuple):
        raise BadCondition(f'The values for \'{path}\' are no list. Write them as ["a", "b"].')
    if operator in (Operator.IN, Operator.NOT_IN) and not wanted:
        raise BadCondition(f"The condition on '{path}' compares with nothing. Give it 'values'.")
    return Condition(path=path, operator=Operator(operator), values=tuple(text_of(value) for value in wanted))


def _is_met(condition: Condition, value: Value) -> bool:
    if condition.operator in (Operator.FILLED, Operator.BLANK):
        return is_blank(value) is (condition.operator is Operator.BLANK)
    is_listed = _folded(value) in {_folded(wanted) for wanted in condition.values}
    return is_listed is (condition.operator is Operator.IN)


def _folded(value: Value) -> str:
    return "" if is_blank(value) else text_of(value).strip().casefold()


def _sentence(condition: Condition, value: Value) -> str:
    if condition.operator is Operator.FILLED:
        return f"'{condition.path}' is blank."
    if condition.operator is Operator.BLANK:
        return f"'{condition.path}' is not blank: it is {shown(value)}."
    some = ", ".join(shown(wanted) for wanted in condition.values[:SOME])
    word = "not one of" if condition.operator is Operator.IN else "and the pair leaves out"
    return f"'{condition.path}' is {shown(value)}, {word} {some}."
