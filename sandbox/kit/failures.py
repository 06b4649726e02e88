"""Failures ordered through the control address."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, NoReturn

from werkzeug.wrappers import Request, Response

from sandbox.kit.listener import SOCKET


@dataclass(kw_only=True)
class Failure:
    """What the next `times` matching calls get instead of their answer.

    `when` is `before` the call takes effect (it never does) or `after` it did. `drop` closes the connection
    without an answer. Without a `status` the answer is a 200 with this body.
    """

    method: str | None = None
    path_prefix: str = "/"
    status: int | None = None
    times: int = 1
    when: str = "before"
    drop: bool = False
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def fits(self, request: Request) -> bool:
        if self.method and self.method.upper() != request.method:
            return False
        return request.path.lower().startswith(self.path_prefix.lower())

    def answer(self, request: Request) -> Response:
        """The ordered answer; ConnectionAbortedError once the connection is closed."""
        if self.drop:
            _hang_up(request)
        plain = isinstance(self.body, str)
        text = self.body if plain else "" if self.body is None else json.dumps(self.body, ensure_ascii=False)
        kind = "text/html" if plain else "application/json"
        return Response(text, status=self.status or 200, headers=dict(self.headers), content_type=kind)


def _hang_up(request: Request) -> NoReturn:
    """The listener gives up the request then, so nothing is sent."""
    connection = request.environ.get(SOCKET)
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError("hung up on demand")


class Failures:
    """The failures still to come, first ordered first served."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: list[Failure] = []

    def order(self, failure: Failure) -> None:
        with self._lock:
            self._waiting.append(failure)

    def clear(self) -> None:
        with self._lock:
            self._waiting = []

    def take(self, request: Request) -> Failure | None:
        """The failure this call shall meet, used up by one."""
        with self._lock:
            for failure in self._waiting:
                if failure.fits(request):
                    failure.times -= 1
                    self._waiting = [each for each in self._waiting if each.times > 0]
                    return failure
        return None

    def shown(self) -> list[dict[str, Any]]:
        with self._lock:
            return [vars(failure) | {"headers": dict(failure.headers)} for failure in self._waiting]
