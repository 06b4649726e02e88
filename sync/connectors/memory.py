"""The connector to a system that lives in memory. It keeps a connector's promises without a network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from sync.connectors.base import (
    Access,
    Capabilities,
    ConnectorError,
    Gate,
    Identity,
    Misconfigured,
    Operation,
    Page,
    Records,
    RemovedPage,
    Result,
    Results,
    Unknown,
)
from sync.connectors.memory_rows import Call, MemoryEntity, Stored
from sync.connectors.memory_system import SYSTEMS, MemorySystem
from sync.core.records import Property, Record

SCHEME = "memory://"

T = TypeVar("T")


class MemoryConnector:
    """Speaks to a MemorySystem. Every call passes the gate, the fault plan and the call log."""

    def __init__(self, system: MemorySystem, gate: Gate | None = None) -> None:
        self.system = system
        self.gate = gate

    def identity(self, *, fresh: bool = False) -> Identity:  # noqa: ARG002 it always asks
        self._before("identity", "")
        self._after("identity", "")
        return Identity(key=self.system.identity, name=self.system.name)

    def entities(self) -> tuple[str, ...]:
        return tuple(self.system.entities)

    def capabilities(self, entity: str) -> Capabilities:
        return self.system.entity(entity).capabilities

    def fields(self, entity: str) -> tuple[Property, ...]:
        properties = self.system.entity(entity).properties
        self._before("fields", entity)
        self._after("fields", entity)
        return properties

    def list(
        self,
        entity: str,
        *,
        since: datetime | None = None,
        page: str | None = None,
        paths: Sequence[str] = (),
    ) -> Page:
        here = self.system.entity(entity)
        wanted = since if here.capabilities.changed_since else None
        self._before("list", entity, since=wanted)
        rows, following = _page(here, wanted, page)
        records = tuple(record for row in rows if (record := self.system.record(entity, row.key, paths)))
        self._after("list", entity)
        return Page(records=records, next=following)

    def read(self, entity: str, keys: Sequence[str], *, paths: Sequence[str] = ()) -> dict[str, Record]:
        answer: dict[str, Record] = {}
        for chunk in _chunks(keys, self.capabilities(entity).bulk_read):
            self._before("read", entity, keys=tuple(chunk))
            answer |= {k: record for k in chunk if (record := self.system.record(entity, k, paths))}
            self._after("read", entity)
        return answer

    def find(self, entity: str, path: str, values: Sequence[str], *, paths: Sequence[str] = ()) -> Records:
        here = self.system.entity(entity)
        self._before("find", entity)
        keys = [row.key for row in here.stored.values() if str(row.values.get(path)) in set(values)]
        found = [record for key in keys if (record := self.system.record(entity, key, paths))]
        self._after("find", entity)
        return found

    def removed(self, entity: str, *, since: datetime, page: str | None = None) -> RemovedPage:
        here = self.system.entity(entity)
        if not here.capabilities.removed_feed:
            raise Misconfigured(f"{self.system.name} tells nothing of removed {entity}.")
        self._before("removed", entity)
        entries = [grave for grave in here.graves if grave.removed_at is None or grave.removed_at >= since]
        start = int(page or 0)
        end = start + here.page_size
        self._after("removed", entity)
        return RemovedPage(entries=tuple(entries[start:end]), next=str(end) if end < len(entries) else None)

    def write(self, entity: str, operations: Sequence[Operation]) -> Results:
        results: Results = []
        for chunk in _chunks(operations, self.capabilities(entity).bulk_write):
            results += self._write_call(entity, tuple(chunk))
        return results

    def _write_call(self, entity: str, operations: tuple[Operation, ...]) -> Results:
        """One call. A fault before it holds for all rows; one during or after leaves them unknown."""
        try:
            self._before("write", entity, operations=operations)
        except ConnectorError as error:
            return [Result(key=operation.key, error=error) for operation in operations]
        results: Results = []
        try:
            for number, operation in enumerate(operations):
                if number:
                    self.system.faults(f"write {entity}", "between")
                results.append(self.system.apply(entity, operation))
            self._after("write", entity)
        except ConnectorError as error:
            unseen = error if isinstance(error, Unknown) else Unknown(str(error))
            return [Result(key=operation.key, error=unseen) for operation in operations]
        return results

    def _before(
        self,
        verb: str,
        entity: str,
        *,
        since: datetime | None = None,
        keys: tuple[str, ...] = (),
        operations: tuple[Operation, ...] = (),
    ) -> None:
        name = f"{verb} {entity}".rstrip()
        if self.gate is not None:
            self.gate.admit(name)
        self.system.calls.append(
            Call(name=name, entity=entity, since=since, keys=keys, operations=operations)
        )
        self.system.faults(name, "before")

    def _after(self, verb: str, entity: str) -> None:
        self.system.faults(f"{verb} {entity}".rstrip(), "after")
        if self.gate is not None:
            self.gate.heard(self.system.clock())


def open_memory(access: Access) -> MemoryConnector:
    """The connector to `memory://<name>`; Misconfigured where nobody holds a system of that name."""
    name = access.address.removeprefix(SCHEME)
    system = SYSTEMS.get(name)
    if system is None or not access.address.startswith(SCHEME):
        raise Misconfigured(
            f"There is no system in memory at '{access.address}': make one with that name first."
        )
    return MemoryConnector(system, access.gate)


def _chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    step = max(size, 1)
    return (items[start : start + step] for start in range(0, len(items), step))


def _page(here: MemoryEntity, since: datetime | None, page: str | None) -> tuple[list[Stored], str | None]:
    """The rows of one page and the token of the next: a count, or the position after the last row."""
    if here.pages_by_offset:
        return _page_by_count(here, since, page)
    rows = sorted(
        (row for row in here.stored.values() if since is None or row.updated_at >= since), key=_place
    )
    rest = rows if page is None else [row for row in rows if _token(row) > page]
    rows = rest[: here.page_size]
    return rows, _token(rows[-1]) if len(rest) > here.page_size else None


def _page_by_count(
    here: MemoryEntity, since: datetime | None, page: str | None
) -> tuple[list[Stored], str | None]:
    """Pages by number. Changes go on behind the last stamp seen: edits meanwhile would move the pages."""
    if since is None:
        start = int(page or 0)
        rows = sorted(here.stored.values(), key=_order)
        end = start + here.page_size
        return rows[start:end], str(end) if end < len(rows) else None
    behind = datetime.fromisoformat(page) if page else None
    rows = sorted((row for row in here.stored.values() if _is_next(row, since, behind)), key=_place)
    found = rows[: here.page_size]
    # No page ends among equal stamps: the next one begins behind them.
    found += [row for row in rows[here.page_size :] if row.updated_at == found[-1].updated_at]
    return found, found[-1].updated_at.isoformat() if len(found) < len(rows) else None


def _is_next(row: Stored, since: datetime, behind: datetime | None) -> bool:
    return row.updated_at > behind if behind else row.updated_at >= since


def _order(row: Stored) -> int:
    return row.order


def _place(row: Stored) -> tuple[datetime, int]:
    return row.updated_at, row.order


def _token(row: Stored) -> str:
    return f"{row.updated_at.timestamp():020.6f}/{row.order:09d}"
