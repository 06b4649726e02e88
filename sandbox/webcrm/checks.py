"""What webCRM makes sure of before it stores what a program sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

from sandbox.webcrm import values
from sandbox.webcrm.fields import OWNER_FIELDS, Field, Shape
from sandbox.webcrm.problems import Invalid, bad_request
from sandbox.webcrm.rows import Row, Rows, folded
from sandbox.webcrm.switches import Switches

MANDATORY: Final = {
    "Organisations": ("OrganisationName",),
    "Persons": ("PersonLastName", "PersonOrganisationId"),
    "Products": ("ProductOrganisationId",),
}
"""`PersonLastName` is known to be; the rest is assumed."""


class Checks:
    """The rules of all entities; `tables` are the records there are."""

    def __init__(self, tables: Mapping[str, Rows], switches: Switches) -> None:
        self._tables = tables
        self._switches = switches

    def sent_id(self, shape: Shape, body: Mapping[str, Any]) -> int:
        """The id in the body, which every write must carry; a number in a text is accepted."""
        raw = member(body, shape.id)
        try:
            return int(values.coerced(shape.fields[shape.id], raw, self._switches.timezone))
        except ValueError as error:
            text = f"The {shape.id} field is required." if raw is None else str(error)
            raise Invalid({shape.id: [text]}) from error

    def cleaned(self, shape: Shape, body: Mapping[str, Any], current: Row | None) -> Row:
        """The values to store; Invalid with every fault. `current` is None for a new record.

        Absent and null leave a field alone; unknown and server-kept fields are passed over.
        """
        faults: dict[str, list[str]] = defaultdict(list)
        clean: Row = {}
        for field, raw in self._fields(shape, body):
            try:
                clean[field.name] = self._value(field, raw)
            except ValueError as error:
                faults[field.name].append(str(error))
        if current is not None:
            self._keep_owner(shape, clean, current, faults)
        for name, message in self._record_faults(shape, clean, current or {}):
            if name not in faults:
                faults[name].append(message)
        if faults:
            raise Invalid(dict(faults))
        return clean

    def _fields(self, shape: Shape, body: Mapping[str, Any]) -> Iterator[tuple[Field, Any]]:
        for name, raw in body.items():
            field = shape.by_lower_name.get(name.lower())
            if field is None or field.read_only or raw is None:
                continue
            if not (field.newer and self._switches.legacy_2019):
                yield field, raw

    def _value(self, field: Field, raw: Any) -> Any:
        value = values.coerced(field, raw, self._switches.timezone)
        if not field.textual:
            return value
        if field.dropdown and value == self._switches.dropdown_placeholder:
            return ""
        self._demand_option(field, value)
        longest = self.longest(field)
        if longest is None or len(value) <= longest:
            return value
        if self._switches.over_long == "cut":
            return value[:longest]
        raise ValueError(f"The field {field.name} must be a string with a maximum length of {longest}.")

    def longest(self, field: Field) -> int | None:
        """How long a text may be in this system."""
        return self._switches.max_name if field.name == "OrganisationName" else field.max_length

    def _demand_option(self, field: Field, value: str) -> None:
        lenient = field.dropdown and (not value or not self._switches.strict_dropdowns)
        if field.options and value not in field.options and not lenient:
            raise ValueError(f"The value '{value}' is not valid for {field.name}.")

    def _keep_owner(self, shape: Shape, clean: Row, current: Row, faults: dict[str, list[str]]) -> None:
        """A person stays with its organisation for ever."""
        name = "PersonOrganisationId"
        if shape.entity != "Persons" or clean.get(name, current[name]) == current[name]:
            return
        del clean[name]
        if self._switches.organisation_move == "reject":
            faults[name].append(f"{name} cannot be changed.")

    def _record_faults(self, shape: Shape, clean: Row, current: Row) -> Iterator[tuple[str, str]]:
        """Faults that show only in the whole record, by field."""
        draft = values.merged(shape, current, clean)
        for name in MANDATORY[shape.entity]:
            if name not in draft and (name in clean or not current):
                yield name, f"The {name} field is required."
        owner = OWNER_FIELDS.get(shape.entity, "")
        if clean.get(owner) and clean[owner] not in self._tables["Organisations"].by_id:
            yield owner, f"Organisation {clean[owner]} was not found."
        for name in self._switches.unique_fields:
            if clean.get(name) and self._taken(shape, name, clean[name], current.get(shape.id)):
                yield name, f"The value '{clean[name]}' of {name} is in use: it must be unique."

    def _taken(self, shape: Shape, name: str, value: Any, own: int | None) -> bool:
        rows = self._tables[shape.entity]
        if rows.indexed(name):
            return bool(rows.having(name, value) - {own})
        others = (row for key, row in rows.by_id.items() if key != own)
        return any(folded(row.get(name)) == folded(value) for row in others)


def member(body: Mapping[str, Any], name: str) -> Any:
    """A member of a JSON object whose name may be written in any case; None when it is missing."""
    if name in body:
        return body[name]
    return next((value for key, value in body.items() if key.lower() == name.lower()), None)


def demand_object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise bad_request("The request body must be a JSON object.")
    return body
