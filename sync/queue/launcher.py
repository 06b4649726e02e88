"""Beside each cluster: sweeps up, keeps the tick ticking, and starts a cluster that stopped breathing anew."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import Error, close_old_connections

from sync.jobs import enqueue_once, sweep_up
from sync.queue.breath import CANARY, Watch, forget, own_name
from sync.queue.cluster import Cluster
from sync.queue.hints import TICK, ensure_tick
from sync.queue.stopping import Stopping

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Seconds between what a launcher does, and how long it waits for its cluster."""

    look: float = 0.5
    sweep: float = 5.0
    canary: float = 15.0
    silence: float = 90.0
    """A cluster that finishes nothing for this long is started anew."""
    rest: float = 2.0
    """A cluster that keeps dying is not started more often than this."""
    drain: float = 30.0
    """How long a cluster may take to finish what it has taken up when it is asked to stop."""


@dataclass(kw_only=True)
class Duty:
    """Something to do every so many seconds, at once at first; what failed is tried again at the next look."""

    every: float
    do: Callable[[], None]
    due: float = 0.0
    fails: bool = False


def start_ticking() -> None:
    """django-q2's own scheduler looks for the first time after half a minute."""
    ensure_tick()
    enqueue_once(TICK)


class Launcher:
    """Keeps one cluster alive until it is asked to stop."""

    def __init__(self, pace: Pace, stopping: Stopping) -> None:
        self.pace = pace
        self.stopping = stopping
        self.cluster = Cluster(own_name())
        self.watch = Watch(self.cluster.name)
        self.duties = [
            Duty(every=pace.look, do=self._listen),
            Duty(every=math.inf, do=start_ticking),
            Duty(every=pace.sweep, do=sweep_up),
            Duty(every=pace.canary, do=lambda: enqueue_once(CANARY)),
        ]

    def run(self) -> None:
        """Until SIGTERM or SIGINT; then the cluster finishes what it has taken up."""
        self.stopping.listen()
        self.cluster.start()
        try:
            while not self.stopping.wait(self.pace.look):
                self._do_duties()
                self._revive_the_dead()
        finally:
            self._stop()

    def _do_duties(self) -> None:
        for duty in self.duties:
            if time.monotonic() >= duty.due and not self.stopping.asked:
                self._do(duty)

    def _do(self, duty: Duty) -> None:
        """Do it; a database that is away is said once, and again when it is back."""
        close_old_connections()
        before = self._without_database
        try:
            duty.do()
        except Error:
            duty.fails = True
            if not before:
                logger.warning("the database does not answer; the launcher waits for it", exc_info=True)
            return
        duty.fails, duty.due = False, time.monotonic() + duty.every
        if before and not self._without_database:
            logger.warning("the database answers again")

    @property
    def _without_database(self) -> bool:
        return any(duty.fails for duty in self.duties)

    def _listen(self) -> None:
        """A frozen cluster may hold SQLite's write lock: so this only reads, and comes before everything else."""
        try:
            silence = self.watch.silence()
        except Error:
            self.watch.start_over()
            raise
        if silence > self.pace.silence:
            logger.error(
                "the cluster has stopped breathing and is started anew",
                extra={"cluster": self.cluster.name, "silent_seconds": round(silence)},
            )
            self._start_anew()

    def _revive_the_dead(self) -> None:
        code = self.cluster.exit_code
        if code is not None and not self.stopping.wait(self.pace.rest):
            logger.error("the cluster has ended and is started anew", extra={"exit_code": code})
            self._start_anew()

    def _start_anew(self) -> None:
        self.cluster.kill()
        self.cluster.start()
        self.watch.start_over()

    def _stop(self) -> None:
        if not self.cluster.stop(self.pace.drain):
            logger.warning("the cluster did not finish in time and was ended; its runs go on later")
        self._do(Duty(every=math.inf, do=lambda: forget(self.cluster.name)))
