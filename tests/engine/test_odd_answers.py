"""Answers that are odd, and given: one record's stop nobody else, and what became of it is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from sync.connectors.base import ConnectorError, Gone, Operation, Result, Stale
from sync.connectors.memory_system import MemorySystem
from sync.models.runs import RunState
from tests.world import World


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
    "error", [lambda: Stale("It has moved."), lambda: Gone("It is not there.")], ids=["stale", "gone"]
)
def test_a_write_that_is_never_taken_does_not_keep_its_run_for_ever(
    world: World, error: Callable[[], ConnectorError]
) -> None:
    """A version that no longer fits when it comes back, or a record that may be read and is not there to be written."""
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
