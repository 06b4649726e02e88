"""webCRM's records: stamped, completed, kept, and told about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sandbox.kit.ground import Ground
from sandbox.webcrm import derived, stamps, values
from sandbox.webcrm.fields import OWNER_FIELDS, SHAPES, Shape
from sandbox.webcrm.problems import missing
from sandbox.webcrm.rows import Row, Rows
from sandbox.webcrm.switches import Switches

IMPORT = "webCRM import"
"""Who made the records a system begins with, unless they say otherwise."""

COUNTERS = "Counters"

Told = Callable[[str, str, int], None]
"""Is told entity, event (`Create`, `Update`, `Delete`) and id after every change."""


class Store:
    """Three entities in memory. Not safe by itself: callers hold the system's lock."""

    def __init__(self, ground: Ground, switches: Switches, told: Told) -> None:
        self.tables = {entity: Rows(shape) for entity, shape in SHAPES.items()}
        self._ground = ground
        self._switches = switches
        self._told = told

    def load(self, kept: Mapping[str, list[Row]], first: Mapping[str, list[Row]]) -> None:
        """Takes up what was kept, or else begins with `first`: partial records, missing fields blank."""
        for entity, shape in SHAPES.items():
            self.tables[entity] = Rows(shape)
            if any(entity in kept for entity in SHAPES):
                self._fill(self.tables[entity], kept.get(entity, []))
            else:
                rows = [self._whole(shape, row) for row in first.get(entity, [])]
                self._fill(self.tables[entity], rows)
                for row in rows:
                    self._ground.storage.put(entity, row[shape.id], row)
        for counter in kept.get(COUNTERS, []):
            self.tables[counter["entity"]].last_id = counter["last_id"]

    def read(self, entity: str, key: int) -> Row:
        """The stored row; 404 when there is none."""
        row = self.tables[entity].by_id.get(key)
        if row is None:
            raise missing(SHAPES[entity].prefix, key)
        return row

    def create(self, entity: str, sent: Mapping[str, Any], *, by: str) -> int:
        """Stores a new record and returns its id."""
        shape = SHAPES[entity]
        key = self.tables[entity].last_id + 1
        head = {shape.id: key, shape.own("CreatedAt"): self._now(), shape.own("CreatedBy"): by}
        self._keep(shape, head, sent, by=by)
        self._told(entity, "Create", key)
        return key

    def update(self, entity: str, key: int, sent: Mapping[str, Any], *, by: str) -> None:
        """Stores the values; the stamps move even when no value does, as on every save."""
        self._keep(SHAPES[entity], self.read(entity, key), sent, by=by)
        self._told(entity, "Update", key)

    def remove(self, entity: str, key: int) -> None:
        """Removes the record, and whatever belongs to an organisation with it."""
        self.read(entity, key)
        if entity == "Organisations":
            for owned, name in OWNER_FIELDS.items():
                for each in sorted(self.tables[owned].having(name, key)):
                    self.remove(owned, each)
        table = self.tables[entity]
        table.remove(key)
        self._ground.storage.remove(entity, key)
        self._ground.storage.put(COUNTERS, entity, {"entity": entity, "last_id": table.last_id})
        self._told(entity, "Delete", key)

    def merge(self, from_key: int, into_key: int, *, by: str) -> None:
        """Merges one organisation into another: what belongs to it moves along, then it is gone."""
        self.read("Organisations", into_key)
        for owned, name in OWNER_FIELDS.items():
            for each in sorted(self.tables[owned].having(name, from_key)):
                self.update(owned, each, {name: into_key}, by=by)
        self.remove("Organisations", from_key)

    def belonging(self, entity: str, organisation: int) -> Iterable[Row]:
        """The persons or products of an organisation, by id."""
        table = self.tables[entity]
        return [table.by_id[key] for key in sorted(table.having(OWNER_FIELDS[entity], organisation))]

    def _keep(self, shape: Shape, old: Row, sent: Mapping[str, Any], *, by: str) -> None:
        if self._switches.spelling:
            sent = derived.respelt(shape, sent)
        stamp = {shape.updated_at: self._now(), shape.own("UpdatedBy"): by}
        row = derived.completed(shape, values.merged(shape, old, dict(sent) | stamp))
        row = derived.history(shape, old, row, by)
        self.tables[shape.entity].put(row)
        self._ground.storage.put(shape.entity, row[shape.id], row)

    def _whole(self, shape: Shape, partial: Row) -> Row:
        """A record to begin with: stored forms, stamps and authors where they are missing."""
        zone = self._switches.timezone
        head = {
            shape.own("CreatedAt"): self._now(),
            shape.updated_at: partial.get(shape.own("CreatedAt"), self._now()),
            shape.own("CreatedBy"): IMPORT,
            shape.own("UpdatedBy"): IMPORT,
        }
        given = {name: value for name, value in (head | partial).items() if value is not None}
        stored = {name: values.coerced(shape.fields[name], value, zone) for name, value in given.items()}
        return derived.completed(shape, values.merged(shape, {}, stored))

    def _fill(self, table: Rows, rows: Iterable[Row]) -> None:
        for row in rows:
            table.put(row)

    def _now(self) -> str:
        return stamps.kept(self._ground.clock())
