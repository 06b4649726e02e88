"""A create whose end nobody saw, and whose record carries nothing by which it could be looked for: a person's word."""

from __future__ import annotations

import pytest

from sync.connectors.base import Unknown
from sync.models.links import Intent, IntentState, Link
from sync.models.pairs import EntityPair, MatchRule
from sync.models.runs import Act, Change
from sync.services import links
from sync.services.acts import NotPossible
from tests.world import World, failing


def lost(world: World, phase: str) -> Link:
    """Its create left no trace: since then, nothing is mapped that keeps the ERP's key in webCRM."""
    EntityPair.objects.update(creates_in_erp=False)
    key = world.customer(name="Akkurat AS", city="Oslo")
    with failing(world.crm, "write orgs", phase, Unknown("The connection was lost.")):
        world.run()
    MatchRule.objects.filter(by="id").delete()
    for organisation in world.crm.keys("orgs"):
        world.crm.edit("orgs", organisation, {"OrgRef": ""})
    return world.link(erp_key=key)


def test_its_link_says_so_and_what_to_do(world: World) -> None:
    link = lost(world, "before")
    world.clock.pass_(300)
    world.run()
    world.erp.edit("customers", link.erp_key or "", {"city": "Bergen"})
    world.run()
    link.refresh_from_db()
    assert "carries nothing by which the hub can look for it" in link.problem
    assert "Look in crm" in link.problem
    assert "Link" in link.problem
    assert "It was not made" in link.problem
    assert Intent.objects.get().state == IntentState.UNKNOWN


def test_every_run_that_meets_it_counts_it_as_unknown(world: World) -> None:
    lost(world, "before")
    within_its_grace = world.run(full=True)
    world.clock.pass_(300)
    world.run()
    waiting_for_a_person = world.run(full=True)
    assert (within_its_grace.counts, waiting_for_a_person.counts) == ({"unknown": 1}, {"unknown": 1})


def test_what_was_written_to_another_property_is_said_too(world: World) -> None:
    link = lost(world, "before")
    MatchRule.objects.create(pair=world.customers, position=1, by="id", reference=True)
    Intent.objects.update(values={"OrgName": "Akkurat AS"})
    world.clock.pass_(300)
    world.run()
    link.refresh_from_db()
    assert "carries nothing by which the hub can look for it" in link.problem


def test_linking_by_hand_settles_it(world: World) -> None:
    link = lost(world, "after")
    world.clock.pass_(300)
    world.run()
    (made,) = world.crm.keys("orgs")
    links.link(world.customers, erp_key=link.erp_key or "", crm_key=made, by="kari", reason="I looked")
    intent = Intent.objects.get()
    assert (intent.state, intent.key) == (IntentState.CONFIRMED, made)
    (change,) = world.changes()
    assert (change.outcome, change.key) == (Change.Outcome.WRITTEN, made)
    assert "kari" in change.message
    world.settle()
    link.refresh_from_db()
    assert (link.crm_key, link.problem) == (made, "")
    assert world.crm.keys("orgs") == [made]


def test_a_person_says_that_it_was_not_made(world: World) -> None:
    link = lost(world, "before")
    world.clock.pass_(300)
    world.run()
    links.not_made(link, by="kari", reason="I looked")
    assert Intent.objects.get().state == IntentState.DROPPED
    (change,) = world.changes()
    assert change.outcome == Change.Outcome.DROPPED
    assert "kari" in change.message
    act = Act.objects.latest("pk")
    assert (act.verb, act.actor, act.reason, act.link_id) == ("not made", "kari", "I looked", link.pk)
    MatchRule.objects.create(pair=world.customers, position=1, by="id", reference=True)
    Link.objects.filter(pk=link.pk).update(due_at=world.clock.now())
    world.settle()
    assert len(world.crm.keys("orgs")) == 1
    assert world.of_customer(link.erp_key or "")["OrgName"] == "Akkurat AS"


def test_while_the_call_may_be_under_way_nobody_can_know(world: World) -> None:
    link = lost(world, "before")
    other = world.organisation(OrgName="Another AS")
    world.run()
    Intent.objects.update(look_after="2100-01-01T00:00:00Z")
    with pytest.raises(NotPossible, match="may still be under way"):
        links.not_made(link, by="kari")
    with pytest.raises(NotPossible, match="under way"):
        links.link(world.customers, erp_key=link.erp_key or "", crm_key=other, by="kari")
    assert Intent.objects.filter(link=link).get().state == IntentState.UNKNOWN


def test_what_the_hub_can_look_for_is_not_asked_of_a_person(world: World) -> None:
    key = world.customer(name="Akkurat AS")
    with failing(world.crm, "write orgs", "before", Unknown("The connection was lost.")):
        world.run()
    world.clock.pass_(300)
    link = world.link(erp_key=key)
    with pytest.raises(NotPossible, match="looks for it itself"):
        links.not_made(link, by="kari")
    assert not Act.objects.exists()


def test_where_nothing_is_unknown_there_is_nothing_to_say(world: World, key: str) -> None:
    with pytest.raises(NotPossible, match="no create whose outcome is unknown"):
        links.not_made(world.link(erp_key=key), by="kari")
