"""The fields of organisations, persons and products: names, kinds, lengths, options."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sandbox.webcrm import setup

NO_DATE: Final = "0001-01-01T00:00:00+00:00"
"""How an unset date shows."""

CENSORED: Final = "(censored)"
PREFIXES: Final = {"Organisations": "Organisation", "Persons": "Person", "Products": "Product"}
"""Entity to the word its field names begin with, which is its table's name in queries too."""

OWNER_FIELDS: Final = {"Persons": "PersonOrganisationId", "Products": "ProductOrganisationId"}
PLAIN_BLANKS: Final[dict[str, Any]] = {
    "int": 0,
    "number": 0.0,
    "bool": False,
    "object": None,
    "date": NO_DATE,
}


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field; `kind` is text, memo, int, number, bool, date or object."""

    name: str
    kind: str
    max_length: int | None
    options: tuple[str, ...]
    read_only: bool
    obsolete: bool
    newer: bool
    """Unknown to the swagger of 2019."""
    label: str

    @property
    def textual(self) -> bool:
        return self.kind in ("text", "memo")

    @property
    def dropdown(self) -> bool:
        return self.name in setup.DROPDOWNS

    @property
    def plus(self) -> bool:
        return "Plus" in self.name

    @property
    def secret(self) -> bool:
        return self.name.endswith("Password")

    @property
    def blank(self) -> Any:
        """What the field holds before anybody wrote to it; a drop-down shows its placeholder instead."""
        if self.name in setup.BLANKS:
            return setup.BLANKS[self.name]
        if self.plus or (self.obsolete and self.kind == "date"):
            return None
        enumeration = self.options and not self.dropdown
        return self.options[0] if enumeration else PLAIN_BLANKS.get(self.kind, "")


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One entity's fields by name, and the names of those every record has."""

    entity: str
    prefix: str
    fields: Mapping[str, Field]
    by_lower_name: Mapping[str, Field]

    @property
    def id(self) -> str:
        return f"{self.prefix}Id"

    @property
    def updated_at(self) -> str:
        return f"{self.prefix}UpdatedAt"

    def own(self, suffix: str) -> str:
        """`CreatedAt` becomes `PersonCreatedAt`."""
        return f"{self.prefix}{suffix}"


def _field(prefix: str, name: str, facts: Mapping[str, Any]) -> Field:
    return Field(
        name=name,
        kind=facts["kind"],
        max_length=facts.get("max"),
        options=setup.DROPDOWNS.get(name, tuple(facts.get("options", ()))),
        read_only=facts.get("read_only", False),
        obsolete=facts.get("obsolete", False),
        newer=facts.get("newer", False),
        label=setup.LABELS.get(name, name.removeprefix(prefix)),
    )


def _shape(entity: str, facts: Mapping[str, Mapping[str, Any]]) -> Shape:
    prefix = PREFIXES[entity]
    fields = {name: _field(prefix, name, each) for name, each in facts.items()}
    lowered = {name.lower(): field for name, field in fields.items()}
    return Shape(entity=entity, prefix=prefix, fields=fields, by_lower_name=lowered)


def _shapes() -> dict[str, Shape]:
    facts = json.loads(Path(__file__).with_name("fields.json").read_text("utf-8"))
    return {entity: _shape(entity, facts[prefix]) for entity, prefix in PREFIXES.items()}


SHAPES: Final = _shapes()
