"""webCRM on a stage: in this process, with a clock that only moves when told and a listener for hooks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from werkzeug.test import Client, TestResponse

from sandbox.kit.clock import Clock
from sandbox.kit.ground import Ground
from sandbox.kit.server import Server
from sandbox.webcrm.access import HUB, READER, Application
from sandbox.webcrm.system import WebCrm

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
STARTED = "2026-03-01T08:00:00+00:00"
CREATED = "2026-01-10T09:00:00+00:00"
OTHER_HUB = Application(code="00000000-0000-0000-0000-00000000000f", name="other")

Row = dict[str, Any]

ROWS: dict[str, list[Row]] = {
    "Organisations": [
        {
            "OrganisationId": 1,
            "OrganisationName": "Akkurat AS",
            "OrganisationDivisionName": "3",
            "OrganisationTelephone": "+47 22 00 00 00",
            "OrganisationFax": "22 00 00 01",
            "OrganisationStatus": "Kunde",
            "OrganisationCountry": "Norge",
            "OrganisationExtraCustom8": "cus_1",
            "OrganisationCreatedAt": CREATED,
            "OrganisationUpdatedAt": "2026-01-11T10:00:00+00:00",
        },
        {
            "OrganisationId": 2,
            "OrganisationName": "O'Hara's Blomster",
            "OrganisationStatus": "Prospekt",
            "OrganisationType": None,
            "OrganisationCity": "Bodø",
            "OrganisationCreatedAt": CREATED,
            "OrganisationUpdatedAt": "2026-01-12T10:00:00+00:00",
        },
        {
            "OrganisationId": 3,
            "OrganisationName": "Ødegård Bygg",
            "OrganisationCreatedAt": "2026-02-01T00:00:00+00:00",
            "OrganisationUpdatedAt": "2026-02-02T00:00:00+00:00",
        },
    ],
    "Persons": [
        {
            "PersonId": 1,
            "PersonOrganisationId": 1,
            "PersonFirstName": "Bat",
            "PersonLastName": "Man",
            "PersonEmail": "Bat@Akkurat.no",
            "PersonDirectPhone": "22 33",
            "PersonMobilePhone": "44 55",
            "PersonPassword": "secret",
            "PersonUpdatedAt": "2026-01-11T10:00:00+00:00",
        },
        {"PersonId": 2, "PersonOrganisationId": 2, "PersonLastName": "-", "PersonUpdatedAt": CREATED},
    ],
    "Products": [
        {
            "ProductId": 1,
            "ProductOrganisationId": 3,
            "ProductCustom1": "70",
            "ProductCustom2": "Steam washer",
            "ProductPrice": 100.5,
            "ProductQuantity": 2,
            "ProductUpdatedAt": CREATED,
        }
    ],
}


TOO_LONG_NAME = "The field OrganisationName must be a string with a maximum length of 200."


def organisation(**values: Any) -> dict[str, Any]:
    """A body that creates one."""
    return {"OrganisationId": 0, "OrganisationName": "Ny AS"} | values


def person(**values: Any) -> dict[str, Any]:
    """A body that creates one."""
    return {"PersonId": 0, "PersonOrganisationId": 1, "PersonLastName": "Ny"} | values


class StillClock(Clock):
    """Stands still but for its shift."""

    def __call__(self) -> datetime:
        return START + self.shift


@dataclass
class Listener:
    """Hears hooks and answers them all with `status`."""

    status: int = 200
    heard: list[tuple[str, str, bytes]] = field(default_factory=list)

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        self.heard.append((url, headers["Content-Type"], body))
        return self.status, b""


class Stage:
    """One webCRM and a caller that is logged in as `hub`."""

    def __init__(self, rows: Mapping[str, list[Row]] | None = None) -> None:
        self.listener = Listener()
        ground = Ground(clock=StillClock(), post=self.listener)
        self.server = Server(
            WebCrm(ground, ROWS if rows is None else rows, applications=(HUB, READER, OTHER_HUB)), ground
        )
        self.http = Client(self.server)
        self._tokens: dict[str, str] = {}

    def log_in(self, application: Application = HUB) -> Row:
        answer = self.http.post("/Auth/ApiLogin", data={"authCode": application.code})
        return dict(json.loads(answer.text))

    def call(
        self, method: str, path: str, body: Any = None, *, by: Application = HUB, **query: Any
    ) -> TestResponse:
        """An API call as this application, logged in once."""
        if by.name not in self._tokens:
            self._tokens[by.name] = self.log_in(by)["AccessToken"]
        headers = {"Authorization": f"Bearer {self._tokens[by.name]}", "Accept": "application/json"}
        data = None if body is None else json.dumps(body)
        return self.http.open(
            path,
            method=method,
            data=data,
            headers=headers,
            query_string=query or None,
            content_type="application/json" if data else None,
        )

    def get(self, path: str, **query: Any) -> Any:
        """The JSON of a read that succeeds."""
        answer = self.call("GET", path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json

    def ask(self, script: str, **query: Any) -> Any:
        return self.get("/Queries", script=script, **query)

    def refused(self, method: str, path: str, body: Any = None, **query: Any) -> tuple[int, str]:
        """Status and message of a call that fails."""
        answer = self.call(method, path, body, **query)
        assert answer.status_code >= 400
        return answer.status_code, answer.json["Message"]

    def turn(self, **positions: Any) -> None:
        answer = self.http.patch("/_control/switches", json=positions)
        assert answer.status_code == 200, answer.text

    def shift(self, seconds: float) -> None:
        """Sets the clock this much after the start."""
        self.http.post("/_control/clock", json={"shift_seconds": seconds})

    def control(self, path: str, **order: Any) -> TestResponse:
        return self.http.post(f"/_control/{path}", json=order)
