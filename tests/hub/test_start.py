"""The hub as it starts for real: its own process, its own environment."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

ROOT = Path(__file__).resolve().parents[2]
REAL = {
    "SECRET_KEY": "cJ8x2Qm7Zr4Tn1Wp6Ys3Vb9Kd5Hf0Lg-aEuIoPqRtXzCvBnMjNh",
    "HUB_KEYS": Fernet.generate_key().decode(),
    "HUB_URL": "https://hub.example.com",
}
ASKED = """
import json
from django.conf import settings
print(json.dumps([getattr(settings, name) for name in {names!r}], default=str))
"""

SYNCHRONOUS = """
from django.db import connection
cursor = connection.cursor()
print(*(cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode")))
"""


def manage(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)


def settings(*names: str, **environ: str) -> list[object]:
    """The named settings as a fresh process has them."""
    found = manage("shell", "--no-imports", "--command", ASKED.format(names=names), **environ)
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)


def test_production_settings_pass_the_deployment_check():
    found = manage("check", "--deploy", "--fail-level", "WARNING", **REAL)
    assert found.returncode == 0, found.stderr


def test_nonsense_stops_the_start():
    found = manage("check", **{**REAL, "DATABASE_URL": "mysql://hub:hunter2@db/hub"})
    assert found.returncode == 1
    assert "DATABASE_URL is neither SQLite nor PostgreSQL" in found.stderr
    assert "hunter2" not in found.stderr


def test_over_https_cookies_are_secure_and_browsers_stay_on_it():
    assert settings(
        "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SESSION_COOKIE_NAME", "SECURE_SSL_REDIRECT", **REAL
    ) == [True, True, "__Host-session", True]


def test_a_hub_on_plain_http_can_still_be_logged_in_to():
    plain = REAL | {"HUB_URL": "http://hub.internal"}
    assert settings("SESSION_COOKIE_SECURE", "SECURE_SSL_REDIRECT", "SECURE_PROXY_SSL_HEADER", **plain) == [
        False,
        False,
        None,
    ]


def test_each_database_gets_the_options_it_needs():
    ((sqlite,), (postgres,)) = (
        [databases["default"] for databases in settings("DATABASES", **REAL, **more)]
        for more in ({}, {"DATABASE_URL": "postgres://hub@db/hub"})
    )
    assert sqlite["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in sqlite["OPTIONS"]["init_command"]
    assert (postgres["CONN_MAX_AGE"], postgres["CONN_HEALTH_CHECKS"]) == (300, True)


def test_redis_carries_the_cache_where_there_is_one():
    (caches,) = settings("CACHES", **REAL, REDIS_URL="redis://redis:6379/0")
    assert {cache["BACKEND"] for cache in caches.values()} == {"django.core.cache.backends.redis.RedisCache"}


@pytest.mark.e2e
def test_a_fresh_database_is_ready_after_migrate(tmp_path: Path):
    fresh = REAL | {"DATABASE_URL": f"sqlite:///{tmp_path}/hub.sqlite3"}
    assert manage("migrate", "--verbosity=0", **fresh).returncode == 0
    asked = (
        "from django.test import Client\n"
        "print(Client().get('/readyz', headers={'host': 'localhost'}).content.decode())"
    )
    found = manage("shell", "--no-imports", "--command", asked, **fresh)
    assert found.stdout.split() == ["database:", "ready", "migrations:", "ready", "cache:", "ready"]


def test_what_sqlite_has_committed_outlives_a_power_cut(tmp_path: Path) -> None:
    said = manage("shell", "-v0", "-c", SYNCHRONOUS, **REAL, DATABASE_URL=f"sqlite:///{tmp_path}/hub.sqlite3")
    assert said.stdout.split() == ["2", "wal"], said.stderr
