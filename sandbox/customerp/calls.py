"""One call as the handlers see it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NoReturn

from werkzeug.wrappers import Request

from sandbox.customerp.access import Client
from sandbox.customerp.problems import Problem
from sandbox.customerp.writes import Author


@dataclass(frozen=True, kw_only=True)
class Call:
    """A recognised client's request with the parts of its path."""

    request: Request
    client: Client
    request_id: str
    entity: str = ""
    key: str = ""

    @property
    def author(self) -> Author:
        return Author(client=self.client.id, request_id=self.request_id)

    @property
    def idempotency_key(self) -> str | None:
        return self.request.headers.get("Idempotency-Key")

    @property
    def match(self) -> str | None:
        return self.request.headers.get("If-Match")

    def body(self) -> Any:
        """The JSON of the request; 400 when it is none."""
        try:
            body = json.loads(self.request.get_data(), parse_constant=_refuse_constant)
            # Half a surrogate pair is legal in JSON, but no text: it could be stored and never be sent again.
            json.dumps(body, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as error:
            raise Problem(400, "The body is not JSON.") from error
        return body


def _refuse_constant(name: str) -> NoReturn:
    """Python reads NaN and Infinity as numbers; JSON knows neither."""
    raise ValueError(name)
