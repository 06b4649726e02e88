"""One stage for every scenario: an ERP and a CRM in memory, their pairs, and a clock that only tests move."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from django.db import connection

from sync.connectors.base import Capabilities
from sync.connectors.memory_rows import MemoryEntity
from sync.connectors.memory_system import MemorySystem
from sync.core.records import Property, Value
from sync.core.vocabulary import DataType
from sync.engine.ports import Ports
from sync.engine.runner import advance
from sync.engine.schedule import open_run
from sync.engine.slice import Means
from sync.models.links import Conflict, Intent, Link
from sync.models.pairs import EntityPair, FieldMapping, MatchRule
from sync.models.runs import Change, Run, RunState
from sync.models.systems import System

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)

ERP = Capabilities(
    changed_since=True, bulk_read=100, bulk_write=100, conditional=True, idempotent=True, removes=True,
    names_editor=True, resolution=0.001,
)  # fmt: skip
CRM = Capabilities(
    changed_since=True, bulk_read=150, bulk_write=50, names_editor=True, resolution=1.0,
)  # fmt: skip


def text(path: str, **facts: Any) -> Property:
    return Property(path=path, **facts)


CUSTOMER = (
    text("id", read_only=True), text("name"), text("number"), text("phone"), text("city"), text("zip"),
    text("type"), Property(path="inactive", type=DataType.BOOLEAN), text("reference"),
)  # fmt: skip
ORGANISATION = (
    text("OrgId", read_only=True), text("OrgRef"), text("OrgName", max_length=40), text("OrgNumber"),
    text("OrgPhone"), text("OrgCity"), text("OrgZip"), text("OrgStatus"),
)  # fmt: skip
CONTACT = (text("id", read_only=True), text("customer.id"), text("last"), text("mail"), text("reference"))
PERSON = (
    text("PersonId", read_only=True), text("PersonOrgId"), text("PersonLast"),
    text("PersonMail"), text("PersonRef"), text("PersonStatus"),
)  # fmt: skip


class Clock:
    """Time that stands still until a test moves it; every look moves it by a breath."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> datetime:
        self.time += timedelta(milliseconds=1)
        return self.time

    def pass_(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@dataclass(kw_only=True)
class World:
    """Two systems that keep the truth, and the hub between them."""

    clock: Clock
    erp: MemorySystem
    crm: MemorySystem
    means: Means
    pairs: dict[str, EntityPair] = field(default_factory=dict)

    @property
    def customers(self) -> EntityPair:
        return self.pairs["customers"]

    @property
    def contacts(self) -> EntityPair:
        return self.pairs["contacts"]

    def run(self, name: str = "customers", *, full: bool = False, writes: bool = True) -> Run:
        """One whole run of a pair, slice after slice. The clock passes a minute before it."""
        self.clock.pass_(60)
        pair = EntityPair.objects.get(name=name)
        run, _ = open_run(pair, trigger="command", now=self.clock.now(), by="test", full=full, writes=writes)
        while run.state in (RunState.QUEUED, RunState.RUNNING):
            progress = advance(run, self.means)
            assert progress is not None, "somebody else holds the run"
            run = Run.objects.get(pk=run.pk)
            if progress.resume_at:
                self.clock.time = max(self.clock.time, progress.resume_at)
        return run

    def settle(self, rounds: int = 6) -> None:
        """Run every pair until nothing is written any more."""
        for _ in range(rounds):
            before = len(self.erp.writes) + len(self.crm.writes)
            for name in self.pairs:
                run = self.run(name)
                assert run.state == RunState.DONE, run.problem
            if len(self.erp.writes) + len(self.crm.writes) == before:
                return
        raise AssertionError(f"still writing after {rounds} rounds")

    def customer(self, **values: Value) -> str:
        key = f"cus_{len(self.erp.entity('customers').stored) + len(self.erp.entity('customers').graves) + 1}"
        full: dict[str, Value] = dict.fromkeys((p.path for p in CUSTOMER), None)
        return self.erp.create(
            "customers", {**full, "type": "company", "inactive": False, "id": key, **values}, key=key
        )

    def organisation(self, **values: Value) -> str:
        key = str(len(self.crm.entity("orgs").stored) + len(self.crm.entity("orgs").graves) + 1)
        full: dict[str, Value] = dict.fromkeys((p.path for p in ORGANISATION), "")
        return self.crm.create("orgs", {**full, "OrgId": key, **values}, key=key)

    def contact(self, customer: str, **values: Value) -> str:
        key = f"con_{len(self.erp.entity('contacts').stored) + 1}"
        full: dict[str, Value] = dict.fromkeys((p.path for p in CONTACT), None)
        return self.erp.create("contacts", {**full, "id": key, "customer.id": customer, **values}, key=key)

    def person(self, organisation: str, **values: Value) -> str:
        key = str(len(self.crm.entity("persons").stored) + 1)
        full: dict[str, Value] = dict.fromkeys((p.path for p in PERSON), "")
        return self.crm.create(
            "persons", {**full, "PersonId": key, "PersonOrgId": organisation, **values}, key=key
        )

    def link(self, **keys: str) -> Link:
        return Link.objects.current().get(**keys)

    def of_customer(self, key: str) -> dict[str, Value]:
        """What webCRM holds of an ERP customer's counterpart."""
        values = self.crm.values("orgs", self.link(pair=self.customers, erp_key=key).crm_key or "")
        assert values is not None, f"{key} has no counterpart"
        return values

    def map(self, erp: str, crm: str, pair: str = "customers", **facts: Any) -> FieldMapping:
        position = FieldMapping.objects.count()
        return FieldMapping.objects.create(
            pair=self.pairs[pair], erp_property=erp, crm_property=crm, position=position, **facts
        )

    def conflicts(self) -> list[Conflict]:
        return list(Conflict.objects.filter(state="open"))

    def changes(self) -> list[Change]:
        return list(Change.objects.order_by("id"))


def make_world(*, erp: Capabilities = ERP, crm: Capabilities = CRM) -> World:
    """The usual stage: customers ↔ orgs and contacts ↔ persons, live, nothing in them."""
    clock = Clock()
    tokens = (f"token-{number}" for number in count(1))
    world = World(
        clock=clock,
        erp=_system("erp", {"customers": CUSTOMER, "contacts": CONTACT}, erp, clock),
        crm=_system("crm", {"orgs": ORGANISATION, "persons": PERSON}, crm, clock),
        means=Means(ports=_ports(clock, tokens), hosts=(), slice=timedelta(hours=1)),
    )
    systems = [System.objects.create(name=n, kind="memory", address=f"memory://{n}") for n in ("erp", "crm")]
    world.pairs["customers"] = _customers(*systems)
    world.pairs["contacts"] = _contacts(*systems, world.pairs["customers"])
    return world


def _ports(clock: Clock, tokens: Iterator[str]) -> Ports:
    depth = len(connection.savepoint_ids)
    return Ports(
        now=clock.now,
        token=lambda: next(tokens),
        sleep=clock.pass_,
        in_transaction=lambda: len(connection.savepoint_ids) > depth,
    )


def _system(
    name: str, entities: Mapping[str, Sequence[Property]], capabilities: Capabilities, clock: Clock
) -> MemorySystem:
    rooms = {
        entity: MemoryEntity(properties=tuple(properties), capabilities=capabilities)
        for entity, properties in entities.items()
    }
    return MemorySystem(name, rooms, clock=clock.now)


def _customers(erp: System, crm: System) -> EntityPair:
    pair = EntityPair.objects.create(
        name="customers", position=1, erp_system=erp, erp_entity="customers", crm_system=crm, crm_entity="orgs",
        mode="live", erp_label="name", crm_label="OrgName", creates_in_erp=True,
        inactive={"erp": {"inactive": True}, "crm": {"OrgStatus": "Inactive"}},
        scope={"erp": [{"path": "type", "operator": "in", "values": ["company"]}]},
    )  # fmt: skip
    for position, row in enumerate(
        (
            {"erp_property": "id", "crm_property": "OrgRef", "direction": "to_crm"},
            {
                "erp_property": "reference",
                "crm_property": "OrgId",
                "direction": "to_erp",
                "only_on_create": True,
            },
            {"erp_property": "name", "crm_property": "OrgName", "transforms": "trim | cut"},
            {"erp_property": "number", "crm_property": "OrgNumber", "transforms": "digits", "policy": "erp"},
            {"erp_property": "phone", "crm_property": "OrgPhone", "transforms": "phone"},
            {"erp_property": "city", "crm_property": "OrgCity", "group": "address"},
            {"erp_property": "zip", "crm_property": "OrgZip", "group": "address"},
        )
    ):
        FieldMapping.objects.create(pair=pair, position=position, **row)
    MatchRule.objects.create(pair=pair, position=1, by="id", reference=True)
    MatchRule.objects.create(pair=pair, position=2, by="reference", reference=True)
    MatchRule.objects.create(pair=pair, position=3, by="number")
    return pair


def _contacts(erp: System, crm: System, customers: EntityPair) -> EntityPair:
    pair = EntityPair.objects.create(
        name="contacts", position=2, erp_system=erp, erp_entity="contacts", crm_system=crm, crm_entity="persons",
        mode="live", erp_label="last", crm_label="PersonLast", parent=customers,
        erp_parent_property="customer.id", crm_parent_property="PersonOrgId",
        inactive={"crm": {"PersonStatus": "Resigned"}},
    )  # fmt: skip
    for position, row in enumerate(
        (
            {"erp_property": "id", "crm_property": "PersonRef", "direction": "to_crm"},
            {"erp_property": "customer.id", "crm_property": "PersonOrgId", "direction": "to_crm",
             "transforms": "ref(customers)", "only_on_create": True},
            {"erp_property": "last", "crm_property": "PersonLast"},
            {"erp_property": "mail", "crm_property": "PersonMail", "transforms": "trim | lower"},
        )
    ):  # fmt: skip
        FieldMapping.objects.create(pair=pair, position=position, **row)
    MatchRule.objects.create(pair=pair, position=1, by="id", reference=True)
    MatchRule.objects.create(pair=pair, position=2, by="mail", within_parent=True)
    return pair


def at_the_first_write(world: World, act: Callable[[], object]) -> None:
    """Something happens right before the first write to webCRM is made."""
    left = [act]

    def fault(call: str, phase: str) -> None:
        if (call, phase) == ("write orgs", "before") and left:
            left.pop()()

    world.crm.faults = fault


class Killed(BaseException):
    """A worker is no more: nothing of it runs on."""


def die_before_confirming(world: World) -> None:
    """A run whose worker ends when it would read back what webCRM has acknowledged."""

    def die(call: str, _phase: str) -> None:
        if call == "list orgs" and Intent.objects.filter(state="acknowledged").exists():
            raise Killed

    world.crm.faults = die
    with suppress(Killed):
        world.run()
        raise AssertionError("Nothing was acknowledged.")
    world.crm.faults = lambda _call, _phase: None


@contextmanager
def failing(system: MemorySystem, name: str, phase: str, error: Exception, times: int = 1) -> Iterator[None]:
    """The next calls of that name fail: `before` they took effect or `after`."""
    left = [times]

    def fault(call: str, when: str) -> None:
        if call == name and when == phase and left[0]:
            left[0] -= 1
            raise error

    system.faults = fault
    yield
    system.faults = lambda _call, _when: None
