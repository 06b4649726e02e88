"""The servers of the machine serve the tests that ask for them, each with a database of its own."""

from __future__ import annotations

import threading

import pytest
import redis
from django.db import connection

from sync.models.systems import System


@pytest.mark.postgres
@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_finds_an_empty_postgresql_in_every_thread(on_postgres: None, turn: int):
    found: list[tuple[str, int]] = []

    def look() -> None:
        found.append((connection.vendor, System.objects.count()))
        connection.close()

    assert System.objects.count() == 0
    System.objects.create(name="erp", kind="memory", address="memory:")
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [("postgresql", 1)]


@pytest.mark.django_db
def test_the_others_stay_where_they_are():
    assert connection.vendor == "sqlite"


@pytest.mark.redis
@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_finds_an_empty_redis(redis_url: str, turn: int):
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("turn", turn)
