"""What people do to a hub that is told by the real clock."""

from __future__ import annotations

from datetime import UTC, datetime

from sync.models.pairs import EntityPair
from sync.services import pairs
from tests.world import World


def with_todays_clock(world: World) -> World:
    """What people do is stamped by the real clock."""
    world.clock.time = datetime.now(UTC)
    return world


def run_twice(world: World) -> None:
    """A full run, and one far enough behind it to believe that a record is gone."""
    world.run(full=True)
    world.clock.pass_(120)
    world.run(full=True)


def change_rules(pair: EntityPair) -> None:
    """As the admin does it after a form was saved: what was there before is of no matter here."""
    assert pairs.rules_changed(pair, before=[], by="kari")


def go_live(pair: EntityPair) -> None:
    fresh = EntityPair.objects.get(pk=pair.pk)
    pairs.approve_plan(fresh, by="kari")
    pairs.set_mode(fresh, "live", by="kari")
