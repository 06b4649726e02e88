"""Creating, changing and deleting records on a client's word, one at a time or in a batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sandbox.customerp.idempotency import Memory
from sandbox.customerp.problems import Problem
from sandbox.customerp.replies import Reply, etag_of, refusal, tags
from sandbox.customerp.rows import Row
from sandbox.customerp.stamps import written
from sandbox.customerp.store import Store
from sandbox.customerp.switches import Switches
from sandbox.kit.ledgers import Write
from sandbox.kit.ledgers import Writes as Ledger

MAX_BATCH = 100
OPERATION_NAMES = {"op", "id", "ifMatch", "idempotencyKey", "body"}


@dataclass(frozen=True, kw_only=True)
class Author:
    """Who writes, and under which request."""

    client: str
    request_id: str

    @property
    def name(self) -> str:
        return f"client:{self.client}"


class Writes:
    """The writing half of the API."""

    def __init__(self, store: Store, switches: Switches, memory: Memory, ledger: Ledger) -> None:
        self._ledger = ledger
        self._store = store
        self._switches = switches
        self._memory = memory

    def create(self, entity: str, body: Any, author: Author, *, key: str | None) -> Reply:
        """201 with the whole record; `key` is the idempotency key."""

        def work() -> Reply:
            row = self._store.create(entity, demand_object(body), by=author.name)
            self._note("POST", entity, row["id"], body, author)
            return self._with_etag(201, row, {"Location": f"/api/v1/{entity}/{row['id']}"})

        return self._once((author.client, f"POST /{entity}", key), body, work, author)

    def change(self, entity: str, key: str, body: Any, author: Author, *, match: str | None) -> Reply:
        """Merge patch: 200 with the whole record."""
        self._demand_match(entity, key, match)
        row = self._store.patch(entity, key, demand_object(body), by=author.name)
        self._note("PATCH", entity, key, body, author)
        return self._with_etag(200, row)

    def put(self, entity: str, key: str, body: Any, author: Author, *, match: str | None) -> Reply:
        """Full replacement: 200 with the whole record."""
        self._demand_match(entity, key, match)
        row = self._store.replace(entity, key, demand_object(body), by=author.name)
        self._note("PUT", entity, key, body, author)
        return self._with_etag(200, row)

    def delete(self, entity: str, key: str, author: Author, *, match: str | None) -> Reply:
        """204, no body."""
        self._demand_match(entity, key, match)
        self._store.remove(entity, key)
        self._note("DELETE", entity, key, {}, author)
        return Reply(status=204)

    def batch(self, entity: str, body: Any, author: Author, *, key: str | None) -> Reply:
        """207 with one result per operation, in order; one that fails stops no other."""
        operations = demand_object(body).get("operations")
        if set(body) != {"operations"} or not isinstance(operations, list):
            raise Problem(400, 'A batch is {"operations": […]}.')
        if len(operations) > MAX_BATCH:
            raise Problem(400, f"A batch takes at most {MAX_BATCH} operations.")

        def work() -> Reply:
            results = [self._result(entity, at, item, author) for at, item in enumerate(operations)]
            return Reply(status=207, body={"results": results})

        return self._once((author.client, f"POST /{entity}/batch", key), body, work, author)

    def _result(self, entity: str, at: int, operation: Any, author: Author) -> dict[str, Any]:
        try:
            reply = self._operate(entity, operation, author)
        except Problem as problem:
            reply = refusal(problem, author.request_id)
        named = operation.get("id") if isinstance(operation, dict) else None
        failed = reply.status >= 400
        body = reply.body or {}
        return {
            "index": at,
            "status": reply.status,
            "id": named if failed else body.get("id", named),
            "etag": reply.headers["ETag"].strip('"') if "ETag" in reply.headers else None,
            # What stands beside `error` in a single answer (the current object, say) moves inside it here.
            "error": body["error"] | {k: v for k, v in body.items() if k != "error"} if failed else None,
        }

    def _operate(self, entity: str, operation: Any, author: Author) -> Reply:
        if not isinstance(operation, dict) or set(operation) - OPERATION_NAMES:
            raise Problem(400, f"An operation has only {', '.join(sorted(OPERATION_NAMES))}.")
        kind, row_id, body = operation.get("op"), operation.get("id"), operation.get("body")
        key, match = _text(operation, "idempotencyKey"), _text(operation, "ifMatch")
        if kind == "create":
            return self.create(entity, body, author, key=key)
        if kind not in ("update", "delete") or not isinstance(row_id, str):
            raise Problem(400, "op must be create, or update or delete with an id.")

        def work() -> Reply:
            if kind == "update":
                return self.change(entity, row_id, body, author, match=match)
            return self.delete(entity, row_id, author, match=match)

        return self._once((author.client, f"{kind} /{entity}/{row_id}", key), [match, body], work, author)

    def _once(
        self, scope: tuple[str, str, str | None], body: Any, work: Callable[[], Reply], author: Author
    ) -> Reply:
        """Does the work, or repeats the answer its key has had before."""
        client, path, key = scope
        if key is None or not self._switches.idempotency:
            return work()
        first = self._memory.begin((client, path, key), body)
        if first is not None:
            return replace(first, headers=first.headers | {"Idempotency-Replayed": "true"})
        try:
            reply = work()
        except Problem as problem:
            reply = refusal(problem, author.request_id)
        self._memory.finish((client, path, key), reply)
        return reply

    def _note(self, method: str, entity: str, key: str, values: Row, author: Author) -> None:
        at = written(self._store.clock())
        self._ledger.note(Write(at=at, method=method, entity=entity, key=key, values=values, by=author.name))

    def _demand_match(self, entity: str, key: str, match: str | None) -> None:
        """428 without a version, 412 with one that is not the record's; the record must be there first."""
        row = self._store.read(entity, key)
        if not self._switches.etag:
            return
        if match is None:
            raise Problem(428, "If-Match is required.")
        if match.strip() != "*" and str(row["version"]) not in tags(match):
            message = f"{key} is at version {row['version']}."
            raise Problem(412, message, extra={"current": row})

    def _with_etag(self, status: int, row: Row, headers: dict[str, str] | None = None) -> Reply:
        tag = {"ETag": etag_of(row)} if self._switches.etag else {}
        return Reply(status=status, body=row, headers=tag | (headers or {}))


def demand_object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Problem(400, "The body must be a JSON object.")
    return body


def _text(operation: dict[str, Any], name: str) -> str | None:
    value = operation.get(name)
    if value is not None and not isinstance(value, str):
        raise Problem(400, f"{name} must be a text.")
    return value
