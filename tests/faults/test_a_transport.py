"""What travels badly between the hub and a system, seen from the engine and from the wire."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from sync.connectors.base import Access, Connector, Nonsense, Unauthorized, Unavailable, Unknown
from sync.connectors.memory_system import MemorySystem
from sync.connectors.rest.connector import RestConnector
from sync.connectors.webcrm.connector import WebcrmConnector
from sync.core.vocabulary import Side
from sync.engine.gate import DatabaseGate
from sync.models.links import Intent, Link
from sync.models.pairs import Finding
from sync.models.runs import Change, RunState
from sync.models.systems import System
from tests.connectors.ports import FakeGate, FakeVault
from tests.connectors.raw import RawServer, Script, says
from tests.world import World, failing


def orgs(world: World) -> list[object]:
    return [(world.crm.values("orgs", key) or {})["OrgName"] for key in world.crm.keys("orgs")]


@pytest.mark.parametrize("seconds", [0, 50])
def test_a_create_that_lands_late_makes_no_second_one(world: World, seconds: float) -> None:
    """The call times out, and its record appears only later: after another run has begun and looked around."""
    key = world.customer(name="Akkurat AS")
    with failing(world.crm, "write orgs", "before", Unknown("The connection was lost.")):
        world.run()
    (call,) = [call for call in world.crm.calls if call.name == "write orgs"]
    if seconds:
        world.clock.pass_(seconds - 60)
        world.run()
    world.crm.apply("orgs", call.operations[0])
    world.clock.pass_(300)
    world.settle()
    assert orgs(world) == ["Akkurat AS"]
    assert Link.objects.linked().get().erp_key == key


def test_a_create_that_was_seen_and_is_gone_again_is_not_made_once_more(world: World) -> None:
    """Nobody saw the answer, a poll brought the record back, and a person removed it before anybody looked for it."""
    key = world.customer(name="Akkurat AS")
    with failing(world.crm, "write orgs", "after", Unknown("The connection was lost.")):
        world.run()
    world.run()
    (made,) = world.crm.keys("orgs")
    assert world.link(crm_key=made).erp_key is None
    world.crm.remove("orgs", made)
    world.clock.pass_(300)
    world.settle()
    world.clock.pass_(300)
    world.settle()
    assert orgs(world) == []
    link = world.link(erp_key=key)
    assert (link.crm_key, link.state) == (made, "removed")
    assert set(Change.objects.filter(kind="create").values_list("outcome", flat=True)) == {"written"}


def test_a_create_that_lands_after_its_grace_is_shown_and_hijacks_nothing(world: World) -> None:
    key = world.customer(name="Akkurat AS")
    with failing(world.crm, "write orgs", "before", Unknown("The connection was lost.")):
        world.run()
    (call,) = [call for call in world.crm.calls if call.name == "write orgs"]
    world.clock.pass_(600)
    world.settle()
    linked = world.link(erp_key=key).crm_key
    late = world.crm.apply("orgs", call.operations[0]).key or ""
    world.settle()
    assert world.link(erp_key=key).crm_key == linked
    assert world.erp.keys("customers") == [key]
    assert "linked to another one already" in world.link(crm_key=late).problem


def test_a_pause_that_one_worker_was_told_holds_for_all(world: World) -> None:
    system = System.objects.get(name="crm")
    gates = [
        DatabaseGate(system_id=system.pk, ports=world.means.ports, patience=5.0, calls=Counter())
        for _ in range(2)
    ]
    gates[0].pause(30)
    with pytest.raises(Unavailable) as told:
        gates[1].admit("GET /x")
    assert told.value.retry_after == pytest.approx(30, abs=0.1)
    world.clock.pass_(31)
    gates[1].admit("GET /x")
    assert gates[1].calls == {"GET /x": 1}


def test_no_shorter_pause_cuts_a_longer_one_short(world: World) -> None:
    """While a call is under way, others are told to wait for ten minutes and for a second; then it breaks off."""
    gate = DatabaseGate(system_id=System.objects.get(name="crm").pk, ports=world.means.ports)

    def break_off(call: str, phase: str) -> None:
        if (call, phase) == ("list orgs", "before"):
            gate.pause(600)
            gate.pause(1)
            raise Unavailable("The connection was lost.")

    world.crm.faults = break_off
    world.run()
    assert System.objects.get(name="crm").failures == 1
    with pytest.raises(Unavailable) as told:
        gate.admit("GET /x")
    assert told.value.retry_after == pytest.approx(600, abs=1)


def test_being_told_to_wait_burns_no_attempts_and_blames_no_record(world: World) -> None:
    key = world.customer(name="Akkurat AS")
    for _ in range(12):
        with failing(world.crm, "write orgs", "before", Unavailable("It asks to wait.", retry_after=30)):
            world.run()
        world.clock.pass_(600)
    world.settle()
    assert orgs(world) == ["Akkurat AS"]
    assert Link.objects.get(erp_key=key).problem == ""


@pytest.mark.parametrize("error", [Unauthorized("The token has ended."), Unavailable("It is away.")])
def test_a_listing_that_breaks_off_in_the_middle_makes_nobody_missing(world: World, error: Exception) -> None:
    for number in range(9):
        world.customer(name=f"Firma {number}")
    world.settle()
    pages = [0]

    def fault(call: str, phase: str) -> None:
        if (call, phase) == ("list customers", "before"):
            pages[0] += 1
            if pages[0] == 2:
                raise error

    world.erp.faults = fault
    assert world.run(full=True).state == RunState.FAILED
    assert not Link.objects.filter(erp_missing_at__isnull=False).exists()
    world.erp.faults = lambda _call, _phase: None
    world.clock.pass_(1000)
    assert world.run(full=True).counts == {"unchanged": 9}


def page(system: MemorySystem, entity: str) -> AbstractContextManager[None]:
    return failing(system, f"list {entity}", "before", Nonsense("It answers a page."), times=99)


@contextmanager
def nobody(system: MemorySystem, entity: str) -> Iterator[None]:
    room = system.entity(entity)
    room.stored, kept = {}, room.stored
    yield
    room.stored = kept


@contextmanager
def another(system: MemorySystem, entity: str) -> Iterator[None]:
    """Another tenant, for whoever looks at this entity."""
    system.identity, kept = "another tenant", system.identity
    yield
    system.identity = kept


@pytest.mark.parametrize("side", ["erp", "crm"])
@pytest.mark.parametrize("nonsense", [page, nobody, another])
def test_a_system_that_answers_nonsense_stops_its_pair_before_any_write(
    world: World, side: str, nonsense: Callable[[MemorySystem, str], AbstractContextManager[None]]
) -> None:
    """Edits wait on both sides, and a new record on each: none is written until the answers make sense again."""
    keys = [world.customer(name=f"Firma {number}") for number in range(30)]
    contact = world.contact(keys[0], last="Nordmann")
    world.settle()
    world.erp.edit("customers", keys[0], {"name": "Firma Norge"})
    world.crm.edit("orgs", world.link(erp_key=keys[1]).crm_key or "", {"OrgPhone": "33 00 00 00"})
    world.customer(name="Ny fra ERP")
    world.organisation(OrgName="Ny fra webCRM")
    world.erp.edit("contacts", contact, {"last": "Hansen"})
    writes = len(world.erp.writes), len(world.crm.writes)
    system, entity = (world.erp, "customers") if side == "erp" else (world.crm, "orgs")
    with nonsense(system, entity):
        run = world.run(full=True)
        assert (run.state, bool(run.problem)) == (RunState.FAILED, True)
        assert (len(world.erp.writes), len(world.crm.writes)) == writes
        if nonsense is not another:
            assert world.run("contacts").state == RunState.DONE
            person = world.crm.values("persons", world.link(erp_key=contact).crm_key or "") or {}
            assert person["PersonLast"] == "Hansen"
    world.clock.pass_(120)
    world.settle()
    assert {"Firma Norge", "Ny fra ERP", "Ny fra webCRM"} <= set(map(str, orgs(world)))
    assert (len(world.erp.keys("customers")), len(world.crm.keys("orgs"))) == (32, 32)


def test_a_record_that_may_not_be_changed_fails_alone(world: World, key: str) -> None:
    other = world.customer(name="Annen AS")
    world.settle()
    room = world.crm.entity("orgs")
    room.refuses["OrgName"] = {"Akkurat Norge AS"}
    world.erp.edit("customers", key, {"name": "Akkurat Norge AS"})
    world.erp.edit("customers", other, {"name": "Annen Norge AS"})
    assert world.run().state == RunState.DONE
    assert sorted(map(str, orgs(world))) == ["Akkurat AS", "Annen Norge AS"]
    assert "OrgName" in world.link(erp_key=key).problem
    assert world.link(erp_key=other).problem == ""


def test_a_property_that_is_missing_from_an_answer_is_not_blank(world: World, key: str) -> None:
    stored = world.erp.entity("customers").stored[key]
    writes = len(world.crm.writes)
    phone = stored.values.pop("phone")
    world.erp.edit("customers", key, {"name": "Akkurat Norge AS"})
    world.settle()
    held = world.of_customer(key)
    assert (held["OrgName"], held["OrgPhone"], len(world.crm.writes)) == (
        "Akkurat Norge AS",
        phone,
        writes + 1,
    )


def test_a_property_that_turns_into_something_else_is_not_blank(world: World, key: str) -> None:
    """What is no scalar any more is not among a record's values: it is unknown."""
    stored = world.erp.entity("customers").stored[key]
    del stored.values["phone"]
    stored.values |= {"phone.number": "33 00 00 00", "brand new": "x"}
    world.settle()
    assert world.of_customer(key)["OrgPhone"] == "22 00 00 00"


