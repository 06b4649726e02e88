"""A real cluster and its launcher: work goes on whatever is killed, and nobody is left behind."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.e2e import harness
from tests.e2e.harness import Hub, Worker
from tests.e2e.processes import alive, children, eventually, group, kill

pytestmark = pytest.mark.e2e

TEST_SYSTEM = """
from sync.models.systems import System
from sync.services import systems
System.objects.all().delete()
system = System.objects.create(name="nobody", kind="rest", address="http://127.0.0.1:9/")
systems.request_check(system, by="test")
answer = system.pk
"""
"""A job whose end can be seen without any system: its outcome is written down either way. What asks for it is a row:
a message that died with a worker is only a hint that was lost."""

A_BACKLOG = """
from sync.models.systems import System
from sync.services import systems
for number in range(12):
    system = System.objects.create(name=f"nobody {number}", kind="rest", address="http://127.0.0.1:9/")
    systems.request_check(system, by="test")
answer = None
"""
A_LEASE_LATER = """
from sync.engine.slice import LEASE
from sync.models.systems import System
from django.db.models import F
answer = System.objects.filter(checked_at=None).update(check_begun_at=F("check_begun_at") - LEASE)
"""
NOBODY_CAN_READ = """
from django.core import signing
from django.utils import timezone
from django_q.models import OrmQ
of_another_key = signing.dumps({"id": "1", "name": "tick", "func": "sync.jobs.perform"}, key="another", salt="hub")
for payload in ("what only a newer version can read", of_another_key, ""):
    OrmQ.objects.create(key="hub", payload=payload, lock=timezone.now())
