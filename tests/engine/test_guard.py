"""When a run stops and asks: what counts as a flood, what a person's approval lets pass, and what comes after it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sync.connectors.base import Unavailable
from sync.core.records import Value
from sync.models.links import Link
from sync.models.pairs import EntityPair, FieldMapping
from sync.models.runs import Run, RunState
from tests.world import World, at_the_first_write, failing, make_world

MANY = 210
"""More than what is judged by number only; 21 of them are the ten per cent that pass."""

DAY = 86_400


def crowd(world: World, number: int = MANY) -> list[str]:
    """So many customers, in step since days."""
    for room in (world.erp.entity("customers"), world.crm.entity("orgs")):
        room.page_size = 500
    keys = [
        world.customer(name=f"Firma {n}", city="Oslo", zip="0150", phone="22 00 00 00") for n in range(number)
    ]
    world.settle()
    world.clock.pass_(3 * DAY)
    world.settle()
    return keys


def allow(*, changes: int = 100, blanks: int = 10) -> None:
    EntityPair.objects.update(guard_changes=changes, guard_blanks=blanks)


def empty(world: World, keys: list[str], path: str = "city") -> None:
    for key in keys:
        world.erp.edit("customers", key, {path: None})


def edit_there(world: World, keys: list[str], values: dict[str, Value]) -> None:
    for key in keys:
        world.crm.edit("orgs", world.link(erp_key=key).crm_key or "", values)


def rename(world: World, keys: list[str], name: str = "Nytt navn") -> None:
    for key in keys:
        world.erp.edit("customers", key, {"name": f"{name} {key}"})


def approve(world: World, run: Run) -> Run:
    Run.objects.filter(pk=run.pk).update(
        state="queued", approved_by="kari", approved_at=world.clock.now(), problem=""
    )
    return world.run()


def test_a_property_that_goes_blank_all_over_waits_for_a_person(world: World) -> None:
    keys = crowd(world)
    allow()
    empty(world, keys[:25])
    rename(world, keys[25:60])
    writes = len(world.crm.writes)
    run = world.run()
    assert (run.state, len(world.crm.writes)) == (RunState.HELD, writes)
    assert run.touched - sum(run.counts.values()) == 60
    assert run.problem == (
        "'city' went blank in 25 of 210 linked records in erp within a day, more than the 21 that may go blank without "
        "asking. Nothing more is written until somebody has looked. Find out who emptied it, then approve the run if "
        "that was meant, or reject it."
    )


def test_blanks_are_judged_by_default(world: World) -> None:
    keys = crowd(world)
    empty(world, keys[:25])
    assert "'city' went blank in 25 of 210" in world.run().problem


def test_a_property_that_goes_blank_in_webcrm_is_named_as_it_is_called_there(world: World) -> None:
    keys = crowd(world)
    allow()
    edit_there(world, keys[:25], {"OrgPhone": ""})
    run = world.run()
    assert (run.state, "'OrgPhone' went blank in 25 of 210 linked records in crm" in run.problem) == (
        RunState.HELD,
        True,
    )


def test_a_slow_flood_of_blanks_is_a_flood(world: World) -> None:
    keys = crowd(world)
    allow()
    empty(world, keys[:12])
    assert world.run().state == RunState.DONE
    assert not world.of_customer(keys[0])["OrgCity"]
    empty(world, keys[12:24])
    run = world.run()
    assert (run.state, "'city' went blank in 24 of 210" in run.problem) == (RunState.HELD, True)
    assert world.of_customer(keys[12])["OrgCity"] == "Oslo"


@pytest.mark.postgres
@pytest.mark.usefixtures("on_postgres")
def test_a_slow_flood_of_blanks_is_counted_on_postgresql() -> None:
    world = make_world()
    keys = crowd(world)
    allow()
    for start in (0, 12):
        empty(world, keys[start : start + 12])
        run = world.run()
    assert (run.state, "'city' went blank in 24 of 210" in run.problem) == (RunState.HELD, True)


def test_what_goes_blank_over_days_is_no_flood(world: World) -> None:
    keys = crowd(world)
    allow()
    for start in (0, 12):
        empty(world, keys[start : start + 12])
        assert world.run().state == RunState.DONE
        world.clock.pass_(DAY + 3600)


def test_a_little_of_everything_going_blank_is_a_days_work(world: World) -> None:
    keys = crowd(world)
    allow()
    empty(world, keys[:20], "phone")
    empty(world, keys[20:40], "city")
    empty(world, keys[40:60], "zip")
    assert world.run().state == RunState.DONE
    assert not world.of_customer(keys[20])["OrgCity"]


@pytest.mark.parametrize("rule", ["keep", "protect"])
def test_a_blank_that_takes_no_value_away_is_a_change_like_others(world: World, rule: str) -> None:
    FieldMapping.objects.filter(crm_property="OrgPhone").update(blank=rule)
    keys = crowd(world)
    allow()
    empty(world, keys[:25], "phone")
    assert world.run().state == RunState.DONE
    assert world.of_customer(keys[0])["OrgPhone"]


def test_a_blank_that_does_not_travel_from_its_side_is_none(world: World) -> None:
    FieldMapping.objects.filter(crm_property="OrgPhone").update(direction="to_crm")
    keys = crowd(world)
    allow()
    edit_there(world, keys[:25], {"OrgPhone": ""})
    assert world.run().state == RunState.DONE


@pytest.mark.parametrize("act", [empty, rename])
def test_a_small_pair_is_asked_for_removals_only(
    world: World, act: Callable[[World, list[str]], None]
) -> None:
    keys = crowd(world, 60)
    allow(changes=1, blanks=1)
    act(world, keys)
    assert world.run().state == RunState.DONE


def test_a_pair_that_only_plans_is_not_held_and_its_plan_is_judged_when_it_is_to_be_written(
    world: World,
) -> None:
    keys = crowd(world)
    allow()
    empty(world, keys[:25])
    assert world.run(writes=False).state == RunState.DONE
    assert Link.objects.filter(plan__isnull=False).count() == 25
    assert "'city' went blank in 25 of 210" in world.run().problem


def test_a_plan_that_a_person_approved_is_written_whenever_it_goes_live(world: World) -> None:
    keys = crowd(world)
    rename(world, keys)
    plan = world.run(writes=False)
    Run.objects.filter(pk=plan.pk).update(approved_by="kari", approved_at=world.clock.now())
    world.clock.pass_(3 * DAY)
    assert world.run().state == RunState.DONE
    assert world.of_customer(keys[0])["OrgName"].startswith("Nytt navn")


def test_what_came_after_a_plan_was_approved_was_not_looked_at(world: World) -> None:
    keys = crowd(world)
    rename(world, keys[:100])
    plan = world.run(writes=False)
    Run.objects.filter(pk=plan.pk).update(approved_by="kari", approved_at=world.clock.now())
    empty(world, keys[100:130])
    world.run(writes=False)
    world.clock.pass_(3 * DAY)
    run = world.run()
    assert (run.state, "'city' went blank in 30 of 210" in run.problem) == (RunState.HELD, True)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"OrgCity": ""}, "'OrgCity' went blank in 50 of 210 linked records in crm since"),
        ({"OrgCity": "Wiped"}, "50 of 210 linked records changed since"),
    ],
)
def test_a_flood_during_an_approved_run_holds_it_again(
    world: World, values: dict[str, Value], sentence: str
) -> None:
    keys = crowd(world)
    rename(world, keys[:150])
    run = world.run()
    assert run.state == RunState.HELD
    at_the_first_write(world, lambda: edit_there(world, keys[160:], values))
    again = approve(world, run)
    assert (again.pk, again.state) == (run.pk, RunState.HELD)
    assert f"{sentence} {run} was approved" in again.problem
    assert world.of_customer(keys[0])["OrgName"] == f"Nytt navn {keys[0]}"
    assert (world.erp.values("customers", keys[170]) or {})["city"] == "Oslo"
    assert approve(world, run).state == RunState.DONE
    assert ((world.erp.values("customers", keys[170]) or {})["city"] or "") == values["OrgCity"]


def test_a_flood_over_what_was_approved_and_not_written_yet_holds_it_again(world: World) -> None:
    """The same records, and not what a person looked at any more."""
    keys = crowd(world, 300)
    rename(world, keys)
    run = world.run()
    at_the_first_write(world, lambda: edit_there(world, keys[200:], {"OrgCity": ""}))
    again = approve(world, run)
    assert (again.state, "'OrgCity' went blank in 100 of 300" in again.problem) == (RunState.HELD, True)
    assert (world.erp.values("customers", keys[-1]) or {})["city"] == "Oslo"


def test_a_few_changes_during_an_approved_run_pass(world: World) -> None:
    keys = crowd(world)
    rename(world, keys[:150])
    run = world.run()
    at_the_first_write(world, lambda: edit_there(world, keys[190:], {"OrgCity": ""}))
    assert approve(world, run).state == RunState.DONE
    assert not (world.erp.values("customers", keys[200]) or {})["city"]


def test_what_an_approved_run_writes_and_a_system_spells_anew_is_no_flood(world: World) -> None:
    world.crm.entity("orgs").answers_record = False
    keys = crowd(world)
    rename(world, keys, "A name that is longer than webCRM can hold, by some")
    run = world.run()
    assert approve(world, run).state == RunState.DONE
    run.refresh_from_db()
    assert not Link.objects.filter(moved_at__gt=run.approved_at).exists()


def test_what_was_approved_and_could_not_be_written_is_not_asked_for_again(world: World) -> None:
    keys = crowd(world)
    rename(world, keys)
    run = world.run()
    with failing(world.crm, "write orgs", "before", Unavailable("down")):
        assert approve(world, run).state == RunState.FAILED
    world.clock.pass_(3600)
    assert world.run().state == RunState.DONE
    assert world.of_customer(keys[-1])["OrgName"] == f"Nytt navn {keys[-1]}"


def test_what_comes_on_the_day_of_an_approval_is_judged_by_itself(world: World) -> None:
    keys = crowd(world)
    rename(world, keys[:100])
    assert approve(world, world.run()).state == RunState.DONE
    rename(world, keys[100:115], "A bit")
    assert world.run().state == RunState.DONE
    rename(world, keys[115:130], "A bit more")
    run = world.run()
    assert (run.state, "30 of 210 linked records changed since" in run.problem) == (RunState.HELD, True)


@pytest.mark.parametrize("days", [10, 3650])
def test_an_approval_from_a_clock_that_was_ahead_opens_no_door(world: World, days: int) -> None:
    keys = crowd(world)
    rename(world, keys[:100])
    run = world.run()
    world.clock.pass_(days * DAY)
    assert approve(world, run).state == RunState.DONE
    world.clock.pass_(-days * DAY)
    rename(world, keys[100:150], "Wiped")
    assert world.run(full=True).state == RunState.HELD


def test_what_was_noticed_while_the_clock_was_ahead_passes_with_one_approval(world: World) -> None:
    keys = crowd(world)
    rename(world, keys[:100])
    for key in keys[150:175]:
        world.erp.remove("customers", key)
    world.clock.pass_(10 * DAY)
    run = world.run(full=True)
    assert run.state == RunState.HELD
    world.clock.pass_(-10 * DAY)
    assert approve(world, run).state == RunState.DONE
    assert world.run().state == RunState.DONE


def test_removals_that_nobody_answered_for_days_still_ask(world: World) -> None:
    keys = crowd(world, 60)
    for key in keys[:25]:
        world.erp.remove("customers", key)
    run = world.run(full=True)
    assert run.state == RunState.HELD
    world.clock.pass_(3 * DAY)
    Run.objects.filter(pk=run.pk).update(state="cancelled", ended_at=world.clock.now())
    again = world.run()
    assert (again.state, "25 of 60 linked records went missing" in again.problem) == (RunState.HELD, True)
    assert not world.of_customer(keys[0])["OrgStatus"]
    assert approve(world, again).state == RunState.DONE
    world.clock.pass_(120)
    world.settle()
    assert Link.objects.get(erp_key=keys[0]).state == "removed"


def test_records_that_go_missing_after_an_approval_are_judged_by_themselves(world: World) -> None:
    keys = crowd(world)
    for key in keys[:25]:
        world.erp.remove("customers", key)
    run = world.run(full=True)
    assert "25 of 210" in run.problem
    assert approve(world, run).state == RunState.DONE
    for key in keys[25:50]:
        world.erp.remove("customers", key)
    again = world.run(full=True)
    assert (again.state, "25 of 210 linked records went missing since" in again.problem) == (
        RunState.HELD,
        True,
    )
