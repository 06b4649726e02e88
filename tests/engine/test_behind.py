"""After a write: an answer from a copy that lags behind, and a system that keeps what it had. Neither is an edit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from sync.core.records import Record, Value
from sync.models.links import Intent
from sync.models.pairs import Finding
from tests.world import CRM, World, make_world


@pytest.fixture
def nameless(db: None) -> World:
    """webCRM as it would be if it did not name its editors, nor tell what it holds after a write."""
    world = make_world(crm=replace(CRM, names_editor=False))
    world.crm.entity("orgs").answers_record = False
    return world


def lagging(world: World, until: Callable[[], bool]) -> None:
    """From now on webCRM answers reads as it would have at this moment, as long as `until` is not true."""
    copy = {key: world.crm.record("orgs", key) for key in world.crm.keys("orgs")}
    plain = world.crm.record

    def record(entity: str, key: str, paths: Sequence[str] = ()) -> Record | None:
        now = plain(entity, key, paths)
        if entity != "orgs" or until() or now is None or world.crm.calls[-1].name.startswith("write"):
            return now
        return copy.get(key)

    world.crm.record = record  # type: ignore[method-assign]


def ignoring(world: World, path: str, *, touches: bool) -> None:
    """webCRM takes a value for `path`, says so, and keeps what it had."""
    plain = world.crm._change

    def change(entity: str, key: str, *, values: dict[str, Value], hand: object) -> None:
        left = values if getattr(hand, "by", "") != "hub" else {p: v for p, v in values.items() if p != path}
        if left or touches:
            plain(entity, key, values=left, hand=hand)  # type: ignore[arg-type]

    world.crm._change = change  # type: ignore[method-assign,assignment]


def after(world: World, moment: datetime, seconds: float) -> Callable[[], bool]:
    return lambda: world.clock.time >= moment + timedelta(seconds=seconds)


@pytest.mark.parametrize("seconds", [1, 30, 100])
@pytest.mark.parametrize("answers", [False, True], ids=["silent", "answers with the record"])
def test_a_copy_that_lags_behind_is_no_edit_back(nameless: World, seconds: float, answers: bool) -> None:
    nameless.crm.entity("orgs").answers_record = answers
    key = nameless.customer(name="Akkurat AS", city="Oslo")
    nameless.settle()
    nameless.erp.edit("customers", key, {"name": "Akkurat Norge AS"})
    # The run that writes begins a minute from now.
    lagging(nameless, after(nameless, nameless.clock.time, 60 + seconds))
    written = len(nameless.erp.writes)
    for _ in range(6):
        nameless.run()
    assert nameless.of_customer(key)["OrgName"] == "Akkurat Norge AS"
    assert (nameless.erp.values("customers", key) or {})["name"] == "Akkurat Norge AS"
    assert len(nameless.erp.writes) == written
    assert not Intent.objects.exclude(state="confirmed").exists()


@pytest.mark.parametrize("resolution", [0.001, 1.0])
def test_a_copy_is_known_by_its_stamp_though_somebody_edited_it_just_before_the_write(
    nameless: World, resolution: float
) -> None:
    """Whose clock makes fine steps says the same only once; of any other it may be so, and is looked at again."""
    room = nameless.crm.entity("orgs")
    room.capabilities = replace(room.capabilities, resolution=resolution)
    key = nameless.customer(name="Akkurat AS", city="Oslo")
    nameless.settle()
    nameless.erp.edit("customers", key, {"name": "Akkurat Norge AS"})
    coming = iter([True])

    def edit_at_the_last_moment(call: str, phase: str) -> None:
        if (call, phase) == ("list orgs", "before") and next(coming, False):
            nameless.crm.edit("orgs", nameless.crm.keys("orgs")[0], {"OrgPhone": "99 99 99 99"})
            lagging(nameless, after(nameless, nameless.clock.time, 30))

    nameless.crm.faults = edit_at_the_last_moment
    for _ in range(6):
        nameless.run()
    assert nameless.of_customer(key)["OrgName"] == "Akkurat Norge AS"
    names = {written.after["name"] for written in nameless.erp.writes[-2:]}
    assert names == {"Akkurat Norge AS"}, "its edit, and the phone number that came over"
    assert not Intent.objects.exclude(state="confirmed").exists()


def test_an_edit_after_the_write_is_one_though_the_first_answer_lagged(nameless: World) -> None:
    key = nameless.customer(name="Akkurat AS", city="Oslo")
    nameless.settle()
    nameless.erp.edit("customers", key, {"name": "Akkurat Norge AS"})
    lagging(nameless, after(nameless, nameless.clock.time, 90))
    nameless.run()
    nameless.clock.pass_(60)
    nameless.crm.edit("orgs", nameless.crm.keys("orgs")[0], {"OrgName": "Akkurat AS"})
    nameless.settle(rounds=10)
    assert (nameless.erp.values("customers", key) or {})["name"] == "Akkurat AS"
    assert nameless.of_customer(key)["OrgName"] == "Akkurat AS"


@pytest.mark.parametrize("answers", [False, True], ids=["silent", "answers with the record"])
def test_an_edit_back_in_the_second_of_the_write_is_carried_over(nameless: World, answers: bool) -> None:
    """By a stamp of whole seconds it might be an answer from behind: once no copy can be, it is one."""
    nameless.crm.entity("orgs").answers_record = answers
    key = nameless.customer(name="Akkurat AS", city="Oslo")
    nameless.settle()
    nameless.erp.edit("customers", key, {"name": "Akkurat Norge AS"})
    nameless.run()
    stamp = nameless.link(erp_key=key).crm_updated_at
    assert stamp is not None
    nameless.crm.clock = lambda: stamp
    nameless.crm.edit("orgs", nameless.crm.keys("orgs")[0], {"OrgName": "Akkurat AS"})
    nameless.crm.clock = nameless.clock.now
    for _ in range(6):
        nameless.run()
    assert (nameless.erp.values("customers", key) or {})["name"] == "Akkurat AS"
    assert nameless.of_customer(key)["OrgName"] == "Akkurat AS"


# One that touches the record, and does not answer with it, cannot be told from somebody's edit.
@pytest.mark.parametrize(("touches", "answers"), [(True, True), (False, True), (False, False)])
def test_a_system_that_keeps_what_it_had_takes_nothing_back(
    nameless: World, touches: bool, answers: bool
) -> None:
    nameless.crm.entity("orgs").answers_record = answers
    key = nameless.customer(name="Akkurat AS", city="Oslo")
    nameless.settle()
    ignoring(nameless, "OrgCity", touches=touches)
    nameless.erp.edit("customers", key, {"city": "Bergen"})
    for _ in range(6):
        nameless.run()
    assert (nameless.erp.values("customers", key) or {})["city"] == "Bergen"
    writes = [call for call in nameless.crm.calls if call.name == "write orgs"]
    assert len(writes) == 2, "one to make it, and one that was in vain"
    finding = Finding.objects.get(mapping__crm_property="OrgCity")
    assert (finding.written, finding.held) == ("Bergen", "Oslo")


def test_a_new_record_that_is_listed_late_was_made_all_the_same(nameless: World) -> None:
    lagging(nameless, after(nameless, nameless.clock.time, 120))
    key = nameless.customer(name="Akkurat AS")
    nameless.run()
    nameless.clock.pass_(300)
    nameless.settle()
    assert [intent.change.outcome for intent in Intent.objects.select_related("change")] == ["written"]
    assert nameless.of_customer(key)["OrgName"] == "Akkurat AS"
    assert len(nameless.crm.keys("orgs")) == 1
