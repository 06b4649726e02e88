"""A system, or a connector of anybody's, that quotes its credentials in an error: nobody is told them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sync.connectors.base import Nonsense, Refused, Unauthorized, Unavailable, Unknown
from sync.models.links import Intent, Link
from sync.models.runs import Change, Run
from sync.models.systems import System
from sync.services.systems import enter_credentials
from tests.simulation.secrets import MARK
from tests.world import World, failing

QUOTED = f"The login as hub with {MARK} failed."


def told() -> Iterator[str]:
    for model in (Run, Link, Intent, Change, System):
        for row in model._default_manager.values():
            yield from (str(value) for value in row.values())


@pytest.mark.parametrize("error", [Nonsense(QUOTED), Unauthorized(QUOTED), Unavailable(QUOTED)])
def test_what_a_failed_reading_quotes_is_struck_out(world: World, key: str, error: Exception) -> None:
    enter_credentials(System.objects.get(name="crm"), {"password": MARK}, by="anna")
    with failing(world.crm, "list orgs", "before", error, times=10):
        run = world.run()
    assert "The login as hub with •••" in run.problem
    assert [text for text in told() if MARK in text] == []


@pytest.mark.parametrize(
    "error", [Refused(QUOTED, fields={"OrgName": f"is not {MARK}"}), Unknown(QUOTED), Unavailable(QUOTED)]
)
def test_what_a_failed_write_quotes_is_struck_out(world: World, key: str, error: Exception) -> None:
    enter_credentials(System.objects.get(name="crm"), {"password": MARK}, by="anna")
    world.erp.edit("customers", key, {"name": "Newer"})
    with failing(world.crm, "write orgs", "before", error, times=1):
        world.run()
    assert [text for text in told() if "•••" in text]
    assert [text for text in told() if MARK in text] == []


def test_no_log_repeats_what_a_system_quotes(
    world: World, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    enter_credentials(System.objects.get(name="crm"), {"password": MARK}, by="anna")
    with failing(world.crm, "list orgs", "before", Nonsense(QUOTED), times=10):
        world.run()
    assert any("•••" in str(vars(record)) for record in caplog.records)
    assert not any(MARK in str(vars(record)) for record in caplog.records)
