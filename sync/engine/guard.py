"""Before anything is claimed: is this a day's work, or somebody's accident? Past its threshold a run stops and asks."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Max

from sync.engine.confirm import LEFT
from sync.models.links import Link, LinkQuerySet, LinkState
from sync.models.pairs import EntityPair
from sync.models.runs import Change

SMALL = 200
"""Below this many links a share means nothing: only removals are judged, by number."""

FEW = 20
"""Removals that never ask, however small the pair."""

DAY = timedelta(days=1)


def judge(pair: EntityPair, now: datetime) -> str:
    """Why this run must wait for a person; empty when it may go on. A slow flood is a flood: it looks at a day."""
    approved: datetime | None = pair.runs.aggregate(latest=Max("approved_at"))["latest"]
    carried_out = (
        pair.runs.filter(writes=True, ended_at__gte=approved).order_by("pk").first() if approved else None
    )
    let_pass = carried_out.ended_at if carried_out else approved
    since = max(now - DAY, let_pass or now - DAY)
    links = Link.objects.linked().filter(pair=pair, settled_at__isnull=False)
    if why := _removals(pair, links, since):
        return why
    # The first run after an approval carries out what was looked at; what comes then is judged against it.
    return _changes(pair, links, since, now) if carried_out or not approved else ""


def _removals(pair: EntityPair, links: LinkQuerySet, since: datetime) -> str:
    here = links.filter(erp_missing_at__isnull=True, crm_missing_at__gt=since)
    missing = links.filter(erp_missing_at__gt=since).count() + here.count()
    if missing <= FEW:
        return ""  # without counting a million links
    total = links.count()
    allowed = max(FEW, total * pair.guard_removals // 100)
    if missing <= allowed:
        return ""
    return (
        f"{missing} of {total} linked records went missing within a day, more than the {allowed} that may go "
        "without asking. Nothing was written. Approve the run if they were removed on purpose, or reject it."
    )


def _changes(pair: EntityPair, links: LinkQuerySet, since: datetime, now: datetime) -> str:
    """Due now, or written to since: blanked and overwritten records among them."""
    due = links.filter(due_at__lte=now, state=LinkState.ACTIVE).exclude(reason=LEFT)
    written = Change.objects.filter(pair=pair, created_at__gt=since, kind="update")
    written_only = written.exclude(link__in=due.values("pk")).values("link").distinct()
    changed = due.count() + written_only.count()
    if changed <= SMALL * pair.guard_changes // 100:
        return ""  # without counting a million links
    total = links.count()
    allowed = total * pair.guard_changes // 100
    if total <= SMALL or changed <= allowed:
        return ""
    return (
        f"{changed} of {total} linked records changed within a day, more than the {allowed} that may change without "
        "asking. Nothing was written. Look at the changes, then approve the run or reject it."
    )
