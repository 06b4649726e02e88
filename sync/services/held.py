"""What a held run holds back, for the person who is asked: what moved since both sides were last in step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils import timezone

from sync.core.mapping import differing
from sync.core.records import Value
from sync.core.vocabulary import Side
from sync.engine.rules import PairRules, load
from sync.models.links import Link, LinkState
from sync.models.runs import Run


@dataclass(frozen=True, kw_only=True)
class Moved:
    """One property of one record: what it said when last in step, and what it says now."""

    link: Link
    side: Side
    property: str
    """Empty where the record itself is missing."""
    was: Value = None
    now: Value = None


def held_back(run: Run, *, links: int) -> list[Moved]:
    """What moved in the first so many links that are due, those that wait longest first."""
    rules = load(run.pair)
    due = Link.objects.linked().filter(
        pair=run.pair, state=LinkState.ACTIVE, settled_at__isnull=False, due_at__lte=timezone.now()
    )
    first = due.select_related("pair").order_by("due_at", "id")[:links]
    return [moved for link in first for side in Side for moved in _of(rules, link, side)]


def _of(rules: PairRules, link: Link, side: Side) -> Iterator[Moved]:
    if link.get(side, "missing_at"):
        yield Moved(link=link, side=side, property="")
        return
    seen, base = link.get(side, "seen"), link.get(side, "base")
    for path in dict.fromkeys(path for rule in rules.compared for path in differing(rule, side, seen, base)):
        yield Moved(link=link, side=side, property=path, was=base[path], now=seen[path])
