"""What every test may use: the servers of the machine, each test with a database of its own there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from django.db import connections
from pytest_django import DjangoDbBlocker

from hub import env
from tests import servers

ROOT = Path(__file__).resolve().parent.parent


def pytest_runtest_setup(item: pytest.Item) -> None:
    for name, found in servers.FOUND.items():
        if item.get_closest_marker(name) and not found():
            if name in servers.required():
                pytest.fail(f"required, but there is no {servers.WANTED[name]}", pytrace=False)
            pytest.skip(f"no {servers.WANTED[name]}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    missing: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        missing.update(name for name, wanted in servers.WANTED.items() if wanted in str(report.longrepr))
    for name, count in missing.items():
        terminalreporter.write_line(f"NOT TESTED: {count} tests had no {servers.WANTED[name]}", yellow=True)


@pytest.fixture(scope="session")
def postgres_template() -> Iterator[str]:
    """The name of a migrated database from which each test's own is copied."""
    name = f"hub_test_{os.getpid()}_template"
    _recreate(name)
    _manage("migrate", "--verbosity=0", DATABASE_URL=_address(name))
    yield name
    _drop(name)


@pytest.fixture
def postgres_url(postgres_template: str) -> Iterator[str]:
    """The address of a migrated, empty PostgreSQL database. Mark the test `postgres`."""
    name = f"hub_test_{os.getpid()}"
    _recreate(name, template=postgres_template)
    yield _address(name)
    _drop(name)


@pytest.fixture
def on_postgres(
    postgres_url: str, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """The `default` database is PostgreSQL for this test, in every thread, with real commits."""
    ours = connections.settings["default"]
    database = env.read({"DEBUG": "1", "DATABASE_URL": postgres_url}, default_database="").database
    theirs = connections.configure_settings({"default": database | {"TEST": ours["TEST"]}})["default"]
    kept = connections["default"]
    with django_db_blocker.unblock():
        connections.settings["default"] = theirs
        del connections["default"]
        yield
        connections["default"].close()
        connections.settings["default"] = ours
        connections["default"] = kept


@pytest.fixture
def redis_url(worker_id: str) -> Iterator[str]:
    """The address of an empty Redis database. Mark the test `redis`."""
    number = 8 + int(worker_id.removeprefix("gw") if worker_id.startswith("gw") else 0) % 8
    url = f"{servers.redis_server()}/{number}"
    with redis.Redis.from_url(url) as client:
        client.flushdb()
        yield url
        client.flushdb()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium. Mark the test `browser`."""
    return servers.browser()


def _address(name: str) -> str:
    return urlsplit(servers.postgres())._replace(path=f"/{name}").geturl()


def _recreate(name: str, *, template: str = "template1") -> None:
    _drop(name)
    with psycopg.connect(servers.postgres(), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


def _drop(name: str) -> None:
    with psycopg.connect(servers.postgres(), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _manage(*arguments: str, **environ: str) -> None:
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    subprocess.run(command, env={**os.environ, "DEBUG": "1", **environ}, check=True, cwd=ROOT)
