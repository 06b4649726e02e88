"""Linked data: look-up rows, such as the price list behind quotation lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sandbox.kit.ground import Ground
from sandbox.webcrm.checks import member
from sandbox.webcrm.problems import Invalid, missing

LINKED: Final = "LinkedData"
PREFIXES: Final = {"QuotationLines": "QuotationLineLinkedDataItem"}
TEXTS: Final = tuple(f"Data{number}" for number in range(1, 10))
BLANKS: Final[dict[str, Any]] = {
    **dict.fromkeys(TEXTS, "-"),
    "DataMemo": "",
    "ItemGroup": "",
    "Price": 0.0,
    "CostPrice": 0.0,
    "VatCode": "",
}

Fields = dict[str, Any]


class LinkedData:
    """The look-up rows of all entities; not paged, not stamped, not told about."""

    def __init__(self, ground: Ground) -> None:
        self._storage = ground.storage
        self._rows: dict[str, dict[int, Fields]] = {}

    def load(self, kept: list[Fields]) -> None:
        self._rows = {}
        for each in kept:
            self._of(each["entity"])[each["row"][f"{_prefix(each['entity'])}Id"]] = each["row"]

    def listed(self, entity: str) -> list[Fields]:
        return list(self._of(entity).values())

    def read(self, entity: str, key: int) -> Fields:
        if key not in self._of(entity):
            raise missing("LinkedDataItem", key)
        return self._of(entity)[key]

    def create(self, entity: str, body: Mapping[str, Any]) -> int:
        """Adds a row and returns its id."""
        key = max(self._of(entity), default=0) + 1
        prefix = _prefix(entity)
        blank = {prefix + name: value for name, value in BLANKS.items()}
        self._keep(entity, key, {f"{prefix}Id": key} | blank | _checked(entity, body))
        return key

    def change(self, entity: str, key: int, body: Mapping[str, Any]) -> None:
        self._keep(entity, key, self.read(entity, key) | _checked(entity, body))

    def remove(self, entity: str, key: int) -> None:
        self.read(entity, key)
        del self._of(entity)[key]
        self._storage.remove(LINKED, f"{entity}/{key}")

    def wipe(self, entity: str) -> None:
        """Removes every row of the entity: what a DELETE without an id really does."""
        for key in list(self._of(entity)):
            self.remove(entity, key)

    def _of(self, entity: str) -> dict[int, Fields]:
        return self._rows.setdefault(entity, {})

    def _keep(self, entity: str, key: int, row: Fields) -> None:
        self._of(entity)[key] = row
        self._storage.put(LINKED, f"{entity}/{key}", {"entity": entity, "row": row})


def _prefix(entity: str) -> str:
    return PREFIXES.get(entity, "LinkedDataItem")


def _checked(entity: str, body: Mapping[str, Any]) -> Fields:
    """The known members that are given; Invalid when one of the nine texts is empty."""
    prefix = _prefix(entity)
    given = {prefix + name: member(body, prefix + name) for name in BLANKS}
    empty = [prefix + name for name in TEXTS if given[prefix + name] == ""]
    if empty:
        raise Invalid({name: [f"The field {name} must not be empty."] for name in empty})
    return {name: value for name, value in given.items() if value is not None}
