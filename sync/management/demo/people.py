"""One demo user for each role."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

ROLES = {"admin": "administrator", "operator": "operator", "auditor": "auditor"}
ADMIN = "admin"


def password(name: str) -> str:
    """Known to everybody: the demo listens on this machine only."""
    return f"{name}-demo-password"


def make_people() -> None:
    """Make the users that are missing; those there are stay as they are."""
    users = get_user_model().objects
    for name, role in ROLES.items():
        if users.filter(username=name).exists():
            continue
        user = users.create_user(name, password=password(name), is_staff=True)
        user.groups.add(Group.objects.get(name=role))
