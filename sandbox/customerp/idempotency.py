"""Replying a repeated write with its first answer instead of doing it again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.customerp.problems import Problem
from sandbox.customerp.replies import Reply
from sandbox.customerp.stamps import Clock

KEPT_FOR = timedelta(hours=24)
LONGEST_KEY = 64

Scope = tuple[str, str, str]
"""(client, path, key): the same key of another client or path is another key."""


@dataclass
class Entry:
    digest: str
    begun_at: datetime
    answer: Reply | None = None


class Memory:
    """Keys of the last 24 hours with the answers given."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[Scope, Entry] = {}

    def clear(self) -> None:
        """Forgets every key."""
        self._entries.clear()

    def begin(self, scope: Scope, body: Any) -> Reply | None:
        """The first answer when there is one; None when the caller shall now do the work and `finish`."""
        if not 0 < len(scope[2]) <= LONGEST_KEY:
            raise Problem(400, f"An idempotency key has 1 to {LONGEST_KEY} characters.")
        digest = _digest(body)
        entry = self._entries.get(scope)
        if entry is None or entry.begun_at < self._clock() - KEPT_FOR:
            self._entries[scope] = Entry(digest, self._clock())
            return None
        if entry.digest != digest:
            raise Problem(409, "This key was used for another body.", code="idempotency_key_reuse")
        if entry.answer is None:
            message = "The first request with this key is still running."
            raise Problem(409, message, code="idempotency_in_progress")
        return entry.answer

    def finish(self, scope: Scope, answer: Reply) -> None:
        """Remembers the answer; a server's own failure is forgotten, so that it can be tried again."""
        if answer.status >= 500:
            self._entries.pop(scope, None)
        else:
            self._entries[scope].answer = answer


def _digest(body: Any) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
