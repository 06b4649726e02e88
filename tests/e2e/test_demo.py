"""`manage.py demo`, started, killed, started again and ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.e2e.control import Control
from tests.e2e.harness import ROOT
from tests.e2e.processes import alive, descendants, eventually, kill

pytestmark = pytest.mark.e2e

SEED = ("--customers", "30", "--contacts", "60", "--products", "12")
PORTS = ("HUB_PORT", "ERP_PORT", "CRM_PORT")


@dataclass(frozen=True, kw_only=True)
class Demo:
    pid: int
    log: Path

    def said(self) -> str:
        return self.log.read_text()

    def is_ready(self) -> bool:
        return any(line.startswith("READY http://") for line in self.said().splitlines())

    def family(self) -> list[int]:
        return [self.pid, *descendants(self.pid)]


@pytest.fixture
def ports() -> dict[str, str]:
    """Three ports nobody uses now."""
    doors = [socket.create_server(("127.0.0.1", 0)) for _ in PORTS]
    found = {name: str(door.getsockname()[1]) for name, door in zip(PORTS, doors, strict=True)}
    for door in doors:
        door.close()
    return found


@contextmanager
def demo(place: Path, ports: dict[str, str]) -> Iterator[Demo]:
    """A demo as a person starts it; killed with everything it started when the block is left."""
    log = place / "demo.log"
    command = [sys.executable, "manage.py", "demo", "--place", str(place / "kept"), *SEED]
    environ = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    with log.open("wb") as out:
        started = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environ | ports | {"DEBUG": "1"},
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        yield Demo(pid=started.pid, log=log)
    finally:
        kill([started.pid, *descendants(started.pid)])
        started.wait()


def test_it_gets_ready_and_ctrl_c_ends_every_process(tmp_path: Path, ports: dict[str, str]) -> None:
    with demo(tmp_path, ports) as shown:
        eventually(shown.is_ready, "READY", seconds=120)
        page = requests.get(f"http://127.0.0.1:{ports['HUB_PORT']}/admin/login/", timeout=10)
        assert page.ok
        eventually(lambda: len(shown.family()) > 8, "the cluster runs too")
        family = shown.family()
        os.kill(shown.pid, signal.SIGINT)
        eventually(lambda: not any(map(alive, family)), "all have ended", seconds=20)
    assert "Traceback" not in shown.said()


def test_killed_in_the_middle_it_leaves_nobody_and_goes_on_where_it_was(
    tmp_path: Path, ports: dict[str, str]
) -> None:
    with demo(tmp_path, ports) as shown:
        eventually(lambda: "contacts: what would" in shown.said(), "the second pair", seconds=120)
        family = shown.family()
        kill([shown.pid])
        eventually(lambda: not any(map(alive, family)), "all have ended", seconds=20)
    with demo(tmp_path, ports) as again:
        eventually(again.is_ready, "READY", seconds=120)
        assert "customers: what would" not in again.said()
        crm = Control(f"http://127.0.0.1:{ports['CRM_PORT']}")
        references = [row["OrganisationExtraCustom8"] for row in crm.state("Organisations")]
        crm.close()
        filled = [reference for reference in references if reference]
        assert len(filled) == len(set(filled)) > 20


def test_started_again_it_keeps_what_people_did(tmp_path: Path, ports: dict[str, str]) -> None:
    with demo(tmp_path, ports) as shown:
        eventually(shown.is_ready, "READY", seconds=120)
        erp = Control(f"http://127.0.0.1:{ports['ERP_PORT']}")
        key = erp.state("customers")[0]["id"]
        erp.edit("customers", key, phone="+47 99 88 77 66")
        erp.close()
        os.kill(shown.pid, signal.SIGTERM)
        eventually(lambda: not alive(shown.pid), "it has ended", seconds=20)
    with demo(tmp_path, ports) as again:
        eventually(again.is_ready, "READY", seconds=120)
        assert "what would be written" not in again.said()
        erp = Control(f"http://127.0.0.1:{ports['ERP_PORT']}")
        assert {row["id"]: row["phone"] for row in erp.state("customers")}[key] == "+47 99 88 77 66"
        erp.close()


def test_a_taken_port_is_one_sentence(tmp_path: Path, ports: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", int(ports["ERP_PORT"]))), demo(tmp_path, ports) as shown:
        eventually(lambda: not alive(shown.pid), "it gives up", seconds=30)
        assert f"Port {ports['ERP_PORT']} is in use" in shown.said()
        assert "ERP_PORT=" in shown.said()
        assert len(shown.said().splitlines()) == 1


def test_its_directory_can_be_removed(tmp_path: Path) -> None:
    (tmp_path / "kept" / "logs").mkdir(parents=True)
    command = [sys.executable, "manage.py", "demo", "--place", str(tmp_path / "kept"), "--clean"]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"DEBUG": "1"}, check=True)
    assert not (tmp_path / "kept").exists()
