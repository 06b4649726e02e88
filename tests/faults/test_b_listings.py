"""Listings that skip, repeat, shrink or end early, and stamps that lie: cursors and identity."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sync.connectors.base import Access, Unavailable
from sync.connectors.memory_system import MemorySystem
from sync.connectors.rest.records import moment as rest_moment
from sync.connectors.webcrm.connector import WebcrmConnector
from sync.connectors.webcrm.reading import moment as webcrm_moment
from sync.engine.gate import DatabaseGate
from sync.models.links import Link
from sync.models.pairs import Cursor
from sync.models.runs import RunState
from sync.models.systems import System
from tests.connectors.ports import FakeGate, FakeVault
from tests.connectors.raw import RawServer, says
from tests.world import CRM, World, make_world


def names(world: World) -> list[str]:
    return sorted(str((world.crm.values("orgs", key) or {})["OrgName"]) for key in world.crm.keys("orgs"))


def at_page(system: MemorySystem, call: str, number: int, act: Callable[[], object]) -> None:
    """Something happens right before a page of a listing is answered."""
    seen = [0]

    def fault(name: str, phase: str) -> None:
        if (name, phase) == (call, "before"):
            seen[0] += 1
            if seen[0] == number:
                act()

    system.faults = fault


def by_number(world: World) -> None:
    world.erp.entity("customers").pages_by_offset = True


def test_a_record_that_moves_to_a_later_page_is_one_record(world: World) -> None:
    keys = [world.customer(name=f"Firma {number}") for number in range(7)]
    at_page(
        world.erp, "list customers", 2, lambda: world.erp.edit("customers", keys[0], {"name": "Firma ny"})
    )
    world.settle()
    assert names(world) == sorted(["Firma ny", *(f"Firma {number}" for number in range(1, 7))])
    assert Link.objects.current().filter(pair=world.customers).count() == 7


def test_a_record_that_a_shifted_page_skips_is_not_gone(world: World) -> None:
    by_number(world)
    keys = [world.customer(name=f"Firma {number}") for number in range(7)]
    world.settle()
    at_page(world.erp, "list customers", 2, lambda: world.erp.remove("customers", keys[0]))
    world.run(full=True)
    assert any(keys[3] in call.keys for call in world.erp.calls if call.name == "read customers")
    world.erp.faults = lambda _call, _phase: None
    world.clock.pass_(120)
    world.settle()
    inactive = [key for key in keys if world.of_customer(key)["OrgStatus"] == "Inactive"]
    assert inactive == [keys[0]], "nobody but who was removed"


def test_a_new_record_that_a_shifted_page_skips_is_found_by_a_later_read(world: World) -> None:
    by_number(world)
    keys = [world.customer(name=f"Firma {number}") for number in range(7)]
    at_page(world.erp, "list customers", 2, lambda: world.erp.remove("customers", keys[0]))
    world.run()
    world.erp.faults = lambda _call, _phase: None
    world.run(full=True)
    assert "Firma 3" in names(world)


def test_a_burst_is_read_again_only_while_something_may_still_appear_behind_it(world: World) -> None:
    keys = [world.customer(name=f"Firma {number}") for number in range(30)]
    world.erp.entity("customers").page_size = 10
    world.settle()
    world.clock.pass_(600)
    for key in keys:
        world.erp.edit("customers", key, {"city": "Bergen"})
    pages = []
    for _ in range(6):
        world.erp.calls.clear()
        world.run()
        pages.append([call.name for call in world.erp.calls].count("list customers"))
    assert pages[:2] == [3, 3]
    assert pages[-2:] == [1, 1]


def test_a_record_that_shows_late_is_found_though_its_run_has_read_on(world: World) -> None:
    """What a run reads between its own writes leads the next run's reading past nobody."""
    keys = [world.customer(name=f"Firma {number}") for number in range(60)]
    orgs = world.crm.entity("orgs")
    orgs.capabilities = replace(orgs.capabilities, bulk_write=20)
    world.settle()
    world.clock.pass_(600)
    late = world.link(erp_key=keys[0]).crm_key or ""
    world.crm.edit("orgs", late, {"OrgPhone": "44 00 00 00"})
    hidden = orgs.stored.pop(late)
    for key in keys[1:]:
        world.erp.edit("customers", key, {"city": "Bergen"})
    world.crm.faults = lambda call, phase: world.clock.pass_(
        90 if (call, phase) == ("write orgs", "before") else 0
    )
    world.run()
    world.crm.faults = lambda _call, _phase: None
    orgs.stored[late] = hidden
    world.run()
    assert (world.erp.values("customers", keys[0]) or {})["phone"] == "44 00 00 00"


