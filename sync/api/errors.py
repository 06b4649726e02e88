"""What a program is told when something is not done: one sentence, and what is wrong with single fields."""

from __future__ import annotations

from typing import Any

from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from sync.services.acts import NotPossible

GENERAL = "non_field_errors"


def explain(error: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to a refused request; None lets a mistake of ours be one."""
    if isinstance(error, NotPossible):
        return Response({"error": str(error), "fields": {}}, status=status.HTTP_409_CONFLICT)
    answer = exception_handler(error, context)
    if answer is not None:
        answer.data = _body(error, answer.data)
    return answer


def _body(error: Exception, data: Any) -> dict[str, Any]:
    if not isinstance(error, exceptions.ValidationError):
        return {"error": str(data.get("detail", "")), "fields": {}}
    fields = _fields(data)
    named = [f"{name}: {' '.join(messages)}" for name, messages in fields.items() if name != GENERAL]
    return {"error": " ".join([*fields.pop(GENERAL, []), *named]), "fields": fields}


def _fields(data: Any, name: str = GENERAL) -> dict[str, list[str]]:
    """Messages by field, nested ones with dots."""
    if isinstance(data, dict):
        prefix = "" if name == GENERAL else f"{name}."
        found: dict[str, list[str]] = {}
        for key, value in data.items():
            found |= _fields(value, f"{prefix}{key}")
        return found
    messages = data if isinstance(data, list) else [data]
    return {name: [str(message) for message in messages]}
