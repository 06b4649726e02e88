"""What a person, a warehouse or a test does to CustomERP without going through its API."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sandbox.customerp.app import CustomErp
from sandbox.customerp.problems import Problem
from sandbox.customerp.rows import Row
from sandbox.customerp.schemas import SCHEMAS
from sandbox.customerp.switches import checked

SOMEBODY = "Kari Nordmann"
"""Who edits when nobody is named."""


class Control:
    """Every act takes a JSON object and returns one; refusals are the API's own problems."""

    def __init__(self, erp: CustomErp) -> None:
        self._erp = erp
        self._store = erp.store

    def edit(self, body: dict[str, Any]) -> Row:
        """`{"entity","id","fields","by"?}`: a person changes fields; no version is asked for."""
        with self._erp.lock:
            return self._store.patch(_entity(body), body["id"], body["fields"], by=body.get("by", SOMEBODY))

    def create(self, body: dict[str, Any]) -> Row:
        """`{"entity","fields","by"?}`: a person makes a record."""
        with self._erp.lock:
            return self._store.create(_entity(body), body["fields"], by=body.get("by", SOMEBODY))

    def remove(self, body: dict[str, Any]) -> dict[str, Any]:
        """`{"entity","id","mergedInto"?}`: a person deletes a record, or merges it into another."""
        target = body.get("mergedInto")
        with self._erp.lock:
            if target is not None:
                self._demand_another(_entity(body), body["id"], target)
            self._store.remove(_entity(body), body["id"], merged_into=target)
        return {"removed": body["id"], "mergedInto": target}

    def _demand_another(self, entity: str, key: str, target: str) -> None:
        self._store.read(entity, target)
        if target == key:
            raise Problem(400, f"{key} cannot be merged into itself.")

    def stock(self, body: dict[str, Any]) -> Row:
        """`{"id","quantity","by"?}`: the warehouse counts a product."""
        with self._erp.lock:
            return self._store.set_stock(body["id"], float(body["quantity"]), by=body.get("by", "Lager"))

    def dump(self, body: dict[str, Any]) -> dict[str, list[Row]]:
        """`{"entity"?}`: every record, inactive ones included, by entity."""
        wanted = [_entity(body)] if "entity" in body else list(SCHEMAS)
        with self._erp.lock:
            return {entity: list(self._store.rows[entity].by_id.values()) for entity in wanted}

    def forget_tokens(self, body: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        """Every access token ends now."""
        self._erp.access.forget_tokens()
        return {}

    def switches(self, body: dict[str, Any]) -> dict[str, Any]:
        """`{name: value, …}` turns switches; answers with all of them."""
        for name, value in checked(self._erp.switches, body).items():
            setattr(self._erp.switches, name, value)
        return asdict(self._erp.switches)


def _entity(body: dict[str, Any]) -> str:
    entity: str = body.get("entity", "")
    if entity not in SCHEMAS:
        raise Problem(400, f"entity must be one of {', '.join(SCHEMAS)}.")
    return entity
