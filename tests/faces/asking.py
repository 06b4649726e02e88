"""Asking for a verb as the browser does, and reading what is said back."""

from __future__ import annotations

from django.contrib.messages import get_messages
from django.http import HttpResponse
from django.test import Client

from sync.models.runs import Act


def said(answer: HttpResponse) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


def do(client: Client, page: str, row: object, verb: str, **values: object) -> HttpResponse:
    return client.post(f"/admin/sync/{page}/{row.pk}/do/{verb}/", values)


def last_act() -> tuple[str, str, str]:
    act = Act.objects.first()
    return act.verb, act.actor, act.reason
