"""Users, roles and tokens: who may ask for what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import unfold.admin
import unfold.forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest
from knox.models import AuthToken

from sync.admin.base import HubAdmin, Narrowed
from sync.admin.login import LoginForm
from sync.admin.show import column

if TYPE_CHECKING:
    ThemedUserAdmin = UserAdmin[User]
    ThemedGroupAdmin = GroupAdmin
else:

    class ThemedUserAdmin(UserAdmin, unfold.admin.ModelAdmin):
        """Django's page of users in the theme."""

    class ThemedGroupAdmin(GroupAdmin, unfold.admin.ModelAdmin):
        """Django's page of groups in the theme."""


BEYOND_ROLES = ("is_superuser", "user_permissions")
"""What would let an administrator make somebody, themselves included, mightier than any role."""

admin.site.login_form = LoginForm
admin.site.unregister(User)
admin.site.unregister(Group)
if admin.site.is_registered(AuthToken):
    admin.site.unregister(AuthToken)


@admin.register(User)
class PersonAdmin(Narrowed, ThemedUserAdmin):
    form = unfold.forms.UserChangeForm
    actions = None
    add_form = unfold.forms.UserCreationForm
    change_password_form = unfold.forms.AdminPasswordChangeForm
    list_display = ("username", "full_name", "roles", "is_active", "is_staff", "last_login")
    list_filter = ("groups", "is_active", "is_staff")
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("^username", "^email", "^last_name")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    @column("name")
    def full_name(self, user: User) -> str:
        return user.get_full_name()

    @column("roles")
    def roles(self, user: User) -> str:
        return ", ".join(sorted(group.name for group in user.groups.all()))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        found = tuple(super().get_readonly_fields(request, obj))
        return found if request.user.is_superuser else (*found, *BEYOND_ROLES)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and _may_touch(request, obj)


def _may_touch(request: HttpRequest, user: Any) -> bool:
    """A superuser's account, its password above all, is only another superuser's business."""
    return bool(not getattr(user, "is_superuser", False) or request.user.is_superuser)


@admin.register(Group)
class RoleAdmin(Narrowed, ThemedGroupAdmin):
    actions = None
    list_per_page = 50
    show_full_result_count = False


@admin.register(AuthToken)
class TokenAdmin(HubAdmin):
    """Tokens are made where they can be shown once; here they are seen, and revoked by deleting them."""

    list_display = ("token_key", "user", "created", "expiry")
    list_filter = ("user",)
    list_select_related = ("user",)
    search_fields = ("^token_key", "=user__username")
    fields = ("token_key", "user", "created", "expiry")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
