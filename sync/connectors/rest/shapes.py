"""Between nested JSON and values by dotted path, and between a JSON Schema and properties."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sync.connectors.http.json_text import is_scalar, scalar
from sync.core.records import Property, Value, Values
from sync.core.vocabulary import DataType

DEEPEST = 6
HIDDEN = re.compile(
    r"passw|pwd|passphrase|passord|lösenord|adgangskode|kodeord|secret|credential|api[_-]?key|token",
    re.IGNORECASE,
)
"""Properties with such names are dropped before anything sees them."""
TYPES = {"integer": DataType.INTEGER, "number": DataType.NUMBER, "boolean": DataType.BOOLEAN}
FORMATS = {"date-time": DataType.DATETIME, "date": DataType.DATE}


def flat(body: Mapping[str, Any], before: str = "", *, depth: int = DEEPEST) -> Iterator[tuple[str, Value]]:
    """Every scalar with its dotted path. Lists are no values: they are left out."""
    for said, value in body.items():
        name = str(scalar(said))
        path = f"{before}{name}"
        if HIDDEN.search(name):
            continue
        if isinstance(value, Mapping):
            if depth:
                yield from flat(value, f"{path}.", depth=depth - 1)
        elif is_scalar(value):
            yield path, scalar(value)


def wanted(values: Values, paths: Sequence[str]) -> dict[str, Value]:
    """Only these paths. What lies in an object that is null is blank: it is not unknown."""
    if not paths:
        return dict(values)
    emptied = {path for path in paths if any(owner in values for owner in _owners(path))}
    return {path: values.get(path) for path in paths if path in values or path in emptied}


def nested(values: Values) -> dict[str, Any]:
    """The object that holds just these values: what a merge patch leaves out stays as it is."""
    body: dict[str, Any] = {}
    for path, value in values.items():
        *owners, name = path.split(".")
        place = body
        for owner in owners:
            if not isinstance(place.get(owner), dict):
                place[owner] = {}
            place = place[owner]
        place[name] = value
    return body


def properties_of(schema: Mapping[str, Any]) -> tuple[Property, ...]:
    """The properties a JSON Schema describes, nested ones by dotted path, lists left out."""
    return tuple(_described(schema, Above()))


def properties_seen(values: Values) -> tuple[Property, ...]:
    """What can be said of properties by looking at one record."""
    return tuple(Property(path=path, label=path, type=_type_seen(value)) for path, value in values.items())


def _owners(path: str) -> list[str]:
    parts = path.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


@dataclass(frozen=True, kw_only=True)
class Above:
    """What an object hands down to its members."""

    path: str = ""
    label: str = ""
    required: bool = True
    read_only: bool = False
    depth: int = DEEPEST

    def member(self, name: str, schema: Mapping[str, Any], *, required: bool) -> Above:
        title = str(schema.get("title") or name)
        return Above(
            path=f"{self.path}.{name}" if self.path else name,
            label=f"{self.label}: {title}" if self.label else title,
            required=self.required and required,
            read_only=self.read_only or schema.get("readOnly") is True,
            depth=self.depth - 1,
        )


def _described(schema: Mapping[str, Any], above: Above) -> Iterator[Property]:
    demanded = schema.get("required")
    for name, inner in _members(schema):
        member = above.member(name, inner, required=isinstance(demanded, list) and name in demanded)
        if isinstance(inner.get("properties"), Mapping):
            if member.depth:
                yield from _described(inner, member)
        elif "array" not in _kinds(inner):
            yield _property(member, inner)


def _members(schema: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    members = schema.get("properties")
    found = members.items() if isinstance(members, Mapping) else []
    return [
        (str(name), inner)
        for name, inner in found
        if isinstance(inner, Mapping) and not HIDDEN.search(str(name))
    ]


def _property(member: Above, schema: Mapping[str, Any]) -> Property:
    length, options = schema.get("maxLength"), schema.get("enum")
    return Property(
        path=member.path,
        label=member.label,
        type=_type(schema),
        max_length=length if isinstance(length, int) else None,
        options=tuple(str(one) for one in options if one is not None) if isinstance(options, list) else (),
        required=member.required,
        read_only=member.read_only,
    )


def _type(schema: Mapping[str, Any]) -> DataType:
    named = FORMATS.get(str(schema.get("format")))
    kinds = _kinds(schema)
    return named or next(
        (TYPES[kind] for kind in ("boolean", "number", "integer") if kind in kinds), DataType.STRING
    )


def _kinds(schema: Mapping[str, Any]) -> tuple[str, ...]:
    said = schema.get("type")
    return tuple(str(kind) for kind in said) if isinstance(said, list) else (str(said),)


def _type_seen(value: Value) -> DataType:
    if isinstance(value, bool):
        return DataType.BOOLEAN
    if isinstance(value, int):
        return DataType.INTEGER
    return DataType.STRING if value is None or isinstance(value, str) else DataType.NUMBER
