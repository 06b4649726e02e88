"""One stretch of work on a run: what every step of the engine is handed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from django.db.models import F, Q

from sync.connectors.base import Access, Capabilities, Connector, Identity, Misconfigured
from sync.connectors.registry import open_connector
from sync.core.vocabulary import Outcome, Side
from sync.engine.gate import DatabaseGate, DatabaseVault
from sync.engine.ports import Ports
from sync.engine.rules import PairRules
from sync.engine.watched import Watched
from sync.models.links import Link
from sync.models.pairs import EntityPair
from sync.models.runs import Run, RunState
from sync.models.sealing import CLOSED
from sync.models.systems import System

LEASE = timedelta(seconds=150)
"""How long a claimed link or run belongs to its worker: longer than the queue lets a job live."""


def free(now: datetime, lease: str = "lease") -> Q:
    """Nobody holds it: let go, run out, or taken while a clock was far ahead, which would hold it as long."""
    until = f"{lease}_until"
    return Q(**{f"{lease}_token": ""}) | Q(**{f"{until}__lt": now}) | Q(**{f"{until}__gt": now + 2 * LEASE})


GRACE = timedelta(minutes=2)
"""How long a request whose outcome nobody saw may still be under way."""

FARTHEST = timedelta(hours=2)
"""Nothing that waits by itself waits as long: what is to wait longer was told so by a clock that was far ahead."""


class SystemChanged(Misconfigured):
    """Another system answers at the address than the one it was introduced to."""


def changed(system: System, identity: Identity) -> SystemChanged:
    """Said wherever it is noticed. Two that bear one name are told apart by what they are known by."""
    told, known = identity.name or identity.key, system.identity_name or system.identity_key
    if told == known:
        told, known = f"{told} ({identity.key})", f"{known} ({system.identity_key})"
    return SystemChanged(
        f"'{told}' answers at the address of {system}, which was introduced as '{known}'. Nothing was written. "
        "Correct the address, or introduce the system anew."
    )


class Overtaken(RuntimeError):
    """The run is in another worker's hands: this one slept beyond its lease, and keeps nothing any more."""


SLICE = timedelta(seconds=25)

A_FEW = 20
"""So many changes may come with the reads between writes before they are judged like those that came before."""

OVERTIME = timedelta(minutes=2)
"""How long after its end a slice may still send what it has recorded: well within the lease."""


def _always() -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Means:
    """What a slice may use: time, patience with busy systems, hosts that may be private."""

    ports: Ports
    hosts: tuple[str, ...]
    patience: float = 5.0
    slice: timedelta = SLICE
    go_on: Callable[[], bool] = _always
    """Asked between any two steps; False ends the slice there."""


@dataclass(kw_only=True)
class Slice:
    """A run, its rules, its two connectors, and when to stop."""

    run: Run
    rules: PairRules
    ports: Ports
    until: datetime
    patience: float
    allow_hosts: tuple[str, ...]
    token: str
    """The run's lease."""
    go_on: Callable[[], bool] = _always
    calls: dict[str, Counter[str]] = field(default_factory=dict)
    verified: set[Side] = field(default_factory=set)
    news: int = 0
    """Linked records that turned out to have changed since the guard last looked."""
    polled: set[Side] = field(default_factory=set)
    """The sides that were read on, from a cursor's position to the end, in this slice."""
    read_at: dict[Side, datetime] = field(default_factory=dict)
    """When each side was last asked for the records that are about to be written."""

    @property
    def pair(self) -> EntityPair:
        return self.rules.pair

    def out_of_time(self) -> bool:
        return not self.go_on() or self.ports.now() >= self.until

    def hold(self) -> None:
        """First thing in every transaction that keeps what a call brought: the run is still ours, and stays so."""
        mine = Run.objects.filter(pk=self.run.pk, lease_token=self.token)
        if not mine.update(lease_until=self.ports.now() + LEASE):
            raise Overtaken(f"{self.run} is in another worker's hands.")

    def must_judge(self) -> bool:
        """Whether so much came with the reads between writes that the guard has to look again."""
        return self.news > A_FEW

    def is_wanted(self) -> bool:
        """Whether the run still goes on: a person may have ended it between any two steps."""
        return Run.objects.filter(pk=self.run.pk, state=RunState.RUNNING).exists()

    def must_stop(self) -> bool:
        """Whether what was decided, and not sent yet, must be left: long before the lease is over."""
        return not self.go_on() or self.ports.now() >= self.until + OVERTIME or not self.is_wanted()

    @cached_property
    def connectors(self) -> dict[Side, Connector]:
        return {side: self._open(self.pair.system(side)) for side in Side}

    def _open(self, system: System) -> Connector:
        counter = self.calls.setdefault(system.name, Counter())
        return connect(
            system, ports=self.ports, patience=self.patience, hosts=self.allow_hosts, calls=counter
        )

    def capabilities(self, side: Side) -> Capabilities:
        return self.connectors[side].capabilities(self.pair.entity(side))

    def verify(self, side: Side) -> None:
        """Before anything is read or written: the system behind the address is still the one it was introduced to."""
        if side in self.verified:
            return
        system, identity = self.pair.system(side), self.connectors[side].identity()
        if not system.identity_key:
            system.identity_key, system.identity_name = identity.key, identity.name
            system.save(update_fields=["identity_key", "identity_name"])
        if system.identity_key != identity.key:
            raise changed(system, identity)
        self.verified.add(side)

    def touch(self, links: list[Link], outcome: Outcome) -> None:
        """Count links under this run, each once, under its worst outcome (not saved yet)."""
        fresh = 0
        for link in links:
            if link.run_id != self.run.pk:
                link.run, link.outcome = self.run, outcome.value
                fresh += 1
            elif not link.outcome or outcome.severity < Outcome(link.outcome).severity:
                link.outcome = outcome.value
        self.count_touched(fresh)

    def uncount(self, links: list[Link]) -> None:
        """Links that became part of another one are counted with that."""
        counted = Link.objects.filter(pk__in=[link.pk for link in links], run=self.run)
        self.count_touched(-counted.update(run=None, outcome=""))

    def count_touched(self, number: int) -> None:
        if number:
            Run.objects.filter(pk=self.run.pk).update(touched=F("touched") + number)


def connect(
    system: System, *, ports: Ports, patience: float, hosts: tuple[str, ...], calls: Counter[str]
) -> Connector:
    """Open a system's connector with the shared budget and tokens in its hands. Raises `Misconfigured`."""
    if getattr(system.credentials, "closed", ""):
        raise Misconfigured(CLOSED)
    access = Access(
        address=system.address,
        config=system.config,
        credentials=system.credentials,
        allow_hosts=hosts,
        gate=DatabaseGate(system_id=system.pk, ports=ports, patience=patience, calls=calls),
        vault=DatabaseVault(system_id=system.pk, ports=ports),
    )
    return Watched(system=system, connector=open_connector(system.kind, access), ports=ports)
