"""Workers that end anywhere, databases that refuse, memories that are lost: nothing is made that was not recorded."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.core.cache import caches
from django.db import DatabaseError, OperationalError, connection, transaction
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks
from redis import RedisError

from sync import jobs
from sync.connectors.base import Unavailable
from sync.engine.runner import advance
from sync.engine.schedule import open_run
from sync.models.links import Link
from sync.models.pairs import EntityPair
from sync.models.runs import OPEN_RUNS, Change, Run, RunState
from sync.queue.hints import waiting
from tests.world import World, failing, make_world

Execute = Callable[[str, Any, bool, dict[str, Any]], Any]


@contextmanager
def refusing(statement: str, error: DatabaseError, times: int = 1) -> Iterator[None]:
    """The database answers the next statements that begin so with an error."""
    left = [times]

    def wrapper(execute: Execute, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if left[0] and sql.startswith(statement):
            left[0] -= 1
            raise error
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield


def names(world: World) -> list[str]:
    return sorted(str((world.crm.values("orgs", key) or {})["OrgName"]) for key in world.crm.keys("orgs"))


def heal(world: World) -> None:
    """Long enough for every lease and every grace period, then runs until it is quiet."""
    world.erp.faults = world.crm.faults = lambda _call, _phase: None
    for _ in range(3):
        world.clock.pass_(600)
        world.settle()


@pytest.mark.parametrize("number", range(24))
def test_a_time_limit_that_strikes_at_any_call_is_a_crash_that_loses_and_doubles_nothing(
    world: World, number: int
) -> None:
    key = world.customer(name="Akkurat AS", number="924618094")
    world.organisation(OrgName="Annen AS", OrgNumber="811111111")
    seen = [0]

    def strike(_call: str, _phase: str) -> None:
        seen[0] += 1
        if seen[0] == number + 1:
            raise SystemExit("the job took too long")

    world.erp.faults = world.crm.faults = strike
    with suppress(SystemExit):
        world.run()
    heal(world)
    assert names(world) == ["Akkurat AS", "Annen AS"]
    assert len(world.erp.keys("customers")) == 2
    world.erp.edit("customers", key, {"name": "Akkurat Norge AS"})
    world.settle()
    assert names(world) == ["Akkurat Norge AS", "Annen AS"]
    assert not Change.objects.filter(outcome="pending").exists()


@pytest.mark.parametrize("table", ["sync_intent", "sync_change"])
def test_what_cannot_be_recorded_is_not_written(world: World, table: str) -> None:
    """A full disk, or an audit that refuses: without its intent and its audit row no call is made."""
    world.customer(name="Akkurat AS")
    with refusing(f'INSERT INTO "{table}"', OperationalError("database or disk is full"), times=99):
        run = world.run()
    assert run.state == RunState.FAILED
    assert run.problem.startswith("The hub's own database gave up: database or disk is full.")
    assert not [call for call in world.crm.calls if call.name.startswith("write")]
    heal(world)
    assert names(world) == ["Akkurat AS"]


@pytest.mark.parametrize("statement", ['UPDATE "sync_intent"', 'UPDATE "sync_link"', 'UPDATE "sync_change"'])
@pytest.mark.parametrize(
    "error", [OperationalError("deadlock detected"), OperationalError("database is locked")]
)
def test_an_outcome_that_cannot_be_kept_is_looked_for_later(
    world: World, statement: str, error: OperationalError
) -> None:
    world.customer(name="Akkurat AS")

    def arm(call: str, phase: str) -> None:
        if (call, phase) == ("write orgs", "after"):
            world.crm.faults = lambda _call, _phase: None
            armed.__enter__()

    armed = refusing(statement, error)
    world.crm.faults = arm
    world.run()
    armed.__exit__(None, None, None)
    heal(world)
    assert names(world) == ["Akkurat AS"]
    assert not Change.objects.filter(outcome="pending").exists()


def end_every_connection(address: str) -> None:
    """As an immediate restart of PostgreSQL does: what was under way is gone, and nobody is told before."""
    with psycopg.connect(address, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.mark.postgres
@pytest.mark.usefixtures("on_postgres")
@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("call", ["list orgs", "write orgs"])
def test_a_postgresql_that_restarts_in_the_middle_loses_and_doubles_nothing(
    postgres_url: str, call: str, phase: str
) -> None:
    world, restarts = make_world(), [end_every_connection]
    world.customer(name="Akkurat AS")

    def restart(said: str, when: str) -> None:
        if (said, when) == (call, phase) and restarts:
            restarts.pop()(postgres_url)

    world.crm.faults = restart
    with suppress(DatabaseError):
        world.run()
    connection.close()  # as the queue does with one that does not answer, before its next job
    assert not restarts
    heal(world)
    assert names(world) == ["Akkurat AS"]
    assert not Change.objects.filter(outcome="pending").exists()


def test_a_record_that_ends_its_worker_every_time_leaves_the_others_alone(world: World) -> None:
    bad = world.customer(name="Gift AS")
    world.customer(name="Akkurat AS")

    def poison(call: str, phase: str) -> None:
        last = world.crm.calls[-1]
        if (call, phase) == ("write orgs", "before") and any(
            operation.values.get("OrgRef") == bad for operation in last.operations
        ):
            raise SystemExit("killed")

    world.crm.faults = poison
    for _ in range(40):
        with suppress(SystemExit):
            world.run()
        world.clock.pass_(700)
    assert "Akkurat AS" in names(world)
    link = Link.objects.get(erp_key=bad)
    assert (link.linked, link.due_at) == (False, None)
    assert "retry" in link.problem


def test_a_run_longer_than_any_job_goes_on_where_it_was(world: World) -> None:
    for number in range(11):
        world.customer(name=f"Firma {number}")
    run, _ = open_run(world.customers, trigger="command", now=world.clock.now())
    slices = 0
    while Run.objects.get(pk=run.pk).state in OPEN_RUNS:
        advance(Run.objects.get(pk=run.pk), replace(world.means, slice=timedelta(milliseconds=4)))
        slices += 1
        assert slices < 200
    assert slices > 5
    assert Run.objects.get(pk=run.pk).state == RunState.DONE
    assert len(names(world)) == 11


@pytest.fixture
def redis_is_away(settings: Any) -> None:
    away = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": "redis://127.0.0.1:1/0",
    }
    settings.CACHES = {"default": away, "q": away}
    with pytest.raises(RedisError):
        caches["default"].get("anything")


@pytest.mark.usefixtures("redis_is_away")
def test_without_its_redis_the_hub_works_and_asks_for_work(
    world: World, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    key = world.customer(name="Akkurat AS")
    world.settle()
    with django_capture_on_commit_callbacks(execute=True):
        jobs.enqueue("tick")
    assert world.of_customer(key)["OrgName"] == "Akkurat AS"
    assert waiting() == {"tick"}


@pytest.mark.django_db
@pytest.mark.usefixtures("redis_is_away")
def test_without_its_redis_the_api_lets_nobody_guess_passwords_and_says_why(client: Client) -> None:
    answer = client.post("/api/v1/login/", {"username": "kari", "password": "guess"})
    assert answer.status_code == 503
    assert "Redis" in answer.json()["error"]


class Full(io.StringIO):
    """A log that nobody can write to."""

    asked = 0

    def write(self, text: str) -> int:
        self.asked += 1
        raise OSError(28, "No space left on device")


def test_a_log_that_takes_nothing_stops_no_run(world: World) -> None:
    log, key = logging.getLogger("sync"), world.customer(name="Akkurat AS")
    full = logging.StreamHandler(Full())
    log.addHandler(full)
    try:
        with failing(world.crm, "list orgs", "before", Unavailable("It is away.")):
            assert world.run().state == RunState.FAILED
        world.clock.pass_(600)
        world.settle()
    finally:
        log.removeHandler(full)
    assert full.stream.asked
    assert world.of_customer(key)["OrgName"] == "Akkurat AS"


def forget(world: World) -> None:
    """An empty hub database in front of the same systems: the pair as it is set up, and nothing it knew."""
    pair = world.customers
    mappings, rules = list(pair.mappings.all()), list(pair.match_rules.all())
    EntityPair.objects.filter(pk=pair.pk).update(name="before", mode="off")
    pair.pk, pair.mode = None, "observe"
    pair._state.adding = True
    pair.save()
    for row in [*mappings, *rules]:
        row.pk, row.pair = None, pair
        row._state.adding = True
        row.save()
    del world.pairs["contacts"]


def test_a_hub_that_lost_its_database_makes_and_removes_nothing(world: World) -> None:
    keys = [world.customer(name=f"Firma {number}", number=str(900000000 + number)) for number in range(5)]
    world.organisation(OrgName="Fra webCRM AS")
    world.settle()
    known = world.crm.keys("orgs"), world.erp.keys("customers")
    world.crm.edit("orgs", known[0][1], {"OrgName": "Endret AS"})
    forget(world)
    writes = len(world.crm.writes) + len(world.erp.writes)
    assert world.run().state == RunState.DONE
    assert len(world.crm.writes) + len(world.erp.writes) == writes
    EntityPair.objects.filter(name="customers").update(mode="live")
    world.settle()
    assert (world.crm.keys("orgs"), world.erp.keys("customers")) == known
    current = Link.objects.linked().filter(pair=EntityPair.objects.get(name="customers"))
    assert current.count() == len(keys) + 1
    (change,) = Change.objects.filter(pair=world.customers)
    assert change.fields[0]["before"] == "Endret AS"


@pytest.mark.parametrize("protected", [True, False], ids=["conditional", "unprotected"])
def test_what_was_made_before_the_last_commits_were_lost_is_not_made_again(
    world: World, protected: bool
) -> None:
    """Nobody tells the hub that a copy took over, in the middle of a run."""
    for system, entity in ((world.erp, "customers"), (world.crm, "orgs")):
        here = system.entity(entity)
        here.capabilities = replace(here.capabilities, conditional=protected)
    world.settle()
    world.customer(name="Fra ERP AS", number="924618094")
    world.organisation(OrgName="Fra webCRM AS", OrgNumber="974760673")
    world.clock.pass_(60)
    run, _ = open_run(world.customers, trigger="command", now=world.clock.now(), by="test")
    reads = replace(world.means, go_on=lambda: Run.objects.get(pk=run.pk).phase in ("poll", "guard"))
    advance(run, reads)
    kept = transaction.savepoint()
    advance(Run.objects.get(pk=run.pk), world.means)
    assert (len(world.erp.keys("customers")), len(world.crm.keys("orgs"))) == (2, 2)
    transaction.savepoint_rollback(kept)
    assert not Change.objects.exists()
    heal(world)
    assert (len(world.erp.keys("customers")), len(world.crm.keys("orgs"))) == (2, 2)
    assert Link.objects.linked().count() == 2


def test_a_pair_above_itself_waits_and_ends(world: World) -> None:
    EntityPair.objects.filter(name="contacts").update(parent=world.contacts)
    world.contact("con_1", last="Nordmann")
    world.contact("con_1", last="Hansen")
    run = world.run("contacts")
    assert (run.state, run.counts) == (RunState.DONE, {"waiting": 2})
