"""Before anything is claimed: is this a day's work, or somebody's accident? Past its threshold a run stops and asks."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q

from sync.models.links import Link, LinkQuerySet, LinkState
from sync.models.pairs import EntityPair

SMALL = 200
"""Below this many links a share means nothing: only removals are judged, by number."""

FEW = 20
"""Removals that never ask, however small the pair."""

DAY = timedelta(days=1)


def judge(pair: EntityPair, now: datetime) -> str:
    """Why this run must wait for a person; empty when it may go on."""
    links = Link.objects.linked().filter(pair=pair, settled_at__isnull=False)
    return _removals(pair, links, now) or _changes(pair, links, now)


def _removals(pair: EntityPair, links: LinkQuerySet, now: datetime) -> str:
    lately = Q(erp_missing_at__gt=now - DAY) | Q(crm_missing_at__gt=now - DAY)
    total, missing = links.count(), links.filter(lately).count()
    allowed = max(FEW, total * pair.guard_removals // 100)
    if missing <= allowed:
        return ""
    return (
        f"{missing} of {total} linked records are missing, more than the {allowed} that may go without asking. "
        "Nothing was written. Approve the run if they were removed on purpose, or reject it."
    )


def _changes(pair: EntityPair, links: LinkQuerySet, now: datetime) -> str:
    total, changed = links.count(), links.filter(due_at__lte=now, state=LinkState.ACTIVE).count()
    allowed = total * pair.guard_changes // 100
    if total <= SMALL or changed <= allowed:
        return ""
    return (
        f"{changed} of {total} linked records changed, more than the {allowed} that may change without asking. "
        "Nothing was written. Look at the changes, then approve the run or reject it."
    )
