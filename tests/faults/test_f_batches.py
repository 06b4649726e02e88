"""Batches of which a part landed, that are too large, or that would hold one record twice."""

from __future__ import annotations

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from sync.connectors.base import Unavailable, Unknown
from sync.core.vocabulary import Side
from sync.models.links import Intent, Link
from sync.models.runs import Change
from tests.connectors.operations import create
from tests.connectors.things import opened, serve
from tests.world import World, failing


def names(world: World) -> list[str]:
    return sorted(str((world.crm.values("orgs", key) or {})["OrgName"]) for key in world.crm.keys("orgs"))


@pytest.mark.parametrize("landed", [0, 1, 4, 9])
def test_a_batch_of_which_nobody_saw_the_end_is_looked_at_row_by_row(world: World, landed: int) -> None:
    wanted = [world.customer(name=f"Firma {number}") for number in range(10)]
    left = [landed]

    def cut(call: str, phase: str) -> None:
        if call == "write orgs" and phase in ("before", "between"):
            if not left[0]:
                world.crm.faults = lambda _call, _phase: None
                raise Unknown("The connection was lost.")
            left[0] -= 1

    world.crm.faults = cut
    world.run()
    world.clock.pass_(300)
    world.settle()
    assert names(world) == [f"Firma {number}" for number in range(10)]
    assert Link.objects.linked().count() == len(wanted)


def test_no_batch_holds_a_record_twice_nor_a_child_beside_its_parent(world: World) -> None:
    customers = [world.customer(name=f"Firma {number}") for number in range(6)]
    for customer in customers:
        world.contact(customer, last="Nordmann", mail=f"{customer}@example.no")
    world.settle()
    for customer in customers:
        world.erp.edit("customers", customer, {"name": f"Ny {customer}", "phone": "22 00 00 00"})
        world.crm.edit("orgs", world.link(erp_key=customer).crm_key or "", {"OrgCity": "Oslo"})
    world.settle()
    for call in [*world.crm.calls, *world.erp.calls]:
        keys = [operation.key for operation in call.operations if operation.key]
        assert len(keys) == len(set(keys))
        assert len({operation.token for operation in call.operations}) == len(call.operations)


def test_an_intent_stands_once_for_each_side_of_a_link(world: World) -> None:
    world.customer(name="Akkurat AS")
    with failing(world.crm, "write orgs", "after", Unknown("The connection was lost.")):
        world.run()
    for _ in range(3):
        Link.objects.update(due_at=world.clock.now())
        world.run()
    assert Intent.objects.filter(side=Side.CRM).count() == Change.objects.count() == 1


def test_a_batch_that_could_not_be_sent_is_sent_later_and_its_rows_are_not_blamed(world: World) -> None:
    for number in range(5):
        world.customer(name=f"Firma {number}")
    with failing(world.crm, "write orgs", "before", Unavailable("It asks to wait.", retry_after=30)):
        world.run()
    world.settle()
    assert len(names(world)) == 5
    assert not Link.objects.exclude(problem="").exists()


def test_a_batch_too_large_is_taken_apart(httpserver: HTTPServer) -> None:
    batch = {
        "batch": {"path": "/batch", "max": 8, "results": "$.results"},
        "create": {"path": "/things"},
    }
    sizes = []

    def answer(request):
        rows = request.get_json()["operations"]
        sizes.append(len(rows))
        if len(rows) > 2:
            return Response("{}", 413, mimetype="application/json")
        return {"results": [{"status": 201, "id": f"{row['body']['name']}"} for row in rows]}

    serve(httpserver, "/batch", answer, "POST")
    results = opened(httpserver, batch).write("things", [create(n, name=n) for n in "abcdefgh"])
    assert [result.key for result in results] == list("abcdefgh")
    assert max(sizes[1:]) < 8
