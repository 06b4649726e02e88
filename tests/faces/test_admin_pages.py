"""Every page of the admin, for every role: who may open it, who is refused; and that lists stay quick."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from knox.models import AuthToken

from tests import factories as make
from tests.faces.conftest import SignIn

EVERYBODY = {"root", "administrator", "operator", "auditor"}
ADMINISTRATORS = {"root", "administrator"}
OPERATORS = {"root", "administrator", "operator"}
NOBODY: set[str] = set()
ROLES = ["root", "administrator", "operator", "auditor", "stranger", "nobody"]

PAGES = [
    ("/admin/", EVERYBODY | {"stranger"}),
    ("/admin/sync/system/", EVERYBODY),
    ("/admin/sync/system/add/", ADMINISTRATORS),
    ("/admin/sync/system/{system}/change/", EVERYBODY),
    ("/admin/sync/system/{system}/delete/", ADMINISTRATORS),
    ("/admin/sync/system/{system}/properties/", EVERYBODY),
    ("/admin/sync/system/{system}/do/check/", ADMINISTRATORS),
    ("/admin/sync/system/{system}/do/credentials/", ADMINISTRATORS),
    ("/admin/sync/system/{system}/do/introduce/", ADMINISTRATORS),
    ("/admin/sync/entitypair/", EVERYBODY),
    ("/admin/sync/entitypair/add/", ADMINISTRATORS),
    ("/admin/sync/entitypair/{pair}/change/", EVERYBODY),
    ("/admin/sync/entitypair/{pair}/delete/", NOBODY),
    ("/admin/sync/entitypair/{pair}/properties/", EVERYBODY),
    ("/admin/sync/entitypair/{pair}/plan/", EVERYBODY),
    ("/admin/sync/entitypair/{pair}/do/run/", OPERATORS),
    ("/admin/sync/entitypair/{pair}/do/full/", OPERATORS),
    ("/admin/sync/entitypair/{pair}/do/plan-run/", OPERATORS),
    ("/admin/sync/entitypair/{pair}/do/approve/", ADMINISTRATORS),
    ("/admin/sync/entitypair/{pair}/do/observe/", ADMINISTRATORS),
    ("/admin/sync/entitypair/{pair}/do/live/", ADMINISTRATORS),
    ("/admin/sync/entitypair/{pair}/do/off/", ADMINISTRATORS),
    ("/admin/sync/link/", EVERYBODY),
    ("/admin/sync/link/add/", NOBODY),
    ("/admin/sync/link/{link}/change/", EVERYBODY),
    ("/admin/sync/link/{lonely}/change/", EVERYBODY),
    ("/admin/sync/link/{link}/delete/", NOBODY),
    ("/admin/sync/link/{lonely}/do/link/", OPERATORS),
    ("/admin/sync/link/{link}/do/unlink/", OPERATORS),
    ("/admin/sync/link/{link}/do/pause/", OPERATORS),
    ("/admin/sync/link/{link}/do/resume/", OPERATORS),
    ("/admin/sync/link/{link}/do/resync/", OPERATORS),
    ("/admin/sync/link/{link}/do/lift/", OPERATORS),
    ("/admin/sync/run/", EVERYBODY),
    ("/admin/sync/run/add/", NOBODY),
    ("/admin/sync/run/{run}/change/", EVERYBODY),
    ("/admin/sync/run/{run}/delete/", NOBODY),
    ("/admin/sync/run/{run}/do/cancel/", OPERATORS),
    ("/admin/sync/run/{run}/do/approve/", ADMINISTRATORS),
    ("/admin/sync/run/{run}/do/reject/", ADMINISTRATORS),
    ("/admin/sync/change/", EVERYBODY),
    ("/admin/sync/change/add/", NOBODY),
    ("/admin/sync/change/{change}/change/", EVERYBODY),
    ("/admin/sync/change/{change}/delete/", NOBODY),
    ("/admin/sync/act/", EVERYBODY),
    ("/admin/sync/act/add/", NOBODY),
    ("/admin/sync/act/{act}/change/", EVERYBODY),
    ("/admin/sync/act/{act}/delete/", NOBODY),
    ("/admin/sync/conflict/", EVERYBODY),
    ("/admin/sync/conflict/add/", NOBODY),
    ("/admin/sync/conflict/{conflict}/change/", EVERYBODY),
    ("/admin/sync/conflict/{conflict}/delete/", NOBODY),
    ("/admin/sync/conflict/{conflict}/do/resolve/", OPERATORS),
    ("/admin/auth/user/", ADMINISTRATORS),
    ("/admin/auth/user/add/", ADMINISTRATORS),
    ("/admin/auth/user/{user}/change/", ADMINISTRATORS),
    ("/admin/auth/group/", ADMINISTRATORS),
    ("/admin/auth/group/add/", ADMINISTRATORS),
    ("/admin/auth/group/{group}/change/", ADMINISTRATORS),
    ("/admin/knox/authtoken/", ADMINISTRATORS),
    ("/admin/knox/authtoken/add/", NOBODY),
    ("/admin/knox/authtoken/{token}/change/", ADMINISTRATORS),
    ("/admin/knox/authtoken/{token}/delete/", ADMINISTRATORS),
]


@pytest.fixture
def keys(world: SimpleNamespace) -> dict[str, object]:
    user = make.UserFactory(role="auditor")
    token, _ = AuthToken.objects.create(user)
    rows = {name: row.pk for name, row in vars(world).items()}
    return {**rows, "user": user.pk, "group": user.groups.get().pk, "token": token.pk}


@pytest.mark.parametrize("role", ROLES)
def test_who_may_open_which_page(sign_in: SignIn, keys: dict[str, object], role: str):
    client = sign_in(role)
    opened = {page: client.get(page.format(**keys)).status_code for page, _ in PAGES}
    refused = 302 if role == "nobody" else 403
    assert opened == {page: 200 if role in allowed else refused for page, allowed in PAGES}


@pytest.mark.parametrize("role", ["root", "auditor"])
def test_webcrm_keeps_its_own_case_on_every_page(sign_in: SignIn, keys: dict[str, object], role: str):
    client = sign_in(role)
    pages = [page.format(**keys) for page, allowed in PAGES if role in allowed]
    assert [page for page in pages if "WebCRM" in client.get(page).content.decode()] == []


@pytest.mark.parametrize("page", ["link", "run", "change", "act", "conflict"])
@pytest.mark.parametrize("role", ["root", "administrator"])
def test_nobody_edits_by_posting_to_a_page_that_is_there_to_be_read(
    sign_in: SignIn, keys: dict[str, object], page: str, role: str
):
    answer = sign_in(role).post(
        f"/admin/sync/{page}/{keys[page]}/change/", {"name": "changed", "actor": "me"}
    )
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "page", ["system/9999/change", "link/9999/change", "link/9999/do/pause", "entitypair/9999/plan"]
)
def test_a_row_that_is_not_there(sign_in: SignIn, page: str):
    assert sign_in("root").get(f"/admin/sync/{page}/").status_code in {302, 404}


def test_a_verb_that_is_not_there(sign_in: SignIn, world: SimpleNamespace):
    assert sign_in("root").get(f"/admin/sync/link/{world.link.pk}/do/explode/").status_code == 404


LISTS = {
    "system": lambda: make.SystemFactory(),
    "entitypair": lambda: make.RunFactory(),
    "link": lambda: make.LinkFactory(),
    "run": lambda: make.RunFactory(),
    "change": lambda: make.ChangeFactory(),
    "act": lambda: make.ActFactory(pair=make.PairFactory()),
    "conflict": lambda: make.ConflictFactory(),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_asks_the_database_the_same_however_long_it_is(sign_in: SignIn, name: str):
    client = sign_in("administrator")
    client.get(f"/admin/sync/{name}/")

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert client.get(f"/admin/sync/{name}/").status_code == 200
        return len(found)

    for _ in range(5):
        LISTS[name]()
    few = queries()
    for _ in range(45):
        LISTS[name]()
    assert queries() == few <= 12


SCRIPT = "<script>alert('boo')</script>"
HOSTILE = [
    "/admin/sync/link/", "/admin/sync/link/{link}/change/", "/admin/sync/link/{link}/do/pause/",
    "/admin/sync/link/{lonely}/change/",
    "/admin/sync/change/", "/admin/sync/change/{change}/change/", "/admin/sync/act/", "/admin/sync/act/{act}/change/",
    "/admin/sync/conflict/", "/admin/sync/conflict/{conflict}/change/", "/admin/sync/run/",
    "/admin/sync/run/{run}/change/", "/admin/sync/system/", "/admin/sync/system/{system}/change/",
    "/admin/sync/system/{system}/properties/", "/admin/sync/entitypair/{pair}/change/",
    "/admin/sync/entitypair/{pair}/properties/", "/admin/sync/entitypair/{pair}/plan/",
]  # fmt: skip


@pytest.fixture
def hostile(db: None) -> dict[str, object]:
    """Everything that comes from outside carries a script."""
    fields = [{"property": SCRIPT, "before": SCRIPT, "after": SCRIPT, "why": SCRIPT}]
    system = make.SystemFactory(problem=SCRIPT, check_result=SCRIPT, identity_key="1", identity_name=SCRIPT)
    make.SchemaFactory(system=system, properties=[make.row(SCRIPT, label=SCRIPT, options=[SCRIPT])])
    pair = make.PairFactory(erp_system=system)
    mapping = make.MappingFactory(pair=pair, erp_property=SCRIPT)
    run = make.RunFactory(
        pair=pair, problem=SCRIPT, calls={SCRIPT: {SCRIPT: 1}}, requested_by=SCRIPT, writes=False
    )
    link = make.LinkFactory(
        pair=pair, name=SCRIPT, erp_key=SCRIPT, problem=SCRIPT, run=run, outcome="failed",
        erp_seen={SCRIPT: SCRIPT, "x": SCRIPT}, plan=[{"side": "crm", "kind": "update", "fields": fields}],
    )  # fmt: skip
    lonely = make.LinkFactory(pair=pair, erp_key=None, candidates=[link.pk])
    change = make.ChangeFactory(
        link=link,
        run=run,
        fields=fields,
        message=SCRIPT,
        reason=SCRIPT,
        held={SCRIPT: SCRIPT},
        outcome="refused",
    )
    act = make.ActFactory(
        pair=pair, link=link, subject=SCRIPT, reason=SCRIPT, before={SCRIPT: SCRIPT}, after=SCRIPT
    )
    conflict = make.ConflictFactory(
        link=link,
        mapping=mapping,
        field=SCRIPT,
        erp_values={SCRIPT: SCRIPT},
        crm_values={"x": SCRIPT},
        why=SCRIPT,
    )
    return {"system": system.pk, "pair": pair.pk, "link": link.pk, "lonely": lonely.pk, "run": run.pk,
            "change": change.pk, "act": act.pk, "conflict": conflict.pk}  # fmt: skip


@pytest.mark.parametrize("page", HOSTILE)
def test_what_comes_from_outside_is_shown_and_never_run(
    sign_in: SignIn, hostile: dict[str, object], page: str
):
    text = sign_in("root").get(page.format(**hostile)).content.decode()
    assert SCRIPT not in text
    assert "&lt;script&gt;alert(" in text


@pytest.mark.parametrize("page", ["/admin/sync/run/", "/admin/sync/run/{run}/change/"])
def test_pages_of_an_open_run_refresh_themselves_and_then_stop(
    sign_in: SignIn, world: SimpleNamespace, page: str
):
    client = sign_in("auditor")
    assert "every 3s" not in client.get(page.format(run=world.run.pk)).content.decode()
    open_run = make.RunFactory(pair=make.PairFactory(), state="running", phase="work")
    assert 'hx-trigger="every 3s"' in client.get(page.format(run=open_run.pk)).content.decode()


def test_no_page_of_ours_carries_a_script_of_its_own(sign_in: SignIn, world: SimpleNamespace):
    client = sign_in("root")
    for page in (
        f"link/{world.link.pk}/change",
        f"entitypair/{world.pair.pk}/plan",
        f"run/{world.run.pk}/change",
    ):
        assert b"<script>" not in client.get(f"/admin/sync/{page}/").content


NOBODYS_QUESTIONS = (
    "sync/change/?created_at__year=0",
    "sync/act/?done_at__year=99999",
    "sync/run/?state__regex=(",
    "sync/link/?name__iregex=^(a%2B)%2B$",
    "sync/link/?erp_seen__contains=x",
    "sync/link/?id__range=1",
    "sync/system/?credentials__startswith=gAAAA",
    "auth/user/?username__regex=(",
)
NO_ROW = (
    "sync/change/?created_at__gte=9999-12-31T23:59:59-12:00",
    f"sync/link/?run__exact={10**30}",
    f"sync/conflict/?link__exact={10**30}",
)


@pytest.mark.parametrize("asked", NOBODYS_QUESTIONS)
def test_a_list_is_asked_nothing_but_what_its_own_addresses_ask(sign_in: SignIn, asked: str):
    """A regular expression may keep a worker busy for ever, and part of a secret is not looked for."""
    answer = sign_in("root").get(f"/admin/{asked}")
    assert answer.status_code == 400
    assert "Use their own filters" in answer.content.decode()


@pytest.mark.parametrize("asked", NO_ROW)
def test_a_list_that_is_asked_for_what_no_row_can_be_shows_all(sign_in: SignIn, asked: str):
    answer = sign_in("auditor").get(f"/admin/{asked}")
    assert (answer.status_code, answer["Location"]) == (302, f"/admin/{asked.partition('?')[0]}?e=1")