def test_a_listing_that_ends_too_early_removes_nothing(world: World) -> None:
    keys = [world.customer(name=f"Firma {number}") for number in range(9)]
    world.settle()
    room = world.erp.entity("customers")
    hidden = {key: room.stored.pop(key) for key in keys[4:]}
    writes = len(world.crm.writes)
    at_page(world.erp, "read customers", 1, lambda: room.stored.update(hidden))
    world.run(full=True)
    world.clock.pass_(120)
    world.settle()
    assert len(world.crm.writes) == writes
    assert not Link.objects.filter(erp_missing_at__isnull=False).exists()


FULL, LAST = (
    [{"OrganisationId": number} for number in numbers] for numbers in (range(1, 1001), range(1001, 1003))
)


@pytest.mark.parametrize(
    "pages",
    [
        {b"Id+%3E+0+ORDER": [FULL], b"Id+%3E+1000+ORDER": [[], LAST]},
        {b"/Queries": [], b"Page=1&": [FULL], b"Page=2&": [[], LAST], b"Page=1000&": [FULL[-1:]]},
    ],
    ids=["by id", "by page"],
)
def test_an_empty_page_after_a_full_one_is_asked_for_twice(pages: dict[bytes, list[Any]]) -> None:
    """An empty page in the middle must not pass for the end: everybody behind it would be made anew."""
    login = {"AccessToken": "abc", "ExpiresIn": 3600, "IsError": False, "SystemId": 1}
    left = {b"ApiLogin": [login]} | {mark: list(answers) for mark, answers in pages.items()}

    def answer(connection: socket.socket, asked: bytes) -> None:
        mark = next((mark for mark in left if mark in asked), b"")
        if mark == b"/Queries":
            says("", "404 Not Found")(connection, asked)
            return
        says(json.dumps(left[mark].pop(0) if left.get(mark) else []))(connection, asked)

    with RawServer(answer) as server:
        access = Access(
            address=server.address,
            credentials={"auth_code": "00000000-0000-0000-0000-000000000001"},
            allow_hosts=(server.address.removeprefix("http://"),),
            gate=FakeGate(),
            vault=FakeVault(),
        )
        connector = WebcrmConnector(access, sleep=lambda seconds: None)
        page = connector.list("Organisations")
        found = list(page.records)
        while page.next:
            page = connector.list("Organisations", page=page.next)
            found += page.records
    assert len(found) == 1002


def test_a_full_call_budget_outlives_no_clock_that_was_set_back(world: World) -> None:
    System.objects.filter(name="erp").update(calls_per_minute=2)
    gate = DatabaseGate(system_id=System.objects.get(name="erp").pk, ports=world.means.ports)
    gate.admit("GET /x")
    gate.admit("GET /x")
    world.clock.pass_(-3600)
    gate.admit("GET /x")
    assert gate.calls == {"GET /x": 3}


def test_a_pause_outlives_no_clock_that_was_set_back(world: World) -> None:
    system = System.objects.get(name="erp")
    gate = DatabaseGate(system_id=system.pk, ports=world.means.ports)
    gate.pause(30)
    world.clock.pass_(-86_400)
    gate.admit("GET /x")
    assert gate.calls == {"GET /x": 1}
    gate.pause(30)
    with pytest.raises(Unavailable):
        gate.admit("GET /x")


def test_a_listing_that_lost_many_stops_before_anything_follows(world: World) -> None:
    for number in range(40):
        world.customer(name=f"Firma {number}")
    world.settle()
    room = world.erp.entity("customers")
    room.stored = dict(list(room.stored.items())[:12])
    writes = len(world.crm.writes)
    assert world.run(full=True).state == RunState.HELD
    assert len(world.crm.writes) == writes


def test_edits_with_one_stamp_across_a_page_edge_all_arrive(world: World) -> None:
    keys = [world.customer(name=f"Firma {number}") for number in range(8)]
    world.settle()
    moment = world.clock.now() + timedelta(seconds=30)
    for key in keys[:4]:
        world.erp.edit("customers", key, {"phone": f"22 00 00 0{key[-1]}"}, at=moment)
    world.run()
    for key in keys[4:]:
        world.erp.edit("customers", key, {"phone": f"22 00 00 0{key[-1]}"}, at=moment)
    world.settle()
    assert [world.of_customer(key)["OrgPhone"] for key in keys] == [f"22 00 00 0{key[-1]}" for key in keys]


