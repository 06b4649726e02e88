"""The servers some tests need: where they are, whether they answer, and what to say when they do not."""

from __future__ import annotations

import os
import shutil
from functools import cache

import psycopg
import redis

POSTGRES_GUESSES = (
    "postgres://hub_test:hub_test@localhost:5432/postgres",
    "postgres://postgres:postgres@localhost:5432/postgres",
)
REDIS_GUESSES = ("redis://localhost:6379",)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WANTED = {
    "postgres": "PostgreSQL: set TEST_POSTGRES_URL to a server where its user may create databases",
    "redis": "Redis: set TEST_REDIS_URL to a server whose databases 8 to 15 may be emptied",
    "browser": "Chromium: install it, for example with `apt-get install chromium`",
}


def required() -> set[str]:
    """The servers whose absence is a failure, as continuous integration asks."""
    return set(os.environ.get("HUB_TEST_REQUIRE", "").replace(",", " ").split())


@cache
def postgres() -> str:
    """The address of a PostgreSQL that lets us create databases; empty when none answers."""
    given = os.environ.get("TEST_POSTGRES_URL")
    return next(filter(_may_create, [given] if given else POSTGRES_GUESSES), "")


@cache
def redis_server() -> str:
    """The address of a Redis, without a database number; empty when none answers."""
    given = os.environ.get("TEST_REDIS_URL")
    return next(filter(_answers, [given] if given else REDIS_GUESSES), "").rstrip("/")


@cache
def browser() -> str:
    """The path of a Chromium; empty when there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), "")


FOUND = {"postgres": postgres, "redis": redis_server, "browser": browser}


def _may_create(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=3) as connection:
            row = connection.execute(
                "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
    except psycopg.Error:
        return False
    return bool(row and row[0])


def _answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=3) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
