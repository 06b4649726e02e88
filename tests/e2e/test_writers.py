"""Many processes that write to one SQLite file."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.harness import Hub

pytestmark = pytest.mark.e2e

WRITERS, TIMES = 4, 200
A_SYSTEM = """
from sync.models.systems import System
answer = System.objects.create(name="counted", kind="rest", identity_name="0").pk
"""
COUNTED = "from sync.models.systems import System\nanswer = int(System.objects.get().identity_name)"
COUNT = f"""
from django.db import transaction
from sync.models.systems import System
from tests.e2e.processes import eventually

def count():
    return int(System.objects.get().identity_name)

def add_one():
    with transaction.atomic():
        system = System.objects.get()
        system.identity_name = str(int(system.identity_name) + 1)
        system.save()

add_one()
eventually(lambda: count() >= {WRITERS}, "all of them have begun")
for _ in range({TIMES}):
    add_one()
answer = None
"""


def test_none_of_four_writers_is_told_that_the_database_is_locked(bare_hub: Hub) -> None:
    bare_hub.ask(A_SYSTEM)
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(bare_hub.ask, [COUNT] * WRITERS))
    assert bare_hub.ask(COUNTED) == WRITERS * (TIMES + 1)