@pytest.mark.parametrize(("late", "full"), [(90, False), (3600, True)])
def test_a_row_that_becomes_visible_late_is_read_back_for_or_found_by_a_full_read(
    world: World, key: str, late: float, full: bool
) -> None:
    world.customer(name="Nyere AS")
    world.run()
    world.erp.create(
        "customers",
        {"id": "cus_late", "name": "Sen AS", "type": "company"},
        key="cus_late",
        at=world.clock.time - timedelta(seconds=late),
    )
    world.run(full=full)
    assert "Sen AS" in names(world)


@pytest.mark.parametrize("minutes", [-5, 5])
def test_the_remotes_clock_may_be_wrong(world: World, key: str, minutes: int) -> None:
    world.erp.clock = lambda: world.clock.now() + timedelta(minutes=minutes)
    for round in range(3):
        world.erp.edit("customers", key, {"name": f"Akkurat {round} AS"})
        world.settle()
        assert world.of_customer(key)["OrgName"] == f"Akkurat {round} AS"
        world.clock.pass_(3600)


def test_our_own_clock_may_jump_back(world: World, key: str) -> None:
    world.clock.pass_(-3600)
    for system in (world.erp, world.crm):
        system.clock = lambda: world.clock.now() + timedelta(hours=1)
    world.erp.edit("customers", key, {"name": "Akkurat Norge AS"})
    world.crm.edit("orgs", world.link(erp_key=key).crm_key or "", {"OrgPhone": "33 00 00 00"})
    world.settle()
    assert names(world) == ["Akkurat Norge AS"]
    assert (world.erp.values("customers", key) or {})["phone"] == "33 00 00 00"


def test_a_stamp_from_the_far_future_does_not_blind_the_cursor(world: World, key: str) -> None:
    world.erp.create(
        "customers",
        {"id": "cus_far", "name": "Fjern AS", "type": "company"},
        key="cus_far",
        at=datetime(9999, 12, 31, 23, 59, tzinfo=UTC),
    )
    world.run()
    world.erp.edit("customers", key, {"name": "Akkurat Norge AS"})
    world.run()
    assert names(world) == ["Akkurat Norge AS", "Fjern AS"]


@pytest.mark.parametrize("moment", [rest_moment, webcrm_moment], ids=["rest", "webcrm"])
@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00",
        "0001-01-01T00:00:00+02:00",
        "9999-12-31T23:59:59-02:00",
        "",
        "soon",
        "0000-00-00",
    ],
)
def test_a_stamp_outside_of_time_is_none(moment: Callable[[str], datetime | None], text: str) -> None:
    assert moment(text) is None


def test_a_change_without_a_new_stamp_is_found_by_a_full_read(world: World, key: str) -> None:
    world.clock.pass_(600)
    world.customer(name="Nyere AS")
    world.settle()
    world.erp.entity("customers").stored[key].values["name"] = "Akkurat Norge AS"
    world.run()
    assert names(world) == ["Akkurat AS", "Nyere AS"]
    world.run(full=True)
    assert names(world) == ["Akkurat Norge AS", "Nyere AS"]


def test_a_side_without_a_feed_of_changes_is_read_completely_every_time(db: None) -> None:
    world = make_world(crm=replace(CRM, changed_since=False))
    key = world.customer(name="Akkurat AS")
    world.settle()
    world.crm.edit("orgs", world.link(erp_key=key).crm_key or "", {"OrgName": "Akkurat Norge AS"})
    world.settle()
    assert (world.erp.values("customers", key) or {})["name"] == "Akkurat Norge AS"
    cursor = Cursor.objects.get(side="crm", pair=world.customers)
    assert cursor.scan > 2


def test_what_comes_back_old_after_a_restore_waits_for_a_person(world: World) -> None:
    room = world.erp.entity("customers")
    room.page_size = world.crm.entity("orgs").page_size = 500
    keys = [world.customer(name=f"Firma {number}") for number in range(210)]
    world.settle()
    writes = len(world.crm.writes)
    for key in keys[:60]:
        world.erp.edit("customers", key, {"name": f"Gammel {key}"}, by="restore")
    run = world.run()
    assert (run.state, len(world.crm.writes)) == (RunState.HELD, writes)
