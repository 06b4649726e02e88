"""Answers that are odd, and given: one record's stop nobody else, and what became of it is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from sync.connectors.base import (
    ConnectorError,
    Gone,
    NotNow,
    Operation,
    OperationKind,
    Refused,
    Result,
    Stale,
    Unknown,
)
from sync.connectors.memory import MemoryConnector
from sync.connectors.memory_system import MemorySystem
from sync.core.records import Record
from sync.models.links import Link
from sync.models.runs import RunState
from tests.world import World, failing


class Endless(BaseException):
    """The hub writes the same again and again."""


def answers_always(system: MemorySystem, key: str, error: Callable[[], ConnectorError]) -> Counter[str]:
    """Every write to this record is answered so. How often one was tried."""
    apply, tried = system.apply, Counter[str]()

    def odd(entity: str, operation: Operation, **facts: Any) -> Result:
        if operation.key != key:
            return apply(entity, operation, **facts)
        tried[key] += 1
        if tried[key] > 20:
            raise Endless
        return Result(key=key, error=error())

    system.apply = odd  # type: ignore[method-assign]
    return tried


@pytest.mark.parametrize(
    "error",
    [
        lambda: Stale("It has moved."),
        lambda: Gone("It is not there."),
        lambda: NotNow("An error has occurred."),
    ],
    ids=["stale", "gone", "not now"],
)
def test_a_write_that_is_never_taken_does_not_keep_its_run_for_ever(
    world: World, error: Callable[[], ConnectorError]
) -> None:
    """A version that never fits; a record that may be read and is not there to be written; one that fails for reasons
    of its system's own, while others do not.
    """
    odd, sound = world.customer(name="Akkurat AS"), world.customer(name="Annen AS")
    world.settle()
    tried = answers_always(world.erp, odd, error)
    for key in (odd, sound):
        world.crm.edit("orgs", world.link(erp_key=key).crm_key or "", {"OrgPhone": "99 99 99 99"})
    run = world.run()
    assert (run.state, run.counts) == (RunState.DONE, {"waiting": 1, "written": 1})
    assert tried[odd] < 10
    assert str(error()) in world.link(erp_key=odd).problem
    assert (world.erp.values("customers", sound) or {})["phone"] == "99 99 99 99"


@pytest.mark.parametrize("verb", ["read", "find"])
def test_a_record_that_cannot_be_looked_for_stops_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """The outcome of its write stays unknown, and the others go on."""
    odd, sound = world.customer(name="Akkurat AS"), world.customer(name="Annen AS")
    if verb == "read":
        world.settle()
    for key in (odd, sound):
        world.erp.edit("customers", key, {"city": "Bergen"})
    with failing(world.crm, "write orgs", "before", Unknown("The connection was lost.")):
        world.run()
    not_to_be_asked_for = {world.link(erp_key=odd).crm_key or odd}
    ask = getattr(MemoryConnector, verb)

    def asked(connector: MemoryConnector, entity: str, *names: Any, **facts: Any) -> object:
        if not_to_be_asked_for & set(names[-1]):
            raise Refused("It may not be read.")
        return ask(connector, entity, *names, **facts)

    monkeypatch.setattr(MemoryConnector, verb, asked)
    world.clock.pass_(300)
    assert world.run().state == RunState.DONE
    assert world.of_customer(sound)["OrgCity"] == "Bergen"
    assert "cannot be looked for: crm: It may not be read." in world.link(erp_key=odd).problem
    monkeypatch.undo()
    world.clock.pass_(4000)
    world.settle()
    assert world.of_customer(odd)["OrgCity"] == "Bergen"


@pytest.mark.parametrize("lost", [False, True], ids=["answered", "unseen"])
def test_a_create_that_gives_a_record_somebody_has_already_takes_it_from_nobody(
    world: World, lost: bool
) -> None:
    """Systems that know a record again, by its number or its name, update that one and say it was made."""
    first = world.customer(name="Akkurat AS")
    world.settle()
    org = world.link(erp_key=first).crm_key or ""
    apply = world.crm.apply

    def know_it_again(entity: str, operation: Operation, **facts: Any) -> Result:
        if operation.kind is not OperationKind.CREATE:
            return apply(entity, operation, **facts)
        world.crm.edit("orgs", org, {"OrgRef": operation.values["OrgRef"]}, by="hub")
        return Result(key=org, error=Unknown("The connection was lost.") if lost else None)

    world.crm.apply = know_it_again  # type: ignore[method-assign]
    second = world.customer(name="Annen AS")
    world.run()
    world.clock.pass_(300)
    if lost:
        Link.objects.filter(erp_key=first).update(state="paused")  # else its reference is set right at once
    world.run()
    assert world.link(erp_key=first).crm_key == org
    assert world.link(erp_key=second).crm_key is None
    assert "counterpart of 'Akkurat AS' already" in world.link(erp_key=second).problem


def test_a_record_whose_version_no_list_tells_is_read_before_it_is_written(world: World) -> None:
    """An ETag in the header is told of one record at a time. Without it the write is as unprotected as any."""
    world.customers.mappings.filter(erp_property="phone").update(policy="ask")
    key = world.customer(name="Akkurat AS", phone="22 00 00 00")
    world.settle()
    record = world.erp.record

    def listed(*asked: Any) -> Record | None:
        found = record(*asked)
        is_list = world.erp.calls[-1].name.startswith("list")
        return replace(found, version=None) if found and is_list else found

    world.erp.record = listed  # type: ignore[method-assign]
    world.run(full=True)
    world.crm.edit("orgs", world.link(erp_key=key).crm_key or "", {"OrgPhone": "99 99 99 99"})

    def edit_behind_the_poll(call: str, phase: str) -> None:
        if (call, phase) == ("list orgs", "after") and next(coming, False):
            world.erp.edit("customers", key, {"phone": "11 11 11 11"})

    coming = iter([True])
    world.crm.faults = edit_behind_the_poll
    world.run()
    assert (world.erp.values("customers", key) or {})["phone"] == "11 11 11 11"
    (conflict,) = world.conflicts()
    assert conflict.crm_values == {"OrgPhone": "99 99 99 99"}


def test_a_reference_that_its_system_spells_its_own_way_is_found_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """webCRM looks texts up whatever their case: what it finds so is the record that was made, and no second one is."""
    world.crm.entity("orgs").habits["OrgRef"] = lambda value: str(value).upper() if value else value

    def find(
        self: MemoryConnector, entity: str, path: str, values: Sequence[str], *, paths: Sequence[str] = ()
    ) -> list[Record]:
        records = self.read(entity, self.system.keys(entity), paths=paths).values()
        wanted = {value.casefold() for value in values}
        return [record for record in records if str(record.values.get(path)).casefold() in wanted]

    monkeypatch.setattr(MemoryConnector, "find", find)
    key = world.customer(name="Akkurat AS")
    with failing(world.crm, "write orgs", "after", Unknown("The connection was lost.")):
        world.run()
    world.clock.pass_(300)
    world.settle()
    assert world.crm.keys("orgs") == [world.link(erp_key=key).crm_key]
