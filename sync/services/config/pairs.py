"""Pairs in a configuration file: which entities, how they meet, and every setting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sync.core.scope import BadCondition, parse_conditions
from sync.core.vocabulary import Side
from sync.models.pairs import EntityPair, FieldMapping, MatchRule, SideName
from sync.services.config.mappings import check_doubles, read_mapping, read_match_rule
from sync.services.config.places import (
    Reader,
    Spot,
    Wrong,
    one_of,
    parts,
    plain,
    small,
    some_of,
    take,
    text,
    whole,
)
from sync.services.config.systems import check_model

Row = TypeVar("Row")
End = tuple[str, str]
"""Names of a system and of an entity in it."""

MODE = (
    "A mode is not configuration: a new pair observes, and a person sets it live once its plan is approved."
)
ELSEWHERE = ("erp_system", "crm_system", "parent")
"""What a pair refers to: read from the file by name, and filled in when everything is there."""

SETTINGS = (
    "position",
    "erp_entity",
    "crm_entity",
    "interval",
    "full_interval",
    "creates_in_crm",
    "creates_in_erp",
    "first_winner",
    "on_removal",
    "inactive",
    "scope",
    "erp_parent_property",
    "crm_parent_property",
    "erp_label",
    "crm_label",
    "guard_removals",
    "guard_changes",
    "guard_blanks",
)


@dataclass(kw_only=True)
class PairDraft:
    """A pair as the file wants it, not yet in the database."""

    spot: Spot
    pair: EntityPair
    ends: dict[Side, End]
    parent: str = ""
    mappings: list[FieldMapping] = field(default_factory=list)
    mapping_spots: list[Spot] = field(default_factory=list)
    match_rules: list[MatchRule] = field(default_factory=list)
    match_spots: list[Spot] = field(default_factory=list)


def _end(spot: Spot) -> End:
    system, dot, entity = text(spot).partition(".")
    if not (system and dot and entity):
        raise Wrong("Name a system and one of its entities, as in 'erp.customers'.")
    return system, entity


def _inactive(spot: Spot) -> dict[str, Any]:
    found = take(spot, dict.fromkeys(Side, plain))
    for side, marks in found.items():
        if not isinstance(marks, dict) or any(isinstance(mark, dict | list) for mark in marks.values()):
            raise Wrong(f"{side}: name properties and the values that mark a record inactive.")
    return found


def _scope(spot: Spot) -> dict[str, Any]:
    return take(spot, dict.fromkeys(Side, _conditions))


def _conditions(spot: Spot) -> list[Any]:
    rows = [plain(item) for item in spot.items()]
    for item, row in zip(spot.items(), rows, strict=True):
        item_wrong = _condition_problem(row)
        if item_wrong:
            item.say(f"scope: {item_wrong}")
    return rows


def _condition_problem(row: Any) -> str:
    if not isinstance(row, dict) or row.keys() - {"path", "operator", "values"}:
        return "A condition is {path: …, operator: …, values: […]}, and nothing else."
    try:
        parse_conditions([row])
    except BadCondition as error:
        return str(error)
    return ""


def _no_mode(_: Spot) -> None:
    raise Wrong(MODE)


READERS: dict[str, Reader] = {
    "erp": _end,
    "crm": _end,
    "position": small,
    "interval": whole,
    "full_interval": whole,
    "create": some_of(Side),
    "first_winner": one_of(SideName.values),
    "on_removal": one_of(EntityPair.Removal.values),
    "inactive": _inactive,
    "scope": _scope,
    "parent": parts({"pair": text, "erp": text, "crm": text}),
    "label": parts({"erp": text, "crm": text}),
    "guard": parts({"removals": small, "changes": small, "blanks": small}),
    "mappings": lambda spot: spot.items(),
    "match": lambda spot: spot.items(),
    "mode": _no_mode,
}


KEYS = {
    "erp_entity": "erp",
    "crm_entity": "crm",
    "erp_label": "label",
    "crm_label": "label",
    "erp_parent_property": "parent",
    "crm_parent_property": "parent",
    "guard_removals": "guard",
    "guard_changes": "guard",
    "guard_blanks": "guard",
}
"""Where the file says what a field of the model holds, where the names differ."""


def read_pairs(spot: Spot) -> dict[str, PairDraft]:
    children = spot.named("pairs").children()
    return {name: _read(name, child, at) for at, (name, child) in enumerate(children.items(), start=1)}


def _read(name: str, child: Spot, position: int) -> PairDraft:
    spot = child.named(f"pair '{name}'")
    found = take(spot, READERS, required=("erp", "crm"))
    ends = {side: found[side] for side in Side if side in found}
    pair = EntityPair(name=name, **_settings({"position": position, **found}, ends))
    missing = (f"{side}_entity" for side in Side if side not in ends)
    check_model(spot, pair, skip=["id", *ELSEWHERE, *missing], keys=KEYS)
    draft = PairDraft(spot=spot, pair=pair, ends=ends, parent=found.get("parent", {}).get("pair", ""))
    draft.mappings, draft.mapping_spots = _rows(spot, found.get("mappings", []), "mapping", read_mapping)
    draft.match_rules, draft.match_spots = _rows(spot, found.get("match", []), "match rule", read_match_rule)
    check_doubles(draft.mappings, draft.mapping_spots)
    return draft


def _settings(found: Mapping[str, Any], ends: Mapping[Side, End]) -> dict[str, Any]:
    """The model's fields, out of what the file says in its own grouping."""
    own = {key: found[key] for key in SETTINGS if key in found}
    entities = {f"{side}_entity": entity for side, (_, entity) in ends.items()}
    labels = {f"{side}_label": path for side, path in found.get("label", {}).items()}
    guard = {f"guard_{kind}": share for kind, share in found.get("guard", {}).items()}
    parents = {f"{side}_parent_property": found.get("parent", {}).get(side, "") for side in Side}
    creates = found.get("create", [Side.CRM])
    return {
        **own,
        **entities,
        **labels,
        **guard,
        **parents,
        **{f"creates_in_{side}": side in creates for side in Side},
    }


def _rows(
    spot: Spot, items: list[Spot], word: str, read: Callable[[Spot, int], Row]
) -> tuple[list[Row], list[Spot]]:
    spots = [item.named(f"{spot.where}, {word} {at}") for at, item in enumerate(items, start=1)]
    return [read(item, at) for at, item in enumerate(spots, start=1)], spots
