"""The side bar leads where a person may go, and nowhere else."""

from __future__ import annotations

from django.contrib.auth.models import Permission, User
from django.test import Client, RequestFactory

from hub.navigation import side_bar


def titles(user: User) -> list[str]:
    request = RequestFactory().get("/admin/")
    request.user = user
    return [item["title"] for group in side_bar(request) for item in group["items"]]


def test_an_administrator_finds_people_last(admin_user: User):
    assert titles(admin_user)[-3:] == ["Users", "Roles", "Tokens"]


def test_a_person_sees_only_what_their_roles_include(db: None):
    user = User.objects.create_user("olga", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_group"))
    assert titles(user) == ["Roles"]


def test_the_side_bar_stands_on_the_admins_pages(client: Client, admin_user: User):
    client.force_login(admin_user)
    page = client.get("/admin/").content.decode()
    assert "/admin/auth/user/" in page
    assert 'href="/static/sync/hub.svg"' in page
