"""The three roles: made by a migration, on a fresh database, with a way back."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.db import connection

from tests.factories import UserFactory

roles = import_module("sync.migrations.0003_roles")

GRANTS = [
    ("administrator", "sync.change_system", True),
    ("administrator", "sync.change_entitypair", True),
    ("administrator", "sync.change_link", True),
    ("administrator", "auth.change_user", True),
    ("administrator", "knox.delete_authtoken", True),
    ("administrator", "sync.change_change", False),
    ("operator", "sync.change_link", True),
    ("operator", "sync.add_run", True),
    ("operator", "sync.change_run", True),
    ("operator", "sync.change_conflict", True),
    ("operator", "sync.view_system", True),
    ("operator", "sync.change_system", False),
    ("operator", "sync.change_entitypair", False),
    ("operator", "auth.view_user", False),
    ("auditor", "sync.view_change", True),
    ("auditor", "sync.view_act", True),
    ("auditor", "sync.change_link", False),
    ("auditor", "sync.add_run", False),
    ("auditor", "sync.change_conflict", False),
]


@pytest.mark.parametrize(("role", "permission", "granted"), GRANTS)
def test_what_each_role_may(db: None, role: str, permission: str, granted: bool):
    assert UserFactory(role=role).has_perm(permission) is granted


@pytest.mark.parametrize("role", ["administrator", "operator", "auditor"])
@pytest.mark.parametrize("model", ["change", "act", "link"])
def test_nobody_adds_or_deletes_what_the_audit_needs(db: None, role: str, model: str):
    user = UserFactory(role=role)
    assert not user.has_perm(f"sync.add_{model}")
    assert not user.has_perm(f"sync.delete_{model}")


def test_the_permissions_are_those_django_makes_itself(db: None):
    before = set(Permission.objects.values_list("content_type__model", "codename", "name"))
    Permission.objects.all().delete()
    roles.make_roles(apps, connection.schema_editor())
    made = set(Permission.objects.values_list("content_type__model", "codename", "name"))
    assert made <= before
    call_command("migrate", verbosity=0)
    assert set(Permission.objects.values_list("content_type__model", "codename", "name")) == before


def test_the_way_back_takes_the_roles_and_leaves_the_people(db: None):
    UserFactory(role="auditor", username="anna")
    roles.take_roles(apps, connection.schema_editor())
    assert not Group.objects.exists()
    assert User.objects.get().username == "anna"
