"""What lists can be narrowed by. A parameter nobody knows is refused, not ignored."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from sync.api.paging import LARGEST_KEY, PARAMETERS
from sync.models.links import OUTCOMES, Conflict, ConflictState, Link, LinkState
from sync.models.pairs import EntityPair, SideName
from sync.models.runs import Act, Change, Run, RunState

if TYPE_CHECKING:  # the framework reads this module while it is loading its views
    from rest_framework.views import APIView

YEARS = range(1970, 3000)


class StrictBackend(filters.DjangoFilterBackend):
    """Filters a list, and names the parameters that are no filter."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        filterset = getattr(view, "filterset_class", None)
        if getattr(view, "action", "") == "list":
            known = {*(filterset.base_filters if filterset else ()), *PARAMETERS}
            strange = sorted(set(request.query_params) - known)
            if strange:
                sentence = f"There is no such parameter. Known: {', '.join(sorted(known))}."
                raise ValidationError({name: [sentence] for name in strange})
        filtered: QuerySet[Any] = super().filter_queryset(request, queryset, view)
        return filtered


class MomentField(IsoDateTimeField):
    def clean(self, value: Any) -> datetime | None:
        """A moment that stays one in every zone."""
        try:
            moment: datetime | None = super().clean(value)
        except forms.ValidationError:
            raise forms.ValidationError("A date and time belongs here, as in 2026-11-26T12:00:00Z.") from None
        if moment is not None and moment.year not in YEARS:
            raise forms.ValidationError("A date and time of this age belongs here.")
        return moment


class Whole(filters.Filter):
    """A row's id."""

    field_class = forms.IntegerField

    def __init__(self, **facts: Any) -> None:
        super().__init__(min_value=1, max_value=LARGEST_KEY, **facts)


class Moment(filters.Filter):
    field_class = MomentField


def by_pair(path: str = "pair") -> filters.ModelChoiceFilter:
    """The name of a pair."""
    return filters.ModelChoiceFilter(
        field_name=path, to_field_name="name", queryset=EntityPair.objects.all(), label="Name of a pair."
    )


class LinkFilter(filters.FilterSet):
    pair = by_pair()
    state = filters.ChoiceFilter(choices=LinkState.choices)
    outcome = filters.ChoiceFilter(choices=OUTCOMES)
    key = filters.CharFilter(method="with_key", max_length=200, label="Key of the record on either side.")
    erp_key = filters.CharFilter(max_length=200)
    crm_key = filters.CharFilter(max_length=200)
    name = filters.CharFilter(lookup_expr="icontains", max_length=300, label="Part of the name.")
    problem = filters.BooleanFilter(method="with_problem", label="Whether something is wrong with it.")
    linked = filters.BooleanFilter(method="with_both", label="Whether both sides are known.")
    run = Whole(label="The run that touched it last.")

    class Meta:
        model = Link
        fields: tuple[str, ...] = ()

    def with_key(self, links: QuerySet[Link], _: str, key: str) -> QuerySet[Link]:
        return links.filter(Q(erp_key=key) | Q(crm_key=key))

    def with_problem(self, links: QuerySet[Link], _: str, wanted: bool) -> QuerySet[Link]:
        return links.exclude(problem="") if wanted else links.filter(problem="")

    def with_both(self, links: QuerySet[Link], _: str, wanted: bool) -> QuerySet[Link]:
        one_sided = Q(erp_key__isnull=True) | Q(crm_key__isnull=True)
        return links.exclude(one_sided) if wanted else links.filter(one_sided)


class RunFilter(filters.FilterSet):
    pair = by_pair()
    state = filters.ChoiceFilter(choices=RunState.choices)
    trigger = filters.ChoiceFilter(choices=Run.Trigger.choices)

    class Meta:
        model = Run
        fields: tuple[str, ...] = ()


class ChangeFilter(filters.FilterSet):
    pair = by_pair()
    link = Whole()
    run = Whole()
    side = filters.ChoiceFilter(choices=SideName.choices)
    outcome = filters.ChoiceFilter(choices=Change.Outcome.choices)
    key = filters.CharFilter(max_length=200)
    actor = filters.CharFilter(max_length=150)
    since = Moment(field_name="created_at", lookup_expr="gte")
    until = Moment(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Change
        fields: tuple[str, ...] = ()


class ActFilter(filters.FilterSet):
    pair = by_pair()
    link = Whole()
    verb = filters.CharFilter(max_length=30)
    actor = filters.CharFilter(max_length=150)
    since = Moment(field_name="done_at", lookup_expr="gte")
    until = Moment(field_name="done_at", lookup_expr="lt")

    class Meta:
        model = Act
        fields: tuple[str, ...] = ()


class ConflictFilter(filters.FilterSet):
    pair = by_pair("link__pair")
    link = Whole()
    state = filters.ChoiceFilter(choices=ConflictState.choices)

    class Meta:
        model = Conflict
        fields: tuple[str, ...] = ()
