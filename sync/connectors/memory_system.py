"""A business system that lives in memory: for tests, simulations and tours. It keeps the truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from weakref import WeakValueDictionary

from sync.connectors.base import (
    ConnectorError,
    Gone,
    Misconfigured,
    Operation,
    OperationKind,
    Refused,
    Removed,
    Result,
    Stale,
)
from sync.connectors.memory_rows import Call, MemoryEntity, Stored, Written, fault_of
from sync.core.records import Record, Value, Values

HUB = "hub"
"""The name a system knows the hub's own writes by."""

Faults = Callable[[str, str], None]
"""Called with a call's name (`write customers`) and phase: `before`, `between` rows, `after`. May raise."""


@dataclass(frozen=True, kw_only=True)
class Hand:
    """Who changes something, when (now where it is not said), and under which token."""

    by: str
    at: datetime | None = None
    token: str | None = None


class MemorySystem:
    """One installation. Reachable as `memory://<name>` for as long as somebody holds it."""

    def __init__(
        self,
        name: str,
        entities: Mapping[str, MemoryEntity],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        faults: Faults | None = None,
        identity: str = "",
    ) -> None:
        self.name = name
        self.entities = dict(entities)
        self.clock = clock
        self.faults = faults or _no_faults
        self.identity = identity or name
        self.calls: list[Call] = []
        self.writes: list[Written] = []
        SYSTEMS[name] = self

    def entity(self, name: str) -> MemoryEntity:
        """Raises Misconfigured for an entity this system does not have."""
        if name not in self.entities:
            known = ", ".join(sorted(self.entities))
            raise Misconfigured(f"{self.name} has no entity '{name}': choose one of {known}.")
        return self.entities[name]

    # What a person does

    def create(
        self, entity: str, values: Values, *, by: str = "person", at: datetime | None = None, key: str = ""
    ) -> str:
        """Make a record and return its key."""
        kept = self._habitual(self.entity(entity), values)
        return self._insert(entity, kept, Hand(by=by, at=at), key=key).key

    def edit(
        self, entity: str, key: str, values: Values, *, by: str = "person", at: datetime | None = None
    ) -> None:
        """Change some values of a record. KeyError where it is not there."""
        kept = self._habitual(self.entity(entity), values)
        self._change(entity, key, values=kept, hand=Hand(by=by, at=at))

    def remove(
        self,
        entity: str,
        key: str,
        *,
        by: str = "person",
        at: datetime | None = None,
        merged_into: str | None = None,
    ) -> None:
        """Take a record away, or merge it into another one. KeyError where it is not there."""
        self._bury(entity, key, hand=Hand(by=by, at=at), merged_into=merged_into)

    def values(self, entity: str, key: str) -> dict[str, Value] | None:
        """What a record holds now; None where it is not there."""
        stored = self.entity(entity).stored.get(key)
        return dict(stored.values) if stored else None

    def keys(self, entity: str) -> list[str]:
        return list(self.entity(entity).stored)

    # What a connector asks for

    def apply(self, entity: str, operation: Operation, *, by: str = HUB) -> Result:
        """Do one write, with no fault and no log of the call: what a late landing does too."""
        try:
            return self._applied(entity, operation, Hand(by=by, token=operation.token))
        except ConnectorError as error:
            return Result(key=operation.key, error=error)

    def record(self, entity: str, key: str, paths: Sequence[str] = ()) -> Record | None:
        """A record as an answer shows it: all values, or those of `paths` it has."""
        here = self.entity(entity)
        stored = here.stored.get(key)
        if stored is None:
            return None
        wanted = stored.values if not paths else {p: stored.values[p] for p in paths if p in stored.values}
        return Record(
            key=key,
            values=dict(wanted),
            version=str(stored.version) if here.capabilities.conditional else None,
            updated_at=stored.updated_at,
            updated_by=stored.updated_by,
            by_hub=here.capabilities.names_editor and stored.updated_by == HUB,
        )

    def _applied(self, entity: str, operation: Operation, hand: Hand) -> Result:
        here = self.entity(entity)
        if operation.kind is OperationKind.CREATE:
            return self._created(entity, operation, hand)
        key = operation.key or ""
        self._expect(entity, key, version=operation.version)
        if operation.kind is OperationKind.REMOVE:
            if not here.capabilities.removes:
                raise Refused(f"{entity} cannot be removed.")
            self._bury(entity, key, hand=hand)
            return Result(key=key)
        values = self._checked(here, operation.values, key=key)
        self._change(entity, key, values=values, hand=hand)
        return self._result(entity, key)

    def _created(self, entity: str, operation: Operation, hand: Hand) -> Result:
        here = self.entity(entity)
        if not here.capabilities.creates:
            raise Refused(f"{entity} cannot be created.")
        done = here.tokens.get(operation.token) if here.capabilities.idempotent else None
        if done is not None:
            return self._result(entity, done)
        stored = self._insert(entity, self._checked(here, operation.values), hand)
        here.tokens[operation.token] = stored.key
        return self._result(entity, stored.key)

    def _result(self, entity: str, key: str) -> Result:
        record = self.record(entity, key)
        shown = record if self.entity(entity).answers_record else None
        return Result(key=key, version=record.version if record else None, record=shown)

    def _expect(self, entity: str, key: str, *, version: str | None) -> None:
        here = self.entity(entity)
        stored = here.stored.get(key)
        if stored is None:
            merged = next((grave.merged_into for grave in here.graves if grave.key == key), None)
            raise Gone(f"{entity} {key} is not there.", merged_into=merged)
        if here.capabilities.conditional and version not in (None, str(stored.version)):
            raise Stale(f"{entity} {key} has moved since it was read.", record=self.record(entity, key))

    def _checked(self, here: MemoryEntity, values: Values, *, key: str | None = None) -> dict[str, Value]:
        """The values as they would be kept; raises Refused naming every property that cannot be."""
        kept = self._habitual(here, values)
        faults = {path: why for path, value in kept.items() if (why := fault_of(here, path, value))}
        if key is None:
            missing = [p.path for p in here.properties if p.required and kept.get(p.path) in (None, "")]
            faults |= dict.fromkeys(missing, "is required")
        else:
            held = here.stored[key].values
            fixed = [p for p in here.capabilities.fixed if p in kept and kept[p] != held.get(p)]
            faults |= dict.fromkeys(fixed, "cannot change after creation")
        faults |= dict.fromkeys(self._clashes(here, kept, key), "is taken")
        if faults:
            text = "; ".join(f"{path} {why}" for path, why in sorted(faults.items()))
            raise Refused(f"The record was refused: {text}.", fields=faults)
        return kept

    def _clashes(self, here: MemoryEntity, kept: Values, key: str | None) -> list[str]:
        others = [stored.values for stored in here.stored.values() if stored.key != key]
        filled = [path for path in here.unique if kept.get(path) not in (None, "")]
        return [path for path in filled if any(other.get(path) == kept[path] for other in others)]

    def _habitual(self, here: MemoryEntity, values: Values) -> dict[str, Value]:
        return {p: here.habits[p](value) if p in here.habits else value for p, value in values.items()}

    def _insert(self, entity: str, values: Values, hand: Hand, *, key: str = "") -> Stored:
        here = self.entity(entity)
        here.made += 1
        key = key or f"{entity}-{here.made}"
        given = {path: made(key) for path, made in here.born.items()}
        stored = Stored(
            key=key,
            order=here.made,
            values={**dict.fromkeys((p.path for p in here.properties), None), **given, **values},
            updated_at=hand.at or self.clock(),
            updated_by=hand.by,
        )
        here.stored[stored.key] = stored
        self._log(entity, OperationKind.CREATE, stored=stored, before={}, token=hand.token)
        return stored

    def _change(self, entity: str, key: str, *, values: Values, hand: Hand) -> None:
        stored = self.entity(entity).stored[key]
        before = dict(stored.values)
        stored.values |= values
        stored.version += 1
        stored.updated_at, stored.updated_by = hand.at or self.clock(), hand.by
        self._log(entity, OperationKind.UPDATE, stored=stored, before=before, token=hand.token)

    def _bury(self, entity: str, key: str, *, hand: Hand, merged_into: str | None = None) -> None:
        here = self.entity(entity)
        stored = here.stored.pop(key)
        stored.updated_at, stored.updated_by = hand.at or self.clock(), hand.by
        here.graves.append(Removed(key=key, removed_at=stored.updated_at, merged_into=merged_into))
        self._log(entity, OperationKind.REMOVE, stored=stored, before=dict(stored.values), token=hand.token)

    def _log(
        self, entity: str, kind: OperationKind, *, stored: Stored, before: Values, token: str | None
    ) -> None:
        self.writes.append(
            Written(
                entity=entity,
                kind=kind,
                key=stored.key,
                by=stored.updated_by,
                at=stored.updated_at,
                before=before,
                after={} if kind is OperationKind.REMOVE else dict(stored.values),
                token=token,
            )
        )


SYSTEMS: WeakValueDictionary[str, MemorySystem] = WeakValueDictionary()


def _no_faults(_call: str, _phase: str) -> None:
    """The plan of a system that works."""
