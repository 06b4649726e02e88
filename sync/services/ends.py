"""What links speak of stays: their keys would mean other records under another system, entity or kind."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Q

from sync.core.transforms.chain import parse
from sync.core.transforms.transform import BadTransform
from sync.core.vocabulary import Side
from sync.engine.rules import pointed_at
from sync.models.links import Link
from sync.models.pairs import EntityPair, FieldMapping
from sync.models.systems import System

End = tuple[str, str]
"""The name of a system, and one of its entities."""


def moved_ends(stored: EntityPair, wanted: Mapping[Side, End]) -> dict[Side, str]:
    """Why a pair that has links may not be pointed elsewhere: a sentence for each side that would move."""
    if not Link.objects.filter(pair=stored).exists():
        return {}
    had = {side: (stored.system(side).name, stored.entity(side)) for side in Side}
    return {
        side: f"This pair has links to {'.'.join(had[side])} already. Make a new pair for other records."
        for side, end in wanted.items()
        if had[side] != end
    }


def moved_kind(stored: System, kind: str) -> str:
    """Why a system whose records are linked may not become one of another kind; empty where it may."""
    theirs = Q(pair__erp_system=stored) | Q(pair__crm_system=stored)
    if stored.kind == kind or not Link.objects.filter(theirs).exists():
        return ""
    return (
        f"There are links to records of this system as '{stored.kind}'. Make a new system for another kind."
    )


def names_pointed_at(mapping: FieldMapping) -> set[str]:
    """The names of the pairs in which a mapping looks its references up; none where its chain is none."""
    try:
        return pointed_at(parse(mapping.transforms))
    except BadTransform:
        return set()


def moved_name(stored: EntityPair, name: str) -> str:
    """Why a pair that others point at by its name keeps it; empty where it may have another one."""
    if stored.name == name:
        return ""
    pointing = FieldMapping.objects.filter(active=True, transforms__contains="ref").select_related("pair")
    theirs = sorted({row.pair.name for row in pointing if stored.name in names_pointed_at(row)})
    if not theirs:
        return ""
    return (
        f"Mappings of {', '.join(theirs)} point at this pair by its name, ref({stored.name}): they would find nothing "
        "any more. Switch those off first, and let them point at the new name afterwards; or keep the name."
    )


def circle(stored: EntityPair, parent: EntityPair | None) -> str:
    """Why a pair may not have that parent: each would wait for the other. Empty where it may."""
    parents = EntityPair.objects.filter(parent__isnull=False).values_list("name", "parent__name")
    above = {**dict(parents), stored.name: parent.name if parent else ""}
    if stored.name in line(stored.name, above):
        return "A pair cannot be above itself. Choose another parent, or none."
    return ""


def line(name: str, above: Mapping[str, str]) -> set[str]:
    """Everything above a pair. `above`: the parent of each, by name."""
    found: set[str] = set()
    while (name := above.get(name, "")) and name not in found:
        found.add(name)
    return found
