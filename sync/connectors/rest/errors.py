"""What an error answer means: the document's table first, then what statuses mean everywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sync.connectors.base import (
    ConnectorError,
    Gone,
    Misconfigured,
    Refused,
    Stale,
    Unauthorized,
    Unavailable,
    Unknown,
)
from sync.connectors.http.json_text import scalar
from sync.connectors.rest.expressions import Expression
from sync.connectors.rest.section import Section
from sync.core.records import Record

KINDS = ("refused", "stale", "gone", "unavailable", "unauthorized", "unknown", "misconfigured")
EVERYWHERE = {
    401: "unauthorized",
    404: "gone",
    408: "unknown",
    410: "gone",
    412: "stale",
    429: "unavailable",
}
RecordOf = Callable[[Any], Record | None]
SHORT = 200


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the table: these statuses, with this code where one is named, mean that kind."""

    statuses: tuple[int, ...]
    code: Expression | None
    codes: tuple[str, ...]
    kind: str

    def fits(self, status: int, body: Any) -> bool:
        if self.statuses and status not in self.statuses:
            return False
        return self.code is None or self.code.text_of(body) in self.codes


@dataclass(frozen=True, kw_only=True)
class ErrorTable:
    """How a system says no. All paths lead into the error body."""

    message: Expression
    fields: Expression
    field_name: Expression
    field_text: Expression
    current: Expression
    merged_into: Expression
    entries: tuple[Entry, ...] = field(default=())

    def message_of(self, body: Any) -> str:
        return self.message.text_of(body)

    def error(self, status: int, body: Any, said: str, *, record_of: RecordOf) -> ConnectorError:
        """The error an answer means; `said` is what it says, fit to be shown."""
        kind = next((entry.kind for entry in self.entries if entry.fits(status, body)), None)
        text = f"The system answered {status}: {said}" if said else f"The system answered {status}."
        kind = kind or EVERYWHERE.get(status, "refused" if status < 500 else "unknown")
        if kind == "refused":
            return Refused(text, fields=self._fields(body))
        if kind == "stale":
            return Stale(text, record=record_of(self.current.of(body)))
        if kind == "gone":
            return Gone(text, merged_into=self.merged_into.text_of(body) or None)
        return SIMPLE[kind](text)

    def _fields(self, body: Any) -> dict[str, str]:
        found = self.fields.of(body)
        if isinstance(found, Mapping):
            return {str(name): str(scalar(str(text)))[:SHORT] for name, text in found.items()}
        rows = found if isinstance(found, list) else []
        return {
            name: self.field_text.text_of(row)[:SHORT]
            for row in rows
            if (name := self.field_name.text_of(row))
        }


SIMPLE: dict[str, Callable[[str], ConnectorError]] = {
    "unavailable": Unavailable,
    "unauthorized": Unauthorized,
    "unknown": Unknown,
    "misconfigured": Misconfigured,
}


def read_errors(section: Section | None) -> ErrorTable:
    """The table of a document; one that knows statuses only where it says nothing."""
    section = section or Section({}, "errors", {})
    table: ErrorTable = section.build(_table)
    return table


def _table(section: Section) -> ErrorTable:
    return ErrorTable(
        message=section.expression("message", "$.error.message || $.message || $.title || $.detail"),
        fields=section.expression("fields", "$.error.details || $.errors || $.validationMessages"),
        field_name=section.expression("field", "$.field"),
        field_text=section.expression("text", "$.message"),
        current=section.expression("current", "$.current"),
        merged_into=section.expression("merged_into", "$.mergedInto"),
        entries=tuple(entry.build(_entry) for entry in section.sections("table")),
    )


def _entry(section: Section) -> Entry:
    statuses, code, codes = section.statuses("status"), section.maybe_expression("code"), section.names("is")
    if code is not None and not codes:
        section.wrong("is", "is missing", "list the codes that are meant")
    if code is None and codes:
        section.wrong("code", "is missing", "say where the code stands")
    if code is None and not statuses:
        section.wrong("status", "is missing", "name a status or a code")
    return Entry(
        statuses=tuple(int(text) for text in statuses),
        code=code,
        codes=codes,
        kind=section.choice("kind", KINDS),
    )
