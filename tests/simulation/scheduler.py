"""What may happen at every call and every commit: people, other workers, faults, crashes, and time passing."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from django.db import OperationalError, connections

from sync.connectors.base import Operation, Unavailable, Unknown
from sync.connectors.memory_rows import Call
from sync.connectors.memory_system import MemorySystem
from sync.core.records import Record
from sync.engine.runner import advance
from sync.engine.schedule import open_due_runs, sweep
from sync.engine.slice import GRACE, LEASE
from sync.models.runs import OPEN_RUNS, Run
from tests.simulation import database
from tests.simulation.administrators import Administrators
from tests.simulation.deliveries import Deliveries
from tests.simulation.people import People
from tests.simulation.secrets import MARK
from tests.simulation.switches import Switches, calm, draw
from tests.simulation.truth import Heard, Truth
from tests.world import World

LAG = timedelta(seconds=90)
"""How far a copy lags behind at most: the engine's grace period is longer."""

SEEN_AGAIN = timedelta(hours=1)
"""How long a record that was left out once is left out no more."""

IN_FLIGHT = GRACE - timedelta(seconds=10)
"""How long a request may be under way: the engine's grace period is longer."""


COMMITS = ("commit before", "write before")
"""Where the database may refuse: the end of a transaction, or a statement that is one by itself."""
COMMITTED = ("commit after", "write after")

MOST_POINTS = 40_000
"""Far more than any life here needs."""

MOST_LOSSES = 30
"""So often the database comes back without its last commits. Where the hub then reads everything anew, a loss that
comes sooner than that takes starts it over: without an end to them, a life would be nothing but that.
"""


class Crash(BaseException):
    """kill -9: nothing survives but what was committed, and no clean-up code runs."""


class Lost(Crash):
    """The database goes away and comes back without its last commits: that ends every worker."""


class Endless(BaseException):
    """The hub goes round in circles."""


class Broken(OperationalError):
    """The database could not keep a commit."""


@dataclass(frozen=True, kw_only=True)
class Backup:
    """The database at some time. `seq`: when that was, in the order of things."""

    state: bytes
    seq: int


@dataclass(frozen=True, kw_only=True)
class Late:
    """A write that lands although its sender has given up on it."""

    at: datetime
    system: MemorySystem
    entity: str
    operations: tuple[Operation, ...]


