"""The ground truth: everything that really happened in the two systems, in order, and what the hub was told of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from sync.connectors.base import OperationKind
from sync.connectors.memory_rows import Written
from sync.connectors.memory_system import HUB, MemorySystem
from sync.core.records import Record, Value


@dataclass(frozen=True, kw_only=True)
class Event:
    """One change that really happened. `sent`: when the hub sent it, in the order of things."""

    seq: int
    side: str
    written: Written
    sent: int

    @property
    def by_hub(self) -> bool:
        return self.written.by == HUB

    @property
    def row(self) -> tuple[str, str, str]:
        """Side, entity, key."""
        return self.side, self.written.entity, self.written.key

    def changed(self, path: str) -> bool:
        return self.written.before.get(path) != self.written.after.get(path)


@dataclass(frozen=True, kw_only=True)
class Told:
    """One record as an answer that arrived showed it to the hub."""

    seq: int
    side: str
    entity: str
    record: Record


@dataclass(kw_only=True)
class Heard:
    """What one worker was told since its last commit."""

    told: list[Told] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)


class Tape(list[Written]):
    """A system's log, which also tells the truth of every new entry."""

    def __init__(self, truth: Truth, side: str) -> None:
        super().__init__()
        self.truth, self.side = truth, side

    def append(self, written: Written) -> None:
        super().append(written)
        self.truth.happened(self.side, written)


@dataclass(kw_only=True)
class Truth:
    events: list[Event] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    pending: list[Told] = field(default_factory=list)
    """What an answer under way would tell, if it arrives."""
    sent: dict[str, int] = field(default_factory=dict)
    asked: dict[str, dict[str, Value]] = field(default_factory=dict)
    """What each of the hub's writes asked for, by token."""
    kept: list[Told] = field(default_factory=list)
    """What the hub was told and had time to commit before its worker ended."""
    acknowledged: set[str | None] = field(default_factory=set)
    """Writes whose answers it had time to commit, by token."""
    ruled: set[str] = field(default_factory=set)
    """Values that people typed into the hub itself."""
    replaced: set[str] = field(default_factory=set)
    """webCRM's records that people wanted replaced, by key."""
    begun: int = 0
    """When the hub first called a system, in the order of things; 0 where it never did."""
    seq: int = 0

    def tick(self) -> int:
        self.seq += 1
        return self.seq

    def begin(self) -> None:
        self.begun = self.begun or self.tick()

    def watch(self, system: MemorySystem) -> None:
        system.writes = Tape(self, system.name)
        plain = system.record

        def record(entity: str, key: str, paths: tuple[str, ...] = ()) -> Record | None:
            found = plain(entity, key, paths)
            if found is not None:
                self.tell(system.name, entity, found)
            return found

        system.record = record  # type: ignore[method-assign,assignment]

    def tell(self, side: str, entity: str, record: Record) -> None:
        self.pending.append(Told(seq=self.tick(), side=side, entity=entity, record=record))

    def happened(self, side: str, written: Written) -> None:
        seq = self.tick()
        sent = self.sent.get(written.token or "", seq)
        self.events.append(Event(seq=seq, side=side, written=written, sent=sent))

    def arrived(self, pending: list[Told]) -> None:
        self.told += pending

    def keep(self, heard: Heard) -> None:
        self.kept += heard.told
        self.acknowledged |= heard.tokens

    def of_hub(self, *kinds: OperationKind) -> Iterator[Event]:
        return (it for it in self.events if it.by_hub and (not kinds or it.written.kind in kinds))

    def by_record(self) -> dict[tuple[str, str, str], list[Event]]:
        """Events by (side, entity, key), in order."""
        found: dict[tuple[str, str, str], list[Event]] = defaultdict(list)
        for event in self.events:
            found[event.row].append(event)
        return found
