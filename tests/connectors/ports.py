"""The engine's ports as a test sees them: a gate that counts and never waits, a vault in a dict."""

from __future__ import annotations

from datetime import UTC, datetime


class FakeGate:
    """Counts calls per endpoint, in order, and remembers the pauses asked for."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.pauses: list[float] = []
        self.clocks: list[datetime] = []

    def admit(self, endpoint: str) -> None:
        self.calls.append(endpoint)

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def heard(self, clock: datetime) -> None:
        self.clocks.append(clock)


class FakeVault:
    def __init__(self) -> None:
        self.tokens: dict[str, tuple[str, datetime]] = {}

    def get(self, name: str) -> tuple[str, datetime] | None:
        kept = self.tokens.get(name)
        return kept if kept and kept[1] > datetime.now(UTC) else None

    def put(self, name: str, token: str, expires_at: datetime) -> None:
        self.tokens[name] = (token, expires_at)

    def drop(self, name: str) -> None:
        self.tokens.pop(name, None)
