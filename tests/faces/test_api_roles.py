"""Every role at every address with every method: generated from the router, so that a new address is in it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from sync.api.urls import router
from tests.faces.callers import ROLES, caller

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
LOOKING = dict.fromkeys(ROLES, True)
WORKING = {"administrator": True, "operator": True, "auditor": False}
DECIDING = {"administrator": True, "operator": False, "auditor": False}

VERBS = {
    "systems/": {"GET": LOOKING},
    "systems/{name}/": {"GET": LOOKING},
    "pairs/": {"GET": LOOKING},
    "pairs/{name}/": {"GET": LOOKING},
    "pairs/{name}/properties/": {"GET": LOOKING},
    "links/": {"GET": LOOKING, "POST": WORKING},
    "links/{pk}/": {"GET": LOOKING},
    "links/{pk}/unlink/": {"POST": WORKING},
    "links/{pk}/pause/": {"POST": WORKING},
    "links/{pk}/resume/": {"POST": WORKING},
    "links/{pk}/lift/": {"POST": WORKING},
    "links/{pk}/resync/": {"POST": WORKING},
    "links/{pk}/not_made/": {"POST": WORKING},
    "runs/": {"GET": LOOKING, "POST": WORKING},
    "runs/{pk}/": {"GET": LOOKING},
    "runs/{pk}/cancel/": {"POST": WORKING},
    "runs/{pk}/approve/": {"POST": DECIDING},
    "runs/{pk}/reject/": {"POST": DECIDING},
    "changes/": {"GET": LOOKING},
    "changes/{pk}/": {"GET": LOOKING},
    "acts/": {"GET": LOOKING},
    "acts/{pk}/": {"GET": LOOKING},
    "conflicts/": {"GET": LOOKING},
    "conflicts/{pk}/": {"GET": LOOKING},
    "conflicts/{pk}/resolve/": {"POST": WORKING},
}
"""Who may do what, as the roles promise it: whatever is not here is refused to everybody."""


def addresses() -> list[str]:
    """Every address of the router, with its place for a key."""
    found = []
    for prefix, view, _ in router.registry:
        key = f"{{{view.lookup_field}}}"
        found += [f"{prefix}/", f"{prefix}/{key}/"]
        found += [f"{prefix}/{key}/{each.url_path}/" for each in view.get_extra_actions()]
    return found


def address(template: str, world: SimpleNamespace) -> str:
    rows = {"links": world.link, "runs": world.run, "changes": world.change, "acts": world.act}
    rows |= {"conflicts": world.conflict, "pairs": world.pair, "systems": world.system}
    row = rows[template.partition("/")[0]]
    return template.format(pk=row.pk, name=getattr(row, "name", ""))


def test_the_table_names_every_address() -> None:
    assert sorted(addresses()) == sorted(VERBS)


@pytest.mark.parametrize("role", [*ROLES, "stranger", "nobody"])
@pytest.mark.parametrize("template", VERBS)
def test_who_may_what(world: SimpleNamespace, template: str, role: str) -> None:
    asking = caller(role)
    for method in METHODS:
        may = VERBS[template].get(method)
        answer = asking.send(method, address(template, world), "" if method == "GET" else "{}")
        if role == "nobody":
            assert answer.code == 401
        elif may is None:
            assert answer.code == 405
        elif may.get(role):
            assert answer.code in (200, 201, 202, 400, 409)
        else:
            assert answer.code == 403
            assert "Your role does not allow this" in answer.body["error"]


@pytest.mark.parametrize("role", ROLES)
def test_a_session_has_the_same_rights_as_a_token(world: SimpleNamespace, sign_in, role: str) -> None:
    browser = sign_in(role)
    assert browser.get("/api/v1/links/").status_code == 200
    answer = browser.post(f"/api/v1/links/{world.link.pk}/pause/", "{}", content_type="application/json")
    assert answer.status_code == (200 if WORKING[role] else 403)
