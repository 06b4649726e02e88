"""What somebody else says of a link while a worker reads: their word stands, on every database."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection, connections, transaction

from sync.engine.pairing import join
from sync.models.links import Link
from tests.world import World, make_world


def while_it_is_said(world: World, link: Link, said: dict[str, object], then: Callable[[], object]) -> None:
    """Somebody's word on a link is committed only once the worker waits for it, or has ended without waiting."""
    spoken, over = threading.Event(), threading.Event()

    def speak() -> None:
        with transaction.atomic():
            Link.objects.filter(pk=link.pk).update(**said)
            spoken.set()
            while not over.wait(0.02) and not somebody_waits():
                pass
        connections.close_all()

    other = threading.Thread(target=speak)
    other.start()
    spoken.wait()
    try:
        then()
    finally:
        over.set()
        other.join()


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return bool(cursor.fetchone()[0])


@pytest.mark.postgres
@pytest.mark.usefixtures("on_postgres")
def test_a_link_that_became_due_while_its_page_was_read_stays_due() -> None:
    world = make_world()
    key = world.customer(name="Akkurat AS")
    world.settle()
    link = world.link(erp_key=key)
    world.erp.edit("customers", key, {"type": "company", "phone": "", "inactive": True})
    said = {"due_at": world.clock.now(), "reread": True, "reason": "asked for by anna"}
    while_it_is_said(world, link, said, world.run)
    assert "read orgs" in [call.name for call in world.crm.calls]


def test_a_link_that_was_paused_meanwhile_takes_over_no_other(world: World) -> None:
    first, second = world.customer(name="Akkurat AS"), world.organisation(OrgName="Akkurat AS")
    world.run(writes=False)
    Link.objects.update(state="active")
    keeper, other = world.link(erp_key=first), world.link(crm_key=second)
    Link.objects.filter(pk=keeper.pk).update(state="paused")
    assert not join(keeper, other, world.clock.now())
    keeper.refresh_from_db()
    assert (keeper.state, keeper.crm_key) == ("paused", None)
