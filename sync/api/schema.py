"""What the OpenAPI description says beyond what the code shows by itself."""

from __future__ import annotations

from typing import Any

ERROR = {
    "type": "object",
    "required": ["error", "fields"],
    "properties": {
        "error": {"type": "string", "description": "What is wrong, why, and what to do."},
        "fields": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
            "description": "What is wrong with single fields.",
        },
    },
}
REFUSALS = {
    "400": "Something in the request makes no sense.",
    "401": "No token, or one that is not good any more.",
    "403": "Your role does not allow this.",
    "404": "There is no such row.",
    "409": "It cannot be done as things stand.",
    "429": "Too many requests: wait as long as Retry-After says.",
}
NEVER_IN_GET = {"409"}


def add_errors(result: dict[str, Any], **_: object) -> dict[str, Any]:
    """Every operation may be refused, always in the same form."""
    result["components"].setdefault("schemas", {})["Error"] = ERROR
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            operation["responses"] |= _refusals(path, method)
    return result


def _refusals(path: str, method: str) -> dict[str, Any]:
    left_out = (NEVER_IN_GET if method == "get" else set()) | (set() if "{" in path else {"404"})
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {
        code: {"description": description, "content": content}
        for code, description in REFUSALS.items()
        if code not in left_out
    }
