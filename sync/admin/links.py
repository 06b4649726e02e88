"""Links: found by either key or by name, looked at side by side, and acted upon."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from sync.admin.base import ReadAdmin, Verb
from sync.admin.link_filters import KnownFilter, NeedFilter, StateFilter
from sync.admin.link_page import read
from sync.admin.link_verbs import BULK, MAY, VERBS
from sync.admin.show import column, moment, short
from sync.models.links import Link
from sync.services.acts import NotPossible

SHOWN_REFUSALS = 3
AT_ONCE = 1000
"""Each link is a transaction of its own: more would outlast the browser's patience."""


@admin.register(Link)
class LinkAdmin(ReadAdmin):
    list_display = (
        "title",
        "pair",
        "erp_key",
        "crm_key",
        "standing",
        "result",
        "trouble",
        moment("settled_at"),
    )
    list_filter = ("pair", StateFilter, "outcome", KnownFilter, NeedFilter)
    list_select_related = ("pair",)
    search_fields = ("=erp_key", "=crm_key", "^name")
    search_help_text = "A key of either system, or the beginning of a name."
    list_fullwidth = True
    read_template = "sync/link.html"
    verbs = VERBS

    def get_queryset(self, request: HttpRequest) -> QuerySet[Link]:
        return Link.objects.select_related("pair__erp_system", "pair__crm_system", "run__pair")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """The whole of what was typed, spaces included, is one key or the beginning of one name."""
        term = search_term.strip()
        if not term:
            return queryset, False
        return queryset.filter(Q(erp_key=term) | Q(crm_key=term) | Q(name__istartswith=term)), False

    @column("name", ordering="name")
    def title(self, link: Link) -> str:
        return str(link)

    @column("state", ordering="state", is_badge=True)
    def standing(self, link: Link) -> tuple[str, str]:
        return link.state, link.get_state_display()

    @column("last outcome", ordering="outcome", is_badge=True)
    def result(self, link: Link) -> str | None:
        return link.outcome or None

    @column("problem")
    def trouble(self, link: Link) -> str:
        return short(link.problem)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        if not request.user.has_perm(MAY):
            return {}
        return {verb.name: (_all(verb), verb.name, f"{verb.label} the chosen links") for verb in BULK}

    def read(self, link: Link) -> dict[str, Any]:
        return read(link)


def _all(verb: Verb) -> Callable[[LinkAdmin, HttpRequest, QuerySet[Link]], None]:
    """A verb over many links: each for itself, so that one that cannot holds back no other."""

    def act(page: LinkAdmin, request: HttpRequest, chosen: QuerySet[Link]) -> None:
        if chosen.count() > AT_ONCE:
            messages.error(request, f"Choose at most {AT_ONCE} links at a time. Narrow the list first.")
            return
        refusals, done = [], 0
        for link in chosen:
            try:
                verb.act(link, by=request.user.get_username(), values={"reason": "from the list"})
                done += 1
            except NotPossible as refusal:
                refusals.append(str(refusal))
        if done:
            messages.success(request, f"{verb.label}: {done} links.")
        for sentence in refusals[:SHOWN_REFUSALS]:
            messages.error(request, sentence)
        if len(refusals) > SHOWN_REFUSALS:
            messages.error(request, f"… and {len(refusals) - SHOWN_REFUSALS} more were refused.")

    return act
