"""Conditions of a query, made into functions that judge a row; and the short cuts an index allows."""

from __future__ import annotations

import operator
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC
from typing import Any, Final

from sandbox.webcrm import stamps, values
from sandbox.webcrm.fields import Field
from sandbox.webcrm.rows import Row, Rows, folded
from sandbox.webcrm.sql import BadScript, Compare, Condition, Several
from sandbox.webcrm.switches import Switches

Test = Callable[[Row], bool]
NUMERIC: Final = ("int", "number")
ORDERED: Final[dict[str, Callable[[Any, Any], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


class Conditions:
    """Compiles conditions over these columns, given by lower-case name."""

    def __init__(self, columns: Mapping[str, Field], switches: Switches) -> None:
        self._columns = columns
        self._zone = switches.timezone
        self._placeholder = switches.dropdown_placeholder

    def column(self, name: str) -> Field:
        """The column of this name, with or without its table; BadScript when there is none."""
        field = self._columns.get(name.lower())
        if field is None:
            raise BadScript(f"unknown column '{name}'.")
        return field

    def key(self, name: str) -> Callable[[Row], Any]:
        """What rows are compared by in this column: blanks first, letters in any case."""
        field = self.column(name)
        blank = self._blank(field)
        return lambda row: folded(row.get(field.name, blank))

    def test(self, condition: Condition) -> Test:
        """A function that tells whether a stored row meets the condition."""
        if isinstance(condition, Compare):
            return self._compare(condition)
        tests = [self.test(part) for part in _gathered(condition)]
        if condition.word == "AND":
            return lambda row: all(test(row) for test in tests)
        return lambda row: any(test(row) for test in tests)

    def candidates(self, condition: Condition | None, rows: Rows) -> Iterable[int] | None:
        """The ids of all rows that can meet the condition, and perhaps others; None when no index helps."""
        for part in _demanded(condition):
            if part.operator in ("=", "IN"):
                found = self._by_value(part, rows)
                if found is not None:
                    return sorted(found)
        for part in _demanded(condition):
            if part.operator in (">", ">=") and self.column(part.column).name == rows.shape.updated_at:
                return rows.updated_since(self._literal(self.column(part.column), part.literals[0]))
        return None

    def _by_value(self, part: Compare, rows: Rows) -> set[int] | None:
        field = self.column(part.column)
        if not rows.indexed(field.name):
            return None
        wanted = {self._literal(field, literal) for literal in part.literals}
        if any(values.is_blank(field, each) for each in wanted):
            return None
        found: set[int] = set()
        return found.union(*(rows.having(field.name, each) for each in wanted))

    def _compare(self, condition: Compare) -> Test:
        field = self.column(condition.column)
        key, blank = field.name, self._blank(field)
        wanted = [folded(self._literal(field, literal)) for literal in condition.literals]
        if condition.operator == "LIKE":
            pattern = _pattern(str(condition.literals[0]))
            return lambda row: pattern.fullmatch(str(row.get(key, blank))) is not None
        if condition.operator in ("=", "IN"):
            among = frozenset(wanted)
            return lambda row: folded(row.get(key, blank)) in among
        if condition.operator == "<>":
            return lambda row: folded(row.get(key, blank)) != wanted[0]
        judge = ORDERED[condition.operator]
        return lambda row: judge(folded(row.get(key, blank)), wanted[0])

    def _blank(self, field: Field) -> Any:
        """A column that holds nothing compares as an empty text; a drop-down as its placeholder."""
        if field.dropdown:
            return self._placeholder
        return "" if field.blank is None else field.blank

    def _literal(self, field: Field, literal: Any) -> Any:
        """The literal in the stored form of the column's kind; BadScript when it has none."""
        try:
            if field.kind == "date":
                # Fractions stay: stored moments have none, and "+" sorts before ".".
                return stamps.parsed(str(literal), self._zone).astimezone(UTC).isoformat()
            if field.kind in NUMERIC:
                return float(literal)
            if field.kind == "bool":
                return str(literal).lower() in ("1", "true")
        except ValueError as error:
            raise BadScript(f"'{literal}' does not suit column {field.name}.") from error
        return str(literal)


def _gathered(condition: Several) -> Iterator[Condition]:
    """The parts, with all equalities of an OR on the same column made one: 200 of them cost one look."""
    if condition.word == "AND":
        yield from condition.parts
        return
    equal: dict[str, list[Any]] = defaultdict(list)
    for part in condition.parts:
        if isinstance(part, Compare) and part.operator in ("=", "IN"):
            equal[part.column.lower()].extend(part.literals)
        else:
            yield part
    for column, literals in equal.items():
        yield Compare(column, "IN", tuple(literals))


def _demanded(condition: Condition | None) -> Iterator[Compare]:
    """The comparisons every row must meet, whatever else is asked."""
    if isinstance(condition, Compare):
        yield condition
    elif isinstance(condition, Several) and condition.word == "AND":
        for part in condition.parts:
            yield from _demanded(part)
    elif isinstance(condition, Several):
        gathered = list(_gathered(condition))
        if len(gathered) == 1:
            yield from _demanded(gathered[0])


def _pattern(text: str) -> re.Pattern[str]:
    """`%` stands for any text, `_` for any letter."""
    parts = (".*" if each == "%" else "." if each == "_" else re.escape(each) for each in text)
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)