class Scheduler:
    """The workers of the hub in a world that moves. `plan` says what happens at which point, beside chance."""

    world: World
    people: People
    administrators: Administrators
    deliveries: Deliveries

    def __init__(
        self,
        seed: int,
        *,
        switches: Switches | None = None,
        plan: dict[int, str] | None = None,
        administered: bool = False,
    ) -> None:
        self.seed, self.random = seed, Random(seed)
        self.switches = switches or draw(self.random)
        self.plan = plan or {}
        self.administered = administered
        """Whether the hub's administrators act too, by a chance of their own: without them a seed stays the same."""
        self.struck: set[int] = set()
        """The points at which what was planned really happened."""
        self.truth = Truth()
        self.points, self.depth, self.figures = 0, 0, Counter[str]()
        self.wrong_by = 0
        """Seconds by which the hub's clock is off."""
        self.dead: type[Crash] | None = None
        """How the worker that runs now was ended: nothing it still tries comes through."""
        self.commits: deque[Backup] = deque(maxlen=4)
        """The database after each of its last commits, where some may be lost."""
        self.late: list[Late] = []
        self.flights: dict[int, datetime] = {}
        """Until when the requests under way may land, by the depth of their worker."""
        self.heard: dict[int, Heard] = {}
        """What every worker was told and has not committed yet, by its depth."""
        self.calling: dict[int, Call] = {}
        """The call that each worker is in, by its depth: others may have made theirs meanwhile."""
        self.trace: list[str] = []
        self.violations: list[str] = []
        self.attempts: set[str] = set()
        self.hidden: dict[tuple[str, str, str], datetime] = {}
        """When a record was last left out of an answer."""
        self.copies: dict[tuple[str, str, str], tuple[Record, datetime]] = {}
        """What a copy still says of a record that the hub has written to, and until when at most."""

    def violate(self, what: str) -> None:
        self.violations.append(what)
        self.note(f"VIOLATION {what}")

    # Time

    def now(self) -> datetime:
        """What the hub's own clock says."""
        self.alive()
        return self.world.clock.now() + timedelta(seconds=self.wrong_by)

    def jump(self) -> None:
        """Somebody sets the hub's clock. Forward only where no request is under way: its time would be cut short."""
        seconds = self.random.choice((-3600, -90, 0))
        if seconds <= self.wrong_by or not (self.flights or self.late):
            self.figures["clock jumps"] += 1
            self.note(f"the hub's clock is off by {seconds} s")
            self.wrong_by = seconds

    def go_on(self) -> bool:
        return not (self.switches.nested and self.random.random() < self.switches.nested)

    def pass_time(self, seconds: float) -> None:
        """The clock moves on, no further than requests under way allow; late ones land in their time."""
        self.alive()
        clock = self.world.clock
        limit = min([clock.time + timedelta(seconds=seconds), *self.flights.values()])
        for late in sorted(self.late, key=lambda it: it.at):
            if late.at <= limit:
                clock.time = max(clock.time, late.at)
                self.land(late)
        clock.time = max(clock.time, limit)

    def land(self, late: Late) -> None:
        self.late.remove(late)
        kept, self.truth.pending = self.truth.pending, []
        for operation in late.operations:
            late.system.apply(late.entity, operation)
        self.truth.pending = kept
        self.note(f"late landing in {late.system.name}")

    # What may happen at a point

    def alive(self) -> None:
        if self.dead:
            raise self.dead

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Nothing comes between: it is done in one go, by nobody's worker."""
        switches, self.switches = self.switches, calm(self.switches)
        pending, self.truth.pending = self.truth.pending, []
        try:
            yield
        finally:
            self.switches, self.truth.pending = switches, pending

    def note(self, what: str) -> None:
        self.trace.append(f"{self.depth}:{what}")

    def chance(self, rate: float) -> bool:
        return bool(rate) and self.random.random() < rate

    def point(self, name: str, *, is_open: bool) -> None:
        """One place at which the world may move or end. `is_open`: another worker may run here."""
        self.alive()
        self.points += 1
        self.note(f"#{self.points} {name}")
        if self.points > MOST_POINTS:
            raise Endless
        if is_open:
            self._others(name)
        if self.is_planned("crash") or self.chance(self.switches.crash):
            self.crash(Crash)
        if self.commits and self.chance(self.switches.failover) and self.figures["failovers"] < MOST_LOSSES:
            self.crash(Lost)
        if name in COMMITS:
            self._database()
        if name == "commit after":
            self.truth.keep(self.heard.pop(self.depth, Heard()))
        if name in COMMITTED and self.switches.failover:
            self.commits.append(self.backup())

    def is_planned(self, what: str) -> bool:
        """Whether the plan wants this here: then it happens."""
        if self.plan.get(self.points) != what:
            return False
        self.struck.add(self.points)
        return True

    def _others(self, name: str) -> None:
        if self.chance(self.switches.people):
            self.note(self.people.act())
        if self.administrators.happen_by(self.administrators.rate):
            self.note(self.administrators.act())
        self.deliveries.arrive()
        if self.chance(self.switches.jumps):
            self.jump()
        if not self.flights and (self.is_planned("stall") or self.chance(self.switches.stall)):
            self.note("stall")
            self.pass_time(LEASE.total_seconds() * 1.2)
            self.another_worker()
        elif self.chance(self.switches.nested):
            self.another_worker()

    def _database(self) -> None:
        if self.is_planned("database") or self.chance(self.switches.database):
            self.figures["database failures"] += 1
            self.note("database failure")
            raise Broken("The disk is full.")

    def crash(self, how: type[Crash]) -> None:
        self.figures["crashes" if how is Crash else "failovers"] += 1
        self.note(how.__name__.lower())
        database.lose_uncommitted()
        self.dead = how
        raise how

    def another_worker(self) -> None:
        if self.depth >= 2:
            return
        kept, self.truth.pending = self.truth.pending, []
        self.depth += 1
        try:
            self.worker(self.some_job)
        finally:
            self.depth -= 1
            self.truth.pending = kept

    def worker(self, job: Callable[[], None]) -> None:
        """One process of the hub: what ends it ends nothing else, unless the database went away under all of them."""
        try:
            job()
        except Lost:
            if self.depth:
                raise
            self.begin_anew()
            self.flights.clear()
            self.heard.clear()
            for late in sorted(self.late, key=lambda it: it.at):
                self.land(late)  # while the copy took over
            # Nobody needs to tell a hub that can ask what is new.
            self.come_back(self.random.choice(self.commits), told=not self.switches.changed_since)
        except Crash:
            self.begin_anew()
            self.flights.pop(self.depth, None)
            self.heard.pop(self.depth, None)
        except Broken:
            database.lose_uncommitted()

    def begin_anew(self) -> None:
        self.dead = None
        database.lose_uncommitted()
        self.note("a new worker")

    def backup(self) -> Backup:
        return Backup(state=database.dump(), seq=self.truth.seq)

    def come_back(self, backup: Backup, *, told: bool = True) -> None:
        """The database as it once was. `told`: somebody says so to the hub."""
        raise NotImplementedError

    def some_job(self) -> None:
        self.random.choice((self.tick, self.sweep, self.go_on_with_one))()

    def tick(self) -> None:
        open_due_runs(self.now())
        self.sweep()

    def sweep(self) -> None:
        for pk in sweep(self.now()):
            self.advance(pk)

    def go_on_with_one(self) -> None:
        open_ones = list(Run.objects.filter(state__in=OPEN_RUNS).order_by("pk").values_list("pk", flat=True))
        if open_ones:
            self.advance(self.random.choice(open_ones))

    def advance(self, pk: int) -> None:
        run = Run.objects.get(pk=pk)
        progress = advance(run, self.world.means)
        self.note(f"advanced {pk}: {'held elsewhere' if progress is None else progress.run.state}")

    # Calls

    def faults_of(self, system: MemorySystem) -> Callable[[str, str], None]:
        return lambda call, phase: self.at_call(system, call, phase)

    def at_call(self, system: MemorySystem, call: str, phase: str) -> None:
        self.alive()
        if phase == "before":
            self.calling[self.depth] = system.calls[-1]
            self.begin_call(system.calls[-1])
        made = self.calling[self.depth]
        pending, self.truth.pending = self.truth.pending, []
        self.point(f"{system.name} {call} {phase}", is_open=True)
        self.fail(system, made, phase)
        self.truth.pending = pending
        if phase == "after":
            self.flights.pop(self.depth, None)
            self.truth.arrived(pending)
            heard = self.heard.setdefault(self.depth, Heard())
            heard.told += pending
            heard.tokens |= {operation.token for operation in made.operations}
            self.truth.pending = []

    def begin_call(self, made: Call) -> None:
        self.truth.pending = []
        self.truth.begin()
        self.figures["calls"] += 1
        if connections["default"].in_atomic_block:
            self.violate(f"a remote call inside a transaction: {made.name}")
        if made.operations:
            self.flights[self.depth] = self.world.clock.time + IN_FLIGHT
        for operation in made.operations:
            self.truth.sent[operation.token] = self.truth.tick()
            self.truth.asked[operation.token] = dict(operation.values)
            self.check_sending(operation)

    def check_sending(self, operation: Operation) -> None:
        """Write-ahead and one writer per link, as the database has committed it at the moment of the call."""
        row = database.raw().execute(
            "SELECT i.epoch, l.epoch, l.lease_until FROM sync_intent i JOIN sync_link l ON l.id = i.link_id "
            "WHERE i.token = ? AND i.state = 'recorded'",
            (operation.token,),
        ).fetchone()  # fmt: skip
        if row is None:
            self.violate(f"write without a committed intent: {operation}")
        elif row[0] != row[1] or row[2] is None:
            self.violate(f"write by a worker that no longer holds its link: {operation}")
        if operation.token in self.attempts:
            self.violate(f"an attempt was sent twice: {operation}")
        self.attempts.add(operation.token)

    def overlooks(self, system: MemorySystem, entity: str, key: str) -> bool:
        """Whether an answer leaves this record out. One that is not listed among changes would simply be lost."""
        call, row, now = system.calls[-1], (system.name, entity, key), self.world.clock.time
        complete = call.name.startswith("read ") or (call.name.startswith("list ") and call.since is None)
        if not complete or self.hidden.get(row, now - SEEN_AGAIN) > now - SEEN_AGAIN:
            return False
        if not self.chance(self.switches.hidden):
            return False
        self.hidden[row] = now
        self.figures["left out"] += 1
        self.note(f"{system.name} {entity} {key} is left out")
        return True

    def copy(self, system: MemorySystem, entity: str, record: Record | None) -> None:
        if record is not None and self.switches.lag:
            until = self.world.clock.time + LAG
            self.copies[system.name, entity, record.key] = record, until

    def behind(self, system: MemorySystem, entity: str, key: str) -> Record | None:
        """What an answer says of a record where it lags behind the hub's own write: never again once it has not."""
        row, call = (system.name, entity, key), system.calls[-1]
        if row not in self.copies or call.operations:
            return None
        copy, until = self.copies[row]
        last = next(it for it in reversed(self.truth.events) if it.row == row)
        if last.by_hub and self.world.clock.time < until and self.chance(self.switches.lag):
            self.figures["answers from behind"] += 1
            self.note(f"{system.name} {entity} {key} as it was")
            return copy
        del self.copies[row]
        return None

    def fail(self, system: MemorySystem, made: Call, phase: str) -> None:
        found, writes = self.switches, bool(made.operations)
        if phase == "before":
            self._fail_before(system, made)
        elif self.is_planned("after") or self.chance(found.landed if writes else found.unavailable):
            self.give_up(Unknown("The connection was lost.") if writes else Unavailable("It is away."))

    def _fail_before(self, system: MemorySystem, made: Call) -> None:
        if self.is_planned("before") or self.chance(self.switches.unavailable):
            self.give_up(Unavailable("It is away.", retry_after=self.random.choice((None, 20.0))))
        if made.operations and (self.is_planned("unknown") or self.chance(self.switches.unknown)):
            self.give_up(Unknown("The connection was lost."))
        if made.operations and (self.is_planned("late") or self.chance(self.switches.late)):
            self.send_late(system, made)

    def send_late(self, system: MemorySystem, made: Call) -> None:
        delay = timedelta(seconds=self.random.uniform(1, 90))
        at = min(self.world.clock.time + delay, self.flights[self.depth])
        self.late.append(Late(at=at, system=system, entity=made.entity, operations=made.operations))
        self.figures["late landings"] += 1
        self.give_up(Unknown("The connection was lost while the request was under way."))

    def give_up(self, error: Exception) -> None:
        """The call fails; every third time its system quotes what it was given to let the hub in."""
        self.flights.pop(self.depth, None)
        self.figures["failed calls"] += 1
        if self.figures["failed calls"] % 3 == 1:
            error.args = (f"{error} The login with {MARK} failed.",)
        self.note(type(error).__name__)
        raise error
