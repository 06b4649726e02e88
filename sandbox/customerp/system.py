"""CustomERP as the kit runs it: the API, and the people and clocks behind its back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import RLock
from typing import Any

from werkzeug.wrappers import Request, Response

from sandbox.customerp.access import CLIENTS, Access
from sandbox.customerp.api import Api
from sandbox.customerp.bucket import Buckets
from sandbox.customerp.handlers import RecordHandlers, template
from sandbox.customerp.hook_handlers import HookHandlers
from sandbox.customerp.idempotency import Memory
from sandbox.customerp.problems import Problem
from sandbox.customerp.rows import Row
from sandbox.customerp.schemas import SCHEMAS
from sandbox.customerp.store import Event, Store
from sandbox.customerp.switches import Switches
from sandbox.customerp.webhooks import HOOKS, Webhooks
from sandbox.customerp.writes import Writes
from sandbox.kit.ground import Ground
from sandbox.kit.system import Impossible


class CustomErp:
    """`rows` by entity is what it begins with, unless the storage remembers better."""

    def __init__(self, ground: Ground, rows: Mapping[str, list[Row]]) -> None:
        self.lock = RLock()
        self.switches = Switches()
        self.access = Access(CLIENTS, ground.clock)
        self.memory = Memory(ground.clock)
        self.webhooks = Webhooks(ground.clock, ground.post, ground.storage)
        self.store = Store(ground.clock, ground.storage, told=self._tell)
        self._storage = ground.storage
        self._first_rows = {entity: list(rows.get(entity, [])) for entity in SCHEMAS}
        self.acts = {"merge": self._merge, "stock": self._count, "forget_tokens": self._forget_tokens}
        self._begin()
        writes = Writes(self.store, self.switches, self.memory, ground.writes)
        self._api = Api(
            access=self.access,
            buckets=Buckets(ground.clock),
            switches=self.switches,
            records=RecordHandlers(self.store, self.switches, writes).table(),
            hooks=HookHandlers(self.webhooks, self.switches).table(),
            lock=self.lock,
        )

    @property
    def entities(self) -> Sequence[str]:
        return tuple(SCHEMAS)

    def respond(self, request: Request) -> Response:
        """One API call, refusals included."""
        return self._api.respond(request)

    def template(self, path: str) -> str:
        return template(path)

    def state(self, entity: str) -> list[Row]:
        """Every record, inactive ones included."""
        return list(self.store.rows[entity].by_id.values())

    def edit(self, entity: str, key: str, values: Mapping[str, Any], *, by: str) -> None:
        """A person changes fields; no version is asked for."""
        with _impossible():
            self.store.patch(entity, key, dict(values), by=by)

    def create(self, entity: str, values: Mapping[str, Any], *, by: str) -> str:
        """A person makes a record."""
        with _impossible():
            key: str = self.store.create(entity, dict(values), by=by)["id"]
            return key

    def remove(self, entity: str, key: str, *, by: str) -> None:  # noqa: ARG002
        """A person deletes a record; the feed does not say who."""
        with _impossible():
            self.store.remove(entity, key)

    def reset(self) -> None:
        """The first records again: nothing deleted, nobody subscribed, no key remembered."""
        self._storage.clear()
        self.memory.clear()
        self.webhooks.clear()
        self._begin()

    def tick(self) -> None:
        """Delivers the webhooks that are due."""
        self.webhooks.deliver_due()

    def _begin(self) -> None:
        remembered = self._storage.load()
        self.webhooks.restore(remembered.get(HOOKS, []))
        if set(remembered) - {HOOKS}:
            self.store.restore(remembered)
        else:
            self.store.fill(self._first_rows)

    def _merge(self, order: Row) -> Row:
        """`{"entity","key","mergedInto"}`: a person merges a record into another one."""
        with _impossible():
            entity, key, target = order["entity"], order["key"], order["mergedInto"]
            self.store.read(entity, target)
            if target == key:
                raise Problem(400, f"{key} cannot be merged into itself.")
            self.store.remove(entity, key, merged_into=target)
        return {"removed": key, "mergedInto": target}

    def _count(self, order: Row) -> Row:
        """`{"key","quantity","by"?}`: the warehouse counts a product."""
        with _impossible():
            return self.store.set_stock(order["key"], float(order["quantity"]), by=order.get("by", "Lager"))

    def _forget_tokens(self, _: Row) -> Row:
        """`{}`: every access token ends now."""
        self.access.forget_tokens()
        return {"ok": True}

    def _tell(self, event: Event) -> None:
        if self.switches.webhooks:
            self.webhooks.tell(event)


@contextmanager
def _impossible() -> Iterator[None]:
    """The API's refusals as the control address words them."""
    try:
        yield
    except Problem as problem:
        sentences = [problem.message, *(each["message"] for each in problem.inside.get("details", ()))]
        raise Impossible(" ".join(sentences)) from problem
    except (KeyError, TypeError, ValueError) as error:
        raise Impossible("The values are not what this change needs.") from error
