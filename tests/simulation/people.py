"""The people of a simulated world: they make, edit, remove, merge and move records, and answer the hub's questions."""

from __future__ import annotations

from random import Random
from typing import Any

from sync.connectors.memory_system import MemorySystem
from sync.core.records import Value
from sync.models.links import Conflict, Link
from tests.simulation.switches import Switches
from tests.simulation.truth import Truth
from tests.world import World

EDITABLE = {
    ("erp", "customers"): ("name", "number", "phone", "city", "zip"),
    ("crm", "orgs"): ("OrgName", "OrgNumber", "OrgPhone", "OrgCity", "OrgZip"),
    ("erp", "contacts"): ("last", "mail"),
    ("crm", "persons"): ("PersonLast", "PersonMail"),
}
PARENTS = {"contacts": ("customers", "customer.id"), "persons": ("orgs", "PersonOrgId")}


class People:
    def __init__(self, world: World, truth: Truth, random: Random, switches: Switches) -> None:
        self.world, self.truth, self.random, self.switches = world, truth, random, switches
        self.made = 0
        self.acts = 0

    def act(self) -> str:
        """Somebody does something. What it was, for the trace."""
        self.acts += 1
        verbs = [self.create, self.edit, self.edit, self.edit, self.edit, self.edit]
        verbs += [self.remove] if self.switches.removals and self.random.random() < 0.3 else []
        verbs += [self.merge] if self.switches.merges and self.random.random() < 0.3 else []
        verbs += [self.move] if self.switches.moves and self.random.random() < 0.3 else []
        return self.random.choice(verbs)() or "nothing"

    def system(self, side: str) -> MemorySystem:
        return self.world.erp if side == "erp" else self.world.crm

    # values

    def word(self, path: str) -> Value:
        side_blank: Value = "" if path[:3] in ("Org", "Per") else None
        if self.switches.blanks and self.random.random() < 0.15:
            return side_blank
        number = self.random.randrange(self.switches.words) if self.switches.words else self.fresh()
        return self.spelled(path.lower().removeprefix("org").removeprefix("person"), number)

    def fresh(self) -> int:
        self.made += 1
        return 100 + self.made

    def spelled(self, name: str, number: int) -> str:
        texts = {
            "number": f"9{number:05}", "phone": f"+45 30 {number:06}", "zip": f"{number:04}",
            "mail": f"M{number}@example.com" if self.random.random() < 0.3 else f"m{number}@example.com",
        }  # fmt: skip
        if name in texts:
            return texts[name]
        text = f"{name}-{number}"
        return self.random.choice((text, text, text, f" {text} x", f"{text} {'long ' * 9}end"))

    # records

    def create(self) -> str:
        side, entity = self.random.choice(list(EDITABLE))
        if entity in PARENTS:
            return self.create_child(side, entity)
        here = self.system(side).entity(entity)
        if len(here.stored) >= 2 * self.switches.records:
            return self.edit()
        key = self.insert(side, entity, {})
        if self.random.random() < 0.25:
            key += f" and twin {self.twin(side, entity, key)}"
        return f"{side} create {entity} {key}"

    def twin(self, side: str, entity: str, key: str) -> str:
        """Somebody else made the same customer in the other system."""
        number = self.fresh()
        other = ("crm", "orgs", "OrgNumber") if side == "erp" else ("erp", "customers", "number")
        mine = "number" if side == "erp" else "OrgNumber"
        self.system(side).edit(entity, key, {mine: f"8{number:05}"})
        return self.insert(other[0], other[1], {other[2]: f"8{number:05}"})

    def create_child(self, side: str, entity: str) -> str:
        parent, path = PARENTS[entity]
        keys = self.system(side).keys(parent)
        if not keys:
            return f"{side} create {parent} {self.insert(side, parent, {})}"
        if len(self.system(side).keys(entity)) >= 2 * self.switches.records:
            return self.edit()
        return f"{side} create {entity} {self.insert(side, entity, {path: self.random.choice(keys)})}"

    def insert(self, side: str, entity: str, given: dict[str, Value]) -> str:
        number = self.fresh()
        key = f"{entity}_{number}" if side == "erp" else str(number)
        blank = None if side == "erp" else ""
        values: dict[str, Value] = {p.path: blank for p in self.system(side).entity(entity).properties}
        values |= {path: self.word(path) for path in EDITABLE[side, entity]}
        values |= {"number": f"9{number:05}"} if entity == "customers" else {}
        values |= {"OrgNumber": f"9{number:05}"} if entity == "orgs" else {}
        values |= {"id": key} if side == "erp" else {"OrgId" if entity == "orgs" else "PersonId": key}
        if entity == "customers":
            values |= {"type": "company" if self.random.random() < 0.9 else "private", "inactive": False}
        return self.system(side).create(entity, {**values, **given}, key=key)

    def some(self) -> tuple[str, str, str] | None:
        """Any record: side, entity, key."""
        found = [(s, e, key) for s, e in EDITABLE for key in self.system(s).keys(e)]
        return self.random.choice(found) if found else None

    def edit(self) -> str:
        chosen = self.some()
        if chosen is None:
            return self.create()
        side, entity, key = chosen
        paths = self.random.sample(EDITABLE[side, entity], self.random.choice((1, 1, 2)))
        values = {path: self.word(path) for path in paths}
        self.system(side).edit(entity, key, values)
        return f"{side} edit {entity} {key} {values}"

    def remove(self) -> str:
        chosen = self.some()
        if chosen is None:
            return ""
        side, entity, key = chosen
        self.system(side).remove(entity, key)
        return f"{side} remove {entity} {key}"

    def merge(self) -> str:
        keys = self.world.crm.keys("orgs")
        if len(keys) < 2:
            return ""
        gone, kept = self.random.sample(keys, 2)
        self.world.crm.remove("orgs", gone, merged_into=kept)
        for person in self.world.crm.keys("persons"):
            if (self.world.crm.values("persons", person) or {}).get("PersonOrgId") == gone:
                self.world.crm.edit("persons", person, {"PersonOrgId": kept})
        return f"crm merge {gone} into {kept}"

    def move(self) -> str:
        contacts, customers = self.world.erp.keys("contacts"), self.world.erp.keys("customers")
        if not contacts or len(customers) < 2:
            return ""
        key, to = self.random.choice(contacts), self.random.choice(customers)
        self.world.erp.edit("contacts", key, {"customer.id": to})
        return f"erp move {key} to {to}"

    # in the hub

    def rule(self) -> str:
        """Somebody decides an open conflict."""
        rows = list(Conflict.objects.filter(state="open").order_by("id"))
        if not rows:
            return ""
        row = self.random.choice(rows)
        self.decide(row)
        return f"rule {row.field} of {row.link.erp_key}/{row.link.crm_key}: {row.winner} {row.value}"

    def decide(self, row: Conflict) -> None:
        choices = ["erp", "crm"]
        if row.mapping is not None and not row.mapping.group:
            choices.append("other")
        row.winner = self.random.choice(choices)
        if "(moved)" in row.field and row.winner == "erp":
            self.truth.replaced.add(str(row.link.crm_key))
        if row.winner == "other":
            row.value = self.word(row.mapping.crm_property)  # type: ignore[union-attr]
            self.truth.ruled.add(str(row.value))
        row.state, row.resolved_by = "ruled", "somebody"
        self._keep(row)

    def _keep(self, row: Conflict) -> None:
        now = self.world.clock.now()
        facts: dict[str, Any] = {"winner": row.winner, "value": row.value, "resolved_by": row.resolved_by}
        Conflict.objects.filter(pk=row.pk).update(state="ruled", resolved_at=now, **facts)
        Link.objects.filter(pk=row.link_id).update(due_at=now, reason="conflict resolved by somebody")
