"""Every way CustomERP refuses a request, as one error with a status and a code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "bad_request",
    410: "gone",
    412: "version_mismatch",
    422: "validation_failed",
    428: "precondition_required",
    429: "rate_limited",
    500: "internal_error",
    503: "maintenance",
}
"""The code that goes with a status unless the problem names another."""


@dataclass(frozen=True)
class Detail:
    """One invalid field: dotted path, machine code, sentence."""

    field: str
    code: str
    message: str

    def shown(self) -> dict[str, str]:
        return {"field": self.field, "code": self.code, "message": self.message}


class Problem(Exception):
    """The request is refused; `extra` stands beside `error` in the body, `inside` within it."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        inside: dict[str, Any] | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code or CODES[status]
        self.inside = inside or {}
        self.extra = extra or {}

    def error(self, request_id: str | None) -> dict[str, Any]:
        """The object that stands under `error`."""
        return {"code": self.code, "message": self.message, "requestId": request_id, **self.inside}

    def body(self, request_id: str | None) -> dict[str, Any]:
        return {"error": self.error(request_id), **self.extra}


def invalid(details: list[Detail]) -> Problem:
    """422 with one detail per field."""
    count = "1 field is" if len(details) == 1 else f"{len(details)} fields are"
    return Problem(422, f"{count} invalid.", inside={"details": [detail.shown() for detail in details]})


def duplicate(field: str, value: str, conflicting_id: str) -> Problem:
    message = f"{field} '{value}' is already used by {conflicting_id}."
    return Problem(409, message, code="duplicate", inside={"conflictingId": conflicting_id, "field": field})
