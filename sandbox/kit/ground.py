"""What a pretend system is given to stand on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from sandbox.kit.clock import Clock
from sandbox.kit.ledgers import Writes
from sandbox.kit.storage import Storage

Post = Callable[[str, bytes, Mapping[str, str]], tuple[int, bytes]]
"""Posts a body to an address and returns (status, answer); status 0 when nobody answered."""

POST_SECONDS = 5.0
MOST_BYTES = 65_536


def post_for_real(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
    """Posts over the network once, without proxies and redirects."""
    try:
        return _posted(url, body, headers)
    except (OSError, HTTPException, ValueError):  # ValueError: the address is none
        return 0, b""


def _posted(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
    parts = urlsplit(url)
    connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    with closing(connect(parts.netloc.rpartition("@")[2], timeout=POST_SECONDS)) as connection:
        connection.request("POST", parts._replace(scheme="", netloc="").geturl() or "/", body, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read(MOST_BYTES)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Clock, ledger of writes, storage, and a way to post hooks."""

    clock: Clock = field(default_factory=Clock)
    writes: Writes = field(default_factory=Writes)
    storage: Storage = field(default_factory=lambda: Storage(None))
    post: Post = post_for_real
