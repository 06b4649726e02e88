"""What every connector promises, and how it says that something went wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from sync.core.records import Property, Record, Values


class ConnectorError(Exception):
    """Something between the hub and a system went wrong. The text is one sentence, free of secrets."""


class Unavailable(ConnectorError):
    """The system cannot answer now: try later. For a write: it did certainly not happen."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotNow(ConnectorError):
    """The system did not write this record, for passing reasons of its own, and does write others."""


class Refused(ConnectorError):
    """The system refuses this record: it fails alone. `fields` holds what it says of single properties."""

    def __init__(self, message: str, *, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.fields = dict(fields or {})


class Stale(ConnectorError):
    """The record has moved since it was read: read again and plan again. `record` is what it holds now."""

    def __init__(self, message: str, *, record: Record | None = None) -> None:
        super().__init__(message)
        self.record = record


class Gone(ConnectorError):
    """The record is not there. `merged_into` names its survivor where the system tells."""

    def __init__(self, message: str, *, merged_into: str | None = None) -> None:
        super().__init__(message)
        self.merged_into = merged_into


ENTER_ANEW = "Enter its credentials anew, then test the connection."


class Unauthorized(ConnectorError):
    """The system does not accept the credentials: pause the system and say so."""


class Unknown(ConnectorError):
    """The write may have happened: look before repeating."""


class Misconfigured(ConnectorError):
    """The address, the entity or the connector's configuration is wrong: a person must change it."""


class Nonsense(ConnectorError):
    """The answer is not what this system answers (a page, a cut body, no list): stop before any write."""


class OperationKind(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    REMOVE = "remove"


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One write. `values` holds only what changes, by property path; `token` names the attempt."""

    kind: OperationKind
    token: str
    key: str | None = None
    values: Values = field(default_factory=dict)
    version: str | None = None


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one operation, at the same index. Without `error` the system acknowledged it.

    `record` is what the system says it holds afterwards, where its answer tells.
    """

    key: str | None = None
    version: str | None = None
    record: Record | None = None
    error: ConnectorError | None = None


Records = list[Record]
Results = list[Result]
"""Named here because a connector's own `list` hides the word inside its class."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a listing. `next` is opaque; None means the listing is complete."""

    records: tuple[Record, ...]
    next: str | None = None


@dataclass(frozen=True, kw_only=True)
class Removed:
    """One entry of a removal feed."""

    key: str
    removed_at: datetime | None = None
    merged_into: str | None = None


@dataclass(frozen=True, kw_only=True)
class RemovedPage:
    entries: tuple[Removed, ...]
    next: str | None = None


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What one entity of a system can do, so that the engine asks and never guesses."""

    changed_since: bool = False
    """`list(since=…)` returns only what changed; without, every listing is complete."""
    bulk_read: int = 0
    """Keys per call that `read` needs; 0: one call each."""
    bulk_write: int = 0
    """Operations per call; 0: one call each."""
    conditional: bool = False
    """Writes carry the version and a stale one is refused."""
    idempotent: bool = False
    """A create repeated with the same token makes nothing twice."""
    creates: bool = True
    removes: bool = False
    removed_feed: bool = False
    names_editor: bool = False
    """`Record.by_hub` can be trusted."""
    resolution: float = 1.0
    """Seconds that one step of `updated_at` spans."""
    fixed: tuple[str, ...] = ()
    """Properties that cannot change after creation."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who is behind the address. `key` is pinned when the system is introduced."""

    key: str
    name: str = ""


class Gate(Protocol):
    """The engine's hold on a connector's calls: budget, pauses, counting, for all workers of a system."""

    def admit(self, endpoint: str) -> None:
        """Wait for room in the call budget and count one call; Unavailable where the wait would be too long.

        `endpoint` is method and path template: `PATCH /Organisations`.
        """

    def pause(self, seconds: float) -> None:
        """The system asked to be left alone for that long."""

    def heard(self, clock: datetime) -> None:
        """What the system's clock said in an answer that just came."""


class Vault(Protocol):
    """A place for short-lived tokens, shared by the workers of a system and sealed at rest."""

    def get(self, name: str) -> tuple[str, datetime] | None:
        """The token and when it ends, unless it has ended."""

    def put(self, name: str, token: str, expires_at: datetime) -> None: ...

    def drop(self, name: str) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Access:
    """What a connector is opened with."""

    address: str
    config: Mapping[str, Any] = field(default_factory=dict)
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    allow_hosts: tuple[str, ...] = ()
    """`host:port` entries that may be private or plain http."""
    gate: Gate
    vault: Vault


class Connector(Protocol):
    """Speaks to one system. Every method may raise ConnectorError; `write` reports per operation instead."""

    def identity(self, *, fresh: bool = False) -> Identity:
        """Who answers here; `fresh` asks now, whatever is known from a token in use."""

    def entities(self) -> tuple[str, ...]: ...

    def capabilities(self, entity: str) -> Capabilities: ...

    def fields(self, entity: str) -> tuple[Property, ...]: ...

    def list(
        self,
        entity: str,
        *,
        since: datetime | None = None,
        page: str | None = None,
        paths: Sequence[str] = (),
    ) -> Page:
        """Records changed at or after `since` (all without), one page; `paths` are the properties wanted."""

    def read(self, entity: str, keys: Sequence[str], *, paths: Sequence[str] = ()) -> dict[str, Record]:
        """Records by key; a missing one is not in the answer."""

    def find(self, entity: str, path: str, values: Sequence[str], *, paths: Sequence[str] = ()) -> Records:
        """Records whose property is one of `values`."""

    def removed(self, entity: str, *, since: datetime, page: str | None = None) -> RemovedPage: ...

    def write(self, entity: str, operations: Sequence[Operation]) -> Results:
        """Do the operations; one result per operation, same order. Raises nothing once a call was sent."""
