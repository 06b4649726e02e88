"""The audit: every change the hub made, and every act of a person. To read only, for everyone."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from sync.admin.act_page import difference
from sync.admin.base import ReadAdmin
from sync.admin.show import BLANK, column, moment, short
from sync.admin.tables import Table, badge, cells, facts, fields_table, to
from sync.connectors.base import OperationKind
from sync.models.runs import Act, Change


class KindFilter(admin.SimpleListFilter):
    """The closed set of kinds: asking the table which ones there are would read all of it."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind.value, kind.value) for kind in OperationKind]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Change)
class ChangeAdmin(ReadAdmin):
    list_display = (moment("created_at", "when"), "record", "pair", "side", "kind", "what", "result", "actor")
    list_display_links = ("record",)
    list_filter = ("pair", "side", KindFilter, "outcome", "created_at")
    list_select_related = ("pair",)
    search_fields = ("=key", "^name", "=actor")
    search_help_text = "A key, the beginning of a name, or an actor."
    read_template = "sync/read.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Change]:
        return Change.objects.select_related("pair", "run__pair", "link")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        return queryset.filter(Q(key=term) | Q(name__istartswith=term) | Q(actor=term)), False

    @column("record", ordering="name")
    def record(self, change: Change) -> str:
        return change.name or change.key or "(new)"

    @column("fields")
    def what(self, change: Change) -> str:
        return short(", ".join(str(each.get("property")) for each in change.fields))

    @column("outcome", ordering="outcome", is_badge=True)
    def result(self, change: Change) -> tuple[str, str]:
        return change.outcome, change.get_outcome_display()

    def read(self, change: Change) -> dict[str, Any]:
        held = change.held or {}
        return {
            "problem": change.message if change.outcome == Change.Outcome.REFUSED else "",
            "facts": facts(
                outcome=badge(change.outcome, change.get_outcome_display()),
                link=to(change.link), pair=to(change.pair), run=to(change.run), system=change.system,
                entity=change.entity, key=change.key, kind=change.kind, side=change.get_side_display(),
                actor=change.actor, reason=change.reason, recorded=change.created_at,
                finished=change.finished_at, message=change.message,
            ),
            "tables": [
                fields_table(change.fields, title="What it changed"),
                Table(
                    title="What the system held afterwards", heads=("Property", "Value"),
                    lines=[cells(*each) for each in held.items()], none="Nothing was read back.",
                ),
            ],
        }  # fmt: skip


@admin.register(Act)
class ActAdmin(ReadAdmin):
    list_display = (moment("done_at", "when"), "actor", "verb", "subject", "moved", "pair", "why")
    list_display_links = ("subject",)
    list_filter = ("verb", "pair", "done_at")
    list_select_related = ("pair",)
    search_fields = ("=actor", "^subject", "=verb")
    search_help_text = "A person, a verb, or the beginning of what it was done to."
    read_template = "sync/read.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Act]:
        return Act.objects.select_related("pair", "link")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        return queryset.filter(Q(actor=term) | Q(verb=term) | Q(subject__istartswith=term)), False

    @column("before → after")
    def moved(self, act: Act) -> str:
        """Where both are words; what is longer stands on the act's page."""
        words = isinstance(act.before, str) and isinstance(act.after, str)
        return f"{act.before} → {act.after}" if words else BLANK

    @column("reason")
    def why(self, act: Act) -> str:
        return short(act.reason)

    def read(self, act: Act) -> dict[str, Any]:
        return {
            "facts": facts(
                actor=act.actor, verb=act.verb, subject=act.subject, when=act.done_at, reason=act.reason,
                pair=to(act.pair), link=to(act.link),
            ),
            "tables": [difference(act.before, act.after)],
        }  # fmt: skip
