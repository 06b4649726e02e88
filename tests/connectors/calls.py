"""A session to a raw server, and two calls to try on it."""

from __future__ import annotations

from sync.connectors.base import Access
from sync.connectors.http.messages import Request
from sync.connectors.http.session import Limits, Session
from tests.connectors.ports import FakeGate, FakeVault
from tests.connectors.raw import RawServer

ROUTES = [("GET", "/things"), ("GET", "/things/{id}"), ("POST", "/things")]
READ = Request(method="GET", template="/things")
WRITE = Request(method="POST", template="/things", body={"a": 1}, writes=True)


def session(server: RawServer, gate: FakeGate | None = None, **more) -> Session:
    place = server.address.removeprefix("http://")
    access = Access(
        address=server.address,
        credentials={"token": "s3cr3t-v4lue"},
        allow_hosts=(place,),
        gate=gate or FakeGate(),
        vault=FakeVault(),
    )
    return Session(access, ROUTES, sleep=lambda seconds: None, limits=Limits(**more))
