"""The rows of a pretend system in memory, how one entity behaves, and the log of what happened to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sync.connectors.base import Capabilities, Operation, OperationKind, Removed
from sync.core.records import Property, Value, Values

Habit = Callable[[Value], Value]

EVERYTHING = Capabilities(
    changed_since=True,
    bulk_read=100,
    bulk_write=50,
    conditional=True,
    idempotent=True,
    removes=True,
    removed_feed=True,
    names_editor=True,
    resolution=0.001,
)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call as it reached the system. `operations` allows a simulation to land a lost write later."""

    name: str
    entity: str
    since: datetime | None = None
    keys: tuple[str, ...] = ()
    operations: tuple[Operation, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Written:
    """One change that really happened, whoever made it: the ground truth."""

    entity: str
    kind: OperationKind
    key: str
    by: str
    at: datetime
    before: Values
    after: Values
    token: str | None = None


@dataclass(kw_only=True)
class Stored:
    """One record as the system keeps it."""

    key: str
    order: int
    values: dict[str, Value]
    updated_at: datetime
    updated_by: str
    version: int = 1


@dataclass(kw_only=True)
class MemoryEntity:
    """How one entity behaves. Without `properties` anything may be written."""

    properties: tuple[Property, ...] = ()
    capabilities: Capabilities = EVERYTHING
    habits: dict[str, Habit] = field(default_factory=dict)
    """Per property: what the system makes of what it is given (cuts, rounds, re-cases)."""
    born: dict[str, Callable[[str], Value]] = field(default_factory=dict)
    """Per property: what the system itself gives a new record, made from its key."""
    unique: tuple[str, ...] = ()
    refuses: dict[str, set[Value]] = field(default_factory=dict)
    """Per property: values that are refused."""
    page_size: int = 3
    pages_by_offset: bool = False
    """Pages are row counts (rows may shift between them) instead of positions after the last row."""
    answers_record: bool = True
    """A write's answer tells what the system holds afterwards."""
    stored: dict[str, Stored] = field(default_factory=dict)
    graves: list[Removed] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    made: int = 0


def fault_of(here: MemoryEntity, path: str, value: Value) -> str:
    """Why a value cannot be kept; empty where it can."""
    if value in here.refuses.get(path, ()):
        return "has a value that is not allowed"
    if not here.properties:
        return ""
    known = next((p for p in here.properties if p.path == path), None)
    if known is None:
        return "is unknown"
    if known.read_only:
        return "is read only"
    if known.max_length is not None and isinstance(value, str) and len(value) > known.max_length:
        return f"is longer than {known.max_length}"
    return ""
