"""Refusals, in the words webCRM is assumed to use."""

from __future__ import annotations

import json
from collections.abc import Mapping


class Refusal(Exception):
    """A call that is answered with an error status and `{"Message", "Type"}`."""

    def __init__(self, status: int, message: str, kind: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind
        self.headers: dict[str, str] = {}

    def body(self, style: str) -> str:  # noqa: ARG002
        """The answer's JSON; `style` matters to validation only."""
        return json.dumps(self.fields(), ensure_ascii=False)

    def fields(self) -> dict[str, object]:
        return {"Message": self.message, "Type": self.kind}


class Invalid(Refusal):
    """400: what was sent does not validate; messages by field name."""

    def __init__(self, messages: Mapping[str, list[str]]) -> None:
        text = " ".join(message for several in messages.values() for message in several)
        super().__init__(400, text, "ValidationException")
        self.messages = messages

    def body(self, style: str) -> str:
        if style == "model_state":
            return json.dumps(self.messages, ensure_ascii=False)
        return super().body(style)


class Unauthorised(Refusal):
    """401 with no body at all."""

    def __init__(self) -> None:
        super().__init__(401, "Unauthorised.", "")

    def body(self, style: str) -> str:  # noqa: ARG002
        return ""


class Throttled(Refusal):
    """429: too many calls in the last minute."""

    def __init__(self, limit: int, seconds: int) -> None:
        message = f"The request was throttled. The limit of {limit} requests per minute is reached"
        super().__init__(429, message, "TooManyRequestsException")
        self._seconds = seconds
        self.headers = {"Retry-After": str(seconds)}

    def fields(self) -> dict[str, object]:
        return {"RetryAfterSeconds": self._seconds} | super().fields()


def invalid(field: str, message: str) -> Invalid:
    return Invalid({field: [message]})


def bad_request(message: str) -> Refusal:
    return Refusal(400, message, "ValidationException")


def missing(what: str, key: int) -> Refusal:
    return Refusal(404, f"{what} {key} was not found.", "NotFoundException")
