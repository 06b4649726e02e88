"""A pretend system behind its door: API and control address as one WSGI application."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from sandbox.kit.control import PREFIX, Control
from sandbox.kit.failures import Failures
from sandbox.kit.ground import Ground
from sandbox.kit.ledgers import Calls
from sandbox.kit.system import System

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class Server:
    """Counts API calls, delays and fails them as ordered, and hands them to the system."""

    def __init__(self, system: System, ground: Ground) -> None:
        self.system = system
        self.calls = Calls()
        self._ground = ground
        self._failures = Failures()
        self._control = Control(system, ground, calls=self.calls, failures=self._failures)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        controlled = request.path == PREFIX or request.path.startswith(PREFIX + "/")
        response = self._control.respond(request) if controlled else self._answer(request)
        return response(environ, start_response)

    def tick(self) -> None:
        """The background work that is due now."""
        self.system.tick()

    def keep(self) -> None:
        """Brings what was written to the disk."""
        self._ground.storage.flush()

    def close(self) -> None:
        """Keeps what is not kept yet, and lets the disk go."""
        self._ground.storage.close()

    def _answer(self, request: Request) -> Response:
        endpoint = f"{request.method} {self.system.template(request.path)}"
        status = 0
        try:
            response = self._answer_or_fail(request)
            status = response.status_code
            return response
        finally:
            self.calls.note(endpoint, status)

    def _answer_or_fail(self, request: Request) -> Response:
        time.sleep(self.system.switches.latency_ms / 1000)
        failure = self._failures.take(request)
        if failure is not None and failure.when == "before":
            return failure.answer(request)
        response = self.system.respond(request)
        return response if failure is None else failure.answer(request)
