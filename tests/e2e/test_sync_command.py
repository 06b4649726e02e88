"""`manage.py sync` against both pretend systems."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.e2e import harness
from tests.e2e.control import Row
from tests.e2e.harness import Hub, Systems, process
from tests.e2e.processes import alive, eventually

pytestmark = pytest.mark.e2e

UNDER_WAY = "SELECT state, lease_token FROM sync_run WHERE state IN ('queued', 'running')"
OF_CUSTOMERS = f"{UNDER_WAY} AND pair_id = (SELECT id FROM sync_entitypair WHERE name = 'customers')"
HELD = f"{OF_CUSTOMERS} AND lease_token <> ''"
A_WRITE_UNDER_WAY = "SELECT id FROM sync_intent WHERE state = 'recorded'"
EVERY_LEASE = """
SELECT 'run', id FROM sync_run WHERE lease_token <> ''
UNION ALL SELECT 'link', id FROM sync_link WHERE lease_token <> ''
UNION ALL SELECT 'system', id FROM sync_system WHERE write_token <> ''
"""
ASK_FOR_A_FULL_RUN = """
from sync.models.pairs import EntityPair
from sync.services import runs
pair = EntityPair.objects.get(name="customers")
answer = runs.request(pair, by="test", trigger="person", full=True).pk
"""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A hub whose pairs are live and in step; `first` is what the first sync told."""

    hub: Hub
    systems: Systems
    first: list[Row]
    counted: dict[str, int]
    """Calls of the first sync as the systems counted them."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    place = tmp_path_factory.mktemp("stage")
    with harness.sandbox(place) as systems, harness.hub(place, systems) as hub:
        hub.load_defaults()
        hub.go_live()
        systems.erp.clear_calls()
        systems.crm.clear_calls()
        first = hub.sync("--full")
        counted = {name: getattr(systems, name).calls()["total"] for name in ("erp", "crm")}
        yield Stage(hub=hub, systems=systems, first=first, counted=counted)


def counterparts(systems: Systems) -> dict[str, list[str]]:
    """ERP id to webCRM names, from webCRM's own records."""
    found: dict[str, list[str]] = {}
    for row in systems.crm.state("Organisations"):
        if reference := row["OrganisationExtraCustom8"]:
            found.setdefault(reference, []).append(row["OrganisationName"])
    return found


def test_the_first_sync_links_everybody_once(stage: Stage) -> None:
    assert [run["pair"] for run in stage.first] == ["customers", "contacts", "products"]
    assert all(run["outcome"] == "done" and run["counts"]["written"] for run in stage.first)
    found = counterparts(stage.systems)
    assert len(found) > 50
    assert all(len(names) == 1 for names in found.values())


def test_the_calls_it_tells_are_those_the_systems_counted(stage: Stage) -> None:
    told = {name: sum(run["calls_total"][name] for run in stage.first) for name in stage.counted}
    assert told == stage.counted


def test_a_second_run_writes_nothing(stage: Stage) -> None:
    written = [len(system.writes()) for system in (stage.systems.erp, stage.systems.crm)]
    stage.hub.sync()
    assert [len(system.writes()) for system in (stage.systems.erp, stage.systems.crm)] == written


def test_an_edit_on_either_side_arrives_on_the_other(stage: Stage) -> None:
    erp, crm = stage.systems.erp, stage.systems.crm
    key = next(iter(counterparts(stage.systems)))
    erp.edit("customers", key, name="Fjord Eiendom AS")
    stage.hub.sync("customers")
    assert counterparts(stage.systems)[key] == ["Fjord Eiendom AS"]
    (row,) = (row for row in crm.state("Organisations") if row["OrganisationExtraCustom8"] == key)
    crm.edit("Organisations", row["OrganisationId"], OrganisationTelephone="+47 99 88 77 66")
    stage.hub.sync("customers")
    (customer,) = (row for row in erp.state("customers") if row["id"] == key)
    assert customer["phone"] == "+47 99 88 77 66"


def test_a_worker_takes_up_a_run_that_was_asked_for(stage: Stage) -> None:
    key = list(counterparts(stage.systems))[1]
    stage.systems.erp.edit("customers", key, name="Nord Bygg AS")
    with stage.hub.worker():
        stage.hub.ask(ASK_FOR_A_FULL_RUN)
        eventually(lambda: counterparts(stage.systems)[key] == ["Nord Bygg AS"], "the edit arrives")


def test_a_system_that_cannot_be_read_is_said_in_one_sentence(stage: Stage) -> None:
    stage.systems.erp.fail(status=500, times=1000)
    found = stage.hub.manage("sync", "customers", check=False)
    stage.systems.erp.clear_failures()
    assert found.returncode == 1
    assert "Traceback" not in found.stdout + found.stderr


def test_interrupted_it_leaves_its_run_for_later(stage: Stage) -> None:
    stage.systems.crm.turn(latency_ms=500)
    command = [sys.executable, "manage.py", "sync", "customers", "--full"]
    with process(command, stage.hub.place / "sync.log", stage.hub.env) as pid:
        eventually(lambda: stage.hub.read(HELD), "the run is under way")
        os.kill(pid, signal.SIGINT)
        eventually(lambda: not alive(pid), "it stops", seconds=20)
    stage.systems.crm.turn(latency_ms=0)
    assert stage.hub.read(OF_CUSTOMERS) == [("running", "")]
    assert "Traceback" not in (stage.hub.place / "sync.log").read_text()
    (again,) = stage.hub.sync("customers")
    assert (again["outcome"], again["full"]) == ("done", True)


def stop_a_worker_once(stage: Stage, seen: str, what: str) -> str:
    """A worker under a full run against a slow system gets SIGTERM as soon as `seen` finds rows. What it logged."""
    with stage.hub.worker() as worker:
        stage.systems.crm.turn(latency_ms=700)
        stage.hub.ask(ASK_FOR_A_FULL_RUN)
        eventually(lambda: stage.hub.read(seen), what)
        os.kill(worker.pid, signal.SIGTERM)
        eventually(lambda: not alive(worker.pid), "it stops", seconds=30)
        logged = worker.log.read_text()
    stage.systems.crm.turn(latency_ms=0)
    return logged


def test_a_worker_that_is_stopped_ends_its_slices_and_leaves_their_runs(stage: Stage) -> None:
    assert "did not finish in time" not in stop_a_worker_once(stage, HELD, "the run is under way")
    assert [token for _, token in stage.hub.read(UNDER_WAY) if token] == []
    stage.hub.sync()


def test_a_worker_that_is_stopped_in_the_middle_of_a_batch_lets_go_of_everything(stage: Stage) -> None:
    wanted = {key: [f"Endret {key[-6:]} AS"] for key in list(counterparts(stage.systems))[2:32]}
    for key, (name,) in wanted.items():
        stage.systems.erp.edit("customers", key, name=name)
    stop_a_worker_once(stage, A_WRITE_UNDER_WAY, "a write is under way")
    assert stage.hub.read(EVERY_LEASE) == []
    stage.hub.sync()
    found = counterparts(stage.systems)
    assert {key: found[key] for key in wanted} == wanted


def test_without_pairs_there_is_nothing_to_do(bare_hub: Hub) -> None:
    assert bare_hub.sync() == []
    assert bare_hub.manage("sync", "customers", check=False).returncode == 2
