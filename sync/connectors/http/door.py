"""The way out: sockets that keep a total deadline and are opened only towards addresses that were checked."""

from __future__ import annotations

import socket
import ssl
import time
from functools import partial
from typing import Any

from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from sync.connectors.base import Misconfigured, Unavailable
from sync.connectors.http.address import is_public, listed


class Door:
    """What one session's connections share: who may be called, and until when the running call may take."""

    def __init__(self, allow_hosts: tuple[str, ...]) -> None:
        self.allow_hosts = allow_hosts
        self.ends = 0.0

    def begin(self, seconds: float) -> None:
        """Start the clock of a call."""
        self.ends = time.monotonic() + seconds

    def remaining(self) -> float:
        """Seconds the call has left; TimeoutError where it has none."""
        left = self.ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the total time of the call is over")
        return left

    def open(self, host: str, port: int, timeout: float) -> socket.socket:
        """A connection to the host, checked after its name was resolved: what was checked is what is called."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise Unavailable(f"The name {host} could not be resolved.") from None
        if not listed(host, port, self.allow_hosts):
            self._refuse_private(host, {str(entry[4][0]) for entry in found})
        for family, kind, proto, _, place in found:
            connected = self._try(family, kind, proto, place=place, timeout=timeout)
            if connected is not None:
                return connected
        raise Unavailable(f"{host}:{port} does not accept connections.")

    def _refuse_private(self, host: str, ips: set[str]) -> None:
        private = sorted(ip for ip in ips if not is_public(ip))
        if private:
            raise Misconfigured(
                f"{host} is at {private[0]}, which is not a public address: it is refused unless HUB_ALLOW_HOSTS "
                "lists its host and port."
            )

    def _try(self, family: int, kind: int, proto: int, *, place: Any, timeout: float) -> socket.socket | None:
        sock = DeadlineSocket(family, kind, proto)
        sock.door = self
        try:
            sock.settimeout(min(timeout, self.remaining()))
            sock.connect(place)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            sock.close()
            return None
        return sock


class DeadlineSocket(socket.socket):
    """Each read waits no longer than the call has left, however often a byte arrives."""

    door: Door

    def recv_into(self, *args: Any, **more: Any) -> int:
        self.settimeout(self.door.remaining())
        return super().recv_into(*args, **more)


class DeadlineTLSSocket(ssl.SSLSocket):
    """The same, encrypted. Before the handshake is done the connection's own time-out counts."""

    door: Door | None = None

    def recv_into(self, *args: Any, **more: Any) -> int:
        if self.door is not None:
            self.settimeout(self.door.remaining())
        return super().recv_into(*args, **more)


class PlainConnection(HTTPConnection):
    def __init__(self, *args: Any, door: Door, **more: Any) -> None:
        super().__init__(*args, **more)
        self.door = door

    def _new_conn(self) -> socket.socket:
        return self.door.open(self._dns_host, self.port, _seconds(self.timeout))


class TLSConnection(HTTPSConnection):
    def __init__(self, *args: Any, door: Door, **more: Any) -> None:
        super().__init__(*args, **more)
        self.door = door

    def _new_conn(self) -> socket.socket:
        return self.door.open(self._dns_host, self.port, _seconds(self.timeout))

    def connect(self) -> None:
        """Whatever goes wrong in here went wrong before anything was asked of the system."""
        try:
            super().connect()
        except ssl.SSLCertVerificationError as error:
            raise Misconfigured(f"The certificate of {self.host} is not accepted: {error.reason}.") from error
        except (HTTPError, OSError) as error:
            raise Unavailable(f"No encrypted connection to {self.host}: {type(error).__name__}.") from error
        if isinstance(self.sock, DeadlineTLSSocket):
            self.sock.door = self.door


class PlainPool(HTTPConnectionPool):
    ConnectionCls = PlainConnection


class TLSPool(HTTPSConnectionPool):
    ConnectionCls = TLSConnection


class DoorAdapter(HTTPAdapter):
    """Sends nothing twice, follows nothing, verifies always."""

    def __init__(self, door: Door, *, encrypted: bool) -> None:
        self.door = door
        self.tls: dict[str, Any] = {}
        if encrypted:
            context = ssl.create_default_context()
            context.sslsocket_class = DeadlineTLSSocket
            self.tls = {"ssl_context": context, "cert_reqs": "CERT_REQUIRED"}
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, **more)
        self.poolmanager.pool_classes_by_scheme = {
            "http": partial(PlainPool, door=self.door),
            "https": partial(TLSPool, door=self.door),
        }

    def build_connection_pool_key_attributes(
        self, request: PreparedRequest, verify: bool | str, cert: Any = None
    ) -> Any:
        """Where to and how: verified whatever the caller says."""
        host, pool = super().build_connection_pool_key_attributes(request, verify or True, cert)
        return host, {**pool, **self.tls}


def _seconds(timeout: Any) -> float:
    return float(timeout) if isinstance(timeout, int | float) else 10.0
