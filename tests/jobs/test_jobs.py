"""Messages are hints: what is due stands in rows, and whatever is lost is asked for again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import OrmQ, Schedule
from django_q.scheduler import scheduler
from pytest_django import DjangoCaptureOnCommitCallbacks

from sync import jobs
from sync.engine.schedule import open_run
from sync.models.runs import Heartbeat
from sync.models.systems import System
from sync.queue.breath import FORGOTTEN, Watch, forget
from sync.queue.cluster import Cluster
from sync.queue.hints import ensure_tick, waiting
from sync.queue.launcher import Launcher, Pace
from sync.queue.stopping import Stopping
from sync.services.systems import request_check
from tests.world import World, make_world


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def lose_every_message() -> None:
    OrmQ.objects.all().delete()


def test_a_lost_message_about_a_run_is_sent_again(
    world: World, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    run, _ = open_run(world.customers, trigger="person", now=timezone.now())
    with django_capture_on_commit_callbacks(execute=True):
        jobs.sweep_up()
    assert waiting() == {f"run:{run.pk}"}


def test_a_message_that_waits_already_is_not_sent_twice(
    world: World, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    open_run(world.customers, trigger="person", now=timezone.now())
    for _ in range(3):
        with django_capture_on_commit_callbacks(execute=True):
            jobs.sweep_up()
    assert OrmQ.objects.count() == 1


def test_a_lost_test_of_a_connection_is_asked_for_again(
    world: World, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    system = System.objects.get(name="erp")
    with django_capture_on_commit_callbacks(execute=True):
        request_check(system, by="test")
    lose_every_message()
    with django_capture_on_commit_callbacks(execute=True):
        jobs.sweep_up()
    assert waiting() == {f"check:{system.pk}"}


def test_nothing_is_sent_before_the_transaction_is_committed(
    world: World, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks() as later:
        jobs.enqueue("tick")
    assert len(later) == 1
    assert not OrmQ.objects.exists()


@pytest.mark.django_db
def test_a_message_can_start_nothing_but_the_named_jobs(caplog: pytest.LogCaptureFixture) -> None:
    jobs.perform("os.system", 1)
    (said,) = caplog.records
    assert (said.message, said.__dict__["message_name"]) == ("message dropped", "os.system:1")


def test_messages_of_another_version_are_dropped_and_their_work_is_found_again(
    world: World,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A version was rolled back: what the newer one had asked for is of no use to the older one."""
    run, _ = open_run(world.customers, trigger="person", now=timezone.now())
    OrmQ.objects.create(key="hub", payload="what only a newer version can read", lock=timezone.now())
    jobs.perform("settle-pair", world.customers.pk, 7)
    jobs.perform("run", 999_999)
    with django_capture_on_commit_callbacks(execute=True):
        jobs.sweep_up()
    assert [said.message for said in caplog.records if "dropped" in said.message] == [
        "message dropped",
        "message dropped",
        "message dropped: it cannot be read",
    ]
    assert (waiting(), OrmQ.objects.count()) == ({f"run:{run.pk}"}, 1)


@pytest.mark.django_db
def test_every_job_that_ends_is_a_sign_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_CLUSTER", "canary@here")
    jobs.perform("canary")
    assert [beat.name for beat in Heartbeat.objects.all()] == ["canary@here"]


@pytest.mark.django_db
def test_a_watch_hears_its_own_cluster_only() -> None:
    watch = Watch("canary@here")
    Heartbeat.objects.create(name="canary@there", at=timezone.now())
    watch._since -= 100
    assert watch.silence() > 99
    Heartbeat.objects.create(name="canary@here", at=timezone.now())
    assert watch.silence() < 50


class Silent(Cluster):
    """A cluster that runs and says nothing; what was done to it."""

    exit_code = None

    def __init__(self) -> None:
        super().__init__("canary@here")
        self.done: list[str] = []

    def start(self) -> None:
        self.done.append("started")

    def kill(self) -> None:
        self.done.append("killed")


@pytest.mark.django_db
@pytest.mark.parametrize(("silent", "done"), [(89, []), (91, ["killed", "started"])])
def test_a_cluster_that_is_silent_for_a_minute_and_a_half_is_started_anew(
    silent: int, done: list[str]
) -> None:
    launcher = Launcher(Pace(), Stopping())
    launcher.cluster = Silent()
    launcher.watch._since -= silent
    launcher._listen()
    assert launcher.cluster.done == done
    assert launcher.watch.silence() < 90


@pytest.mark.django_db
def test_clusters_nobody_has_heard_of_for_long_are_forgotten() -> None:
    now = timezone.now()
    for name, at in (("canary@dead", now - 2 * FORGOTTEN), ("canary@here", now), ("canary@there", now)):
        Heartbeat.objects.create(name=name, at=at)
    forget("canary@here")
    assert [beat.name for beat in Heartbeat.objects.all()] == ["canary@there"]


@pytest.mark.django_db
def test_there_is_one_tick_however_often_a_launcher_starts() -> None:
    ensure_tick()
    Schedule.objects.update(args="('os.system',", func="os.system")
    ensure_tick()
    (row,) = Schedule.objects.all()
    assert (row.func, row.args, row.minutes, row.repeats) == ("sync.jobs.perform", "('tick',)", 1, -1)


@pytest.mark.django_db
def test_the_schedule_asks_for_the_tick_by_its_name() -> None:
    ensure_tick()
    Schedule.objects.update(next_run=timezone.now() - timedelta(seconds=1))
    scheduler()
    (row,) = OrmQ.objects.all()
    assert (row.func(), row.args()) == ("sync.jobs.perform", ("tick",))


@pytest.mark.django_db
def test_a_tick_that_was_set_while_our_clock_was_far_ahead_comes_at_once() -> None:
    ensure_tick()
    Schedule.objects.update(next_run=timezone.now() + timedelta(days=30))
    jobs.sweep_up()
    scheduler()
    (row,) = OrmQ.objects.all()
    assert row.args() == ("tick",)
