"""Children whose parents are ready now. A wake-up that was lost is made good at every run."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from sync.core.vocabulary import Side
from sync.models.links import Link
from sync.models.pairs import EntityPair


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
