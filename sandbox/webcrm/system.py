"""webCRM as the kit runs it: the API, and the people behind its back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import RLock
from typing import Any

from werkzeug.wrappers import Request, Response

from sandbox.kit.ground import Ground
from sandbox.kit.system import Impossible
from sandbox.webcrm import routes, values
from sandbox.webcrm.access import HUB, READER, Access, Application, Quota
from sandbox.webcrm.api import Api, handlers
from sandbox.webcrm.checks import Checks
from sandbox.webcrm.fields import SHAPES
from sandbox.webcrm.hooks import HOOKS, Hooks
from sandbox.webcrm.linked import LINKED, LinkedData
from sandbox.webcrm.problems import Refusal
from sandbox.webcrm.reads import Reads
from sandbox.webcrm.rows import Row
from sandbox.webcrm.store import Store
from sandbox.webcrm.switches import Switches
from sandbox.webcrm.writes import Writes


class WebCrm:
    """`rows` by entity is what it begins with, unless the storage remembers better; partial records will do."""

    def __init__(
        self,
        ground: Ground,
        rows: Mapping[str, list[Row]],
        *,
        applications: tuple[Application, ...] = (HUB, READER),
    ) -> None:
        self.lock = RLock()
        self.switches = Switches()
        self._ground = ground
        self._first_rows = rows
        self._hooks = Hooks(ground, self.switches)
        self._linked = LinkedData(ground)
        self._store = Store(ground, self.switches, self._hooks.tell)
        self._access = Access(applications, ground.clock)
        self._quota = Quota(ground.clock)
        checks = Checks(self._store.tables, self.switches)
        self._reads = Reads(self._store, checks, self.switches)
        self._writes = Writes(self._store, checks, self.switches, ground)
        self._api = Api(
            handlers(self._reads, self._writes, self._hooks, self._linked),
            access=self._access,
            quota=self._quota,
            switches=self.switches,
            lock=self.lock,
        )
        self.acts = {"merge": self._merge, "forget_tokens": self._forget_tokens}
        self._begin()

    @property
    def entities(self) -> Sequence[str]:
        return tuple(SHAPES)

    def respond(self, request: Request) -> Response:
        """One API call, refusals included."""
        return self._api.respond(request)

    def template(self, path: str) -> str:
        return routes.template(path)

    def state(self, entity: str) -> list[Row]:
        """Every record in full, as the API would show it."""
        return list(self._reads.everything(entity))

    def edit(self, entity: str, key: str, values: Mapping[str, Any], *, by: str) -> None:
        """A person changes fields; nothing is checked but that the values fit their fields."""
        with _impossible():
            self._store.update(entity, _number(key), self._stored(entity, values), by=by)

    def create(self, entity: str, values: Mapping[str, Any], *, by: str) -> int:
        """A person makes a record; nothing is mandatory."""
        with _impossible():
            return self._store.create(entity, self._stored(entity, values), by=by)

    def remove(self, entity: str, key: str, *, by: str) -> None:  # noqa: ARG002
        """A person removes a record, which the API cannot do to organisations and persons."""
        with _impossible():
            self._store.remove(entity, _number(key))

    def reset(self) -> None:
        """Back to the records it began with; tokens stay good."""
        self._ground.storage.clear()
        self._quota.forget()
        self._writes.forget()
        self._begin()

    def tick(self) -> None:
        """Posts the hooks that are due."""
        self._hooks.post_due()

    def _begin(self) -> None:
        kept = self._ground.storage.load()
        self._store.load(kept, self._first_rows)
        self._hooks.load(kept.get(HOOKS, []))
        self._linked.load(kept.get(LINKED, []))

    def _stored(self, entity: str, sent: Mapping[str, Any]) -> Row:
        """The values in stored form; null is blank. Impossible for unknown fields and unfit values."""
        fields = SHAPES[entity].fields
        unknown = sorted(set(sent) - set(fields))
        if unknown:
            raise Impossible(f"{entity} have no {', '.join(unknown)}.")
        zone = self.switches.timezone
        try:
            return {
                name: None if value is None else values.coerced(fields[name], value, zone)
                for name, value in sent.items()
            }
        except ValueError as error:
            raise Impossible(str(error)) from error

    def _merge(self, order: Row) -> Row:
        """`{"from": id, "into": id, "by"?}`: a person merges two organisations."""
        from_key, into_key = (_number(str(order.get(name))) for name in ("from", "into"))
        if from_key == into_key:
            raise Impossible("An organisation cannot be merged into itself.")
        with _impossible():
            self._store.merge(from_key, into_key, by=str(order.get("by", "Kari Nordmann")))
        return {"ok": True}

    def _forget_tokens(self, _: Row) -> Row:
        """Every access token ends now."""
        self._access.forget()
        return {"ok": True}


def _number(key: str) -> int:
    if not key.isdecimal():
        raise Impossible(f"{key} is no id: ids are numbers.")
    return int(key)


@contextmanager
def _impossible() -> Iterator[None]:
    """What the store refuses, in the words of the control address."""
    try:
        yield
    except Refusal as refusal:
        raise Impossible(refusal.message) from refusal
