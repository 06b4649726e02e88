"""How a list of links is narrowed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from sync.models.links import LinkState

Choices = list[tuple[str, str]]


class StateFilter(admin.SimpleListFilter):
    """Links that were merged into another are history: they show only when asked for."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(state.value, str(state.label)) for state in LinkState]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return (
            queryset.filter(state=self.value()) if self.value() else queryset.exclude(state=LinkState.MERGED)
        )


KNOWN = {
    "both": Q(erp_key__isnull=False, crm_key__isnull=False),
    "erp": Q(crm_key__isnull=True),
    "crm": Q(erp_key__isnull=True),
}
NEEDS = {
    "problem": ~Q(problem=""),
    "choice": ~Q(candidates=[]),
    "due": Q(due_at__isnull=False),
    "waiting": Q(waiting=True),
}


class KnownFilter(admin.SimpleListFilter):
    title = "known in"
    parameter_name = "known"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [("both", "both systems (linked)"), ("erp", "the ERP only"), ("crm", "webCRM only")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(KNOWN.get(self.value() or "", Q()))


class NeedFilter(admin.SimpleListFilter):
    title = "needs"
    parameter_name = "needs"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [
            ("problem", "has a problem"),
            ("choice", "a person to choose its counterpart"),
            ("due", "is due"),
            ("waiting", "waits for its parent"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(NEEDS.get(self.value() or "", Q()))
