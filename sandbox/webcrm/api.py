"""webCRM's door: log-in, rate limit, rights, and one handler for each address."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from threading import RLock
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from sandbox.webcrm.access import Access, Application, Quota, login_answer, member
from sandbox.webcrm.calls import Answer, Call
from sandbox.webcrm.hooks import Hooks
from sandbox.webcrm.linked import LinkedData
from sandbox.webcrm.problems import Refusal
from sandbox.webcrm.reads import Reads
from sandbox.webcrm.routes import ROUTES
from sandbox.webcrm.switches import Switches
from sandbox.webcrm.writes import Writes

Handler = Callable[[Call], Answer]


class Api:
    """Answers one call after the other; records are touched under the lock only."""

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        *,
        access: Access,
        quota: Quota,
        switches: Switches,
        lock: RLock,
    ) -> None:
        self._handlers = handlers
        self._access = access
        self._quota = quota
        self._switches = switches
        self._lock = lock

    def respond(self, request: Request) -> Response:
        """One call, refusals included."""
        try:
            return _written(request, self._answer(request))
        except Refusal as refusal:
            body = refusal.body(self._switches.error_style)
            return Response(body, refusal.status, refusal.headers, content_type=_kind(request))
        except HTTPException as error:
            return Response(status=error.code or 404)

    def _answer(self, request: Request) -> Answer:
        """Paths are read in any case."""
        address = ROUTES.bind(request.host)
        endpoint, parts = address.match(request.path.lower(), method=request.method)
        if endpoint in ("login", "refresh"):
            return self._login(request) if endpoint == "login" else self._refresh(request)
        application = self._access.caller(request.headers.get("Authorization", ""))
        self._quota.take(application.name, self._switches.rate_limit_per_minute)
        if request.method != "GET" and not application.may_write:
            raise Refusal(403, "This token has no right to write.", "ForbiddenException")
        with self._lock:
            return self._handlers[endpoint](Call(request=request, application=application, **parts))

    def _login(self, request: Request) -> Answer:
        """Form fields are what is documented; a JSON body is let through."""
        fields = request.get_json(silent=True) if request.is_json else request.form
        code = member(fields, "authCode") if isinstance(fields, Mapping) else ""
        return self._token_for(self._access.application(code), "authCode")

    def _refresh(self, request: Request) -> Answer:
        token = request.headers.get("refreshToken") or member(request.form, "refreshToken")
        return self._token_for(self._access.refreshed(token), "refreshToken")

    def _token_for(self, application: Application | None, name: str) -> Answer:
        if application is None:
            status = 200 if self._switches.bad_login_as_200 else 400
            return Answer(login_answer("invalid_grant", f"Invalid {name}"), status)
        self._quota.take(application.name, self._switches.rate_limit_per_minute)
        answer = self._access.issue(application, seconds=self._switches.token_ttl)
        if not self._switches.legacy_2019:
            answer["SystemId"] = self._switches.system_id
        return Answer(answer)


def handlers(reads: Reads, writes: Writes, hooks: Hooks, linked: LinkedData) -> dict[str, Handler]:
    """Every endpoint's handler by name."""
    return {
        "identity": reads.identity,
        "list": reads.list,
        "read": reads.read,
        "find_by_dates": reads.find_by_dates,
        "belonging": reads.belonging,
        "by_organisation": reads.by_organisation,
        "nothing": reads.nothing,
        "queries": reads.queries,
        "metadata": reads.metadata,
        "linked_setup": reads.linked_setup,
        "users": reads.users,
        "active_users": reads.active_users,
        "create": writes.create,
        "update": writes.update,
        "batch": writes.batch,
        "remove": writes.remove,
        **_hook_handlers(hooks),
        **_linked_handlers(linked),
    }


def _hook_handlers(hooks: Hooks) -> dict[str, Handler]:
    return {
        "hook_list": lambda call: Answer(hooks.listed(call.entity, call.application)),
        "hook_create": lambda call: Answer(hooks.create(call.entity, call.object(), call.application)),
        "hook_read": lambda call: Answer(hooks.read(call.entity, call.key, call.application)),
        "hook_update": _silent(
            lambda call: hooks.change(call.entity, call.key, call.object(), call.application)
        ),
        "hook_remove": _silent(lambda call: hooks.remove(call.entity, call.key, call.application)),
    }


def _linked_handlers(linked: LinkedData) -> dict[str, Handler]:
    return {
        "linked_list": lambda call: Answer(linked.listed(call.entity)),
        "linked_create": lambda call: Answer(linked.create(call.entity, call.object())),
        "linked_read": lambda call: Answer(linked.read(call.entity, call.key)),
        "linked_update": _silent(lambda call: linked.change(call.entity, call.key, call.object())),
        "linked_remove": _silent(lambda call: linked.remove(call.entity, call.key)),
        "linked_wipe": _silent(lambda call: linked.wipe(call.entity)),
    }


def _silent(deed: Callable[[Call], None]) -> Handler:
    """A handler that does it and has nothing to say."""

    def handler(call: Call) -> Answer:
        deed(call)
        return Answer()

    return handler


def _written(request: Request, answer: Answer) -> Response:
    text = "" if answer.body is None else json.dumps(answer.body, ensure_ascii=False, separators=(",", ":"))
    return Response(text, answer.status, content_type=_kind(request))


def _kind(request: Request) -> str:
    """JSON arrives labelled as plain text unless the caller insists."""
    accepted: Any = request.headers.get("Accept", "")
    for kind in ("application/json", "text/json"):
        if kind in accepted:
            return f"{kind}; charset=utf-8"
    return "text/plain; charset=utf-8"
