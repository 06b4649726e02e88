"""Asks for runs as fast as they end, as an impatient program would, and sweeps up beside the launchers."""

from __future__ import annotations

import threading

from django.db import Error, connection

from sync.jobs import sweep_up
from sync.models.pairs import EntityPair
from sync.models.runs import OPEN_RUNS, Run
from sync.services import runs

EVERY = 1.0
FULL_EVERY = 25
"""One run in so many reads everything."""


class Heart(threading.Thread):
    """Beats until it is told to stop. Who swaps the database holds `still` meanwhile."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.still = threading.Lock()
        self._done = threading.Event()
        self._beats = 0

    def run(self) -> None:
        while not self._done.wait(EVERY):
            with self.still:
                self._beat()

    def stop(self) -> None:
        self._done.set()
        self.join()

    def _beat(self) -> None:
        self._beats += 1
        try:
            request_runs(full=self._beats % FULL_EVERY == 0)
            sweep_up()
        except Error:
            return  # the database is away: the next beat asks again
        finally:
            connection.close()


def request_runs(*, full: bool = False) -> list[int]:
    """A run for each pair that has none; their ids."""
    busy = Run.objects.filter(state__in=OPEN_RUNS).values_list("pair", flat=True)
    idle = EntityPair.objects.exclude(pk__in=list(busy))
    asked = [runs.request(pair, by="chaos", trigger=Run.Trigger.PROGRAM, full=full) for pair in idle]
    return [run.pk for run in asked]
