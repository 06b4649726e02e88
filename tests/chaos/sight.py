"""Looks into the hub's own rows: to strike at the right moment, and to know when it has come to rest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from django.db import Error, connection
from django.utils import timezone

from sync.models.links import OPEN_INTENTS, Conflict, ConflictState, Intent, IntentState, Link
from sync.models.runs import OPEN_RUNS, Change, Run
from tests.chaos.apps import maker
from tests.chaos.words import essence

Found = TypeVar("Found")
SOON = timedelta(minutes=10)


def patiently(look: Callable[[], Found], otherwise: Found) -> Found:
    """What a look finds; while the database is away, something else. Nothing stays open behind it."""
    try:
        return look()
    except Error:
        return otherwise
    finally:
        connection.close()


def writers() -> set[int]:
    """The processes that have a write under way: recorded, and its outcome not yet kept."""
    tokens = Intent.objects.filter(state=IntentState.RECORDED).values_list("token", flat=True)
    nobody: list[str] = []
    return {maker(token) for token in patiently(lambda: list(tokens), nobody)}


def unrest() -> str:
    """What is left to do; empty when the hub is at rest."""
    soon = timezone.now() + SOON
    left = {
        "open intents": Intent.objects.filter(state__in=OPEN_INTENTS).count(),
        "due links": Link.objects.filter(due_at__lte=soon).count(),
        "open runs": Run.objects.filter(state__in=OPEN_RUNS).count(),
    }
    return ", ".join(f"{number} {name}" for name, number in left.items() if number)


def kept_values() -> set[tuple[str, str, str]]:
    """Pair, side and essence of every value that lost and stands in the audit, or waits in a conflict."""
    found = set()
    for pair, side, fields in Change.objects.values_list("pair__name", "side", "fields"):
        found |= {(pair, side, essence(row.get("before"))) for row in fields}
    for conflict in Conflict.objects.select_related("link__pair"):
        for side, values in (("erp", conflict.erp_values), ("crm", conflict.crm_values)):
            found |= {(conflict.link.pair.name, side, essence(value)) for value in values.values()}
    return found


def in_conflict() -> set[tuple[str, str | None]]:
    """ERP key and pair of the links that wait for a person."""
    open_ones = Conflict.objects.filter(state=ConflictState.OPEN)
    return set(open_ones.values_list("link__pair__name", "link__erp_key"))


def pending() -> int:
    return Change.objects.filter(outcome=Change.Outcome.PENDING).count()


def problems() -> list[str]:
    """What the hub says of links it could not settle."""
    links = Link.objects.current().exclude(problem="").select_related("pair")
    return [f"{link.pair.name} {link.erp_key}/{link.crm_key}: {link.problem}" for link in links]
