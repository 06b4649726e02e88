"""What a program is told when something is not done: one sentence, and what is wrong with single fields."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from redis import RedisError
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from sync.services.acts import NotPossible

GENERAL = "non_field_errors"
LOGIN = "Get one with POST /api/v1/login/ and send it as 'Authorization: Token …'."

NO_REDIS = (
    "Nothing is answered while Redis is away, for calls are counted there: nobody may guess passwords meanwhile. "
    "Syncing goes on. Start Redis again, or leave REDIS_URL empty."
)


def explain(error: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to a refused request; None lets a mistake of ours be one."""
    if isinstance(error, NotPossible):
        return Response({"error": str(error), "fields": {}}, status=status.HTTP_409_CONFLICT)
    if isinstance(error, RedisError):
        return Response({"error": NO_REDIS, "fields": {}}, status=status.HTTP_503_SERVICE_UNAVAILABLE)
    answer = exception_handler(_said(error), context)
    if answer is not None:
        answer.data = _body(error, answer.data)
    return answer


def _said(error: Exception) -> Exception:
    """The framework's terse refusals, with what to do."""
    match error:
        case Http404():
            return exceptions.NotFound(
                "There is no such row. The list of this address shows which there are."
            )
        case exceptions.NotAuthenticated():
            return exceptions.NotAuthenticated(f"No token was shown. {LOGIN}")
        case exceptions.AuthenticationFailed(detail=detail) if "token" in str(detail).lower():
            return exceptions.AuthenticationFailed(f"This token is not good any more, or never was. {LOGIN}")
    return error


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
