"""Pairs: how two entities are kept in step, what a pair is allowed to do, and what it would do."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse

from sync.admin.base import HubAdmin, Page, ThemedInline
from sync.admin.forms import JSON_FIELDS
from sync.admin.pair_forms import MAPPING_FIELDS, MappingForm, MappingFormSet, MatchFormSet, PairForm
from sync.admin.pair_verbs import VERBS
from sync.admin.show import column, counts_text, moment
from sync.admin.tables import Cell, Table, badge, cells, facts, listing, to
from sync.core.vocabulary import Side
from sync.models.links import Conflict, Link
from sync.models.pairs import EntityPair, FieldMapping, MatchRule, Mode
from sync.models.runs import Run
from sync.services import pairs, plans

LIVE_AGAIN = "The mappings have changed: the pair observes again until its new plan is approved."


class MappingInline(ThemedInline):
    model = FieldMapping
    form = MappingForm
    formset = MappingFormSet
    extra = 0
    tab = True
    ordering_field = "position"
    hide_ordering_field = True
    fields = MAPPING_FIELDS


class MatchInline(ThemedInline):
    model = MatchRule
    formset = MatchFormSet
    extra = 0
    tab = True
    fields = ("position", "by", "reference", "within_parent", "propose")


@admin.register(EntityPair)
class PairAdmin(HubAdmin):
    form = PairForm
    formfield_overrides = JSON_FIELDS
    list_display = (
        "name",
        "standing",
        "in_erp",
        "in_crm",
        moment("next_run_at", "next run"),
        "last_run",
        "last_counts",
    )
    list_filter = ("mode",)
    list_select_related = ("erp_system", "crm_system")
    change_form_outer_before_template = "sync/pair.html"
    inlines = (MappingInline, MatchInline)
    verbs = VERBS
    pages = (
        Page(name="properties", label="Property table", show="properties", icon="table"),
        Page(name="plan", label="What it would do", show="plan", icon="event_note"),
    )
    fieldsets = (
        (None, {"fields": ("name", "reason")}),
        ("What is kept in step", {"fields": (("erp_system", "erp_entity"), ("crm_system", "crm_entity"))}),
        (
            "What it may make and remove",
            {
                "fields": (
                    ("creates_in_crm", "creates_in_erp"),
                    ("first_winner", "on_removal"),
                    "inactive",
                    "scope",
                )
            },
        ),
        ("When it runs", {"fields": (("interval", "full_interval"), "position")}),
        ("Parent", {"fields": ("parent", ("erp_parent_property", "crm_parent_property"))}),
        ("What names a record", {"fields": (("erp_label", "crm_label"),)}),
        ("When it asks first", {"fields": (("guard_removals", "guard_changes", "guard_blanks"),)}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Who changes nothing is not asked why."""
        if self.has_change_permission(request, obj):
            return super().get_fieldsets(request, obj)
        return [(None, {"fields": ("name",)}), *self.fieldsets[1:]]

    def get_queryset(self, request: HttpRequest) -> QuerySet[EntityPair]:
        latest = Run.objects.filter(pair=OuterRef("pk")).order_by("-id")
        return EntityPair.objects.select_related("erp_system", "crm_system").annotate(
            run_state=Subquery(latest.values("state")[:1]), run_counts=Subquery(latest.values("counts")[:1])
        )

    @column("mode", ordering="mode", is_badge=True)
    def standing(self, pair: EntityPair) -> str:
        return pair.mode

    @column("ERP")
    def in_erp(self, pair: EntityPair) -> str:
        return f"{pair.erp_system} · {pair.erp_entity}"

    @column("webCRM")
    def in_crm(self, pair: EntityPair) -> str:
        return f"{pair.crm_system} · {pair.crm_entity}"

    @column("last run", is_badge=True)
    def last_run(self, pair: Any) -> str | None:
        state: str | None = pair.run_state
        return state

    @column("its counts")
    def last_counts(self, pair: Any) -> str:
        return counts_text(pair.run_counts)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A pair has an audit from its first day: it is switched off, never deleted."""
        return False

    def _create_formsets(self, request: HttpRequest, obj: Any, change: bool) -> Any:
        """The match rules are checked against the mappings as they are typed, not as they were."""
        formsets, inlines = super()._create_formsets(request, obj, change)  # type: ignore[misc]
        by_model = {formset.model: formset for formset in formsets}
        if FieldMapping in by_model and MatchRule in by_model:
            by_model[MatchRule].mappings = by_model[FieldMapping]
        return formsets, inlines

    def save_model(self, request: HttpRequest, obj: EntityPair, form: Any, change: bool) -> None:
        form.before = pairs.snapshot(EntityPair.objects.get(pk=obj.pk)) if change else []
        # Never the whole row: its mode and its times may have moved since the form was opened.
        own = {field.name for field in obj._meta.concrete_fields}
        obj.save(update_fields=own.intersection(form.changed_data) if change else None)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        pair, mode = form.instance, form.instance.mode
        pairs.rules_changed(
            pair, before=form.before, by=request.user.get_username(), reason=form.cleaned_data["reason"]
        )
        if mode == Mode.LIVE and pair.mode != mode:
            messages.warning(request, LIVE_AGAIN)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """A row of a mapping needs the whole width of the window."""
        return super().changeform_view(
            request, object_id, form_url, {"is_fullwidth": "1", **(extra_context or {})}
        )

    def toolbar(self, request: HttpRequest, row: EntityPair) -> dict[str, Any]:
        run = row.runs.first()
        told = facts(
            mode=badge(row.mode, row.get_mode_display()),
            plan=_approval(row.approved_version == row.rules_version),
            next_run=row.next_run_at, next_full_read=row.next_full_at, last_run=to(run),
            its_counts=counts_text(run.counts if run else {}),
        )  # fmt: skip
        offered = {f"{side}_offered": list(pairs.properties_of(row, side).values()) for side in Side}
        return {**super().toolbar(request, row), "told": told, **offered}

    def properties(self, request: HttpRequest, pair: EntityPair) -> HttpResponse:
        table = Table(
            heads=(
                "ERP property", "webCRM property", "webCRM data type", "Label", "Max", "Direction", "Transforms",
                "Policy", "Blanks", "Match", "Problem", "Findings",
            ),
            lines=[_property_cells(row) for row in pairs.property_table(pair)],
            none="No field is mapped yet.",
        )  # fmt: skip
        return self.page(request, pair, "sync/properties.html", table=table, sides=pairs.sides_of(pair))

    def plan(self, request: HttpRequest, pair: EntityPair) -> HttpResponse:
        found = plans.overview(pair)
        side, _, kind = request.GET.get("writes", "").partition("-")
        if (side, kind) not in found.kinds:
            side = kind = ""
        writes = plans.planned(pair, side=side, kind=kind).order_by("id")
        shown = Paginator(writes, self.list_per_page).get_page(request.GET.get("page"))
        return self.page(
            request,
            pair,
            "sync/plan.html",
            overview=found,
            facts=_plan_facts(pair, found),
            chosen=f"{side}-{kind}" if side else "",
            kinds=[
                {"key": f"{each}-{what}", "text": f"{number} × {what} in {pair.system(Side(each))}"}
                for (each, what), number in found.kinds.items()
            ],
            shown=shown,
            table=_writes(pair, shown),
        )


def _approval(is_approved: bool) -> Cell:
    return badge("done", "approved") if is_approved else badge("open", "not approved")


def _property_cells(row: pairs.PropertyRow) -> list[Any]:
    return cells(
        row.erp_property, row.crm_property, row.crm_type, row.crm_label, row.max_length, row.direction,
        row.transforms, row.policy, row.blank, row.match, row.problem, row.findings,
    )  # fmt: skip


def _plan_facts(pair: EntityPair, found: plans.Overview) -> list[Any]:
    conflicts = listing(Conflict, link__pair__id__exact=pair.pk, state__exact="open")
    return facts(
        observed_by=to(found.run), ended=found.run.ended_at if found.run else None,
        its_counts=counts_text(found.run.counts if found.run else {}),
        plan=_approval(found.is_approved),
        conflicts=_counted(found.conflicts, conflicts),
        held=_counted(found.held, listing(Link, pair__id__exact=pair.pk, outcome__exact="held")),
        waiting=_counted(found.waiting, listing(Link, pair__id__exact=pair.pk, outcome__exact="waiting")),
    )  # fmt: skip


def _counted(number: int, address: str) -> Cell:
    return Cell(text=str(number), address=address if number else "")


def _writes(pair: EntityPair, links: Any) -> Table:
    lines = [
        [
            to(link),
            *cells(
                str(pair.system(Side(draft["side"]))), draft["kind"], each["property"], each["before"], each["after"],
                each["why"],
            ),
        ]
        for link in links
        for draft in link.plan
        for each in draft["fields"]
    ]  # fmt: skip
    heads = ("Record", "System", "Kind", "Property", "Before", "After", "Why")
    return Table(heads=heads, lines=lines, none="Nothing would be written.")
