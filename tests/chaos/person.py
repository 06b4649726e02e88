"""The scripted person: edits and creates in both systems behind the hub's back, and remembers all of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

from tests.chaos.words import ENTITIES, Entity, Field
from tests.e2e.control import Control
from tests.e2e.harness import Systems

FIRST_NUMBER = 100_000
MOST_NEW = 60
"""Records made of each entity: pairs must stay below what the guard judges by share."""
CONTESTED = 0.08
"""How often a field is edited on the other side than before."""
NEW = 0.12
PAUSE = (0.03, 0.35)


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One field of one record got a value from a person. `key` is the key in the system of `side`."""

    number: int
    at: datetime
    side: str
    entity: str
    key: str
    field: Field
    value: Any


@dataclass(frozen=True, kw_only=True)
class Made:
    """A record a person made."""

    at: datetime
    side: str
    entity: str
    key: str


class Person(threading.Thread):
    """Works until told to stop; `edits` and `made` are the ground truth, in order."""

    def __init__(self, systems: Systems, seed: int) -> None:
        super().__init__(daemon=True)
        self.edits: list[Edit] = []
        self.made: list[Made] = []
        self.error: BaseException | None = None
        self._controls = {side: Control(getattr(systems, side).url) for side in ("erp", "crm")}
        self._random = Random(f"person {seed}")
        self._done = threading.Event()
        self._number = FIRST_NUMBER
        self._sides: dict[tuple[str, str, str], str] = {}
        self._known = {entity.name: self._couples(entity) for entity in ENTITIES}

    def run(self) -> None:
        try:
            while not self._done.wait(self._random.uniform(*PAUSE)):
                self._act()
        except BaseException as error:
            self.error = error
            raise

    def stop(self) -> None:
        self._done.set()
        self.join()

    def _act(self) -> None:
        entity = self._random.choices(ENTITIES, weights=(5, 3, 2))[0]
        if self._random.random() < NEW and self._count(entity) < MOST_NEW:
            self._make(entity)
        else:
            self._edit(entity)

    def _count(self, entity: Entity) -> int:
        return sum(made.entity == entity.name for made in self.made)

    def _couples(self, entity: Entity) -> list[dict[str, str]]:
        """Keys by side of the records that are linked already."""
        rows = self._controls["crm"].state(entity.crm)
        here = {row["id"] for row in self._controls["erp"].state(entity.name)}
        return [
            {"erp": row[entity.reference], "crm": str(row[entity.crm_key])}
            for row in rows
            if row[entity.reference] in here
        ]

    def _edit(self, entity: Entity) -> None:
        keys = self._random.choice(self._known[entity.name])
        field = self._random.choice(entity.fields)
        side = self._side(entity, keys, field)
        self._number += 1
        value = field.made(self._number)
        self._controls[side].edit(entity.on(side), keys[side], **{field.path(side): value})
        self._note(side, entity, keys[side], {field: value})

    def _side(self, entity: Entity, keys: dict[str, str], field: Field) -> str:
        """Where this field of this record is edited: mostly where it always was."""
        place = (entity.name, keys.get("erp") or keys["crm"], field.erp)
        if len(keys) == 1:
            return next(iter(keys))
        side = self._sides.get(place) or self._random.choice(["erp", "crm"])
        if self._random.random() < CONTESTED:
            side = "crm" if side == "erp" else "erp"
        self._sides[place] = side
        return side

    def _make(self, entity: Entity) -> None:
        makers: dict[str, Callable[[], tuple[str, dict[str, Any]]]] = {
            "customers": self._customer,
            "contacts": self._contact,
            "products": self._product,
        }
        self._number += 1
        side, given = makers[entity.name]()
        values = {field: field.made(self._number) for field in entity.fields}
        sent = given | {field.path(side): value for field, value in values.items()}
        key = self._controls[side].create(entity.on(side), **sent)
        self.made.append(Made(at=datetime.now(UTC), side=side, entity=entity.name, key=key))
        self._known[entity.name].append({side: key})
        self._note(side, entity, key, values)

    def _customer(self) -> tuple[str, dict[str, Any]]:
        if self._random.random() < 0.5:
            return "erp", {"type": "company", "organizationNumber": f"{self._number:09d}"}
        return "crm", {"OrganisationStatus": "Kunde", "OrganisationExtraCustom1": f"{self._number:09d}"}

    def _contact(self) -> tuple[str, dict[str, Any]]:
        parents = [keys["erp"] for keys in self._known["customers"] if "erp" in keys]
        return "erp", {"customer": {"id": self._random.choice(parents)}}

    def _product(self) -> tuple[str, dict[str, Any]]:
        return "erp", {"productNumber": f"V{self._number}"}

    def _note(self, side: str, entity: Entity, key: str, values: dict[Field, Any]) -> None:
        now = datetime.now(UTC)
        for field, value in values.items():
            self.edits.append(
                Edit(
                    number=self._number,
                    at=now,
                    side=side,
                    entity=entity.name,
                    key=key,
                    field=field,
                    value=value,
                )
            )
