"""What tests may do with a pretend system behind its API's back."""

from __future__ import annotations

from typing import Any

import requests

Row = dict[str, Any]


class Refusal(AssertionError):
    """The control address could not do what the test asked for."""


class Control:
    """The control address of one pretend system: `url` is the server's own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False

    def close(self) -> None:
        self._session.close()

    def state(self, entity: str) -> list[Row]:
        """Every record in full."""
        found: list[Row] = self._ask("GET", f"state/{entity}")
        return found

    def calls(self) -> Row:
        """`{"total", "limited", "by_endpoint"}` since the start or `clear_calls`."""
        found: Row = self._ask("GET", "calls")
        return found

    def clear_calls(self) -> None:
        self._ask("DELETE", "calls")

    def writes(self, since: int = 0) -> list[Row]:
        """Every API write that landed, from this index on."""
        found: list[Row] = self._ask("GET", f"writes?since={since}")
        return found

    def edit(self, entity: str, key: str | int, by: str = "Kari Nordmann", **values: Any) -> None:
        """A person changes fields."""
        self._ask("POST", "edit", {"entity": entity, "key": key, "values": values, "by": by})

    def create(self, entity: str, **values: Any) -> str:
        """A person makes a record; its key."""
        return str(self._ask("POST", "create", {"entity": entity, "values": values})["key"])

    def remove(self, entity: str, key: str | int) -> None:
        self._ask("POST", "remove", {"entity": entity, "key": key})

    def act(self, name: str, **order: Any) -> Row:
        found: Row = self._ask("POST", f"act/{name}", order)
        return found

    def turn(self, **switches: Any) -> Row:
        """Turn switches; all of them as they stand afterwards."""
        found: Row = self._ask("PATCH", "switches", switches)
        return found

    def fail(self, **failure: Any) -> None:
        """Order a failure: method, path_prefix, status, times, when, drop, body, headers."""
        self._ask("POST", "fail", failure)

    def clear_failures(self) -> None:
        self._ask("DELETE", "fail")

    def shift_clock(self, seconds: float) -> None:
        self._ask("POST", "clock", {"shift_seconds": seconds})

    def reset(self) -> None:
        """Back to the first records; calls, writes, failures, switches and clock too."""
        self._ask("POST", "reset")

    def _ask(self, method: str, path: str, body: Row | None = None) -> Any:
        answer = self._session.request(method, f"{self.url}/_control/{path}", json=body, timeout=30)
        found = answer.json()
        if answer.status_code >= 400:
            raise Refusal(found.get("error", answer.text))
        return found
