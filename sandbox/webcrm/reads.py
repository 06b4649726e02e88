"""What a program may look at."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.webcrm import metadata, setup, stamps, values
from sandbox.webcrm.calls import Answer, Call
from sandbox.webcrm.checks import Checks
from sandbox.webcrm.fields import SHAPES, Shape
from sandbox.webcrm.problems import Refusal, bad_request
from sandbox.webcrm.queries import Queries
from sandbox.webcrm.rows import Row
from sandbox.webcrm.store import Store
from sandbox.webcrm.switches import Switches


class Reads:
    """Lists, single records, searches and descriptions."""

    def __init__(self, store: Store, checks: Checks, switches: Switches) -> None:
        self._store = store
        self._checks = checks
        self._switches = switches
        self._queries = Queries(store.tables, switches)

    def list(self, call: Call) -> Answer:
        """A bare array in the order of ids; empty past the end."""
        table = self._store.tables[call.entity]
        page, size = call.page
        keys = table.ids[(page - 1) * size : page * size]
        return Answer(self._shown(call.shape, (table.by_id[key] for key in keys)))

    def read(self, call: Call) -> Answer:
        try:
            row = self._store.read(call.entity, call.key)
        except Refusal:
            if self._switches.missing_as_204:
                return Answer(status=204)
            raise
        return Answer(values.shown(call.shape, row, self._switches))

    def find_by_dates(self, call: Call) -> Answer:
        """Those updated or created at or after `start` and before `end`."""
        name = call.shape.own("UpdatedAt" if call.rest == "update" else "CreatedAt")
        start, end = self._moment(call.start), self._moment(call.end)
        table = self._store.tables[call.entity]
        rows = (table.by_id[key] for key in table.ids)
        return self._paged(call, call.shape, [row for row in rows if start <= row[name] < end])

    def belonging(self, call: Call) -> Answer:
        self._store.read("Organisations", call.key)
        return self._paged(call, call.shape, self._store.belonging(call.entity, call.key))

    def by_organisation(self, call: Call) -> Answer:
        if self._switches.legacy_2019:
            raise Refusal(404, "There is no such address.", "NotFoundException")
        return self.belonging(call)

    def nothing(self, call: Call) -> Answer:
        """Relations, revenues and the like: nobody has any here."""
        self._store.read(call.entity, call.key)
        return Answer([])

    def queries(self, call: Call) -> Answer:
        if self._switches.queries == "off":
            raise Refusal(404, "There is no such address.", "NotFoundException")
        if 0 < self._switches.longest_query < len(call.request.query_string):
            raise Refusal(404, "Not Found", "")
        page, size = call.page
        formatted = call.query("formatCustomFields").lower() == "true"
        return Answer(self._queries.answer(call.query("script"), page=page, size=size, formatted=formatted))

    def metadata(self, call: Call) -> Answer:
        return Answer(metadata.described(call.rest or "All", self._switches, self._checks))

    def linked_setup(self, call: Call) -> Answer:
        return Answer(metadata.linked_setup(call.shape))

    def users(self, call: Call) -> Answer:
        page, size = call.page
        return Answer(setup.USERS[(page - 1) * size : page * size])

    def active_users(self, _: Call) -> Answer:
        return Answer([user for user in setup.USERS if user["UserIsActive"]])

    def identity(self, call: Call) -> Answer:
        """Who the caller is, and in which system."""
        return Answer(
            {
                "SystemId": self._switches.system_id,
                "SystemName": setup.SYSTEM_NAME,
                "TokenName": call.application.name,
            }
        )

    def everything(self, entity: str) -> Iterable[Row]:
        """Every record of the entity in full, by id."""
        table = self._store.tables[entity]
        return self._shown(SHAPES[entity], (table.by_id[key] for key in table.ids))

    def _paged(self, call: Call, shape: Shape, rows: Iterable[Row]) -> Answer:
        page, size = call.page
        return Answer(self._shown(shape, [*rows][(page - 1) * size : page * size]))

    def _shown(self, shape: Shape, rows: Iterable[Row]) -> Iterable[Row]:
        return [values.shown(shape, row, self._switches) for row in rows]

    def _moment(self, text: str) -> str:
        try:
            return stamps.parsed(text, self._switches.timezone).isoformat()
        except ValueError as error:
            raise bad_request(f"The value '{text}' is not a date.") from error
