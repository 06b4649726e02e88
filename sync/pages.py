"""Small pages for machines: is it alive, is it ready, how does it do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.core.cache import cache as shared_cache
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Count, OuterRef, Q, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from redis import RedisError
from rest_framework.decorators import api_view, permission_classes, renderer_classes
from rest_framework.permissions import BasePermission
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from sync.models.links import Conflict, ConflictState, Link
from sync.models.pairs import EntityPair
from sync.models.runs import Heartbeat, Run


@require_safe
def healthz(_: HttpRequest) -> HttpResponse:
    """The process answers. Asks nothing of the database, so that a slow one gets no process killed."""
    return HttpResponse("alive\n", content_type="text/plain")


@require_safe
def readyz(_: HttpRequest) -> HttpResponse:
    """200 when database, migrations and cache are as they must be, else 503; one line says how each is."""
    found = {name: look() for name, look in READINESS.items()}
    text = "".join(f"{name}: {problem or 'ready'}\n" for name, problem in found.items())
    return HttpResponse(text, status=503 if any(found.values()) else 200, content_type="text/plain")


def _database_problem() -> str:
    try:
        connection.ensure_connection()
    except DatabaseError:
        return "does not answer"
    return "" if connection.is_usable() else "does not answer"


def _migration_problem() -> str:
    try:
        missing = _newest_migrations() - set(MigrationRecorder(connection).applied_migrations())
    except DatabaseError:
        return "cannot be read"
    return f"{len(missing)} not applied: run `manage.py migrate`" if missing else ""


@cache
def _newest_migrations() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).graph.leaf_nodes())


def _cache_problem() -> str:
    try:
        shared_cache.get("ready")
    except (DatabaseError, RedisError):
        return "does not answer"
    return ""


READINESS: dict[str, Callable[[], str]] = {
    "database": _database_problem,
    "migrations": _migration_problem,
    "cache": _cache_problem,
}


class MayViewRuns(BasePermission):
    """Who may look at runs may look at the figures about them."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - DRF's signature
        return request.user.has_perm("sync.view_run")


class FiguresRenderer(BaseRenderer):
    """Prometheus' text format, as the view already wrote it."""

    media_type = "text/plain"
    format = "txt"

    def render(self, data: Any, *_: object) -> bytes:
        text = data if isinstance(data, str) else f"# {data.get('error', '')}\n"
        return text.encode()


@extend_schema(exclude=True)
@api_view(["GET"])
@permission_classes([MayViewRuns])
@renderer_classes([FiguresRenderer])
def metrics(_: Request) -> Response:
    """Figures of every pair, in Prometheus' text format."""
    return Response("".join(_figures(timezone.now())))


def _figures(now: datetime) -> Iterable[str]:
    pairs = list(EntityPair.objects.annotate(last_ended_at=Subquery(_last_ended())))
    due = _per_pair(Link, Q(due_at__lte=now), "pair")
    conflicts = _per_pair(Conflict, Q(state=ConflictState.OPEN), "link__pair")
    ages = {pair.pk: (now - at).total_seconds() for pair in pairs if (at := pair.last_ended_at)}
    yield from _gauge("hub_due_links", "Links that are due now.", _each(pairs, due))
    yield from _gauge("hub_open_conflicts", "Conflicts that wait for a person.", _each(pairs, conflicts))
    yield from _gauge(
        "hub_last_run_age_seconds",
        "Seconds since the newest ended run of the pair ended.",
        {pair.name: ages[pair.pk] for pair in pairs if pair.pk in ages},
    )
    yield from _gauge(
        "hub_heartbeat_age_seconds", "Seconds since a part last said it works.", _heartbeats(now), "part"
    )


def _heartbeats(now: datetime) -> dict[str, float]:
    return {beat.name: (now - beat.at).total_seconds() for beat in Heartbeat.objects.order_by("name")}


def _last_ended() -> Any:
    ended = Run.objects.filter(pair=OuterRef("pk"), ended_at__isnull=False)
    return ended.order_by("-id").values("ended_at")[:1]


def _per_pair(model: type[Link | Conflict], condition: Q, pair: str) -> dict[int, int]:
    rows = model._default_manager.filter(condition).order_by().values_list(pair).annotate(Count("pk"))
    return dict(rows)


def _each(pairs: Sequence[EntityPair], counts: dict[int, int]) -> dict[str, float]:
    return {pair.name: counts.get(pair.pk, 0) for pair in pairs}


def _gauge(name: str, meaning: str, figures: dict[str, float], label: str = "pair") -> Iterable[str]:
    yield f"# HELP {name} {meaning}\n# TYPE {name} gauge\n"
    for of, figure in figures.items():
        yield f'{name}{{{label}="{of}"}} {figure}\n'
