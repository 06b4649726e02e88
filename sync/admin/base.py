"""What all pages share: quick lists, pages to read, and verbs that are asked for before they are carried out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import unfold.admin
from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import DataError
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from sync.admin.forms import AskForm, ReasonForm
from sync.admin.show import BLANK
from sync.services.acts import NotPossible

if TYPE_CHECKING:
    ThemedAdmin = admin.ModelAdmin[Any]
    ThemedInline = admin.TabularInline[Any, Any]
else:
    ThemedAdmin = unfold.admin.ModelAdmin
    ThemedInline = unfold.admin.TabularInline


@dataclass(frozen=True, kw_only=True)
class Done:
    """What came of a verb: a sentence, and the row whose page says more."""

    message: str
    leads_to: Model | None = None


def always(row: Any) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Verb:
    """Something a person may have done to a row."""

    name: str
    label: str
    permission: str
    act: Callable[..., Done]
    """Called with the row, `by=` and `values=` of the form. Raises `NotPossible`."""
    icon: str = "bolt"
    form: type[AskForm] = ReasonForm
    says: str = ""
    """What follows, for the person who is about to ask for it."""
    direct: bool = False
    """Whether the button itself is enough, without a page in between."""
    offered: Callable[[Any], bool] = always
    """Whether it makes sense as the row stands now."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """One more page of a row."""

    name: str
    label: str
    show: str
    """The method that answers (request, row)."""
    icon: str = "description"


def page_of(row: Model, name: str = "change", *more: object) -> str:
    """The address of a row's page."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{name}", args=[row.pk, *more])


ASKED = ("exact", "isnull", "gte", "lt")
"""What addresses of our own lists ask of a field."""
NOT_TO_BE_ASKED = (ValueError, OverflowError, DataError)


class Narrowed(ThemedAdmin):
    """A list that is narrowed by its own filters, and says so where an address asks for what no row can be."""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Other questions than our own may take for ever, as regular expressions do."""
        asked = lookup.rpartition("__")[2]
        return (asked == lookup or asked in ASKED) and super().lookup_allowed(lookup, value, request)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        try:
            return super().get_changelist_instance(request)
        except NOT_TO_BE_ASKED as error:
            raise IncorrectLookupParameters from error


class HubAdmin(Narrowed):
    """A list that stays quick, and rows with pages and verbs."""

    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    empty_value_display = BLANK
    change_form_outer_before_template = "sync/toolbar.html"
    verbs: tuple[Verb, ...] = ()
    pages: tuple[Page, ...] = ()

    class Media:
        css = {"all": ("sync/hub.css",)}

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        wrap = self.admin_site.admin_view
        pages = [
            path(f"<path:object_id>/{page.name}/", wrap(self._shown(page)), name=f"{name}_{page.name}")
            for page in self.pages
        ]
        return [
            path("<path:object_id>/do/<slug:verb>/", wrap(self.do_view), name=f"{name}_do"),
            *pages,
            *super().get_urls(),
        ]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Bulk deletion is nobody's: what may be deleted at all is deleted one by one, knowingly."""
        return {
            name: found for name, found in super().get_actions(request).items() if name != "delete_selected"
        }

    def row(self, request: HttpRequest, object_id: str) -> Any:
        """The row of an address, for somebody who may see it."""
        found = self.get_object(request, unquote(object_id))
        if found is None:
            raise Http404("There is no such row.")
        if not self.has_view_permission(request, found):
            raise PermissionDenied
        return found

    def verbs_for(self, request: HttpRequest, row: Any) -> list[Verb]:
        """What this person may ask for as the row stands."""
        return [verb for verb in self.verbs if request.user.has_perm(verb.permission) and verb.offered(row)]

    def toolbar(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {
            "row": row,
            "verbs": self.verbs_for(request, row),
            "pages": self.pages,
            "row_admin": self.opts,
        }

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        row = self.get_object(request, unquote(object_id)) if object_id else None
        tools = self.toolbar(request, row) if row else {}
        return super().changeform_view(request, object_id, form_url, {**tools, **(extra_context or {})})

    def page(self, request: HttpRequest, row: Any, template: str, **context: Any) -> HttpResponse:
        """A page about a row, in the admin's frame."""
        request.current_app = self.admin_site.name
        shared = {
            **self.admin_site.each_context(request),
            **self.toolbar(request, row),
            "opts": self.opts,
            "original": row,
            "title": str(row),
            "is_fullwidth": "1",
            "media": self.media,
        }
        return TemplateResponse(request, template, {**shared, **context})

    def _shown(self, page: Page) -> Callable[..., HttpResponse]:
        def view(request: HttpRequest, object_id: str) -> HttpResponse:
            answer: HttpResponse = getattr(self, page.show)(request, self.row(request, object_id))
            return answer

        return view

    def do_view(self, request: HttpRequest, object_id: str, verb: str) -> HttpResponse:
        """Ask what a verb needs to know, then carry it out."""
        row = self.row(request, object_id)
        found = next((each for each in self.verbs if each.name == verb), None)
        if found is None:
            raise Http404("There is no such verb.")
        if not request.user.has_perm(found.permission):
            raise PermissionDenied
        form = found.form(
            request.POST if request.method == "POST" else None, row=row, initial=request.GET.dict()
        )
        if request.method == "POST" and form.is_valid():
            return self._carry_out(request, row, found, form.cleaned_data)
        return self.page(request, row, "sync/verb.html", verb=found, form=form)

    def _carry_out(self, request: HttpRequest, row: Any, verb: Verb, values: dict[str, Any]) -> HttpResponse:
        leads_to = row
        try:
            done = verb.act(row, by=request.user.get_username(), values=values)
        except NotPossible as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, done.message)
            leads_to = done.leads_to or row
        return HttpResponseRedirect(page_of(leads_to))


class ReadAdmin(HubAdmin):
    """Rows that nobody types: a list, and a page to read. Superusers are nobody, too."""

    read_template = ""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.view_{self.opts.model_name}")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.row(request, object_id)
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        return self.page(request, row, self.read_template, **self.read(row))

    def read(self, row: Any) -> dict[str, Any]:
        """What the page of a row shows beyond the row itself."""
        return {}
