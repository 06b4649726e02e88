"""`manage.py sync`: what it runs, what it says, and the code it exits with."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from sync import jobs
from sync.connectors.base import Unavailable, Unknown
from sync.engine.schedule import open_run
from sync.management.commands import sync
from sync.management.foreground.work import run_pair
from sync.models.pairs import EntityPair
from sync.models.runs import Run
from sync.queue.stopping import Stopping
from tests.world import World, failing, make_world


@pytest.fixture(autouse=True)
def deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signals of the test process stay as they are."""
    monkeypatch.setattr(Stopping, "listen", lambda self: None)


@pytest.fixture
def world(db: None, monkeypatch: pytest.MonkeyPatch) -> World:
    """The command finds the stage's systems and clock."""
    stage = make_world()
    monkeypatch.setattr(jobs, "means", lambda: stage.means)
    return stage


def run_it(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """The exit code, and what it prints of each run."""
    out = io.StringIO()
    try:
        call_command(sync.Command(), *arguments, "--json", stdout=out)
    except SystemExit as end:
        return int(end.code or 0), [json.loads(line) for line in out.getvalue().splitlines()]
    return 0, [json.loads(line) for line in out.getvalue().splitlines()]


def test_every_pair_runs_in_its_order_and_says_what_became_of_it(world: World) -> None:
    customer = world.customer(name="Fjord AS")
    world.contact(customer, last="Berg")
    code, runs = run_it()
    assert code == 0
    assert [(run["pair"], run["outcome"], run["counts"]) for run in runs] == [
        ("customers", "done", {"written": 1}),
        ("contacts", "done", {"written": 1}),
    ]
    assert world.crm.entity("persons").stored


def test_calls_are_told_per_system_and_endpoint(world: World) -> None:
    world.customer(name="Fjord AS")
    _, (run,) = run_it("customers")
    assert set(run["calls"]) == {"erp", "crm"}
    assert run["calls_total"] == {name: sum(calls.values()) for name, calls in run["calls"].items()}


def test_a_plan_writes_nothing(world: World) -> None:
    world.customer(name="Fjord AS")
    code, (run,) = run_it("customers", "--plan")
    assert (code, run["writes"], run["counts"]) == (0, False, {"written": 1})
    assert not world.crm.writes


def test_a_plan_does_not_carry_out_a_run_that_writes(world: World) -> None:
    world.customer(name="Fjord AS")
    world_run = open_run(world.customers, trigger="person", now=world.clock.now())[0]
    code, (run,) = run_it("customers", "--plan")
    assert code == 1
    assert f"a run that writes, #{world_run.pk}" in run["problem"]
    assert not world.crm.writes


def test_an_unknown_pair_is_named_with_those_there_are(world: World) -> None:
    with pytest.raises(CommandError, match=r"no pair .orders.\. There are: customers, contacts") as refusal:
        call_command(sync.Command(), "orders")
    assert refusal.value.returncode == 2


def test_pairs_that_are_off_run_only_to_be_refused(world: World) -> None:
    EntityPair.objects.filter(name="contacts").update(mode="off")
    assert [run["pair"] for run in run_it()[1]] == ["customers"]
    code, (run,) = run_it("contacts")
    assert (code, run["outcome"]) == (1, "refused")
    assert "contacts is off" in run["problem"]


def test_an_open_run_is_made_use_of(world: World) -> None:
    waiting = open_run(world.customers, trigger="person", now=world.clock.now())[0]
    _, (run,) = run_it("customers")
    assert run["run"] == waiting.pk


def test_a_full_read_is_not_replaced_by_a_run_that_was_waiting(world: World) -> None:
    waiting = open_run(world.customers, trigger="person", now=world.clock.now())[0]
    _, (run,) = run_it("customers", "--full")
    assert run["full"]
    assert run["run"] != waiting.pk
    assert Run.objects.get(pk=waiting.pk).state == "done"


def test_a_record_whose_outcome_nobody_knows_makes_the_exit_code_one(world: World) -> None:
    world.customer(name="Fjord AS")
    with failing(world.crm, "write orgs", "after", Unknown("The connection was lost.")):
        code, (run,) = run_it("customers")
    assert code == 1
    assert run["counts"] == {"unknown": 1}


def test_a_system_that_does_not_answer_fails_the_run_with_a_sentence(world: World) -> None:
    with failing(world.erp, "list customers", "before", Unavailable("The ERP does not answer.")):
        code, (run,) = run_it("customers")
    assert (code, run["outcome"], run["problem"]) == (1, "failed", "erp: The ERP does not answer.")


def test_stopped_it_leaves_the_run_for_later(world: World) -> None:
    world.customer(name="Fjord AS")
    stopping = Stopping()
    run = run_pair(
        world.customers, by="test", report=lambda _: setattr(stopping, "asked", True), stopping=stopping
    )
    assert (run.state, run.lease_token) == ("running", "")
    again = run_pair(world.customers, by="test", report=lambda _: None, stopping=Stopping())
    assert (again.pk, again.state, again.counts) == (run.pk, "done", {"written": 1})


def test_people_get_lines_and_a_table(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.customer(name="Fjord AS")
    call_command(sync.Command(), "customers")
    said = capsys.readouterr().out
    assert "customers: running, reading" in said or "customers: done" in said
    assert "1 written" in said
    assert "protects" not in said


def test_people_are_told_what_no_version_protected(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    key = world.customer(name="Fjord AS")
    world.settle()
    world.erp.edit("customers", key, {"city": "Bergen"})
    call_command(sync.Command(), "customers")
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "protects" in line]
    longest = Run.objects.latest("pk").windows["crm"]["longest_ms"]
    assert line == (
        "customers: written where no version protects: 1 to crm "
        f"(an edit in the {longest} ms before may be overwritten)"
    )
