"""What a pretend system remembers about the calls it got: for tests to count, whatever the caller claims."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from threading import Lock
from typing import Any

TOO_MANY = 429


class Calls:
    """How many API calls came, by method and path with its ids struck out."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.clear()

    def clear(self) -> None:
        self._limited = 0
        self._by_endpoint: Counter[str] = Counter()

    def note(self, endpoint: str, status: int) -> None:
        """Counts one call; `endpoint` like `GET /Organisations/{id}`, status 0 when it was left unanswered."""
        with self._lock:
            self._by_endpoint[endpoint] += 1
            self._limited += status == TOO_MANY

    def shown(self) -> dict[str, Any]:
        """`total` counts every call, those that were `limited` included."""
        with self._lock:
            endpoints = dict(sorted(self._by_endpoint.items()))
            return {"total": sum(endpoints.values()), "limited": self._limited, "by_endpoint": endpoints}


@dataclass(frozen=True, kw_only=True)
class Write:
    """One API write that landed: the values as they were sent, the author as the record names him."""

    at: str
    method: str
    entity: str
    key: str | int
    values: Mapping[str, Any]
    by: str


class Writes:
    """Every API write that landed, in order."""

    def __init__(self) -> None:
        self._written: list[Write] = []

    def note(self, write: Write) -> None:
        self._written.append(write)

    def clear(self) -> None:
        self._written = []

    def shown(self, since: int = 0) -> list[dict[str, Any]]:
        """The writes from this index on."""
        return [asdict(write) for write in self._written[since:]]
