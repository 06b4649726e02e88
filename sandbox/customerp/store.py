"""CustomERP's records and the rules every write must pass, whoever makes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from sandbox.customerp import drafts
from sandbox.customerp.graves import Grave, Graves
from sandbox.customerp.problems import Detail, Problem, duplicate, invalid
from sandbox.customerp.rows import Row, Rows
from sandbox.customerp.schemas import LOOKUPS, NUMBERED, PREFIXES, SCHEMAS, SINGULAR, UNIQUE
from sandbox.customerp.stamps import Clock, written
from sandbox.kit.storage import Storage
from sandbox.seed.numbers import ulid

FIRST_NUMBER = 10_000


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something happened to a record: what a webhook tells."""

    type: str
    key: str
    version: int
    changed_fields: tuple[str, ...]
    occurred_at: str


class Store:
    """Three entities in memory. `told` is called after every change."""

    def __init__(self, clock: Clock, storage: Storage, *, told: Callable[[Event], None]) -> None:
        self.clock = clock
        self._storage = storage
        self._told = told
        self._rng = Random()
        self.rows: dict[str, Rows] = {}
        self.graves: dict[str, Graves] = {}
        self._last_number: dict[str, int] = {}

    def fill(self, rows: Mapping[str, list[Row]]) -> None:
        """Begins with these records: nothing was ever deleted, and what the server keeps is filled in."""
        whole = {entity: _whole(entity, rows.get(entity, [])) for entity in SCHEMAS}
        for entity, each in whole.items():
            for row in each:
                self._storage.put(entity, row["id"], row)
        self.restore(whole)

    def restore(self, remembered: Mapping[str, list[Row]]) -> None:
        """Goes on with what the storage remembers, deletions included."""
        self._last_number = dict.fromkeys(NUMBERED, FIRST_NUMBER)
        for entity in SCHEMAS:
            self.rows[entity] = Rows(remembered.get(entity, []), indexed=_indexed(entity))
            self.graves[entity] = Graves()
            for row in remembered.get(_graveyard(entity), []):
                self.graves[entity].add(Grave(row["deletedAt"], row["id"], row["mergedInto"]))

    def read(self, entity: str, key: str) -> Row:
        """The record; 404, or 410 when it was deleted of late."""
        row = self.rows[entity].by_id.get(key)
        if row is None:
            raise self.graves[entity].missing(key, self.clock())
        return row

    def create(self, entity: str, body: Row, *, by: str) -> Row:
        """Stores a new record and returns it; 422 or 409 when it may not be."""
        draft = self._checked(entity, body, drafts.merged(drafts.blank(entity), body, SCHEMAS[entity]), {})
        now = self.clock()
        draft |= {"id": PREFIXES[entity] + ulid(self._rng, now), "createdAt": written(now)}
        if entity == "products":
            draft["stock"] = {"quantity": 0.0, "available": 0.0, "updatedAt": written(now)}
        if entity in NUMBERED and not draft[NUMBERED[entity]]:
            draft[NUMBERED[entity]] = self._free_number(entity)
        return self._keep(entity, draft, {"version": 0}, by=by)

    def patch(self, entity: str, key: str, body: Row, *, by: str) -> Row:
        """Merges the body into the record; a body that changes nothing leaves its version alone."""
        current = self.read(entity, key)
        draft = drafts.merged(current, body, SCHEMAS[entity])
        return self._keep(entity, self._checked(entity, body, draft, current), current, by=by)

    def replace(self, entity: str, key: str, body: Row, *, by: str) -> Row:
        """Puts the body in the record's place; what it leaves out falls back to its default."""
        current = self.read(entity, key)
        draft = drafts.replaced(entity, current, body)
        return self._keep(entity, self._checked(entity, body, draft, current), current, by=by)

    def set_stock(self, key: str, quantity: float, *, by: str) -> Row:
        """Moves a product's stock, as the warehouse does: its own stamp and the record's move."""
        current = self.read("products", key)
        stock = {"quantity": quantity, "available": quantity, "updatedAt": written(self.clock())}
        return self._keep("products", current | {"stock": stock}, current, by=by)

    def remove(self, entity: str, key: str, *, merged_into: str | None = None) -> None:
        """Deletes the record. A customer with contacts stays, unless it is merged: then they move along."""
        row = self.read(entity, key)
        if entity == "customers":
            self._let_go_of_contacts(key, merged_into)
        self.rows[entity].remove(key)
        self._storage.remove(entity, key)
        grave = Grave(written(self.clock()), key, merged_into)
        self.graves[entity].add(grave)
        self._storage.put(_graveyard(entity), key, grave.shown())
        self._tell(entity, "deleted", row, ())

    def _let_go_of_contacts(self, customer: str, merged_into: str | None) -> None:
        contacts = sorted(self.rows["contacts"].having("customer.id", customer))
        if contacts and merged_into is None:
            raise Problem(409, f"{customer} has {len(contacts)} contacts.", code="in_use")
        for key in contacts:
            self.patch("contacts", key, {"customer": {"id": merged_into}}, by="merge")

    def _checked(self, entity: str, body: Row, draft: Row, current: Row) -> Row:
        """The draft as it will be stored; raises 422 with every detail, then 409 for the first double."""
        draft = drafts.normalised(draft)
        details = drafts.problems(entity, body, draft, current)
        details.extend(self._unknown_customer(draft))
        if details:
            raise invalid(details)
        for name in UNIQUE[entity]:
            self._refuse_double(entity, name, draft[name], current.get("id"))
        return draft

    def _unknown_customer(self, draft: Row) -> list[Detail]:
        customer = draft.get("customer")
        key = customer.get("id") if isinstance(customer, dict) else None
        if not isinstance(key, str) or not key or key in self.rows["customers"].by_id:
            return []
        return [Detail("customer.id", "unknown_value", f"'{key}' is not a customer.")]

    def _refuse_double(self, entity: str, name: str, value: Any, own_key: str | None) -> None:
        if value is None:
            return
        others = self.rows[entity].having(name, value) - {own_key}
        if others:
            raise duplicate(name, value, min(others))

    def _free_number(self, entity: str) -> str:
        taken = self.rows[entity]
        while taken.having(NUMBERED[entity], str(self._last_number[entity])):
            self._last_number[entity] += 1
        return str(self._last_number[entity])

    def _keep(self, entity: str, draft: Row, current: Row, *, by: str) -> Row:
        changed = drafts.changed_fields(current, draft)
        if not changed:
            return current
        kept = {"updatedAt": written(self.clock()), "updatedBy": by, "version": current["version"] + 1}
        row = draft | kept
        self.rows[entity].put(row)
        self._storage.put(entity, row["id"], row)
        self._tell(entity, "updated" if current["version"] else "created", row, tuple(changed))
        return row

    def _tell(self, entity: str, happened: str, row: Row, changed: tuple[str, ...]) -> None:
        event = Event(
            type=f"{SINGULAR[entity]}.{happened}",
            key=row["id"],
            version=row["version"],
            changed_fields=changed if happened == "updated" else (),
            occurred_at=written(self.clock()),
        )
        self._told(event)


def _whole(entity: str, rows: list[Row]) -> list[Row]:
    """Seeded rows with what the server keeps filled in."""
    base = drafts.blank(entity) | {"version": 1, "updatedBy": "import"}
    return [base | row for row in rows]


def _graveyard(entity: str) -> str:
    """Where the storage keeps an entity's deletions."""
    return f"{entity}/deleted"


def _indexed(entity: str) -> list[str]:
    return [*UNIQUE[entity], *LOOKUPS[entity].values()]
