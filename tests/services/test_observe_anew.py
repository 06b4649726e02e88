"""A backup came back, or another system answers: nothing is written before a person has looked."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from sync.engine.schedule import open_run
from sync.models.links import Conflict
from sync.models.pairs import EntityPair
from sync.models.runs import Act, Run, RunState
from sync.models.systems import System
from sync.services import pairs as pair_services
from sync.services.acts import NotPossible
from sync.services.runs import reject
from sync.services.systems import introduce_anew
from tests.world import World, make_world


@pytest.fixture
def world(db: None) -> World:
    made = make_world()
    EntityPair.objects.update(approved_version=1)
    return made


def written(world: World) -> int:
    return len(world.crm.writes) + len(world.erp.writes)


def customers(world: World) -> EntityPair:
    return EntityPair.objects.get(pk=world.customers.pk)


def test_a_restored_hub_writes_nothing_until_a_new_plan_is_approved(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not even an edit that was made since, nor by a plan that was looked at before the backup came back."""
    key = world.customer(name="Akkurat AS")
    world.settle()
    world.run(writes=False)
    call_command("restored")
    assert "customers, contacts" in capsys.readouterr().out
    world.erp.edit("customers", key, {"name": "Akkurat Norge AS"})
    with pytest.raises(NotPossible):
        pair_services.approve_plan(customers(world), by="anna")
    before = written(world)
    assert world.run().counts == {"written": 1}
    assert written(world) == before
    pair_services.approve_plan(customers(world), by="anna")
    pair_services.set_mode(customers(world), "live", by="anna")
    world.run()
    assert world.of_customer(key)["OrgName"] == "Akkurat Norge AS"
    assert not Conflict.objects.exists()
    assert set(Act.objects.filter(verb="mode", after="observe").values_list("reason", flat=True)) == {
        "a backup was restored"
    }


def test_pairs_of_a_system_that_is_introduced_anew_observe(world: World) -> None:
    key = world.customer(name="Akkurat AS")
    world.settle()
    introduce_anew(System.objects.get(name="crm"), by="anna")
    world.crm.identity = "another company"
    world.crm.edit("orgs", "orgs-1", {"OrgName": "Somebody else"})
    world.run()
    assert customers(world).mode == "observe"
    assert (world.erp.values("customers", key) or {})["name"] == "Akkurat AS"


def test_that_a_rejected_run_ends_live_stands_in_the_audit(world: World) -> None:
    run, _ = open_run(world.customers, trigger="schedule", now=world.clock.now())
    Run.objects.filter(pk=run.pk).update(state=RunState.HELD)
    reject(run, by="anna", reason="Not today")
    assert customers(world).mode == "observe"
    said = Act.objects.order_by("pk").values_list("verb", "actor", "before", "after")
    assert list(said) == [("reject", "anna", {"state": "queued"}, None), ("mode", "anna", "live", "observe")]
