"""What an observing run would write, for a person to look at before it may be written."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.db.models import Count, Q

from sync.models.links import Conflict, ConflictState, Link, LinkQuerySet
from sync.models.pairs import EntityPair
from sync.models.runs import Run
from sync.services.pairs import latest_plan


@dataclass(frozen=True, kw_only=True)
class Overview:
    """A pair's plan at a glance."""

    run: Run | None
    """The observing run that can be approved; None while there is none."""
    is_approved: bool
    kinds: dict[tuple[str, str], int]
    """How many writes of each (side, kind)."""
    conflicts: int
    waiting: int
    held: int


def overview(pair: EntityPair) -> Overview:
    links = Link.objects.current().filter(pair=pair)
    waits = links.aggregate(
        waiting=Count("pk", filter=Q(outcome="waiting")), held=Count("pk", filter=Q(outcome="held"))
    )
    return Overview(
        run=latest_plan(pair),
        is_approved=pair.approved_version == pair.rules_version,
        kinds=_kinds(pair),
        conflicts=Conflict.objects.filter(link__pair=pair, state=ConflictState.OPEN).count(),
        waiting=waits["waiting"],
        held=waits["held"],
    )


def planned(pair: EntityPair, *, side: str = "", kind: str = "") -> LinkQuerySet:
    """The links with something to write, in their order; all, or those with one kind of write on one side."""
    links = Link.objects.current().filter(pair=pair, plan__0__isnull=False)
    if not side:
        return links
    first, second = Q(plan__0__side=side, plan__0__kind=kind), Q(plan__1__side=side, plan__1__kind=kind)
    return links.filter(first | second)


def _kinds(pair: EntityPair) -> dict[tuple[str, str], int]:
    """A link's plan holds one write a side at most, so two places are all there are to look in."""
    found: Counter[tuple[str, str]] = Counter()
    for place in (0, 1):
        side, kind = f"plan__{place}__side", f"plan__{place}__kind"
        rows = planned(pair).filter(**{f"plan__{place}__isnull": False}).order_by()
        for row in rows.values(side, kind).annotate(number=Count("pk")):
            found[row[side], row[kind]] += row["number"]
    return dict(sorted(found.items()))
