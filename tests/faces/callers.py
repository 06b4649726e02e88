"""Programs of every role, each with its token."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from knox.models import AuthToken

from tests.factories import UserFactory

ROLES = ("administrator", "operator", "auditor")


@dataclass(frozen=True)
class Answer:
    code: int
    body: Any


@dataclass(frozen=True)
class Caller:
    """Asks `/api/v1/…` and shows its token; without one it is nobody."""

    token: str = ""

    def get(self, path: str, **parameters: Any) -> Answer:
        return _answer(Client().get(f"/api/v1/{path}", parameters, headers=self._headers()))

    def post(self, path: str, **body: Any) -> Answer:
        return self.send("POST", path, json.dumps(body))

    def send(self, method: str, path: str, body: str = "") -> Answer:
        address = path if path.startswith("/") else f"/api/v1/{path}"
        sent = Client().generic(
            method, address, body, content_type="application/json", headers=self._headers()
        )
        return _answer(sent)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Token {self.token}"} if self.token else {}


def _answer(response: HttpResponse) -> Answer:
    return Answer(response.status_code, json.loads(response.content) if response.content else None)


def caller(role: str) -> Caller:
    """A program of that role; `nobody` has no token, `stranger` has one and no role."""
    if role == "nobody":
        return Caller()
    user = User.objects.filter(username=role).first()
    user = user or UserFactory(username=role, role="" if role == "stranger" else role)
    return Caller(AuthToken.objects.create(user)[1])
