"""The addresses of the hub: who gets what, and the headers every answer carries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from knox.models import AuthToken

from sync.models.links import Link
from sync.models.pairs import EntityPair
from sync.models.runs import Heartbeat, Run
from sync.models.systems import System

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def auditor(db: None) -> User:
    user = User.objects.create_user("anna", password="a long enough password", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_run"))
    return user


@pytest.fixture
def pair(db: None) -> EntityPair:
    erp = System.objects.create(name="erp", kind="memory", address="memory:")
    crm = System.objects.create(name="crm", kind="memory", address="memory:")
    return EntityPair.objects.create(
        name="customers", erp_system=erp, erp_entity="customers", crm_system=crm, crm_entity="Organisations"
    )


def test_alive_asks_nothing_of_the_database(client: Client):
    assert client.get("/healthz").content == b"alive\n"


def test_ready_when_database_migrations_and_cache_are(client: Client, db: None):
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.content == b"database: ready\nmigrations: ready\ncache: ready\n"


def test_not_ready_while_a_migration_is_missing(client: Client, db: None):
    MigrationRecorder.Migration.objects.filter(app="sync").delete()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert b"migrations: 1 not applied: run `manage.py migrate`" in answer.content


def test_not_ready_without_the_cache_table(client: Client, db: None):
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE hub_cache")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert b"cache: does not answer" in answer.content


def test_not_ready_without_a_database(client: Client, db: None, monkeypatch: pytest.MonkeyPatch):
    def refuse() -> None:
        raise DatabaseError("password of hub is wrong")

    with monkeypatch.context() as patch:
        patch.setattr(connection, "ensure_connection", refuse)
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert b"database: does not answer" in answer.content
    assert b"password" not in answer.content


def test_the_root_leads_to_the_admin(client: Client):
    assert client.get("/")["Location"] == "/admin/"


@pytest.mark.parametrize("address", ["/metrics", "/api/schema/", "/api/docs/"])
def test_strangers_see_neither_figures_nor_schema(client: Client, db: None, address: str):
    assert client.get(address).status_code in {401, 403}


def test_figures_need_the_right_to_view_runs(client: Client, db: None):
    client.force_login(User.objects.create_user("nobody"))
    assert client.get("/metrics").status_code == 403


def test_figures_of_each_pair(client: Client, auditor: User, pair: EntityPair, time_machine):
    time_machine.move_to(NOW, tick=False)
    Link.objects.create(pair=pair, erp_key="1", due_at=NOW - timedelta(seconds=1))
    Link.objects.create(pair=pair, erp_key="2", due_at=NOW + timedelta(seconds=1))
    for ago in (90, 30):
        at = NOW - timedelta(seconds=ago)
        Run.objects.create(pair=pair, trigger="schedule", state="done", requested_at=at, ended_at=at)
    Heartbeat.objects.create(name="canary", at=NOW - timedelta(seconds=4))
    client.force_login(auditor)
    answer = client.get("/metrics")
    assert answer["Content-Type"].startswith("text/plain")
    figures = [line for line in answer.content.decode().splitlines() if not line.startswith("#")]
    assert figures == [
        'hub_due_links{pair="customers"} 1',
        'hub_open_conflicts{pair="customers"} 0',
        'hub_last_run_age_seconds{pair="customers"} 30.0',
        'hub_heartbeat_age_seconds{part="canary"} 4.0',
    ]


def test_a_token_reads_the_figures(client: Client, auditor: User):
    _, token = AuthToken.objects.create(auditor)
    answer = client.get("/metrics", headers={"Authorization": f"Token {token}"})
    assert answer.status_code == 200


@pytest.mark.parametrize("address", ["/admin/login/", "/healthz", "/metrics"])
def test_every_answer_carries_the_protective_headers(client: Client, db: None, address: str):
    headers = client.get(address).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self' 'unsafe-eval'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src 'self' 'unsafe-inline'" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"
    assert "no-store" in headers["Cache-Control"]


@pytest.mark.parametrize(("more", "status"), [(0, 405), (1, 413)])
def test_a_body_past_the_limit_is_not_read(client: Client, auditor: User, settings, more: int, status: int):
    client.force_login(auditor)
    body = b"x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + more)
    assert client.post("/metrics", body, content_type="application/json").status_code == status


def test_the_docs_have_no_inline_script_and_no_outside_address(client: Client, auditor: User):
    client.force_login(auditor)
    page = client.get("/api/docs/").content.decode()
    assert "<script>" not in page
    assert "https://" not in page


def test_the_schema_is_served_to_those_who_are_in(client: Client, auditor: User):
    client.force_login(auditor)
    assert b"openapi: 3" in client.get("/api/schema/").content


def test_the_queues_own_pages_are_gone(client: Client, admin_user: User):
    client.force_login(admin_user)
    for model in ("schedule", "success", "failure", "ormq"):
        assert client.get(f"/admin/django_q/{model}/").status_code == 404


def test_the_cache_is_one_table_all_processes_share(db: None):
    cache.set("word", "kept", 10)
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key FROM hub_cache")
        assert cursor.fetchall() == [("hub:1:word",)]
