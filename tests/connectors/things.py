"""A REST system with one entity, `things`, that answers whatever a test says."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from sync.connectors.base import Access
from sync.connectors.rest.connector import RestConnector
from tests.connectors.ports import FakeGate, FakeVault

SECRETS = {"key": "k3y-v4lue", "user": "kari", "password": "pa55-word"}


def opened(server: HTTPServer, things: dict[str, Any], **document: Any) -> RestConnector:
    resource = {"list": {"path": "/things", "records": "$.data"}, "get": {"path": "/things/{id}"}} | things
    access = Access(
        address=server.url_for(""),
        config={"resources": {"things": resource}} | document,
        credentials=SECRETS,
        allow_hosts=(f"{server.host}:{server.port}",),
        gate=FakeGate(),
        vault=FakeVault(),
    )
    return RestConnector(access, sleep=lambda seconds: None)


def serve(server: HTTPServer, path: str, answer: Callable[[Request], Any], method: str = "GET") -> None:
    def respond(request: Request) -> Response:
        said = answer(request)
        return said if isinstance(said, Response) else Response(json.dumps(said), mimetype="application/json")

    server.expect_request(path, method=method).respond_with_handler(respond)