def test_a_property_that_nobody_shows_any_more_is_a_finding_on_its_mapping(world: World) -> None:
    room = world.erp.entity("customers")
    room.page_size = 100
    for number in range(25):
        world.customer(name=f"Firma {number}", phone="22 00 00 00")
    world.settle()
    assert not Finding.objects.exists()
    for stored in room.stored.values():
        del stored.values["phone"]
    world.run(full=True)
    finding = Finding.objects.get()
    assert (finding.mapping.erp_property, finding.side, finding.kind) == ("phone", "erp", "not shown")
    assert world.run(full=True).counts == {"unchanged": 25}


def answers(body: str, **login: Any) -> Script:
    """webCRM and an ERP in one: a login works, every list is answered with `body`."""
    token = says('{"AccessToken": "abc", "ExpiresIn": 3600, "IsError": false, "SystemId": 1}')
    said = says(body)

    def script(connection: Any, asked: bytes) -> None:
        (token if b"ApiLogin" in asked else said)(connection, asked)

    return script


def opened(server: RawServer, kind: str) -> tuple[Connector, str]:
    place = server.address.removeprefix("http://")
    things = {"list": {"path": "/things", "records": "$"}, "get": {"path": "/things/{id}"}}
    access = Access(
        address=server.address,
        config={"resources": {"things": things}} if kind == "rest" else {},
        credentials={"auth_code": "00000000-0000-0000-0000-000000000001"} if kind == "webcrm" else {},
        allow_hosts=(place,),
        gate=FakeGate(),
        vault=FakeVault(),
    )
    make: Callable[..., Connector] = RestConnector if kind == "rest" else WebcrmConnector
    return make(access, sleep=lambda seconds: None), "things" if kind == "rest" else "Organisations"


