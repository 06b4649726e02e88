"""The records of one entity: by id, by time of update, and by the fields that are looked up."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from typing import Any, Final

from sandbox.webcrm.fields import Shape

Row = dict[str, Any]
"""Only the values that are not blank; a stored row is never changed in place."""

INDEXED: Final = {
    "Organisations": [*(f"OrganisationExtraCustom{number}" for number in range(1, 9))],
    "Persons": ["PersonOrganisationId", "PersonEmail", "PersonCustom5"],
    "Products": ["ProductOrganisationId", "ProductCustom1", "ProductCustom3"],
}


class Rows:
    """Records in memory."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.by_id: dict[int, Row] = {}
        self.ids: list[int] = []
        """In ascending order."""
        self.last_id = 0
        self._updated: list[tuple[str, int]] = []
        self._index: dict[str, dict[Any, set[int]]] = {
            name: defaultdict(set) for name in INDEXED[shape.entity]
        }

    def put(self, row: Row) -> None:
        """Adds the record, or replaces the one of the same id."""
        key = row[self.shape.id]
        if key in self.by_id:
            self.remove(key)
        self.by_id[key] = row
        self.last_id = max(self.last_id, key)
        insort(self.ids, key)
        insort(self._updated, (row[self.shape.updated_at], key))
        for name, values in self._index.items():
            values[folded(row.get(name))].add(key)

    def remove(self, key: int) -> None:
        """Deleting from the middle of a list moves pointers only: microseconds at 20,000 records."""
        row = self.by_id.pop(key)
        del self.ids[bisect_left(self.ids, key)]
        del self._updated[bisect_left(self._updated, (row[self.shape.updated_at], key))]
        for name, values in self._index.items():
            values[folded(row.get(name))].discard(key)

    def indexed(self, name: str) -> bool:
        return name == self.shape.id or name in self._index

    def having(self, name: str, value: Any) -> set[int]:
        """The ids of the records whose indexed field equals the value, case apart; blanks are not looked up."""
        if name == self.shape.id:
            return {value} if value in self.by_id else set()
        return self._index[name].get(folded(value), set())

    def updated_since(self, text: str) -> list[int]:
        """The ids of the records updated at or after this moment, earliest first."""
        start = bisect_left(self._updated, (text, 0))
        return [key for _, key in self._updated[start:]]


def folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value
