"""CustomERP on a stage: in this process, with a clock that stands still and a subscriber that listens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from werkzeug.test import Client, TestResponse

from sandbox.customerp.stamps import written
from sandbox.customerp.system import CustomErp
from sandbox.kit.clock import Clock
from sandbox.kit.ground import Ground
from sandbox.kit.server import Server

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
BASE = "/api/v1"


@dataclass
class StillClock(Clock):
    moment: datetime = START

    def __call__(self) -> datetime:
        return self.moment

    def pass_by(self, **span: float) -> None:
        self.moment += timedelta(**span)


@dataclass
class Subscriber:
    """Echoes challenges while `echoes`; answers everything else with `status`."""

    status: int = 200
    echoes: bool = True
    heard: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        self.heard.append((url, body, dict(headers)))
        if headers["X-CustomERP-Event"] == "ping":
            challenge = json.loads(body)["data"]["challenge"] if self.echoes else "?"
            return 200, json.dumps({"challenge": challenge}).encode()
        return self.status, b""

    def events(self) -> list[dict[str, Any]]:
        """The bodies heard, pings left out."""
        bodies = [json.loads(body) for _, body, _ in self.heard]
        return [body for body in bodies if body["type"] != "ping"]


def customer(number: int, **more: Any) -> dict[str, Any]:
    """A stored customer, one second after the one before."""
    stamp = written(START - timedelta(days=1) + timedelta(seconds=number))
    return {
        "id": f"cus_{number:03d}",
        "customerNumber": str(1000 + number),
        "name": f"Kunde {number} AS",
        "createdAt": stamp,
        "updatedAt": stamp,
    } | more


def contact(number: int, owner: str, **more: Any) -> dict[str, Any]:
    row = customer(number, id=f"con_{number:03d}", customer={"id": owner}, lastName=f"Nr {number}")
    del row["customerNumber"], row["name"]
    return row | more


class Stage:
    """The server, its surroundings, and short ways to call it as client `hub`."""

    def __init__(self, **rows: list[dict[str, Any]]) -> None:
        self.clock = StillClock()
        self.subscriber = Subscriber()
        self.ground = Ground(clock=self.clock, post=self.subscriber)
        self.erp = CustomErp(self.ground, rows)
        self.erp.switches.rate_limit_per_minute = 100_000
        self.server = Server(self.erp, self.ground)
        self.http = Client(self.server)

    def call(self, method: str, path: str, *, body: Any = None, **headers: str) -> TestResponse:
        """Header names with underscores for dashes."""
        named = {"X-Api-Key": "key-hub"} | {name.replace("_", "-"): text for name, text in headers.items()}
        data = None if body is None else json.dumps(body)
        return self.http.open(BASE + path, method=method, data=data, headers=named)

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any, **headers: str) -> TestResponse:
        return self.call("POST", path, body=body, **headers)

    def patch(self, path: str, body: Any, match: str = "*") -> TestResponse:
        return self.call("PATCH", path, body=body, If_Match=match)

    def control(self, method: str, path: str, body: Any = None) -> TestResponse:
        """A call to the control address."""
        return self.http.open(f"/_control{path}", method=method, json=body)

    def ids(self, path: str) -> list[str]:
        return [row["id"] for row in self.get(path).get_json()["data"]]


def details(answer: TestResponse) -> dict[str, str]:
    """Field to code of a 422."""
    assert answer.status_code == 422, answer.text
    return {detail["field"]: detail["code"] for detail in answer.get_json()["error"]["details"]}
