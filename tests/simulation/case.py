"""A finished world, and what the oracles look up in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sync.connectors.base import OperationKind
from sync.core.records import Value
from sync.models.links import Conflict, Link
from tests.simulation.truth import Event
from tests.simulation.words import ENTITIES, IDENTITY, PAIR, REFERENCE, essence

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

Row = tuple[str, str, str]
"""Side, entity, key."""


class Case:
    """A finished world, and what the oracles look up in it."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation, self.truth, self.world = simulation, simulation.truth, simulation.world
        self.administrators = simulation.administrators
        self.rows = self.truth.by_record()
        self.landed = {event.written.token for event in self.truth.of_hub()}
        """The hub's writes that came through, by token."""
        self.partners = self._partners()
        self.links: dict[tuple[str, str, str], Link] = {}
        for link in Link.objects.current().select_related("pair"):
            for side in ("erp", "crm"):
                if key := getattr(link, f"{side}_key"):
                    self.links[link.pair.name, side, key] = link
        self.open = {(row.link_id, row.field) for row in Conflict.objects.exclude(state="closed")}

    def _partners(self) -> dict[Row, list[Row]]:
        """Who was ever whose counterpart, by the references the records themselves carried."""
        found: dict[Row, list[Row]] = defaultdict(list)
        for event in self.truth.events:
            for one, other in references(event):
                if other not in found[one]:
                    found[one].append(other)
                    found[other].append(one)
        for one, other in self.administrators.joined:
            found[one].append(other)
            found[other].append(one)
        return found

    def namesakes(self, row: Row) -> list[Row]:
        """Records of the other side that ever bore the same number or mail: linked, perhaps, and never told of it."""
        mine = self._identities(row)
        others = [it for it in self.rows if it[0] != row[0] and PAIR[it[1]] == PAIR[row[1]]]
        return [other for other in others if mine & self._identities(other)]

    def _identities(self, row: Row) -> set[str]:
        path = IDENTITY[row[1]]
        return {essence(path, event.written.after.get(path)) for event in self.rows[row]} - {""}

    @staticmethod
    def ties(event: Event, one: Row, other: Row) -> bool:
        """Whether a record says in this event that the two are counterparts."""
        return (one, other) in references(event) or (other, one) in references(event)

    def are_apart(self, one: Row, other: Row) -> bool:
        """Whether a person took the ERP's and webCRM's record apart, or gave the first to another one by hand.

        A restored hub may have forgotten that they were joined again.
        """
        if self.simulation.restored and self.were_apart(one, other):
            return True
        apart = self.administrators.apart
        given = [couple for couple in self.administrators.joined if couple[0] == one and couple not in apart]
        return (one, other) in apart or bool(given and (one, other) not in given)

    def were_apart(self, one: Row, other: Row) -> bool:
        return bool({(one, other), (other, one)} & self.administrators.ever_apart)

    def held(self, row: Row) -> dict[str, Value] | None:
        return self.simulation.system(row[0]).values(row[1], row[2])

    def link_of(self, row: Row) -> Link | None:
        return self.links.get((PAIR[row[1]], row[0], row[2]))

    def couples(self) -> Iterator[tuple[str, Row, Row]]:
        """Living records that belong together: pair, ERP record, webCRM record."""
        for pair, (erp, crm) in ENTITIES.items():
            for key in self.world.crm.keys(crm):
                other = str((self.world.crm.values(crm, key) or {}).get(REFERENCE[pair]) or "")
                couple = ("erp", erp, other), ("crm", crm, key)
                if other and self.held(couple[0]) is not None and not self.are_apart(*couple):
                    yield pair, *couple

    def last_edit(self, row: Row, path: str) -> tuple[int, Event] | None:
        """The last time a person changed a field of a record, and its place among the record's events."""
        events = self.rows[row]
        mine = [
            (number, event)
            for number, event in enumerate(events)
            if not event.by_hub and event.changed(path) and event.written.kind is not OperationKind.REMOVE
        ]
        return mine[-1] if mine else None


def references(event: Event) -> Iterator[tuple[Row, Row]]:
    entity = event.written.entity
    pair, values = PAIR[entity], event.written.after
    erp, crm = ENTITIES[pair]
    if event.side == "crm" and values.get(REFERENCE[pair]):
        yield ("crm", crm, event.written.key), ("erp", erp, str(values[REFERENCE[pair]]))
    if event.side == "erp" and values.get("reference") and pair == "customers":
        yield ("erp", erp, event.written.key), ("crm", crm, str(values["reference"]))


def unchanged(value: Value) -> Value:
    """The habit of a system that has none."""
    return value
