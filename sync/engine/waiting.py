"""Links that rest until something else is done: a parent, a plan. A wake-up that was lost is made good at every run."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from sync.core.vocabulary import Side
from sync.models.links import Link
from sync.models.pairs import EntityPair
from sync.models.runs import Run

PLANNED = "planned while observing"
"""Why a link is due that was planned, shown to a person, and not written yet."""


def wake_the_ready(pair: EntityPair, now: datetime) -> None:
    if pair.parent_id is None:
        return
    ready = Q()
    for side in Side:
        parent = Link.objects.linked().filter(
            **{"pair_id": pair.parent_id, f"{side}_key": OuterRef(f"{side}_parent")}
        )
        ready |= Q(Exists(parent))
    Link.objects.filter(ready, pair=pair, waiting=True).update(
        due_at=now, waiting=False, reason="its parent is linked"
    )


def wake_the_planned(run: Run, now: datetime) -> None:
    """What a run that only planned has left is due in the first run that writes, whoever ended the planning."""
    before = Run.objects.filter(pair=run.pair_id, pk__lt=run.pk).order_by("-pk").first()
    if before is not None and not before.writes:
        planned = Link.objects.filter(pair=run.pair_id, plan__isnull=False)
        planned.update(due_at=now, reason=PLANNED)
