"""The admin's side bar: what there is to look at, in the order people need it; and the icon of its pages."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_permission_codename
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse


class Line(NamedTuple):
    title: str
    model: str
    icon: str


GROUPS = {
    "Connected": (
        Line("Systems", "sync.System", "dns"),
        Line("Pairs", "sync.EntityPair", "sync_alt"),
        Line("Links", "sync.Link", "link"),
    ),
    "Watched": (
        Line("Runs", "sync.Run", "play_circle"),
        Line("Conflicts", "sync.Conflict", "call_split"),
        Line("Changes", "sync.Change", "edit_note"),
        Line("Acts", "sync.Act", "gavel"),
    ),
    "Allowed": (
        Line("Users", "auth.User", "person"),
        Line("Roles", "auth.Group", "group"),
        Line("Tokens", "knox.AuthToken", "key"),
    ),
}


def side_bar(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups of lines this person may follow."""
    groups = ((title, _items(request, lines)) for title, lines in GROUPS.items())
    return [{"title": title, "items": items} for title, items in groups if items]


def _items(request: HttpRequest, lines: tuple[Line, ...]) -> list[dict[str, Any]]:
    return [
        {"title": line.title, "icon": line.icon, "link": _address(line)}
        for line in lines
        if _may_follow(request, line)
    ]


def _may_follow(request: HttpRequest, line: Line) -> bool:
    model = apps.get_model(line.model)
    permission = f"{model._meta.app_label}.{get_permission_codename('view', model._meta)}"
    return admin.site.is_registered(model) and request.user.has_perm(permission)


def _address(line: Line) -> str:
    return reverse(f"admin:{line.model.replace('.', '_').lower()}_changelist")


def icon(_request: HttpRequest) -> str:
    """The address of what browsers show beside a page's title."""
    return static("sync/hub.svg")
