"""However many links there are: nobody starves, and what one step holds in memory or asks for does not grow."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from weakref import WeakSet

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sync.connectors.base import Unknown
from sync.engine import evidence, settle
from sync.engine.runner import advance
from sync.engine.schedule import open_run, sweep
from sync.models.links import Intent, Link, MatchKey
from sync.models.pairs import EntityPair
from sync.models.runs import Change, Run, RunState
from tests.world import World, failing


def test_every_outcome_nobody_saw_is_looked_for_in_one_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "CHUNK", 2)
    for number in range(7):
        world.customer(name=f"Firma {number}")
    with failing(world.crm, "write orgs", "after", Unknown("The connection was lost.")):
        world.run()
    world.clock.pass_(300)
    assert world.run().counts == {"written": 7}
    assert not Intent.objects.filter(state="unknown").exists()


def test_confirming_many_writes_takes_as_many_slices_as_it_needs(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = world.crm.entity("orgs")
    room.capabilities, room.answers_record = replace(room.capabilities, changed_since=False), False
    monkeypatch.setattr(evidence, "CHUNK", 2)
    for number in range(7):
        world.customer(name=f"Firma {number}")
    world.crm.faults = lambda call, _when: world.clock.pass_(20) if call == "read orgs" else None
    run, _ = open_run(world.customers, trigger="command", now=world.clock.now())
    slices = 0
    while Run.objects.get(pk=run.pk).state != RunState.DONE:
        started = world.clock.time
        advance(Run.objects.get(pk=run.pk), replace(world.means, slice=timedelta(seconds=25)))
        assert world.clock.time - started < timedelta(seconds=90)
        slices += 1
    assert slices > 2
    assert set(Intent.objects.values_list("state", flat=True)) == {"confirmed"}


def with_a_feed(world: World) -> None:
    room = world.erp.entity("customers")
    room.capabilities = replace(room.capabilities, removed_feed=True)
    room.page_size = 3


def test_a_long_feed_of_removals_is_taken_in_page_by_page(world: World) -> None:
    with_a_feed(world)
    keys = [world.customer(name=f"Firma {number}") for number in range(9)]
    world.settle()
    for key in keys[:7]:
        world.erp.remove("customers", key)
    with asked() as asking:
        world.run()
    assert asking.widest < 60
    assert Link.objects.filter(erp_missing_at__isnull=False).count() == 7


def test_a_feed_longer_than_a_slice_leaves_it_to_a_full_read(world: World) -> None:
    with_a_feed(world)
    keys = [world.customer(name=f"Firma {number}") for number in range(9)]
    world.settle()
    for key in keys[:7]:
        world.erp.remove("customers", key)
    world.customers.refresh_from_db()
    world.customers.next_full_at = world.clock.now() + timedelta(days=1)
    world.customers.save(update_fields=["next_full_at"])
    world.crm.faults = world.erp.faults = lambda call, _when: (
        world.clock.pass_(10) if call.startswith("removed") else None
    )
    run, _ = open_run(world.customers, trigger="command", now=world.clock.now())
    advance(run, replace(world.means, slice=timedelta(seconds=25)))
    world.customers.refresh_from_db()
    assert world.customers.next_full_at is None


class Asking:
    """How many statements were executed, and how many values the widest of them carried."""

    statements = 0
    widest = 0

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        self.statements += 1
        rows = params if many else [params or ()]
        self.widest = max([self.widest, *(len(row) for row in rows)])
        return execute(sql, params, many, context)


@contextmanager
def asked() -> Iterator[Asking]:
    asking = Asking()
    with connection.execute_wrapper(asking):
        yield asking


GROWING = ("sync_link", "sync_change", "sync_intent", "sync_matchkey", "sync_conflict")
"""Tables with rows by the million."""


def is_endless(step: str) -> bool:
    """Whether a step of a query's plan goes through all of a table's rows, or all of a pair's."""
    in_step = step.startswith("SEARCH sync_link USING INDEX one_link_per_") and step.endswith(">?)")
    whole = (
        step.startswith("SCAN") or in_step or (step.endswith("(pair_id=?)") and "link_waiting" not in step)
    )
    return whole and any(name in step for name in GROWING)


def scans(statements: list[str]) -> set[str]:
    """The statements that go through every row of a growing table."""
    found = set()
    with connection.cursor() as cursor:
        for sql in dict.fromkeys(statements):
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            steps = [str(row[-1]) for row in cursor.fetchall()]
            found |= {f"{step}: {sql}" for step in steps if is_endless(step)}
    return found


def test_a_run_at_rest_goes_through_no_table_row_by_row(world: World, key: str) -> None:
    world.contact(key, last="Jensen")
    world.settle()
    with CaptureQueriesContext(connection) as captured:
        for pair in ("customers", "contacts"):
            world.run(pair)
        sweep(world.clock.now())
    statements = [query["sql"] for query in captured.captured_queries]
    assert scans([sql for sql in statements if sql.startswith(("SELECT", "UPDATE"))]) == set()


class Memory:
    """How many rows stood in memory at once, at most."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.most = 0
        self._alive: WeakSet[Any] = WeakSet()
        for model in (Link, MatchKey, Intent, Change):
            monkeypatch.setattr(model, "__init__", self._counted(model.__init__))

    def start_over(self) -> None:
        self.most = 0

    def _counted(self, make: Callable[..., None]) -> Callable[..., None]:
        def init(row: Any, *values: Any, **named: Any) -> None:
            make(row, *values, **named)
            self._alive.add(_Token.of(row))
            if len(self._alive) >= self.most + 10:
                gc.collect()  # an intent and its change know each other
                self.most = max(self.most, len(self._alive))

        return init


class _Token:
    """Lives as long as its row: rows without a key have no hash to be remembered by."""

    @classmethod
    def of(cls, row: Any) -> _Token:
        row._token = cls()
        return row._token  # type: ignore[no-any-return]


def life(world: World, customers: int) -> Iterator[Callable[[], object]]:
    """A first meeting, a full read of everybody, an edit of everybody, and a run at rest."""
    for room in (world.erp.entity("customers"), world.crm.entity("orgs")):
        room.page_size = 5
    known = Link.objects.count()
    numbers = range(900_000 + known, 900_000 + known + customers)
    keys = [world.customer(name=f"Firma {number}", number=str(number)) for number in numbers]
    yield world.run
    yield lambda: world.run(full=True)
    for key in keys:
        world.erp.edit("customers", key, {"city": "Oslo"})
    EntityPair.objects.update(guard_changes=100)
    yield world.run
    world.clock.pass_(600)
    world.erp.edit("customers", keys[0], {"city": "Bergen"})
    world.settle()
    yield world.run


def test_memory_and_a_run_at_rest_do_not_grow_with_the_number_of_links(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settle, "BATCH", 5)
    memory, figures = Memory(monkeypatch), {}
    for customers in (6, 14):  # so few in all that the guard counts once
        for step, run in enumerate(life(world, customers)):
            memory.start_over()
            with asked() as asking:
                run()
            figures[customers, step] = (memory.most, asking.widest, asking.statements)
    for step in range(4):
        few, many = figures[6, step], figures[14, step]
        assert many[0] <= few[0] + 10, f"rows in memory in step {step}: {figures}"
        assert many[1] <= few[1], f"values of one statement in step {step}: {figures}"
    assert figures[14, 3][2] <= figures[6, 3][2], f"statements at rest: {figures}"
