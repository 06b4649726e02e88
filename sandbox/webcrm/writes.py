"""What a program may do to records, and what it is told about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.kit.ground import Ground
from sandbox.kit.ledgers import Write
from sandbox.webcrm import stamps
from sandbox.webcrm.calls import Answer, Call
from sandbox.webcrm.checks import Checks, demand_object
from sandbox.webcrm.problems import Refusal, bad_request, invalid
from sandbox.webcrm.store import Store
from sandbox.webcrm.switches import Switches


class Writes:
    """Creates, updates, batches and removals through the API, each noted in the ledger."""

    def __init__(self, store: Store, checks: Checks, switches: Switches, ground: Ground) -> None:
        self._store = store
        self._checks = checks
        self._switches = switches
        self._ground = ground
        self._creates = 0

    def create(self, call: Call) -> Answer:
        """The new id as a bare integer; for organisations in one of several ways."""
        body = call.object()
        if self._checks.sent_id(call.shape, body) != 0:
            raise invalid(call.shape.id, f"The field {call.shape.id} must be 0.")
        key = self._create(call, body)
        if call.entity != "Organisations":
            return Answer(key)
        returns = {"object": {call.shape.id: key}, "integer": key, "text": str(key), "empty": None}
        return Answer(returns[self._switches.post_organisation_returns])

    def update(self, call: Call) -> Answer:
        """Nothing to say; absent and null members leave their field alone."""
        body = call.object()
        if self._checks.sent_id(call.shape, body) != call.key:
            raise invalid(call.shape.id, f"The field {call.shape.id} must be the id in the address.")
        self._update(call, call.key, body)
        return Answer()

    def batch(self, call: Call) -> Answer:
        """One text per element, in order: the id, or what is wrong. No element holds up another."""
        elements = call.json()
        if not isinstance(elements, list):
            raise bad_request("The request body must be a JSON array.")
        return Answer([self._element(call, element) for element in elements])

    def remove(self, call: Call) -> Answer:
        self._store.remove(call.entity, call.key)
        self._note(call, call.key, {})
        return Answer()

    def forget(self) -> None:
        """Which create is the next to clash is counted from here."""
        self._creates = 0

    def _element(self, call: Call, element: Any) -> str | None:
        try:
            body = demand_object(element)
            key = self._checks.sent_id(call.shape, body)
            if key == 0:
                return str(self._create(call, body))
            self._update(call, key, body)
        except Refusal as refusal:
            return refusal.message
        return {"id": str(key), "empty": "", "null": None}[self._switches.patch_update_result]

    def _create(self, call: Call, body: Mapping[str, Any]) -> int:
        clean = self._checks.cleaned(call.shape, body, None)
        self._creates += 1
        if self._switches.id_clash_every and self._creates % self._switches.id_clash_every == 0:
            raise Refusal(500, "An error has occurred.", "DbUpdateException")
        key = self._store.create(call.entity, clean, by=call.application.author)
        self._note(call, key, body)
        return key

    def _update(self, call: Call, key: int, body: Mapping[str, Any]) -> None:
        clean = self._checks.cleaned(call.shape, body, self._store.read(call.entity, key))
        self._store.update(call.entity, key, clean, by=call.application.author)
        self._note(call, key, body)

    def _note(self, call: Call, key: int, values: Mapping[str, Any]) -> None:
        self._ground.writes.note(
            Write(
                at=stamps.kept(self._ground.clock()),
                method=call.request.method,
                entity=call.entity,
                key=key,
                values=values,
                by=call.application.author,
            )
        )
