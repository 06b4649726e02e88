"""What was deleted, when, and into what it was merged."""

from __future__ import annotations

from bisect import bisect_right, insort
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.customerp.problems import Problem
from sandbox.customerp.stamps import parsed, written

GONE_FOR = timedelta(days=30)
FEED_KEPT = timedelta(days=90)


@dataclass(frozen=True, order=True)
class Grave:
    deleted_at: str
    id: str
    merged_into: str | None = None

    def shown(self) -> dict[str, Any]:
        return {"id": self.id, "deletedAt": self.deleted_at, "mergedInto": self.merged_into}


class Graves:
    """One entity's deleted records in order of (deletedAt, id)."""

    def __init__(self) -> None:
        self._by_id: dict[str, Grave] = {}
        self._order: list[tuple[str, str]] = []

    def add(self, grave: Grave) -> None:
        self._by_id[grave.id] = grave
        insort(self._order, (grave.deleted_at, grave.id))

    def missing(self, key: str, now: datetime) -> Problem:
        """410 for thirty days after the deletion, else 404."""
        grave = self._by_id.get(key)
        if grave is None or parsed(grave.deleted_at) < now - GONE_FOR:
            return Problem(404, f"There is no {key}.")
        message = f"{key} was deleted at {grave.deleted_at}."
        return Problem(410, message, extra={"deletedAt": grave.deleted_at})

    def after(self, place: tuple[str, str], now: datetime) -> list[Grave]:
        """The deletions behind this place that the feed still keeps."""
        place = max(place, (written(now - FEED_KEPT), ""))
        return [self._by_id[key] for _, key in self._order[bisect_right(self._order, place) :]]


def feed_expired(since: datetime, now: datetime) -> bool:
    return since < now - FEED_KEPT
