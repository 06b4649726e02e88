"""Certificates: only one that a known authority gave to this very host, and for now, is accepted."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from sync.connectors.base import Access, Misconfigured, Unavailable, Unknown
from sync.connectors.http.messages import Request
from sync.connectors.http.session import Limits, Session
from tests.connectors.ports import FakeGate, FakeVault

ANSWER = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[1]"
READ = Request(method="GET", template="/things")
WRITE = Request(method="GET", template="/things", writes=True)


def certificate(place: Path, host: str, *, days: int) -> Path:
    """A certificate of its own making for a host, ending in so many days, with its key in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    place.write_bytes(made.public_bytes(Encoding.PEM) + secret)
    return place


class TLSServer:
    """Answers every encrypted request with `[1]`, or a byte at a time for ever."""

    drips = False

    def __init__(self, path: Path) -> None:
        self.ended = threading.Event()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(path)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.asked = 0
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.ended.set()
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self.socket.accept()
            except OSError:
                return
            try:
                with self.context.wrap_socket(plain, server_side=True) as connection:
                    if connection.recv(65536):
                        self.asked += 1
                        self._answer(connection)
            except OSError:
                plain.close()

    def _answer(self, connection: ssl.SSLSocket) -> None:
        connection.sendall(ANSWER[:-3])
        while self.drips and not self.ended.wait(0.02):
            connection.sendall(b" ")
        connection.sendall(ANSWER[-3:])


@pytest.fixture
def served(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[TLSServer, Path]]:
    host, days = request.param
    path = certificate(tmp_path / "server.pem", host, days=days)
    server = TLSServer(path)
    yield server, path
    server.close()


def session(server: TLSServer, **limits: float) -> Session:
    place = f"localhost:{server.port}"
    access = Access(address=f"https://{place}", allow_hosts=(place,), gate=FakeGate(), vault=FakeVault())
    return Session(access, [("GET", "/things")], sleep=lambda seconds: None, limits=Limits(**limits))


@pytest.mark.parametrize("request_", [READ, WRITE])
@pytest.mark.parametrize("served", [("localhost", 30)], indirect=True)
def test_nobody_vouches_for_a_certificate_of_its_own_making(served, request_):
    with pytest.raises(Misconfigured, match="is not accepted"):
        session(served[0]).call(request_)
    assert served[0].asked == 0


@pytest.mark.parametrize("served", [("localhost", 30)], indirect=True)
def test_a_certificate_somebody_vouches_for_is_accepted(served, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(served[1]))
    assert session(served[0]).call(READ).body == [1]


@pytest.mark.parametrize("served", [("localhost", -1), ("other.example", 30)], indirect=True)
def test_an_ended_or_foreign_certificate_is_refused_whoever_vouches(served, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(served[1]))
    with pytest.raises(Misconfigured, match="is not accepted"):
        session(served[0]).call(READ)


@pytest.mark.filterwarnings("ignore:ssl:DeprecationWarning")
@pytest.mark.parametrize("served", [("localhost", 30)], indirect=True)
def test_an_old_protocol_is_refused(served):
    served[0].context.options |= ssl.OP_NO_TLSv1_3 | ssl.OP_NO_TLSv1_2
    with pytest.raises((Unavailable, Misconfigured)):
        session(served[0]).call(READ)
    assert served[0].asked == 0


@pytest.mark.parametrize("served", [("localhost", 30)], indirect=True)
def test_an_encrypted_drip_ends_with_the_total_deadline_too(served, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(served[1]))
    served[0].drips = True
    with pytest.raises(Unknown, match="took too long"):
        session(served[0], deadline=0.4).call(WRITE)
