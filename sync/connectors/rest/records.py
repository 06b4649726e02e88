"""Objects as a REST system shows them, as records the hub works with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sync.connectors.base import Nonsense
from sync.connectors.http.messages import Answer
from sync.connectors.rest.document import Resource, Version
from sync.connectors.rest.expressions import Expression
from sync.connectors.rest.shapes import flat, wanted
from sync.core.records import Record

LONGEST_KEY = 200
"""What a link can keep."""


def rows_of(answer: Answer, records: Expression, what: str) -> list[dict[str, Any]]:
    """The objects of a list; Nonsense where there is no list of objects."""
    found = records.of(answer.body) if answer.status < 400 else None
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise Nonsense(f"{what} was not answered with a list of records (status {answer.status}).")
    return found


def record_of(
    resource: Resource,
    body: Mapping[str, Any],
    *,
    paths: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
) -> Record:
    """The record an object shows; Nonsense where it has no id."""
    key = resource.id.text_of(body)
    if not key:
        raise Nonsense(f"A record of {resource.name} has no id at {resource.id.text}.")
    if len(key) > LONGEST_KEY:
        raise Nonsense(
            f"A record of {resource.name} has an id longer than {LONGEST_KEY} letters at {resource.id.text}."
        )
    by = resource.updated_by.text_of(body)
    return Record(
        key=key,
        values=wanted(dict(flat(body)), paths),
        version=version_of(resource.version, body, headers or {}),
        updated_at=moment(resource.updated_at.text_of(body)),
        updated_by=by or None,
        by_hub=bool(resource.hub) and by == resource.hub,
    )


def version_of(version: Version, body: Any, headers: Mapping[str, str]) -> str | None:
    """A record's version, without the quotes that an ETag wears."""
    said = version.body.text_of(body) if version.body else ""
    tag = headers.get(version.header) or ""
    return said or unquoted(tag) or None


def unquoted(tag: str) -> str:
    # A weak tag is no version of its own: it is kept as it is, and sent back as it is.
    return tag[1:-1] if len(tag) > 1 and tag[0] == tag[-1] == '"' else tag


def moment(text: str) -> datetime | None:
    """A stamp with its zone; zone-less ones are read as UTC. None for none, and for the beginning of time."""
    if text.startswith("0001-01-01"):
        return None
    try:
        parsed = datetime.fromisoformat(text)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
