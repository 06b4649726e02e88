"""CustomERP's API over HTTP: who calls, how often, which handler, and the answer's dress."""

from __future__ import annotations

import json
import secrets
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from sandbox.customerp.access import Access, Client, demand
from sandbox.customerp.bucket import Buckets
from sandbox.customerp.calls import Call
from sandbox.customerp.handlers import ROUTES, Handler
from sandbox.customerp.problems import CODES, Problem
from sandbox.customerp.replies import Reply, refusal
from sandbox.customerp.switches import Switches

NOBODY = "nobody"
"""Whose bucket the headers show when the caller is not recognised."""


@dataclass(frozen=True, kw_only=True)
class Api:
    """`records` run under the lock, `hooks` never: they post to other machines."""

    access: Access
    buckets: Buckets
    switches: Switches
    records: dict[str, Handler]
    hooks: dict[str, Handler]
    lock: AbstractContextManager[object]

    def respond(self, request: Request) -> Response:
        """One request answered, whatever becomes of it."""
        request_id = request.headers.get("X-Request-Id") or "req_" + secrets.token_hex(8)
        client = NOBODY
        try:
            endpoint, parts = ROUTES.bind_to_environ(request.environ).match()
            if endpoint == "token":
                reply = self._token(request)
            else:
                caller = self._recognised(request)
                client = caller.id
                self._demand_calls_left(client)
                call = Call(request=request, client=caller, request_id=request_id, **parts)
                reply = self._handled(endpoint, call)
        except Problem as problem:
            reply = refusal(problem, request_id, self._waiting_time(problem, client))
        except HTTPException as error:
            reply = refusal(_from_http(error), request_id)
        return self._written(reply, client, request_id)

    def _handled(self, endpoint: str, call: Call) -> Reply:
        demand(call.client, "read" if call.request.method in ("GET", "HEAD") else "write")
        with self.lock if endpoint in self.records else nullcontext():
            return (self.records.get(endpoint) or self.hooks[endpoint])(call)

    def _token(self, request: Request) -> Reply:
        token = self.access.issue(request.form, seconds=self.switches.token_ttl)
        return Reply(body=token, headers={"Cache-Control": "no-store"})

    def _recognised(self, request: Request) -> Client:
        headers = request.headers
        return self.access.client(headers.get("Authorization", ""), headers.get("X-Api-Key", ""))

    def _demand_calls_left(self, client: str) -> None:
        with self.lock:
            allowed = self.buckets.take(client, self._per_minute)
        if not allowed:
            raise Problem(429, f"More than {self._per_minute} calls a minute.")

    def _waiting_time(self, problem: Problem, client: str) -> dict[str, str]:
        if problem.status != 429:
            return {}
        return {"Retry-After": str(self.buckets.retry_after(client, self._per_minute))}

    @property
    def _per_minute(self) -> int:
        return max(1, self.switches.rate_limit_per_minute)

    def _written(self, reply: Reply, client: str, request_id: str) -> Response:
        with self.lock:
            limits = self.buckets.headers(client, self._per_minute)
        body = b"" if reply.body is None else _json(reply.body)
        response = Response(body, status=reply.status, headers=reply.headers | limits)
        response.headers["X-Request-Id"] = request_id
        if reply.body is None:
            response.headers.remove("Content-Type")
        else:
            response.headers["Content-Type"] = "application/json; charset=utf-8"
        return response


def _json(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _from_http(error: HTTPException) -> Problem:
    """werkzeug's own refusals (no such address, wrong method) in the words of this API."""
    status = error.code if error.code in CODES else 400
    return Problem(status or 400, error.description or "The request makes no sense.")
