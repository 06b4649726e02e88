"""The system in memory: what it refuses, what it makes of values, and how its faults look from outside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sync.connectors.base import (
    Access,
    Capabilities,
    Gone,
    Misconfigured,
    Refused,
    Stale,
    Unavailable,
    Unknown,
)
from sync.connectors.memory import MemoryConnector, open_memory
from sync.connectors.memory_rows import MemoryEntity
from sync.connectors.memory_system import MemorySystem
from sync.core.records import Property
from tests.connectors.operations import create, remove, update
from tests.connectors.ports import FakeGate, FakeVault

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Ticking:
    """A clock that moves a second at each look."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def made(**entity) -> MemorySystem:
    return MemorySystem("erp", {"customers": MemoryEntity(**entity)}, clock=Ticking())


def test_a_habit_changes_what_is_written_and_what_a_person_types():
    system = made(habits={"name": lambda value: str(value)[:4]})
    system.create("customers", {"name": "Akkurat"}, key="a")
    MemoryConnector(system).write("customers", [update("a", name="Bravida")])
    assert system.values("customers", "a") == {"name": "Brav"}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": "x" * 11}, "name"),
        ({"name": "A", "nobody": 1}, "nobody"),
        ({"name": "A", "stamp": "x"}, "stamp"),
        ({"name": ""}, "name"),
        ({"name": "A", "number": "7"}, "number"),
        ({"name": "A", "country": "XX"}, "country"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_property(values, field):
    system = made(
        properties=(
            Property(path="name", required=True, max_length=10),
            Property(path="number"),
            Property(path="country"),
            Property(path="stamp", read_only=True),
        ),
        unique=("number",),
        refuses={"country": {"XX"}},
    )
    system.create("customers", {"name": "B", "number": "7"})
    (result,) = MemoryConnector(system).write("customers", [create(**values)])
    assert isinstance(result.error, Refused)
    assert list(result.error.fields) == [field]


def test_a_stale_version_is_refused_with_what_stands_there():
    system = made()
    key = system.create("customers", {"name": "A"})
    system.edit("customers", key, {"name": "B"})
    (result,) = MemoryConnector(system).write("customers", [update(key, "1", name="C")])
    assert isinstance(result.error, Stale)
    assert result.error.record.values == {"name": "B"}


def test_a_create_repeated_with_its_token_makes_nothing_twice():
    system = made()
    first, second = MemoryConnector(system).write(
        "customers", [create("t1", name="A"), create("t1", name="A")]
    )
    assert first.key == second.key
    assert system.keys("customers") == [first.key]


def test_without_idempotency_a_repeated_create_makes_two():
    system = made(capabilities=Capabilities())
    MemoryConnector(system).write("customers", [create("t1"), create("t1")])
    assert len(system.keys("customers")) == 2


def test_fixed_properties_cannot_change_after_creation():
    system = made(capabilities=Capabilities(fixed=("parent",)))
    key = system.create("customers", {"parent": "1"})
    (result,) = MemoryConnector(system).write("customers", [update(key, parent="2")])
    assert result.error.fields == {"parent": "cannot change after creation"}


def test_a_merged_record_names_its_survivor():
    system = made()
    old, kept = system.create("customers", {}), system.create("customers", {})
    system.remove("customers", old, merged_into=kept)
    (result,) = MemoryConnector(system).write("customers", [update(old, name="A")])
    assert isinstance(result.error, Gone)
    assert result.error.merged_into == kept


def test_a_fault_after_the_write_leaves_it_done_and_unknown():
    def lost(call: str, phase: str) -> None:
        if call == "write customers" and phase == "after":
            raise Unavailable("the line went dead")

    system = made()
    system.faults = lost
    (result,) = MemoryConnector(system).write("customers", [create(name="A")])
    assert isinstance(result.error, Unknown)
    assert len(system.keys("customers")) == 1


def test_a_fault_between_rows_leaves_the_rest_undone_and_all_unknown():
    def half(call: str, phase: str) -> None:
        if phase == "between":
            raise Unknown("cut in the middle")

    system = made()
    system.faults = half
    results = MemoryConnector(system).write("customers", [create("a"), create("b")])
    assert [type(result.error) for result in results] == [Unknown, Unknown]
    assert len(system.keys("customers")) == 1


def test_a_fault_before_the_write_lets_nothing_happen_and_can_land_later():
    def never(call: str, phase: str) -> None:
        raise Unknown("timed out")

    system = made()
    system.faults = never
    (result,) = MemoryConnector(system).write("customers", [create(name="A")])
    assert isinstance(result.error, Unknown)
    assert system.keys("customers") == []
    late = system.calls[-1]
    system.apply(late.entity, late.operations[0])
    assert len(system.keys("customers")) == 1


def test_the_write_log_is_the_truth_about_everybody():
    system = made()
    key = system.create("customers", {"name": "A"})
    MemoryConnector(system).write("customers", [update(key, name="B"), remove(key)])
    assert [(w.kind, w.by, dict(w.before), dict(w.after)) for w in system.writes] == [
        ("create", "person", {}, {"name": "A"}),
        ("update", "hub", {"name": "A"}, {"name": "B"}),
        ("remove", "hub", {"name": "B"}, {}),
    ]


def test_pages_by_position_skip_nothing_when_a_row_moves():
    system = made(page_size=2)
    keys = [system.create("customers", {"n": n}) for n in range(4)]
    connector = MemoryConnector(system)
    first = connector.list("customers")
    system.edit("customers", keys[0], {"n": 9})
    seen = {r.key for r in first.records}
    page = first.next
    while page:
        answer = connector.list("customers", page=page)
        seen |= {r.key for r in answer.records}
        page = answer.next
    assert seen == set(keys)


def test_writes_are_cut_into_calls_of_the_declared_size():
    system = made(capabilities=Capabilities(bulk_write=2))
    gate = FakeGate()
    MemoryConnector(system, gate).write("customers", [create(str(n)) for n in range(5)])
    assert gate.calls == ["write customers"] * 3


def test_a_system_is_opened_by_its_address():
    system = made()
    connector = open_memory(Access(address="memory://erp", gate=FakeGate(), vault=FakeVault()))
    assert connector.system is system


def test_an_unknown_address_says_what_to_do():
    with pytest.raises(Misconfigured, match="make one with that name"):
        open_memory(Access(address="memory://nobody", gate=FakeGate(), vault=FakeVault()))
