"""What the hub's administrators did, kept beside the hub's own tables: the oracles judge the hub by it."""

from __future__ import annotations

import sys
from collections import defaultdict
from dataclasses import dataclass

from sync.core.records import Value
from sync.models.links import Link
from tests.simulation.case import Row
from tests.simulation.truth import Truth
from tests.simulation.words import ENTITIES


@dataclass(kw_only=True)
class Stop:
    """What a person stopped: a pair, or one link of it. `since`, `until`: in the order of things."""

    pair: str
    link: int | None
    since: int
    under_way: frozenset[str]
    """Writes, by token, that had been recorded by then."""
    until: int = sys.maxsize


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A value that a person chose while both sides held what was shown. `seq`: when, in the order of things."""

    ends: tuple[tuple[Row, str], ...]
    value: Value
    seq: int


class Book:
    def __init__(self, truth: Truth) -> None:
        self.truth = truth
        self.stops: list[Stop] = []
        self.apart: dict[tuple[Row, Row], int] = {}
        """Couples that stand taken apart by a person, ERP record first, and since when."""
        self.ever_apart: set[tuple[Row, Row]] = set()
        self.joined: list[tuple[Row, Row]] = []
        self.policies: dict[str, set[str]] = defaultdict(set)
        """Every policy that was ever in force for a field, by its property in webCRM."""
        self.meetings: list[int] = []
        """When fields or records were made to meet anew."""
        self.answers: list[Answer] = []

    def are_apart(self, couple: tuple[Row, Row]) -> None:
        self.meetings.append(self.truth.tick())
        self.apart[couple] = self.truth.tick()
        self.ever_apart.add(couple)

    def stopped(self, pair: str, link: int | None, under_way: frozenset[str]) -> None:
        since = self.truth.tick()
        self.stops.append(Stop(pair=pair, link=link, since=since, under_way=under_way))

    def goes_on(self, pair: str, link: int | None) -> None:
        now = self.truth.tick()
        for stop in self.standing():
            if (stop.pair, stop.link) == (pair, link):
                stop.until = now

    def standing(self) -> list[Stop]:
        return [stop for stop in self.stops if stop.until == sys.maxsize]

    def forgotten(self) -> None:
        """An older database came back: the hub does not know what it was told last."""
        now = self.truth.tick()
        for stop in self.standing():
            stop.until = now


def couple_of(link: Link) -> tuple[Row, Row]:
    erp, crm = ENTITIES[link.pair.name]
    return ("erp", erp, str(link.erp_key)), ("crm", crm, str(link.crm_key))
