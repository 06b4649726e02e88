"""News of records that their systems send: at once, late, doubled, out of order, forged or never."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from sync.models.links import Link
from tests.simulation.case import Row
from tests.simulation.words import PAIR

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

DELAYS = (0, 0, 1, 60, 1300)
"""Seconds on the way. Who is late is overtaken."""
FORGED = 0.003
"""How often word comes of a record to which nothing was done."""


@dataclass(frozen=True, kw_only=True)
class Delivery:
    at: datetime
    row: Row


class Deliveries:
    """They have a chance of their own: in a world without them a seed stays the same."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.random = Random(f"deliveries of {simulation.seed}")
        self.on_their_way: list[Delivery] = []
        self.told = 0
        """How many of the things that happened word was sent of, or would have been."""

    def arrive(self) -> None:
        """What is here by now, in any order; and now and then somebody forges one."""
        life, rate = self.simulation, self.simulation.switches.hooks
        if not rate:
            return
        now = life.now()
        self._send(now, rate)
        here = [delivery for delivery in self.on_their_way if delivery.at <= now]
        self.on_their_way = [delivery for delivery in self.on_their_way if delivery.at > now]
        rows = [delivery.row for delivery in self.random.sample(here, len(here))]
        if life.truth.events and self.random.random() < FORGED:
            rows.append(self.random.choice(life.truth.events).row)
        with life.undisturbed():
            for row in rows:
                self._mark(row, now)

    def _send(self, now: datetime, rate: float) -> None:
        """Systems send word of whatever was done to their records, by the hub too: once, more often, or never."""
        news, self.told = self.simulation.truth.events[self.told :], len(self.simulation.truth.events)
        for event in news:
            while self.random.random() < rate:
                wait = timedelta(seconds=self.random.choice(DELAYS))
                self.on_their_way.append(Delivery(at=now + wait, row=event.row))

    def _mark(self, row: Row, now: datetime) -> None:
        """All that a delivery does, whatever it says: its link is due, and read again."""
        side, entity, key = row
        known = Link.objects.current().filter(**{"pair__name": PAIR[entity], f"{side}_key": key})
        self.simulation.figures["deliveries"] += known.update(due_at=now, reread=True, reason="hook")
