"""Forms of the admin: systems and their credentials, people and their tokens."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import Group, User
from django.contrib.messages import get_messages
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken
from redis import RedisError

from sync.admin.systems import SystemForm
from sync.models.runs import Act
from sync.models.systems import System
from sync.services.systems import enter_credentials
from tests import factories as make
from tests.faces.conftest import SignIn

HERE, ELSEWHERE = "https://api.webcrm.com/", "https://crm.example/"


@pytest.fixture
def administrator(sign_in: SignIn, queued: object) -> Client:
    return sign_in("administrator")


def system_form(system: System, **more: object) -> dict[str, object]:
    found = {"name": system.name, "kind": system.kind, "address": system.address, "config": "{}"}
    return {**found, "calls_per_minute": system.calls_per_minute or "", **more}


def test_a_new_system_is_in_the_audit(administrator: Client):
    system = System(name="erp", kind="rest", address="https://erp.example/")
    administrator.post("/admin/sync/system/add/", system_form(system))
    assert System.objects.get().name == "erp"
    assert Act.objects.get().actor == "administrator"


def test_a_new_address_forgets_the_old_ones_secrets(administrator: Client):
    system = make.SystemFactory(kind="webcrm", address=HERE, credentials={"auth_code": "open sesame"})
    administrator.post(f"/admin/sync/system/{system.pk}/change/", system_form(system, address=ELSEWHERE))
    system.refresh_from_db()
    assert (system.address, system.credentials) == (ELSEWHERE, {})
    assert Act.objects.get().before["address"] == HERE


def test_a_new_address_has_not_been_tested(administrator: Client):
    system = make.SystemFactory(
        kind="webcrm", address=HERE, check_result="It answered.", checked_at=timezone.now()
    )
    administrator.post(f"/admin/sync/system/{system.pk}/change/", system_form(system, address=ELSEWHERE))
    system.refresh_from_db()
    assert (system.check_result, system.checked_at) == ("", None)


def test_secrets_kept_are_those_that_stand_there_when_new_ones_are_entered(db: None):
    system = make.SystemFactory(credentials={"client_id": "of the old address"})
    System.objects.update(credentials={})
    enter_credentials(system, {"client_secret": "new"}, by="kari", keep=True)
    assert System.objects.get().credentials == {"client_secret": "new"}


PAGES = [("system/", 1), ("system/{}/change/", 1), ("system/{}/do/credentials/", 0), ("entitypair/", 0)]


@pytest.mark.parametrize(("page", "said"), PAGES)
def test_pages_open_without_the_key_of_the_credentials(
    administrator: Client, settings: Any, page: str, said: int
):
    system = make.SystemFactory(kind="webcrm", address=HERE, credentials={"auth_code": "open sesame"})
    make.PairFactory(crm_system=system)
    settings.HUB_KEYS = (Fernet.generate_key().decode(),)
    answer = administrator.get(f"/admin/sync/{page.format(system.pk)}")
    assert answer.status_code == 200
    assert answer.content.decode().count("cannot be opened with the keys in HUB_KEYS") == said


MISFITS = [
    ({"address": "api.webcrm.com"}, "address", "it must begin with https:// and name a host"),
    ({"address": "http://api.webcrm.com/"}, "address", "use https, or list it in HUB_ALLOW_HOSTS"),
    ({"address": "https://me:word@api.webcrm.com/"}, "address", "credentials are kept apart"),
    ({"config": '{"batchs": false}'}, "config", "no 'batchs'"),
    ({"config": "[]"}, "config", "Write names and values"),
    ({"config": "null"}, "config", "Write names and values"),
    ({"config": '{"batches": "\\ud800"}'}, "config", "a letter that cannot be kept"),
    ({"config": "[" * 100_000}, "config", "nested too deeply"),
]


@pytest.mark.parametrize(("typed", "field", "sentence"), MISFITS)
def test_settings_that_fit_no_connector_are_refused_where_they_are_typed(
    administrator: Client, typed: dict[str, str], field: str, sentence: str
):
    system = make.SystemFactory(kind="webcrm", address=HERE, credentials={"auth_code": "open sesame"})
    answer = administrator.post(f"/admin/sync/system/{system.pk}/change/", system_form(system, **typed))
    (said,) = answer.context["adminform"].form.errors[field]
    assert sentence in said
    assert System.objects.get().address == HERE


def test_a_system_with_linked_records_keeps_its_kind(administrator: Client):
    system = make.LinkFactory().pair.crm_system
    answer = administrator.post(
        f"/admin/sync/system/{system.pk}/change/",
        system_form(system, kind="rest", address="https://a.example/"),
    )
    assert "Make a new system for another kind." in answer.content.decode()
    assert System.objects.get(pk=system.pk).kind == "memory"


def test_saving_a_system_leaves_what_its_workers_write(
    administrator: Client, monkeypatch: pytest.MonkeyPatch
):
    """A worker takes the write lease while the form is being saved."""
    system = make.SystemFactory()

    def clean(form: SystemForm) -> str:
        System.objects.update(write_token="taken")
        return str(form.cleaned_data["kind"])

    monkeypatch.setattr(SystemForm, "clean_kind", clean)
    administrator.post(f"/admin/sync/system/{system.pk}/change/", system_form(system, calls_per_minute=9))
    found = System.objects.get(pk=system.pk)
    assert (found.calls_per_minute, found.write_token) == (9, "taken")


def test_saving_without_a_change_is_no_act(administrator: Client):
    system = make.SystemFactory(kind="webcrm", address=HERE, credentials={"auth_code": "open sesame"})
    administrator.post(f"/admin/sync/system/{system.pk}/change/", system_form(system))
    system.refresh_from_db()
    assert system.credentials == {"auth_code": "open sesame"}
    assert not Act.objects.exists()


def credentials(client: Client, system: System, **values: object) -> HttpResponse:
    return client.post(f"/admin/sync/system/{system.pk}/do/credentials/", values)


def test_credentials_go_in_and_never_come_out(administrator: Client):
    system = make.SystemFactory(kind="webcrm")
    credentials(administrator, system, secret_auth_code="open sesame", reason="First")
    system.refresh_from_db()
    assert system.credentials == {"auth_code": "open sesame"}
    for page in (f"system/{system.pk}/change", f"system/{system.pk}/do/credentials", "system", "act"):
        text = administrator.get(f"/admin/sync/{page}/").content.decode()
        assert "open sesame" not in text
    assert "auth_code" in administrator.get(f"/admin/sync/system/{system.pk}/change/").content.decode()
    assert "open sesame" not in str(list(Act.objects.values()))


CREDENTIALS = [
    ({"secret_client_secret": "new"}, {"client_id": "me", "client_secret": "new"}),
    ({"secret_api_key": "key", "forget": "on"}, {"api_key": "key"}),
    (
        {"other_name": "tenant", "other": "seven"},
        {"client_id": "me", "client_secret": "old", "tenant": "seven"},
    ),
    ({}, {"client_id": "me", "client_secret": "old"}),
]


@pytest.mark.parametrize(("typed", "sealed"), CREDENTIALS)
def test_what_is_left_empty_stays_as_it_was(
    administrator: Client, typed: dict[str, str], sealed: dict[str, str]
):
    system = make.SystemFactory(kind="rest", credentials={"client_id": "me", "client_secret": "old"})
    credentials(administrator, system, **typed)
    system.refresh_from_db()
    assert system.credentials == sealed


def test_another_secret_needs_name_and_value(administrator: Client):
    system = make.SystemFactory(kind="rest")
    text = credentials(administrator, system, other_name="tenant").content.decode()
    assert "needs both its name and its value" in text


def test_testing_a_connection_asks_the_queue_and_no_network(
    administrator: Client, queued: list[object], django_capture_on_commit_callbacks: object
):
    system = make.SystemFactory()
    with django_capture_on_commit_callbacks(execute=True):
        administrator.post(f"/admin/sync/system/{system.pk}/do/check/")
    assert queued == [("check", system.pk)]
    page = administrator.get(f"/admin/sync/system/{system.pk}/change/").content.decode()
    assert "Being tested" in page
    assert 'hx-trigger="every 3s"' in page


def test_introducing_anew_forgets_who_answered(administrator: Client):
    system = make.SystemFactory(identity_key="company-1", identity_name="Nordic AS")
    administrator.post(f"/admin/sync/system/{system.pk}/do/introduce/", {"reason": "They moved"})
    system.refresh_from_db()
    assert system.identity_key == ""


def test_a_system_goes_when_no_pair_needs_it(administrator: Client):
    free, needed = make.SystemFactory(name="free"), make.PairFactory().erp_system
    for system in (free, needed):
        answer = administrator.post(f"/admin/sync/system/{system.pk}/delete/", {"post": "yes"})
    assert "is part of a pair" in " ".join(str(each) for each in get_messages(answer.wsgi_request))
    assert not System.objects.filter(name="free").exists()
    assert System.objects.filter(pk=needed.pk).exists()
    assert Act.objects.get().verb == "remove system"


def user_form(user: User, **more: object) -> dict[str, object]:
    found = {"username": user.username, "is_active": "on", "is_staff": "on", "groups": []}
    return {**found, "date_joined_0": "2026-11-23", "date_joined_1": "12:00:00", **more}


def test_an_administrator_gives_roles_but_nothing_beyond_them(administrator: Client):
    user = make.UserFactory(role="auditor")
    operator = Group.objects.get(name="operator")
    answer = administrator.post(
        f"/admin/auth/user/{user.pk}/change/", user_form(user, groups=[operator.pk], is_superuser="on")
    )
    user.refresh_from_db()
    assert answer.status_code == 302
    assert [group.name for group in user.groups.all()] == ["operator"]
    assert not user.is_superuser


@pytest.mark.parametrize("page", ["change", "password", "delete"])
def test_a_superusers_account_is_no_administrators_business(administrator: Client, page: str):
    root = User.objects.create_superuser("root")
    answer = administrator.post(
        f"/admin/auth/user/{root.pk}/{page}/", {"password1": "x", "password2": "x", "post": "yes"}
    )
    assert answer.status_code == 403


def test_a_token_is_seen_and_revoked(administrator: Client):
    token, secret = AuthToken.objects.create(make.UserFactory(username="program"))
    page = administrator.get("/admin/knox/authtoken/").content.decode()
    assert token.token_key in page
    assert secret not in page
    administrator.post(f"/admin/knox/authtoken/{token.pk}/delete/", {"post": "yes"})
    assert not AuthToken.objects.exists()


def log_in(password: str, **more: str) -> HttpResponse:
    typed = {"username": "kari", "password": password}
    return Client().post("/admin/login/", typed, headers=more)


def test_guessing_passwords_is_slowed_down(db: None, monkeypatch: pytest.MonkeyPatch):
    """From one address; from another one, whoever knows theirs still gets in."""
    make.UserFactory(username="kari", role="operator")
    assert log_in(make.PASSWORD).status_code == 302
    for number in range(9):
        assert "correct username and password" in log_in(f"guess {number}").content.decode()
    assert "has tried too often. Wait " in log_in(make.PASSWORD, x_forwarded_for="8.8.8.8").content.decode()
    monkeypatch.setattr("sync.admin.login.Attempts.get_ident", lambda *_: "10.0.0.7")
    assert log_in(make.PASSWORD).status_code == 302


def test_without_redis_whoever_knows_their_password_gets_in(db: None, monkeypatch: pytest.MonkeyPatch):
    def away(*_: object) -> bool:
        raise RedisError("Connection refused.")

    make.UserFactory(username="kari", role="operator")
    monkeypatch.setattr("sync.admin.login.Attempts.allow_request", away)
    assert log_in(make.PASSWORD).status_code == 302
