"""Listening on a real address."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from threading import Event, Thread
from types import TracebackType
from typing import Self

from sandbox.kit.listener import Listener
from sandbox.kit.server import Server

TICK_SECONDS = 0.1
KEEP_SECONDS = 0.3
"""What is written reaches the disk at most this much later."""

STOPPING = (signal.SIGINT, signal.SIGTERM)

TAKEN = 2
"""Exit code when the port is in use."""


class PortTaken(Exception):
    """The port is in use; the message is a sentence."""


class Served:
    """A server listening in threads of this process; port 0 takes a free one."""

    def __init__(self, server: Server, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._server = server
        self._listener = _listener(server, host, port)
        self._stopping = Event()
        self.url = f"http://{host}:{self._listener.server_port}"
        self._threads = [
            Thread(target=self._listener.serve_forever, args=(TICK_SECONDS,), daemon=True),
            Thread(target=self._every, args=(TICK_SECONDS, server.tick), daemon=True),
            Thread(target=self._every, args=(KEEP_SECONDS, server.keep), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stops listening and keeps what is not kept yet."""
        self._stopping.set()
        self._listener.shutdown()
        self._listener.hang_up()
        self._listener.server_close()
        for thread in self._threads:
            thread.join()
        self._server.close()

    def _every(self, seconds: float, deed: Callable[[], None]) -> None:
        while not self._stopping.wait(seconds):
            deed()


def run(server: Server, *, name: str, host: str, port: int) -> int:
    """Serves until SIGINT or SIGTERM, having said where; returns the exit code.

    The signals are waited for, not handled: a handler that sets an Event stands still for ever when a second
    signal interrupts it there, and Ctrl-C in a terminal often sends two.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        served = Served(server, host=host, port=port)
    except PortTaken as error:
        print(error, file=sys.stderr, flush=True)
        return TAKEN
    with served:
        print(f"LISTENING {name} {served.url}", flush=True)
        signal.sigwait(STOPPING)
    return 0


def _listener(server: Server, host: str, port: int) -> Listener:
    try:
        return Listener(host, port, server)
    except OSError as error:
        raise PortTaken(f"Cannot listen on {host}:{port}: {error.strerror}. Choose another port.") from error
