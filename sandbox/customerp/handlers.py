"""What each address of the API does."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlencode

from werkzeug.routing import Map, Rule, Submount

from sandbox.customerp import lists
from sandbox.customerp.calls import Call
from sandbox.customerp.envelopes import ENVELOPES, Sheet, single
from sandbox.customerp.problems import Problem
from sandbox.customerp.queries import ListQuery, fields_of, list_query, shown
from sandbox.customerp.replies import Reply, etag_of, tags
from sandbox.customerp.rows import Rows
from sandbox.customerp.schemas import SCHEMAS
from sandbox.customerp.stamps import written
from sandbox.customerp.store import Store
from sandbox.customerp.switches import Switches
from sandbox.customerp.writes import Writes

COMPANY = "Nordisk Handel AS"
BASE = "/api/v1"
ENTITY = "/<any(customers,contacts,products):entity>"

ROUTES = Map(
    [
        Submount(
            BASE,
            [
                Rule("/oauth/token", methods=["POST"], endpoint="token"),
                Rule("/me", methods=["GET"], endpoint="me"),
                Rule("/schema" + ENTITY, methods=["GET"], endpoint="schema"),
                Rule("/webhooks", methods=["GET"], endpoint="hook_list"),
                Rule("/webhooks", methods=["POST"], endpoint="hook_create"),
                Rule("/webhooks/<key>", methods=["GET"], endpoint="hook_read"),
                Rule("/webhooks/<key>", methods=["PATCH"], endpoint="hook_change"),
                Rule("/webhooks/<key>", methods=["DELETE"], endpoint="hook_delete"),
                Rule("/webhooks/<key>/ping", methods=["POST"], endpoint="hook_ping"),
                Rule(ENTITY, methods=["GET"], endpoint="list"),
                Rule(ENTITY, methods=["POST"], endpoint="create"),
                Rule(ENTITY + "/deleted", methods=["GET"], endpoint="deleted"),
                Rule(ENTITY + "/batch", methods=["POST"], endpoint="batch"),
                Rule(ENTITY + "/<key>", methods=["GET"], endpoint="read"),
                Rule(ENTITY + "/<key>", methods=["PATCH"], endpoint="change"),
                Rule(ENTITY + "/<key>", methods=["PUT"], endpoint="put"),
                Rule(ENTITY + "/<key>", methods=["DELETE"], endpoint="delete"),
            ],
        )
    ],
    strict_slashes=False,
)

Handler = Callable[[Call], Reply]


def template(path: str) -> str:
    """A path with its ids struck out: `/api/v1/customers/{id}`."""
    entities = "|".join((*SCHEMAS, "webhooks"))
    return re.sub(rf"^({BASE}/(?:{entities}))/(?!deleted$|batch$)[^/]+", r"\1/{id}", path)


class RecordHandlers:
    """The addresses of customers, contacts and products, and what describes them."""

    def __init__(self, store: Store, switches: Switches, writes: Writes) -> None:
        self._store = store
        self._switches = switches
        self._writes = writes

    def table(self) -> dict[str, Handler]:
        """Endpoint name to handler."""
        return {
            "me": self.me,
            "schema": self.schema,
            "list": self.list,
            "deleted": self.deleted,
            "read": self._wrapped(self.read),
            "create": self._wrapped(self.create),
            "batch": self.batch,
            "change": self._wrapped(self.change),
            "put": self._wrapped(self.put),
            "delete": self.delete,
        }

    def me(self, call: Call) -> Reply:
        company = {"id": self._switches.company_id, "name": COMPANY}
        body = {"company": company, "scopes": list(call.client.scopes), "serverTime": self._now()}
        return Reply(body=body)

    def schema(self, call: Call) -> Reply:
        return Reply(body=SCHEMAS[call.entity])

    def list(self, call: Call) -> Reply:
        query = list_query(call.entity, call.request.args, paging=self._switches.paging)
        rows = self._store.rows[call.entity]
        if query.ids is not None:
            if not self._switches.bulk_read:
                raise Problem(400, "Unknown query parameter: ids.")
            return self._sheet(Sheet(rows=lists.bulk(rows, query), time=self._now()))
        by_id = self._switches.page_order == "id"
        if self._switches.paging != "cursor":
            return self._counted(call, rows, query, by_id=by_id)
        return self._paged(call, lists.page(rows, query, by_id=by_id), query.limit)

    def deleted(self, call: Call) -> Reply:
        if not self._switches.deleted_feed:
            raise Problem(404, "There is no such address.")
        graves = self._store.graves[call.entity]
        page, limit = lists.deletions(graves, call.request.args, self._store.clock())
        return self._paged(call, page, limit)

    def read(self, call: Call) -> Reply:
        row = self._store.read(call.entity, call.key)
        body = shown(row, fields_of(call.entity, call.request.args))
        if not self._switches.etag:
            return Reply(body=body)
        headers = {"ETag": etag_of(row)}
        known = tags(call.request.headers.get("If-None-Match", "").replace("W/", ""))
        if str(row["version"]) in known or "*" in known:
            return Reply(status=304, headers=headers)
        return Reply(body=body, headers=headers)

    def create(self, call: Call) -> Reply:
        return self._writes.create(call.entity, call.body(), call.author, key=call.idempotency_key)

    def batch(self, call: Call) -> Reply:
        return self._writes.batch(call.entity, call.body(), call.author, key=call.idempotency_key)

    def change(self, call: Call) -> Reply:
        return self._writes.change(call.entity, call.key, call.body(), call.author, match=call.match)

    def put(self, call: Call) -> Reply:
        return self._writes.put(call.entity, call.key, call.body(), call.author, match=call.match)

    def delete(self, call: Call) -> Reply:
        return self._writes.delete(call.entity, call.key, call.author, match=call.match)

    def _paged(self, call: Call, page: lists.Page, limit: int) -> Reply:
        rows, following = page
        paging = {"limit": limit, "next": following}
        address = _address(call, cursor=following) if following else ""
        return self._sheet(Sheet(rows=rows, time=self._now(), paging=paging, next=address))

    def _counted(self, call: Call, rows: Rows, query: ListQuery, *, by_id: bool) -> Reply:
        """By page or offset: whoever is removed meanwhile moves everybody behind."""
        kept, total = lists.counted(rows, query, by_id=by_id)
        by = self._switches.paging
        after = query.skip + query.limit
        following = str(after if by == "offset" else after // query.limit + 1)
        sheet = Sheet(
            rows=kept,
            time=self._now(),
            paging={
                "limit": query.limit,
                by: query.skip if by == "offset" else query.skip // query.limit + 1,
            },
            next=_address(call, **{by: following}) if after < total else "",
            skipped=query.skip,
            total=total,
        )
        return self._sheet(sheet)

    def _sheet(self, sheet: Sheet) -> Reply:
        headers = {"Link": f'<{sheet.next}>; rel="next"'} if sheet.next else {}
        return Reply(body=ENVELOPES[self._switches.envelope](sheet), headers=headers)

    def _wrapped(self, handler: Handler) -> Handler:
        def wrapping(call: Call) -> Reply:
            reply = handler(call)
            if reply.body is None or reply.status >= 400:
                return reply
            return replace(reply, body=single(self._switches.envelope, reply.body))

        return wrapping

    def _now(self) -> str:
        return written(self._store.clock())


def _address(call: Call, **query: str) -> str:
    """The address of this list with something else asked for."""
    return f"{call.request.base_url}?{urlencode(call.request.args.to_dict() | query)}"
