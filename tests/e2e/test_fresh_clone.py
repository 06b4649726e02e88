"""The front door, as somebody finds it: a fresh clone, `make demo`, and what is true once it says READY."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from sandbox.seed.world import World, make_world
from tests.e2e.control import Control
from tests.e2e.harness import ROOT
from tests.e2e.processes import descendants, eventually, kill
from tests.e2e.truth import PAIRS, wanted

pytestmark = pytest.mark.e2e

PATIENCE = 420
"""Seconds until READY, everything installed anew and the real call limits kept."""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    place = tmp_path / "hub"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(place)], check=True)
    return place


@pytest.fixture
def ports() -> dict[str, str]:
    """Three ports nobody uses now."""
    doors = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    found = [str(door.getsockname()[1]) for door in doors]
    for door in doors:
        door.close()
    return dict(zip(("HUB_PORT", "ERP_PORT", "CRM_PORT"), found, strict=True))


@contextmanager
def demo(clone: Path, ports: dict[str, str]) -> Iterator[tuple[Control, Control]]:
    """`make demo` until it is READY: both systems' control addresses. Ctrl-C ends it."""
    log = clone / "demo.log"
    hidden = ("VIRTUAL_ENV", "DJANGO_SETTINGS_MODULE", "DATABASE_URL", "DEBUG", "SECRET_KEY", "HUB_KEYS")
    environ = {
        name: value for name, value in os.environ.items() if name not in hidden and "PYTEST" not in name
    }
    with log.open("wb") as out:
        started = subprocess.Popen(
            ["make", "demo"], cwd=clone, env=environ | ports, stdout=out, stderr=out, start_new_session=True
        )
    systems = [Control(f"http://127.0.0.1:{ports[name]}") for name in ("ERP_PORT", "CRM_PORT")]
    try:
        eventually(
            lambda: "\nREADY " in log.read_text() or started.poll() is not None, "READY", seconds=PATIENCE
        )
        assert "\nREADY http://" in log.read_text(), log.read_text()[-2000:]
        yield systems[0], systems[1]
        os.killpg(started.pid, signal.SIGINT)
        started.wait(30)
    finally:
        for system in systems:
            system.close()
        kill([*descendants(started.pid), started.pid])
        started.wait()


def edit_as_the_readme_does(ports: dict[str, str]) -> None:
    """Its curl command, word by word, at the ports of this demo."""
    (command,) = re.findall(r"^curl -X POST http.*$", (ROOT / "README.md").read_text(), re.MULTILINE)
    _, _, _, url, _, body = shlex.split(command.replace("8102", ports["CRM_PORT"]))
    requests.post(url, data=body, timeout=30).raise_for_status()


def cities(erp: Control) -> list[str]:
    return [row["postalAddress"]["city"] for row in erp.state("customers")]


def test_make_demo_links_everybody_once_and_a_second_one_writes_nothing(
    clone: Path, ports: dict[str, str]
) -> None:
    world = make_world(customers=1000, contacts=2500, products=300, seed=1)
    with demo(clone, ports) as (_, crm):
        for entity in PAIRS:
            assert counts(crm, entity, world) == dict.fromkeys(wanted(world, entity), 1)
    with demo(clone, ports) as (erp, crm):
        assert (erp.writes(), crm.writes()) == ([], [])
        for entity in PAIRS:
            assert counts(crm, entity, world) == dict.fromkeys(wanted(world, entity), 1)
        before = cities(erp).count("Bergen")
        edit_as_the_readme_does(ports)
        eventually(lambda: cities(erp).count("Bergen") == before + 1, "the edit arrives", seconds=180)


def counts(crm: Control, entity: str, world: World) -> dict[str, int]:
    """How many counterparts each record in scope has in webCRM."""
    name, _, reference = PAIRS[entity]
    found = Counter(row[reference] for row in crm.state(name))
    return {key: found[key] for key in wanted(world, entity)}
