"""Answers `/Queries`: runs a script over the tables and shows the rows it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from sandbox.webcrm import values
from sandbox.webcrm.fields import SHAPES, Field, Shape
from sandbox.webcrm.rows import Row, Rows
from sandbox.webcrm.sql import BadScript, Join, Select, read
from sandbox.webcrm.switches import Switches
from sandbox.webcrm.where import Conditions

TABLES: Final = {shape.prefix.lower(): entity for entity, shape in SHAPES.items()}
EMPTY_TABLES: Final = ("delivery", "opportunity", "activity", "linkeddata")
"""Tables that exist but hold nothing here: their columns are not known."""

RAW: Final[dict[str, Row]] = {
    "Organisations": {"o_lastUpdatedById": 1},
    "Persons": {
        "p_lastUpdatedById": 1,
        "p_reportFilterMatch": None,
        "p_marketDataProviderId": 0,
        "p_lastLogin": None,
        "p_memDate": None,
    },
    "Products": {},
}
"""Columns of the database that `SELECT *` lets slip out."""


class Queries:
    """Scripts over these tables."""

    def __init__(self, tables: Mapping[str, Rows], switches: Switches) -> None:
        self._tables = tables
        self._switches = switches

    def answer(self, script: str, *, page: int, size: int, formatted: bool) -> list[Row]:
        """One page of what the script finds; BadScript when it cannot be read or names what is not there."""
        select = read(script)
        if select.table.lower() in EMPTY_TABLES:
            return []
        shapes = [shape for shape in (self._shape(select.table), self._joined(select.join)) if shape]
        conditions = Conditions(_columns(shapes, legacy=self._switches.legacy_2019), self._switches)
        found = self._found(select, shapes, conditions)
        start = (page - 1) * size
        show = self._shower(select, shapes, conditions, formatted=formatted)
        return [show(row, start + at) for at, row in enumerate(found[start : start + size], start=1)]

    def _shape(self, table: str) -> Shape:
        entity = TABLES.get(table.lower())
        if entity is None or (entity == "Products" and self._switches.queries == "no_product"):
            raise BadScript(f"unknown table '{table}'.")
        return SHAPES[entity]

    def _joined(self, join: Join | None) -> Shape | None:
        return self._shape(join.table) if join else None

    def _found(self, select: Select, shapes: list[Shape], conditions: Conditions) -> list[Row]:
        """Every row the script is about, in its order: by id when it asks for none."""
        table = self._tables[shapes[0].entity]
        keys = conditions.candidates(select.where, table)
        rows: Iterable[Row] = (table.by_id[key] for key in (table.ids if keys is None else keys))
        if select.join:
            rows = self._pairs(rows, select.join, shapes, conditions)
        if select.where:
            rows = filter(conditions.test(select.where), rows)
        found = sorted(rows, key=lambda row: int(row[shapes[0].id]))
        for order in reversed(select.order):
            found.sort(key=conditions.key(order.column), reverse=order.descending)
        return found

    def _pairs(
        self, rows: Iterable[Row], join: Join, shapes: list[Shape], conditions: Conditions
    ) -> Iterator[Row]:
        """Each row made one with those of the second table that belong to it."""
        own, other = sorted(
            (conditions.column(join.left).name, conditions.column(join.right).name),
            key=lambda name: name in shapes[1].fields,
        )
        if own not in shapes[0].fields or other not in shapes[1].fields:
            raise BadScript("the columns of ON must be of the two tables.")
        partners: dict[Any, list[Row]] = {}
        for partner in self._tables[shapes[1].entity].by_id.values():
            partners.setdefault(partner.get(other), []).append(partner)
        return (row | partner for row in rows for partner in partners.get(row.get(own), ()))

    def _shower(
        self, select: Select, shapes: list[Shape], conditions: Conditions, *, formatted: bool
    ) -> Callable[[Row, int], Row]:
        """A function that shows a row, given its number in the whole answer."""
        if select.columns:
            fields = [conditions.column(name) for name in select.columns]
            return lambda row, _: {field.name: self._value(field, row, formatted) for field in fields}
        return lambda row, number: self._everything(shapes, row, number, formatted=formatted)

    def _everything(self, shapes: list[Shape], row: Row, number: int, *, formatted: bool) -> Row:
        whole: Row = {"RowNumber": number}
        for shape in shapes:
            own = {name: value for name, value in row.items() if name in shape.fields}
            whole |= RAW[shape.entity] | values.shown(shape, own, self._switches)
            if not formatted:
                whole |= {name: _raw(whole[name]) for name in _plus_fields(shape) if name in whole}
        return whole

    def _value(self, field: Field, row: Row, formatted: bool) -> Any:
        value = values.shown_value(field, row, self._switches)
        return _raw(value) if field.plus and not formatted else value


def _columns(shapes: list[Shape], *, legacy: bool) -> dict[str, Field]:
    """The columns of the tables by lower-case name, with and without the table before it."""
    found: dict[str, Field] = {}
    for shape in shapes:
        for name, field in shape.by_lower_name.items():
            if not (legacy and field.newer):
                found[name] = found[f"{shape.prefix.lower()}.{name}"] = field
    return found


def _plus_fields(shape: Shape) -> list[str]:
    return [name for name, field in shape.fields.items() if field.plus]


def _raw(value: Any) -> Any:
    """A plus field as the database has it: a number when it looks like one."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value
