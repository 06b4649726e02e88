"""Carrying webhooks over real HTTP, in a thread of its own."""

from __future__ import annotations

from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Event, Thread
from urllib.parse import urlsplit

from sandbox.customerp.webhooks import Webhooks

TIMEOUT_SECONDS = 5
LOOK_EVERY_SECONDS = 0.1
LARGEST_ANSWER = 64_000


def post(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
    """Posts once and follows nothing; (0, b"") when nobody answers in time."""
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    try:
        connection.request("POST", target, body=body, headers=dict(headers))
        response = connection.getresponse()
        return response.status, response.read(LARGEST_ANSWER)
    except (OSError, HTTPException):
        return 0, b""
    finally:
        connection.close()


class Courier:
    """Delivers what is due until it is stopped."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends after the delivery under way."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(LOOK_EVERY_SECONDS):
            self._webhooks.deliver_due()
