"""The admin's side bar: what there is to look at, in the order people need it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse_lazy


def item(title: str, model: str, icon: str) -> dict[str, Any]:
    """A line that leads to the list of one model (`app_model`), for those who may see it."""
    app, name = model.split("_")
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{model}_changelist"),
        "permission": _may_view(f"{app}.view_{name}"),
    }


def _may_view(permission: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perm(permission)


SIDE_BAR = [
    {
        "title": "Connected",
        "items": [
            item("Systems", "sync_system", "dns"),
            item("Pairs", "sync_entitypair", "sync_alt"),
            item("Links", "sync_link", "link"),
        ],
    },
    {
        "title": "Watched",
        "items": [
            item("Runs", "sync_run", "play_circle"),
            item("Conflicts", "sync_conflict", "call_split"),
            item("Changes", "sync_change", "edit_note"),
            item("Acts", "sync_act", "gavel"),
        ],
    },
    {
        "title": "Allowed",
        "items": [
            item("Users", "auth_user", "person"),
            item("Roles", "auth_group", "group"),
        ],
    },
]
