"""Calls and seconds per record, by the hub's own account and by both systems' counters side by side.

No worker runs and the systems' limits are raised: what is measured is the work itself, everything included (logins,
confirming reads, retries). With webCRM's real limit a minute has 240 calls; the last column says what that makes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.e2e import harness
from tests.e2e.harness import Hub, Systems

CALLS_A_MINUTE = {"erp": 110, "crm": 240}
UNHURRIED = """
from sync.models.pairs import EntityPair
from sync.models.systems import System
System.objects.update(calls_per_minute=None)
answer = EntityPair.objects.update(guard_changes=100)
"""
"""No budget, and a guard that lets a whole day's measuring pass."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    customers: int = 20_000
    changed: int = 1_000
    seed: int = 2


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One stage of the measurement."""

    stage: str
    records: int
    seconds: float
    told: dict[str, int]
    """Calls by `sync --json`."""
    counted: dict[str, int]
    """Calls by the systems themselves."""

    @property
    def agrees(self) -> bool:
        return self.told == self.counted

    def cells(self) -> Iterator[str]:
        yield self.stage
        yield f"{self.records:,}"
        yield f"{self.seconds:.1f}"
        for name in CALLS_A_MINUTE:
            yield f"{self.told[name]:,} / {self.counted[name]:,}"
            yield f"{self.counted[name] / max(self.records, 1):.4f}"
        yield f"{max(self.counted[name] / limit for name, limit in CALLS_A_MINUTE.items()):.1f}"


def measure(place: Path, scale: Scale) -> int:
    """Print the figures; 0 when both accounts agree at every stage, else 1."""
    with _stage(place, scale) as (systems, hub):
        figures = list(_figures(systems, hub, scale))
    _show(figures)
    return 0 if all(figure.agrees for figure in figures) else 1


@contextmanager
def _stage(place: Path, scale: Scale) -> Iterator[tuple[Systems, Hub]]:
    sandbox = harness.sandbox(place, customers=scale.customers, contacts=0, products=0, seed=scale.seed)
    with sandbox as systems, harness.hub(place, systems) as hub:
        hub.load_defaults()
        hub.ask(UNHURRIED)
        yield systems, hub


def _figures(systems: Systems, hub: Hub, scale: Scale) -> Iterator[Figure]:
    yield _figure("observe", systems, hub, "--plan", "--full")
    hub.approve("customers")
    yield _figure("first sync", systems, hub)
    yield _figure("nothing changed", systems, hub)
    for row in systems.erp.state("customers")[: scale.changed]:
        systems.erp.edit("customers", row["id"], phone=f"+47 {row['customerNumber']} 00")
    yield _figure(f"{scale.changed:,} changed in the ERP", systems, hub)
    for number, key in enumerate(_linked(systems)[: scale.changed]):
        systems.crm.edit("Organisations", key, OrganisationTelephone=f"+47 {number:08}")
    yield _figure(f"{scale.changed:,} changed in webCRM", systems, hub)


def _linked(systems: Systems) -> list[int]:
    rows = systems.crm.state("Organisations")
    return [row["OrganisationId"] for row in rows if row["OrganisationExtraCustom8"]]


def _figure(stage: str, systems: Systems, hub: Hub, *options: str) -> Figure:
    systems.erp.clear_calls()
    systems.crm.clear_calls()
    began = time.monotonic()
    runs = hub.sync("customers", *options)
    seconds = time.monotonic() - began
    counted = {"erp": systems.erp.calls()["total"], "crm": systems.crm.calls()["total"]}
    told = {name: sum(run["calls_total"].get(name, 0) for run in runs) for name in counted}
    written = sum(run["counts"].get("written", 0) for run in runs)
    records = written or sum(run["touched"] for run in runs)
    return Figure(stage=stage, records=records, seconds=seconds, told=told, counted=counted)


def _show(figures: list[Figure]) -> None:
    console = Console(width=140)
    table = Table("stage", "records", "seconds", "ERP calls told / counted", "per record")
    for heading in ("webCRM calls told / counted", "per record", "minutes at the real limits"):
        table.add_column(heading)
    for figure in figures:
        table.add_row(*figure.cells())
    console.print(table)
    for figure in figures:
        if not figure.agrees:
            console.print(
                f"{figure.stage}: the hub tells {figure.told}, the systems counted {figure.counted}."
            )
