"""The records of one entity: by id, in page order, and by the fields that are looked up."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

Row = dict[str, Any]
Place = tuple[str, str]
"""A record's place in the page order: (updatedAt, id)."""


class Rows:
    """Records in memory. A stored record is never changed in place: `put` replaces it."""

    def __init__(self, rows: Iterable[Row], *, indexed: Iterable[str]) -> None:
        self.by_id: dict[str, Row] = {row["id"]: row for row in rows}
        self._order: list[Place] = sorted(_place(row) for row in self.by_id.values())
        self._ids: list[str] = sorted(self.by_id)
        self._index: dict[str, dict[Any, set[str]]] = {path: defaultdict(set) for path in indexed}
        for row in self.by_id.values():
            self._enter(row)

    def put(self, row: Row) -> None:
        """Adds the record, or replaces the one of the same id."""
        self._take_out(row["id"])
        self.by_id[row["id"]] = row
        insort(self._order, _place(row))
        insort(self._ids, row["id"])
        self._enter(row)

    def remove(self, key: str) -> None:
        self._take_out(key)

    def having(self, path: str, value: Any) -> set[str]:
        """The ids of the records whose indexed field equals the value."""
        return self._index[path].get(value, set())

    def after(self, place: Place, *, by_id: bool = False) -> Iterator[Row]:
        """The records behind this place, in order of (updatedAt, id) or of id alone."""
        if by_id:
            start = bisect_right(self._ids, place[1])
            return (self.by_id[self._ids[at]] for at in range(start, len(self._ids)))
        start = bisect_right(self._order, place)
        return (self.by_id[self._order[at][1]] for at in range(start, len(self._order)))

    def _take_out(self, key: str) -> None:
        """Deleting from the middle of a list moves pointers only: microseconds at 20,000 records."""
        old = self.by_id.pop(key, None)
        if old is None:
            return
        del self._order[bisect_left(self._order, _place(old))]
        del self._ids[bisect_left(self._ids, key)]
        for path, values in self._index.items():
            values[value_at(old, path)].discard(key)

    def _enter(self, row: Row) -> None:
        for path, values in self._index.items():
            values[value_at(row, path)].add(row["id"])


def value_at(row: Row, path: str) -> Any:
    """The value under a dotted path, None where a part of the way is missing."""
    value: Any = row
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _place(row: Row) -> Place:
    return (row["updatedAt"], row["id"])
