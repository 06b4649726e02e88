"""Rows as webCRM shows them, as records the hub works with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sync.connectors.base import Nonsense
from sync.connectors.http.json_text import is_scalar, scalar
from sync.connectors.http.messages import Answer
from sync.connectors.webcrm.facts import HIDDEN, MASK, Facts
from sync.core.records import Property, Record, Value
from sync.core.vocabulary import DataType

PLACEHOLDER = re.compile(r"--+\s*\S+\s*--+")
"""What a drop-down shows where nothing is chosen, in whatever language the system speaks."""
REFERENCE = re.compile(r"(Id|Owner2?)$")


def rows_of(answer: Answer, what: str) -> list[dict[str, Any]]:
    """The rows of a list; Nonsense where the answer is no list of objects."""
    if answer.status >= 400 or not isinstance(answer.body, list):
        raise Nonsense(f"{what} was not answered with a list (status {answer.status}).")
    if not all(isinstance(row, dict) for row in answer.body):
        raise Nonsense(f"{what} was answered with a list of something else than records.")
    return answer.body


class Reader:
    """Makes records of one entity's rows."""

    def __init__(self, facts: Facts, editor: str) -> None:
        self.facts = facts
        self.editor = editor.casefold()
        self.properties = facts.properties()
        self._shown: dict[str, bool] = {}
        self.owners = {path.split(".")[0] for path in self.properties if "." in path}

    def record(self, row: Mapping[str, Any], paths: Sequence[str] = ()) -> Record:
        """The record a row shows; Nonsense where it has no id."""
        key = self.key(row)
        wanted = set(paths)
        by = row.get(f"{self.facts.prefix}UpdatedBy")
        return Record(
            key=str(key),
            values={
                path: self._value(path, raw) for path, raw in self._flat(row) if not wanted or path in wanted
            },
            updated_at=moment(row.get(f"{self.facts.prefix}UpdatedAt")),
            updated_by=by if isinstance(by, str) else None,
            by_hub=bool(self.editor) and isinstance(by, str) and by.casefold() == self.editor,
        )

    def key(self, row: Mapping[str, Any]) -> int:
        """The id of a row; Nonsense where it has none."""
        key = row.get(self.facts.key)
        if isinstance(key, bool) or not isinstance(key, int) or key <= 0:
            raise Nonsense(f"A row of {self.facts.entity} has no {self.facts.key}.")
        return key

    def _flat(self, row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """Only what carries the entity's name: `/Queries` adds columns of its own."""
        for name, raw in row.items():
            if not self._shows(name) or raw == MASK:
                continue
            if isinstance(raw, dict):
                yield from ((f"{name}.{part}", inner) for part, inner in raw.items() if is_scalar(inner))
            elif raw is None and name in self.owners:
                yield from ((path, None) for path in self.properties if path.startswith(f"{name}."))
            elif is_scalar(raw):
                yield name, raw

    def _shows(self, name: str) -> bool:
        """Remembered by name: the same hundred names come with every row."""
        if name not in self._shown:
            self._shown[name] = name.startswith(self.facts.prefix) and not HIDDEN.search(name)
        return self._shown[name]

    def _value(self, path: str, raw: Any) -> Value:
        value = scalar(raw)
        if isinstance(value, str) and (value.startswith("0001-01-01") or PLACEHOLDER.fullmatch(value)):
            return None
        return _typed(self.properties.get(path), path, value)


def moment(text: Any) -> datetime | None:
    """A stamp with its zone; zone-less ones are read as UTC. None for none."""
    if not isinstance(text, str) or text.startswith("0001-01-01"):
        return None
    try:
        parsed = datetime.fromisoformat(text)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _typed(known: Property | None, path: str, value: Value) -> Value:
    """One form per property, whichever endpoint the row came from."""
    if known is None or isinstance(value, bool):
        return value
    if known.type is DataType.NUMBER and isinstance(value, int):
        return Decimal(value)
    if known.type is DataType.STRING and isinstance(value, int | Decimal):
        return str(value)
    if known.type is DataType.INTEGER and value == 0 and REFERENCE.search(path):
        return None
    return value
