"""Conflicts: both values side by side, and a person's word on them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Case, QuerySet, Value, When
from django.http import HttpRequest

from sync.admin.base import Done, ReadAdmin, Verb
from sync.admin.forms import PlainJSONField, ReasonForm, choice, text_input
from sync.admin.show import column, moment, short, values_text, when
from sync.admin.tables import Table, badge, cells, facts, to
from sync.core.vocabulary import Side
from sync.models.links import Conflict, ConflictState
from sync.services import conflicts

OPEN_FIRST = Case(
    When(state=ConflictState.OPEN, then=Value(0)),
    When(state=ConflictState.RULED, then=Value(1)),
    default=Value(2),
)


ANSWERS = {
    False: [("erp", "Keep ERP"), ("crm", "Keep webCRM")],
    True: [("erp", "Replace it under its new parent"), ("crm", "Keep it where it is")],
}
"""What may be said of a whole record, by whether the question is a move."""
REPLACED = (
    "webCRM cannot move a record. Replaced, the old one is marked inactive and let go, with its history, and a new "
    "one is made under the new parent. Kept, it stays where it is, and its other fields stay in step."
)


class ResolveForm(ReasonForm):
    """Whose value is kept. `seen` is what the person looked at."""

    winner = forms.ChoiceField(
        choices=[("erp", "keep ERP"), ("crm", "keep webCRM"), ("other", "other value")], widget=choice()
    )
    value = forms.CharField(required=False, widget=text_input(), label="Other value")
    seen = PlainJSONField(widget=forms.HiddenInput)
    field_order = ("winner", "value", "reason", "seen")

    def __init__(self, *args: Any, row: Conflict, **kwargs: Any) -> None:
        kwargs["initial"] = {"seen": _seen(row), **(kwargs.get("initial") or {})}
        super().__init__(*args, row=row, **kwargs)
        if row.mapping_id is None:
            del self.fields["value"]
            self.fields["winner"] = forms.ChoiceField(
                choices=ANSWERS[conflicts.is_move(row)], widget=choice()
            )

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        if found.get("winner") == "other" and not found.get("value"):
            raise forms.ValidationError("Give the other value, or keep one of the two sides.")
        return found


def _seen(conflict: Conflict) -> dict[str, Any]:
    return {"erp": conflict.erp_values, "crm": conflict.crm_values}


def _resolve(conflict: Conflict, *, by: str, values: dict[str, Any]) -> Done:
    other = values.get("value") if values["winner"] == "other" else None
    conflicts.resolve(
        conflict, winner=values["winner"], value=other, seen=values["seen"], by=by, reason=values["reason"]
    )
    return Done(message="Decided. It is carried out when the link settles next.")


RESOLVE = Verb(
    name="resolve", label="Decide", permission="sync.change_conflict", act=_resolve, icon="gavel", form=ResolveForm,
    says="Say which value both systems shall have.", offered=lambda conflict: conflict.state == ConflictState.OPEN,
)  # fmt: skip


@admin.register(Conflict)
class ConflictAdmin(ReadAdmin):
    list_display = (
        "record",
        "pair",
        "field",
        "in_erp",
        "in_crm",
        "standing",
        moment("created_at", "since"),
        "resolved_by",
    )
    list_filter = ("link__pair", "state")
    ordering = (OPEN_FIRST.asc(), "-id")
    search_fields = ("=link__erp_key", "=link__crm_key")
    search_help_text = "A key of either system."
    read_template = "sync/conflict.html"
    verbs = (RESOLVE,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conflict]:
        return Conflict.objects.select_related("link__pair__erp_system", "link__pair__crm_system", "mapping")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup == "link__exact" or super().lookup_allowed(lookup, value, request)

    @column("record")
    def record(self, conflict: Conflict) -> str:
        return str(conflict.link)

    @column("pair")
    def pair(self, conflict: Conflict) -> str:
        return str(conflict.link.pair)

    @column("ERP")
    def in_erp(self, conflict: Conflict) -> str:
        return short(values_text(conflict.erp_values))

    @column("webCRM")
    def in_crm(self, conflict: Conflict) -> str:
        return short(values_text(conflict.crm_values))

    @column("state", ordering="state", is_badge=True)
    def standing(self, conflict: Conflict) -> tuple[str, str]:
        return conflict.state, conflict.get_state_display()

    def toolbar(self, request: HttpRequest, row: Conflict) -> dict[str, Any]:
        """The page itself asks for the decision."""
        return {**super().toolbar(request, row), "verbs": []}

    def read(self, conflict: Conflict) -> dict[str, Any]:
        link = conflict.link
        return {
            "facts": facts(
                field=conflict.field, state=badge(conflict.state, conflict.get_state_display()), link=to(link),
                pair=to(link.pair), since=conflict.created_at, why=conflict.why,
                decided_by=conflict.resolved_by, decided=conflict.resolved_at,
                kept=conflict.get_winner_display() if conflict.winner else None,
                value=conflict.value, ended=conflict.closed_why,
            ),
            "sides": [_side(conflict, Side.ERP), _side(conflict, Side.CRM)],
            "form": ResolveForm(row=conflict),
            "answers": ANSWERS[conflicts.is_move(conflict)],
            "consequence": REPLACED if conflicts.is_move(conflict) else "",
            "is_open": conflict.state == ConflictState.OPEN,
            "tables": [_acts(conflict)],
        }  # fmt: skip


def _side(conflict: Conflict, side: Side) -> dict[str, Any]:
    link = conflict.link
    values = conflict.erp_values if side is Side.ERP else conflict.crm_values
    stamps = link.get(side, "stamps")
    return {
        "title": f"{link.pair.system(side)}: {link.pair.entity(side)}",
        "value": values_text(values),
        "paths": ", ".join(values),
        "key": link.get(side, "key"),
        "moved": max((stamps[path] for path in values if path in stamps), default="")[:19].replace("T", " "),
        "base": values_text({path: link.get(side, "base").get(path) for path in values}),
    }


def _acts(conflict: Conflict) -> Table:
    rows = conflict.link.acts.filter(verb="resolve")[:20]
    return Table(
        title="Decisions on this link",
        heads=("When", "Who", "What", "Reason"),
        lines=[[to(row, when(row.done_at)), *cells(row.actor, row.subject, row.reason)] for row in rows],
        none="None yet.",
    )
