"""One seed: the shipped engine on one thread, in a world where at every call and every commit something may happen."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count

from sync.connectors.base import Operation, OperationKind
from sync.connectors.base import Result as WriteResult
from sync.connectors.memory_system import MemorySystem
from sync.core.records import Record
from sync.engine.ports import Ports
from sync.engine.runner import advance
from sync.engine.schedule import open_run
from sync.engine.slice import LEASE, Means
from sync.models.links import OPEN_INTENTS, Intent, Link
from sync.models.pairs import EntityPair, FieldMapping, Mode
from sync.models.runs import OPEN_RUNS, Run, RunState
from tests.simulation import database
from tests.simulation.administrators import Administrators
from tests.simulation.deliveries import Deliveries
from tests.simulation.oracles import judge
from tests.simulation.people import People
from tests.simulation.scheduler import Backup, Broken, Endless, Scheduler
from tests.simulation.secrets import Overheard, enter_secrets, overheard
from tests.simulation.switches import HABITS, Switches, calm, crm_capabilities, erp_capabilities
from tests.simulation.witness import Witness
from tests.world import make_world

DEFECT = "a defect:"
"""How a violation begins that the engine itself admits."""
BETWEEN = 0.25
"""How often an administrator acts between two steps."""
ROUNDS = 12
"""So many passes at most until nothing is written any more."""


@dataclass(frozen=True, kw_only=True)
class Result:
    seed: int
    switches: Switches
    figures: dict[str, int]
    violations: list[str]
    trace: list[str] = field(repr=False)

    @property
    def hash(self) -> str:
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()


class Simulation(Scheduler):
    """A world from its first record until it has come to rest."""

    def set_up(self) -> None:
        self.drawn = self.switches
        self.witness = Witness()
        self.overheard = Overheard()
        self.backups: list[Backup] = []
        self.restored: list[range] = []
        """What the hub remembers nothing of, in the order of things: from a backup to its restoration."""
        self.world = make_world(erp=erp_capabilities(self.switches), crm=crm_capabilities(self.switches))
        tokens = (f"token-{number}" for number in count(1))
        ports = Ports(now=self.now, token=lambda: next(tokens), sleep=self.pass_time)
        self.world.means = Means(ports=ports, hosts=(), slice=timedelta(seconds=25), go_on=self.go_on)
        enter_secrets()
        for system in (self.world.erp, self.world.crm):
            self.truth.watch(system)
            self._distort(system)
            system.faults = self.faults_of(system)
        self._habits()
        self._clocks()
        self._rules()
        self.people = People(self.world, self.truth, self.random, self.switches)
        self.deliveries = Deliveries(self)
        self.administrators = Administrators(self, busy=self.administered)

    def _distort(self, system: MemorySystem) -> None:
        """Answers leave records out, and come from copies that lag behind the hub's own writes."""
        plain, apply = system.record, system.apply

        def record(entity: str, key: str, paths: Sequence[str] = ()) -> Record | None:
            if self.overlooks(system, entity, key):
                return None
            copy = self.behind(system, entity, key)
            if copy is None:
                return plain(entity, key, paths)
            values = {path: copy.values[path] for path in paths or copy.values if path in copy.values}
            told = replace(copy, values=values)
            self.truth.tell(system.name, entity, told)
            return told

        def applied(entity: str, operation: Operation, **hand: str) -> WriteResult:
            kept, self.truth.pending = self.truth.pending, []
            self.copy(system, entity, plain(entity, operation.key or ""))
            self.truth.pending = kept
            return apply(entity, operation, **hand)

        system.record = record  # type: ignore[method-assign]
        system.apply = applied  # type: ignore[method-assign]

    def _habits(self) -> None:
        for name in self.switches.habits:
            side, entity, path, habit = HABITS[name]
            self.system(side).entity(entity).habits[path] = habit
        for system in (self.world.erp, self.world.crm):
            for entity in system.entities.values():
                entity.page_size = self.switches.page_size
                entity.answers_record = self.switches.answers_record
                entity.pages_by_offset = self.switches.pages_by_offset

    def _clocks(self) -> None:
        ahead = timedelta(seconds=self.switches.skew)
        self.world.crm.clock = lambda: self.world.clock.now() + ahead

    def _rules(self) -> None:
        policies = ["newest", "erp", "crm", "ask"]
        for mapping in FieldMapping.objects.filter(direction="both", group="").order_by("pk"):
            mapping.policy = self.random.choice(policies)
            mapping.blank = self.random.choice(["clear", "clear", "keep", "protect"])
            mapping.save()
        removal = self.random.choice(["inactive", "unlink", "ask", "delete"])
        winner = self.random.choice(["erp", "crm"])
        EntityPair.objects.update(on_removal=removal, first_winner=winner)

    def system(self, side: str) -> MemorySystem:
        return self.world.erp if side == "erp" else self.world.crm

    def names(self) -> list[str]:
        """The pairs, parents first."""
        return list(self.world.pairs)

    # A life

    def run(self) -> Result:
        database.load(database.empty())
        self.set_up()
        with database.watched(self.before, self.after, self.alive), self.defects():
            try:
                self.live()
            except Endless:
                self.violate("the hub goes round in circles")
                database.lose_uncommitted()
        judge(self)
        return self.result()

    def live(self) -> None:
        for _ in range(self.switches.steps):
            self.step()
        self.heal()

    def result(self) -> Result:
        self.figures["operations"] = self.people.acts
        self.figures["points"] = self.points
        self.figures["writes"] = sum(event.by_hub for event in self.truth.events)
        return Result(
            seed=self.seed, switches=self.drawn, figures=dict(self.figures), violations=self.violations,
            trace=self.trace,
        )  # fmt: skip

    def before(self, what: str) -> None:
        self.point(f"{what} before", is_open=what != "commit")

    def after(self, what: str) -> None:
        if what == "commit":
            self.witness.committed(self.truth.seq)
        self.point(f"{what} after", is_open=False)

    @contextmanager
    def defects(self) -> Iterator[None]:
        """What the engine itself calls a defect is one, unless it was our own broken database."""
        handler = _Defects(self)
        loggers = [logging.getLogger(f"sync.engine.{name}") for name in ("runner", "settle")]
        for logger in loggers:
            logger.addHandler(handler)
            logger.propagate = False
        try:
            with overheard(*loggers) as self.overheard:
                yield
        finally:
            for logger in loggers:
                logger.removeHandler(handler)
                logger.propagate = True

    def step(self) -> None:
        """One thing after another, each in a world that may already have moved."""
        kinds = [self.some_people] * 5 + [self.some_work] * 5 + [self.some_time] * 3 + [self.some_answers]
        kinds += [self.back_up, self.restore] if self.switches.restores else []
        self.random.choice(kinds)()
        if self.administrators.happen_by(BETWEEN):
            self.note(self.administrators.act())

    def some_people(self) -> None:
        for _ in range(self.random.choice((1, 2, 4))):
            self.note(self.people.act())

    def some_work(self) -> None:
        self.worker(self.random.choice((self.tick, self.tick, self.sweep, self.some_run)))

    def some_run(self) -> None:
        pair = EntityPair.objects.order_by("position")[self.random.randrange(2)]
        full = self.random.random() < 0.3
        run, _ = open_run(pair, trigger="person", by="somebody", now=self.now(), full=full)
        for _ in range(self.random.choice((1, 3))):
            self.advance(run.pk)

    def some_time(self) -> None:
        self.pass_time(self.random.choice((1, 10, 61, 61, 130, 400, 1300)))

    def some_answers(self) -> None:
        self.worker(lambda: self.note(self.people.rule()))
        self.approve()

    def approve(self) -> None:
        self.worker(self._approve)

    def _approve(self) -> None:
        Run.objects.filter(state=RunState.HELD).update(
            state=RunState.QUEUED, approved_by="somebody", approved_at=self.now(), problem=""
        )

    def back_up(self) -> None:
        self.backups = [*self.backups[-2:], self.backup()]
        self.note("backup")

    def restore(self) -> None:
        if self.backups:
            self.figures["restores"] += 1
            self.come_back(self.random.choice(self.backups))

    def come_back(self, backup: Backup, *, told: bool = True) -> None:
        """The database as it once was. Where the hub is told, its pairs observe until a person has seen their plans."""
        self.witness.look()
        database.load(backup.state)
        self.witness.committed(self.truth.seq)
        self.commits.clear()
        self.restored.append(range(backup.seq, self.truth.tick()))
        self.administrators.forgotten()
        self.note("restore" if told else "fail-over")
        if told:
            self.worker(self._observe_again)

    def _observe_again(self) -> None:
        EntityPair.objects.update(mode=Mode.OBSERVE)
        Run.objects.filter(state__in=OPEN_RUNS).update(
            state=RunState.CANCELLED, lease_token="", lease_until=None
        )
        self.pass_time(LEASE.total_seconds())
        for name in self.names():
            self.run_through(name, writes=False)
        self._go_live()

    def _go_live(self) -> None:
        now = self.now()
        for pair in EntityPair.objects.exclude(mode=Mode.LIVE).order_by("position"):
            Link.objects.filter(pair=pair, plan__isnull=False).update(
                due_at=now, reason="planned while observing"
            )
            EntityPair.objects.filter(pk=pair.pk).update(mode=Mode.LIVE)
            self.administrators.goes_on(pair.name, None)

    # The end

    def heal(self) -> None:
        """Nothing goes wrong any more, nobody does anything any more: the world must come to rest."""
        self.switches, self.plan = calm(self.switches), {}
        self.note("heal")
        self.wrong_by = 0
        self.pass_time(2 * LEASE.total_seconds())
        self.administrators.put_right()
        self._go_live()
        self._retry()
        self._rest(full=False)
        seen = len(self.truth.events)
        self._rest(full=True)
        settled = not (self.drawn.removals or self.drawn.merges or self.restored)
        if settled and len(self.truth.events) != seen:
            self.violate("a complete read found what the reads since the cursor had missed")

    def _retry(self) -> None:
        """Somebody asks once more for the links whose workers ended too often."""
        given_up = Link.objects.filter(problem__contains="without a word")
        given_up.update(attempts=0, due_at=self.now(), reread=True, reason="asked for by somebody")

    def _rest(self, *, full: bool) -> None:
        """Passes until one of them writes nothing; what the hub itself calls undone has time for some more."""
        for number in range(1, ROUNDS + 1):
            before, standing = len(self.truth.events), self._standing()
            self.pass_through(full=full)
            self.figures["passes"] += 1
            # The very first pass may only have ended runs that were open.
            quiet = (full or number > 1) and len(self.truth.events) == before
            if quiet and (number > 3 or (self._standing() == standing and not self._is_due())):
                return
        self.violate(f"still writing after {ROUNDS} passes")

    def _standing(self) -> list[tuple[object, ...]]:
        """Where every link stands."""
        return list(
            Link.objects.order_by("pk").values_list(
                "pk", "state", "erp_missing_at", "crm_missing_at", "outcome"
            )
        )

    def _is_due(self) -> bool:
        is_open = Intent.objects.filter(state__in=OPEN_INTENTS).exists()
        return is_open or Link.objects.filter(due_at__isnull=False).exists()

    def pass_through(self, *, full: bool) -> None:
        for name in self.names():
            self._must_be_done(self.run_through(name, full=full))
        self.pass_time(130)

    def observe_through(self, name: str) -> Run:
        """Observe until a plan is complete: where many were really removed, the hub looks again before it makes one."""
        for _ in range(ROUNDS):
            run = self.run_through(name, writes=False)
            if not self._lost_so_many(run):
                break
        self._must_be_done(run)
        return run

    def _must_be_done(self, run: Run) -> None:
        if run.state != RunState.DONE and not self._lost_so_many(run):
            self.violate(f"a run ended as {run.state} in a world at rest: {run.problem}")

    def _lost_so_many(self, run: Run) -> bool:
        """Whether all those were really removed without whom the hub does not trust its eyes."""
        return "a moment ago" in run.problem and any(
            event.written.kind is OperationKind.REMOVE for event in self.truth.events
        )

    def run_through(self, name: str, *, writes: bool = True, full: bool = True) -> Run:
        pair = EntityPair.objects.get(name=name)
        run, _ = open_run(pair, trigger="command", now=self.now(), by="somebody", full=full, writes=writes)
        for _ in range(100):
            run = Run.objects.get(pk=run.pk)
            if run.state == RunState.HELD:
                self._approve()
            elif run.state not in OPEN_RUNS:
                return run
            progress = advance(run, self.world.means)
            if progress is None or progress.resume_at:
                self.pass_time(LEASE.total_seconds() if progress is None else 20)
        return run


class _Defects(logging.Handler):
    def __init__(self, simulation: Simulation) -> None:
        super().__init__()
        self.simulation = simulation

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        why = str(getattr(record, "why", ""))
        if error is not None and not isinstance(error, Broken):
            text = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
            self.simulation.violate(f"{DEFECT} {error!r}\n{text}")
        elif "do not add up" in why:
            self.simulation.violate(why)


def live(seed: int, *, administered: bool = False) -> Result:
    """One life; what happened in it is told only where something was wrong."""
    try:
        result = Simulation(seed, administered=administered).run()
    except Exception as error:
        error.add_note(f"seed {seed}")
        raise
    return result if result.violations else replace(result, trace=[])
