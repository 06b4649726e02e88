"""The clocks of the two systems: measured by their answers, and used where stamps are compared."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sync.models.pairs import FieldMapping
from sync.models.systems import System
from tests.world import World


@pytest.fixture
def pair(world: World, key: str) -> tuple[str, str]:
    FieldMapping.objects.update(policy="newest")
    return key, world.link(erp_key=key).crm_key or ""


def newest(world: World, pair: tuple[str, str], *, apart: float) -> object:
    """webCRM is edited, and so many seconds later the ERP: what webCRM says in the end."""
    world.run()
    world.crm.edit("orgs", pair[1], {"OrgName": "Older"})
    world.clock.pass_(apart)
    world.erp.edit("customers", pair[0], {"name": "Newer"})
    world.settle()
    return world.of_customer(pair[0])["OrgName"]


@pytest.mark.parametrize("seconds", [-7200, -40, 0, 40, 7200])
def test_newest_is_newest_however_far_a_clock_is_off(
    world: World, pair: tuple[str, str], seconds: float
) -> None:
    world.crm.clock = lambda: world.clock.now() + timedelta(seconds=seconds)
    assert newest(world, pair, apart=20) == "Newer"


def test_newest_is_newest_where_records_bear_no_stamp(world: World, pair: tuple[str, str]) -> None:
    """What is read of them is stamped by our clock: how far theirs is off must not count twice."""
    record = world.erp.record
    world.erp.clock = lambda: world.clock.now() + timedelta(seconds=600)
    world.erp.record = lambda *asked: (  # type: ignore[method-assign]
        replace(found, updated_at=None) if (found := record(*asked)) else None
    )
    assert newest(world, pair, apart=240) == "Newer"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "the same as ours"), (90, "90 seconds ahead of ours"), (-7200, "7,200 seconds behind ours")],
)
def test_it_is_told_in_words(world: World, key: str, seconds: float, words: str) -> None:
    world.crm.clock = lambda: world.clock.now() + timedelta(seconds=seconds)
    world.run()
    assert System.objects.get(name="crm").clock == words


def test_one_that_was_never_heard_is_not_measured(db: None) -> None:
    assert System().clock == "not measured yet"


def test_a_stamp_from_the_future_hides_no_edit_from_a_run(world: World, pair: tuple[str, str]) -> None:
    """An import that stamps in another zone's time: whoever reads on from there sees nothing for hours."""
    FieldMapping.objects.update(policy="ask")
    other = world.organisation(OrgName="Annen AS")
    world.settle()
    ahead = world.clock.now() + timedelta(hours=5)
    world.crm.edit("orgs", other, {"OrgCity": "Oslo"}, at=ahead)
    world.settle()
    world.clock.pass_(600)
    world.crm.edit("orgs", pair[1], {"OrgName": "From webCRM"})
    world.erp.edit("customers", pair[0], {"name": "From the ERP"})
    world.run()
    assert world.of_customer(pair[0])["OrgName"] == "From webCRM"
    (conflict,) = world.conflicts()
    assert conflict.erp_values == {"name": "From the ERP"}


@pytest.mark.parametrize("seconds", [-40, 40])
def test_a_record_from_the_end_of_time_is_written_like_any_other(
    world: World, pair: tuple[str, str], seconds: float
) -> None:
    """Some systems stamp what never ends so, whatever is written to it."""
    room, change = world.crm.entity("orgs"), world.crm._change
    room.answers_record = False
    world.crm.clock = lambda: world.clock.now() + timedelta(seconds=seconds)

    def keep_the_stamp(entity: str, key: str, **facts: Any) -> None:
        change(entity, key, **facts)
        room.stored[key].updated_at = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)

    world.crm._change = keep_the_stamp  # type: ignore[method-assign]
    for name in ("From webCRM", "From webCRM, again"):
        world.crm.edit("orgs", pair[1], {"OrgName": name})
        world.run(full=True)
        world.erp.edit("customers", pair[0], {"city": f"City of {name}"})
        world.settle()
    assert (world.erp.values("customers", pair[0]) or {})["name"] == "From webCRM, again"
    assert world.of_customer(pair[0])["OrgCity"] == "City of From webCRM, again"
