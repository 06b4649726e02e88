"""Many records: what each costs in calls, by the hub's own account and by the systems' counters, and in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e import harness
from tests.e2e.harness import Hub, Systems

pytestmark = pytest.mark.e2e

CUSTOMERS = 20_000
CHANGED = 1_000

UNHURRIED = """
from sync.models.systems import System
answer = System.objects.update(calls_per_minute=None)
"""

AN_HOUR_LATER = """
from datetime import timedelta
from django.db.models import F
from sync.models.pairs import Cursor
answer = Cursor.objects.update(reached_at=F("reached_at") - timedelta(hours=1))
"""
"""Nothing can appear any more behind what the first sync itself wrote."""

READ_EVERYTHING = """
import re
from pathlib import Path
from django.core.management import call_command
call_command("sync", "customers", "--full", "--json")
most = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
answer = int(most[1]) // 1024
"""
"""Ends in the most MiB its process ever held; what getrusage tells counts whoever started it."""
MOST_MIB = 300


@pytest.fixture(scope="module")
def systems(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Systems]:
    with harness.sandbox(
        tmp_path_factory.mktemp("calls"), customers=CUSTOMERS, contacts=0, products=0, seed=2
    ) as found:
        yield found


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, systems: Systems) -> Iterator[Hub]:
    with harness.hub(tmp_path_factory.mktemp("hub"), systems) as ours:
        ours.load_defaults()
        ours.ask(UNHURRIED)
        yield ours


def totals(runs: list[dict[str, Any]]) -> dict[str, int]:
    return {name: sum(run["calls_total"][name] for run in runs) for name in ("erp", "crm")}


def counted(systems: Systems) -> dict[str, int]:
    found = {"erp": systems.erp.calls()["total"], "crm": systems.crm.calls()["total"]}
    systems.erp.clear_calls()
    systems.crm.clear_calls()
    return found


def test_the_first_sync_and_a_thousand_changes_cost_what_they_should(hub: Hub, systems: Systems) -> None:
    before = len(systems.crm.state("Organisations"))
    observed = hub.sync("customers", "--plan", "--full")
    assert totals(observed) == counted(systems)
    hub.approve("customers")

    first = hub.sync("customers")
    made = len(systems.crm.state("Organisations")) - before
    assert totals(first) == counted(systems)
    assert first[0]["counts"]["written"] >= made > CUSTOMERS // 3
    assert totals(first)["crm"] <= 0.05 * first[0]["counts"]["written"]

    assert totals(hub.sync("customers")) == counted(systems)
    hub.ask(AN_HOUR_LATER)
    assert totals(hub.sync("customers")) == counted(systems)
    for row in systems.erp.state("customers")[: CHANGED * 2 : 2]:
        systems.erp.edit("customers", row["id"], phone=f"+47 {row['customerNumber']} 00")
    changed = hub.sync("customers")
    assert totals(changed) == counted(systems)
    written = changed[0]["counts"]["written"]
    assert written > CHANGED * 0.8
    assert totals(changed)["crm"] <= 0.05 * written
    assert changed[0]["windows"]["crm"]["writes"] == written


def test_a_process_that_reads_everything_stays_small(hub: Hub) -> None:
    assert hub.ask(READ_EVERYTHING) < MOST_MIB
