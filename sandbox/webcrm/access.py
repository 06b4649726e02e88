"""Who is calling: application tokens, access tokens, and how often each may call."""

from __future__ import annotations

import math
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Final

from sandbox.webcrm.problems import Throttled, Unauthorised

WINDOW: Final = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Application:
    """One application token: its secret code, and the name that records bear after its writes."""

    code: str
    name: str
    may_write: bool = True

    @property
    def author(self) -> str:
        return f"api2 {self.name}"


HUB: Final = Application(code="00000000-0000-0000-0000-000000000001", name="hub")
READER: Final = Application(code="00000000-0000-0000-0000-000000000002", name="reader", may_write=False)


class Access:
    """Issues access tokens and recognises callers."""

    def __init__(self, applications: tuple[Application, ...], clock: Callable[[], datetime]) -> None:
        self._by_code = {each.code.lower(): each for each in applications}
        self._clock = clock
        self._access: dict[str, tuple[Application, datetime]] = {}
        self._refresh: dict[str, Application] = {}

    def application(self, code: str) -> Application | None:
        return self._by_code.get(code.strip().lower())

    def refreshed(self, token: str) -> Application | None:
        """Who a refresh token belongs to; it may be used once."""
        return self._refresh.pop(token.strip(), None)

    def issue(self, application: Application, *, seconds: int) -> dict[str, Any]:
        """The answer to a good login, without what only newer systems say."""
        token, refresh = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self._access[token] = (application, self._clock() + timedelta(seconds=seconds))
        self._refresh[refresh] = application
        return login_answer() | {
            "AccessToken": token,
            "RefreshToken": refresh,
            "ExpiresIn": seconds,
            "TokenType": "Bearer",
        }

    def caller(self, authorization: str) -> Application:
        """The holder of `Bearer <token>`, the scheme in any case; Unauthorised for anybody else."""
        scheme, _, token = authorization.partition(" ")
        holder, until = self._access.get(token.strip(), (None, self._clock()))
        if scheme.lower() != "bearer" or holder is None or until <= self._clock():
            raise Unauthorised
        return holder

    def forget(self) -> None:
        """Ends every token."""
        self._access.clear()
        self._refresh.clear()


def login_answer(error: str | None = None, description: str | None = None) -> dict[str, Any]:
    """The answer of a login, good or bad, before the tokens are filled in."""
    return {
        "AccessToken": None,
        "RefreshToken": None,
        "Error": error,
        "ErrorDescription": description,
        "IsError": error is not None,
        "ExpiresIn": 0,
        "TokenType": None,
    }


def member(fields: Mapping[str, Any], name: str) -> str:
    """A form field whose name may be written in any case; empty when it is missing."""
    return next((str(value) for key, value in fields.items() if key.lower() == name.lower()), "")


class Quota:
    """The calls of the last minute, by application token: a sliding window."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = Lock()
        self._calls: dict[str, deque[datetime]] = {}

    def take(self, name: str, limit: int) -> None:
        """Counts one call; Throttled, uncounted, when the last minute is full."""
        now = self._clock()
        with self._lock:
            calls = self._calls.setdefault(name, deque())
            while calls and not now - WINDOW < calls[0] <= now:  # a clock set back leaves calls in the future
                calls.popleft()
            if len(calls) >= limit:
                waiting = (calls[len(calls) - limit] + WINDOW - now) if limit else WINDOW
                raise Throttled(limit, max(1, math.ceil(waiting.total_seconds())))
            calls.append(now)

    def forget(self) -> None:
        with self._lock:
            self._calls.clear()
