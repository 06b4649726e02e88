"""The seeded nemesis: kills, stops, cuts off, and brings back the past."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import redis
from django.db import connections

from sync.models.pairs import EntityPair, Mode
from sync.models.runs import OPEN_RUNS, Run
from sync.services import pairs, runs
from tests.chaos import disk, sight
from tests.chaos.apps import LATENCY_MS, LEASE
from tests.chaos.fleet import Fleet, Launcher
from tests.chaos.heart import Heart
from tests.chaos.postgres import Postgres
from tests.chaos.words import ENTITIES
from tests.e2e.harness import Hub, Systems
from tests.e2e.processes import alive, eventually, kill

KILLS = {"busy worker": 9, "idle worker": 2, "cluster": 2, "launcher": 1}
"""What is killed, by how often."""
OTHER_EVERY = 5
"""Kills from one other misfortune to the next."""
WRITING_WITHIN = 20.0
"""Seconds a write is waited for before somebody idle is killed instead."""
LOOK = 0.02
REST = (0.1, 1.0)
FROZEN = LEASE.total_seconds() * 1.6
FULL_SECONDS = 4.0
BACKUP = "backup"
PAIRS = tuple(entity.name for entity in ENTITIES)
TOLD_EVERY = 25
"""Kills from one word on the progress to the next."""


@dataclass(kw_only=True)
class Field:
    """The battlefield: what there is to strike at."""

    systems: Systems
    hub: Hub
    fleet: Fleet
    heart: Heart
    database: Path
    """The SQLite file; its directory is the one that runs full."""
    postgres: Postgres | None = None
    small_disk: Path | None = None
    redis_url: str = ""


@dataclass(kw_only=True)
class Toll:
    """What has been done so far."""

    kills: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0
    others: Counter[str] = field(default_factory=Counter)
    diary: list[str] = field(default_factory=list)
    """When what else happened."""
    kept: set[tuple[str, str, str]] = field(default_factory=set)
    """What stood in audits that were lost with a restored database."""


class Nemesis:
    """Strikes until so many processes have been killed."""

    def __init__(self, field: Field, seed: int) -> None:
        self.field = field
        self.toll = Toll()
        self._random = Random(f"nemesis {seed}")
        self._stopped: dict[int, float] = {}
        self._backup = field.database.with_suffix(f".{BACKUP}")
        self._backed_up = False
        self._deeds: dict[str, Callable[[], Iterable[int]]] = {
            "busy worker": self._busy_worker,
            "idle worker": self._idle_worker,
            "cluster": self._cluster,
            "launcher": self._launcher,
        }

    def rage(self, kills: int) -> None:
        """Returns when everything that was stopped goes on again, and everything that was killed is back."""
        until_other = OTHER_EVERY
        while self.toll.kills.total() < kills:
            self._strike()
            until_other -= 1
            if until_other <= 0:
                until_other = OTHER_EVERY
                self._other_misfortune()
            time.sleep(self._random.uniform(*REST))
            self._let_go_on()
        self._let_go_on(everybody=True)
        self.field.fleet.start()

    def _strike(self) -> None:
        names = list(KILLS)
        name = self._random.choices(names, weights=[KILLS[name] for name in names])[0]
        killed = set(self._deeds[name]())
        eventually(lambda: all_dead(killed), f"{name}: {sorted(killed)} are dead")
        self.toll.kills[name] += 1
        self.toll.in_flight += bool(sight.writers() & killed)
        if self.toll.kills.total() % TOLD_EVERY == 0:
            print(f"… {self.toll.kills.total()} kills, {self.toll.in_flight} in flight", flush=True)
        if name == "launcher":
            gone = [each for each in self.field.fleet.launchers if each.pid in killed]
            self.field.fleet.replace(gone[0])

    def _busy_worker(self) -> Iterable[int]:
        pid = self._writing({pid for each in self.field.fleet.launchers for pid in each.hands})
        return self._kill([pid] if pid else self._idle_worker())

    def _idle_worker(self) -> Iterable[int]:
        hands = [pid for launcher in self.field.fleet.launchers for pid in launcher.hands]
        idle = [pid for pid in hands if pid not in sight.writers()]
        return self._kill([self._random.choice(idle)] if idle else [])

    def _cluster(self) -> Iterable[int]:
        return self._kill(self._struck().everybody)

    def _launcher(self) -> Iterable[int]:
        launcher = self._struck()
        below = launcher.everybody
        self._kill([launcher.pid])
        return [launcher.pid, *below]

    def _struck(self) -> Launcher:
        """A launcher, mostly while one of its workers writes."""
        launcher = self._random.choice(self.field.fleet.launchers)
        self._writing(set(launcher.hands))
        return launcher

    def _kill(self, pids: Iterable[int]) -> list[int]:
        killed = list(pids)
        kill(killed)
        return killed

    def _writing(self, among: set[int]) -> int | None:
        """One of these while it has a write under way, at any moment of it; None when none has for long."""
        until = time.monotonic() + WRITING_WITHIN
        moment = self._random.uniform(0, LATENCY_MS[0] / 1000)
        while time.monotonic() < until:
            found = sorted(pid for pid in sight.writers() & among if pid not in self._stopped)
            if found:
                pid = self._random.choice(found)
                time.sleep(moment)
                if pid in sight.writers():
                    return pid
            time.sleep(LOOK)
            if all_dead(among):
                return None
        return None

    def _other_misfortune(self) -> None:
        deeds = [self._stop_a_worker, self._stop_a_worker, self._change_latency, self._back_up, self._restore]
        if self.field.postgres:
            deeds.append(self._restart_postgres)
        if self.field.redis_url:
            deeds.append(self._flush_redis)
        if self.field.small_disk:
            deeds.append(self._fill_the_disk)
        deed = self._random.choice(deeds)
        name = deed.__name__.strip("_").replace("_", " ")
        self.toll.diary.append(f"{datetime.now(UTC):%H:%M:%S} {name}")
        deed()
        self.toll.others[name] += 1

    def _stop_a_worker(self) -> None:
        pid = self._writing({pid for each in self.field.fleet.launchers for pid in each.hands})
        if pid:
            kill([pid], signal.SIGSTOP)
            self._stopped[pid] = time.monotonic() + FROZEN

    def _let_go_on(self, *, everybody: bool = False) -> None:
        now = time.monotonic()
        for pid, until in list(self._stopped.items()):
            if everybody or now >= until:
                kill([pid], signal.SIGCONT)
                del self._stopped[pid]

    def _change_latency(self) -> None:
        for system in (self.field.systems.erp, self.field.systems.crm):
            system.turn(latency_ms=self._random.randint(*LATENCY_MS))

    def _restart_postgres(self) -> None:
        assert self.field.postgres
        self.field.postgres.restart_at_once()

    def _flush_redis(self) -> None:
        with redis.Redis.from_url(self.field.redis_url) as client:
            client.flushdb()

    def _fill_the_disk(self) -> None:
        assert self.field.small_disk
        disk.fill(self.field.small_disk)
        time.sleep(FULL_SECONDS)
        disk.empty(self.field.small_disk)
        if self.field.postgres:
            self.field.postgres.revive()

    def _back_up(self) -> None:
        self._backed_up = True
        if self.field.postgres:
            return self.field.postgres.back_up(BACKUP)
        with closing(sqlite3.connect(self.field.database, timeout=30)) as ours:
            self._backup.unlink(missing_ok=True)
            with closing(sqlite3.connect(self._backup)) as copy:
                return ours.backup(copy)

    def _restore(self) -> None:
        """As after a disaster: everybody is dead, the database is an old one, and its pairs observe first."""
        if not self._backed_up:
            return self._back_up()
        self._let_go_on(everybody=True)
        with self.field.heart.still:
            self.field.fleet.kill()
            self.toll.kept |= sight.kept_values()
            connections.close_all()
            self._bring_back()
            self._observe_first()
        return self.field.fleet.start()

    def _bring_back(self) -> None:
        if self.field.postgres:
            return self.field.postgres.restore(BACKUP)
        for left in ("", "-wal", "-shm"):
            Path(f"{self.field.database}{left}").unlink(missing_ok=True)
        shutil.copyfile(self._backup, self.field.database)
        return None

    def _observe_first(self) -> None:
        """What whoever restores a backup has to do: look at what the hub would write before it may."""
        for run in Run.objects.filter(state__in=OPEN_RUNS):
            runs.cancel(run, by="chaos", reason="a backup was restored")
        for pair in EntityPair.objects.all():
            pairs.set_mode(pair, Mode.OBSERVE, by="chaos", reason="a backup was restored")
        connections.close_all()
        time.sleep(LEASE.total_seconds())
        self.field.hub.manage("sync", "--plan", "--full", check=False)
        self.field.hub.approve(*PAIRS, by="chaos")


def all_dead(pids: Iterable[int]) -> bool:
    return not any(map(alive, pids))
