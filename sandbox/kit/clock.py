"""The time a pretend system lives in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """Called for the time in UTC: the real one, moved by `shift`."""

    def __init__(self) -> None:
        self.shift = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.shift
