"""Mappings and match rules in a configuration file: one line each."""

from __future__ import annotations

from sync.core.transforms.chain import parse
from sync.core.transforms.transform import BadTransform
from sync.models.pairs import BlankRule, DataType, Direction, FieldMapping, MatchRule, Policy
from sync.services.config.places import Reader, Spot, Wrong, flag, one_of, take, text
from sync.services.config.systems import check_model


def _transforms(spot: Spot) -> str:
    chain = text(spot)
    try:
        parse(chain)
    except BadTransform as error:
        raise Wrong(str(error)) from None
    return chain


KEYS: dict[str, tuple[str, Reader]] = {
    "erp": ("erp_property", text),
    "crm": ("crm_property", text),
    "type": ("crm_type", one_of(DataType.values)),
    "direction": ("direction", one_of(Direction.values)),
    "transforms": ("transforms", _transforms),
    "policy": ("policy", one_of(Policy.values)),
    "blank": ("blank", one_of(BlankRule.values)),
    "group": ("group", text),
    "only_on_create": ("only_on_create", flag),
    "active": ("active", flag),
}
"""A mapping's keys in the file: the model's field, and how it is read."""

MATCH_KEYS: dict[str, Reader] = {
    "by": text,
    "reference": flag,
    "within_parent": flag,
    "propose": flag,
}


def read_mapping(spot: Spot, position: int) -> FieldMapping:
    """One line as a row that is not saved. Its pk is its place in the file until it gets a real one."""
    found = take(spot, {key: reader for key, (_, reader) in KEYS.items()}, required=("crm",))
    row = FieldMapping(position=position, **{KEYS[key][0]: value for key, value in found.items()})
    if "crm" in found:
        check_model(spot, row, skip=["id", "pair"], keys={name: key for key, (name, _) in KEYS.items()})
    row.pk = position
    return row


def read_match_rule(spot: Spot, position: int) -> MatchRule:
    found = take(spot, MATCH_KEYS, required=("by",))
    row = MatchRule(position=position, **found)
    if "by" in found:
        check_model(spot, row, skip=["id", "pair"])
    return row


def check_doubles(rows: list[FieldMapping], spots: list[Spot]) -> None:
    """One line per couple of properties: it is what a mapping is known by."""
    seen: set[tuple[str, str]] = set()
    for row, spot in zip(rows, spots, strict=True):
        couple = (row.erp_property, row.crm_property)
        if couple in seen:
            spot.say(f"{row} stands here twice. Leave one out.")
        seen.add(couple)