answer = OrmQ.objects.count()
"""
NARROW = """
from hub.settings import *
Q_CLUSTER = {**Q_CLUSTER, "max_rss": Q_CLUSTER["max_rss"] // 300}
"""
"""Settings that allow a hand one MiB."""
WAS_DONE = "from sync.models.systems import System\nanswer = System.objects.get().checked_at"


def ask_for_a_job(hub: Hub) -> None:
    hub.ask(TEST_SYSTEM)


def was_done(hub: Hub) -> bool:
    return hub.read("SELECT checked_at FROM sync_system") not in ([], [(None,)])


def launchers_group(worker: Worker) -> list[int]:
    return [pid for pid in [worker.pid, *worker.hands, worker.cluster] if alive(pid)]


def idle_hands(worker: Worker) -> list[int]:
    """The cluster's workers and what stands beside them: all children of the sentinel."""
    return [pid for sentinel in children(worker.cluster) for pid in children(sentinel)]


def test_a_cluster_takes_up_what_is_asked_for(bare_hub: Hub) -> None:
    with bare_hub.worker():
        ask_for_a_job(bare_hub)
        eventually(lambda: was_done(bare_hub), "the job is done")


def test_a_cluster_that_was_killed_is_started_anew(bare_hub: Hub) -> None:
    with bare_hub.worker() as worker:
        first = worker.cluster
        kill(group(first))
        eventually(lambda: worker.cluster not in (0, first), "another cluster runs")
        ask_for_a_job(bare_hub)
        eventually(lambda: was_done(bare_hub), "the job is done")


def test_a_cluster_that_is_killed_three_times_loses_nothing_of_a_backlog(bare_hub: Hub) -> None:
    bare_hub.ask(A_BACKLOG)
    with bare_hub.worker() as worker:
        for _ in range(3):
            assert left(bare_hub), "there is a backlog to lose"
            kill_and_wait(worker)
        bare_hub.ask(A_LEASE_LATER)  # of what the dead had begun
        eventually(lambda: not left(bare_hub), "all of them are done")


def kill_and_wait(worker: Worker) -> None:
    killed = worker.cluster
    kill(group(killed))
    eventually(lambda: worker.cluster not in (0, killed), "another cluster runs")


def left(hub: Hub) -> int:
    (row,) = hub.read("SELECT count(*) FROM sync_system WHERE checked_at IS NULL")
    return int(row[0])


def test_messages_that_nobody_can_read_hold_up_nothing(bare_hub: Hub) -> None:
    """Of another version, or sealed with a key that is no more."""
    assert bare_hub.ask(NOBODY_CAN_READ) == 3
    with bare_hub.worker() as worker:
        ask_for_a_job(bare_hub)
        eventually(lambda: was_done(bare_hub), "the job is done")
        eventually(lambda: dropped(worker) == 3, "each was dropped with a sentence")


def dropped(worker: Worker) -> int:
    return len([line for line in worker.said() if line["event"] == "message dropped: it cannot be read"])


def test_killed_idle_workers_stop_nothing_for_long(bare_hub: Hub) -> None:
    with bare_hub.worker("--silence", "10") as worker:
        kill(idle_hands(worker))
        ask_for_a_job(bare_hub)
        eventually(lambda: was_done(bare_hub), "the job is done")


@pytest.mark.parametrize("whose", ["a hand of the cluster", "the sentinel", "the main process"])
def test_memory_taken_from_one_process_alone_stops_nothing_for_long(bare_hub: Hub, whose: str) -> None:
    """The kernel takes it back by killing one of them, whichever had the most."""
    with bare_hub.worker("--silence", "10") as worker:
        sentinel = children(worker.cluster)[:1]
        victims = {"a hand of the cluster": idle_hands(worker)[:1], "the sentinel": sentinel}
        kill(victims.get(whose, [worker.cluster]))
        ask_for_a_job(bare_hub)
        eventually(lambda: was_done(bare_hub), "the job is done")


def test_a_hand_that_holds_too_much_memory_gives_way_to_another(bare_hub: Hub) -> None:
    bare_hub.place.joinpath("narrow.py").write_text(NARROW)
    narrow = {"DJANGO_SETTINGS_MODULE": "narrow", "PYTHONPATH": str(bare_hub.place)}
    with Hub(bare_hub.place, {**bare_hub.env, **narrow}).worker() as worker:
        cluster, first = worker.cluster, idle_hands(worker)
        for _ in range(2):
            ask_for_a_job(bare_hub)
            eventually(lambda: was_done(bare_hub), "the job is done")
        eventually(lambda: not set(first) <= set(idle_hands(worker)), "a hand was replaced")
        assert worker.cluster == cluster


def test_a_frozen_cluster_is_ended_and_started_anew(bare_hub: Hub) -> None:
    with bare_hub.worker("--silence", "10") as worker:
        first = worker.cluster
        kill(group(first), signal.SIGSTOP)
        eventually(lambda: worker.cluster not in (0, first), "another cluster runs", seconds=90)
        ask_for_a_job(bare_hub)
        eventually(lambda: was_done(bare_hub), "the job is done")
        assert group(first) == []
        assert "stopped breathing" in str([line["event"] for line in worker.said()])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_ends_in_order_with_all_it_started(bare_hub: Hub, number: int) -> None:
    with bare_hub.worker() as worker:
        everybody = launchers_group(worker)
        os.kill(worker.pid, number)
        eventually(lambda: not any(map(alive, everybody)), "all have ended")
        assert not [line for line in worker.said() if line["level"] in ("error", "critical")]


def test_a_signal_to_its_group_does_not_hang_the_cluster(bare_hub: Hub) -> None:
    with bare_hub.worker() as worker:
        everybody = launchers_group(worker)
        os.killpg(worker.pid, signal.SIGTERM)
        eventually(lambda: not any(map(alive, everybody)), "all have ended")


def test_a_killed_launcher_takes_its_cluster_along(bare_hub: Hub) -> None:
    with bare_hub.worker() as worker:
        everybody = launchers_group(worker)
        kill([worker.pid])
        eventually(lambda: not any(map(alive, everybody)), "all have ended")


def test_a_killed_main_process_leaves_no_orphans(bare_hub: Hub) -> None:
    with bare_hub.worker() as worker:
        orphans = worker.hands
        kill([worker.cluster])
        eventually(lambda: not any(map(alive, orphans)), "all have ended")


@pytest.mark.postgres
def test_on_postgresql_a_killed_cluster_is_started_anew(tmp_path: Path, postgres_url: str) -> None:
    with harness.hub(tmp_path, database=postgres_url) as ours, ours.worker() as worker:
        first = worker.cluster
        kill(group(first))
        eventually(lambda: worker.cluster not in (0, first), "another cluster runs")
        ask_for_a_job(ours)
        eventually(lambda: ours.ask(WAS_DONE), "the job is done")


def test_it_waits_for_a_database_that_is_not_there_yet(tmp_path: Path) -> None:
    with harness.hub(tmp_path) as ours:
        database = tmp_path / "hub.sqlite3"
        database.rename(tmp_path / "away")
        with ours.worker() as worker:
            eventually(lambda: len(complaints(worker)) > 0, "the outage is logged")
            for left in tmp_path.glob("hub.sqlite3*"):
                left.unlink()
            (tmp_path / "away").rename(database)
            ask_for_a_job(ours)
            eventually(lambda: was_done(ours), "the job is done")
            assert len(complaints(worker)) == 1


def complaints(worker: Worker) -> list[str]:
    return [line["event"] for line in worker.said() if "does not answer" in line["event"]]
