"""What links speak of stays: their keys would mean other records under another system, entity or kind."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Q

from sync.core.vocabulary import Side
from sync.models.links import Link
from sync.models.pairs import EntityPair
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
