"""The token bucket every client has: so many calls a minute, refilled evenly."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from sandbox.customerp.stamps import Clock


@dataclass
class Level:
    tokens: float
    at: datetime


class Buckets:
    """One bucket per client, as large as a minute's calls."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._levels: dict[str, Level] = {}

    def take(self, client: str, per_minute: int) -> bool:
        """Takes one call out of the client's bucket; False when it is empty."""
        level = self._refilled(client, per_minute)
        if level.tokens < 1:
            return False
        level.tokens -= 1
        return True

    def headers(self, client: str, per_minute: int) -> dict[str, str]:
        """Limit, calls left, and the seconds until the bucket is full again."""
        level = self._refilled(client, per_minute)
        return {
            "X-RateLimit-Limit": str(per_minute),
            "X-RateLimit-Remaining": str(int(level.tokens)),
            "X-RateLimit-Reset": str(math.ceil((per_minute - level.tokens) * 60 / per_minute)),
        }

    def retry_after(self, client: str, per_minute: int) -> int:
        """Seconds until the next call fits, at least 1."""
        level = self._refilled(client, per_minute)
        return max(1, math.ceil((1 - level.tokens) * 60 / per_minute))

    def _refilled(self, client: str, per_minute: int) -> Level:
        now = self._clock()
        level = self._levels.setdefault(client, Level(float(per_minute), now))
        gained = max(0.0, (now - level.at).total_seconds()) * per_minute / 60
        level.tokens, level.at = min(float(per_minute), level.tokens + gained), now
        return level