@pytest.mark.parametrize("kind", ["rest", "webcrm"])
@pytest.mark.parametrize("body", ["", "null", "{}", '"none"', "0", "[1, 2]", "[null]", "[[]]"])
def test_no_list_is_nonsense_and_never_an_empty_one(kind: str, body: str) -> None:
    with RawServer(answers(body)) as server:
        connector, entity = opened(server, kind)
        with pytest.raises(Nonsense):
            connector.list(entity)


def test_eight_workers_that_need_a_token_share_the_one_that_is_there(world: World) -> None:
    vault = FakeVault()
    with RawServer(answers("[]")) as server:
        place = server.address.removeprefix("http://")
        for _ in range(8):
            access = Access(
                address=server.address,
                credentials={"auth_code": "00000000-0000-0000-0000-000000000001"},
                allow_hosts=(place,),
                gate=FakeGate(),
                vault=vault,
            )
            WebcrmConnector(access, sleep=lambda seconds: None).list("Organisations")
        assert sum(b"ApiLogin" in asked for asked in server.asked) == 1


def test_every_attempt_is_journalled_not_only_the_first(world: World) -> None:
    world.customer(name="Akkurat AS")
    for _ in range(3):
        with failing(world.crm, "write orgs", "before", Unknown("The connection was lost.")):
            world.run()
        world.clock.pass_(300)
    world.settle()
    tokens = [call.operations[0].token for call in world.crm.calls if call.name == "write orgs"]
    journalled = Intent.objects.filter(side=Side.CRM).order_by("id").values_list("token", flat=True)
    assert tokens == list(journalled)
    assert len(set(tokens)) == len(tokens) > 1
