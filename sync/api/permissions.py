"""Who may do what: the roles' own permissions, by action."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import User
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

if TYPE_CHECKING:  # the framework reads this module while it is loading its views
    from rest_framework.views import APIView


class RolePermission(BasePermission):
    """Looking needs `view_…` of the view's model; a verb needs what the view's `verbs` name. Nothing else passes."""

    message = "Your role does not allow this."

    def has_permission(self, request: Request, view: APIView) -> bool:
        user = request.user
        if not isinstance(user, User) or not user.is_authenticated:
            return False
        if getattr(view, "action", "") is None:
            return True  # a method that the address does not have: the view says so
        needed = needed_for(view, request.method or "")
        if needed and user.has_perm(needed):
            return True
        self.message = f"Your role does not allow this: it needs the permission '{needed}'."
        return False


def needed_for(view: APIView, method: str) -> str:
    """The permission that a request to this view needs; empty when there is none that would do."""
    if method in SAFE_METHODS:
        queryset = getattr(view, "queryset", None)
        return f"sync.view_{queryset.model._meta.model_name}" if queryset is not None else ""
    verbs: dict[str, str] = getattr(view, "verbs", {})
    return verbs.get(getattr(view, "action", "") or "", "")
