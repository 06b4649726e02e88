"""The stage of the end-to-end tests: both pretend systems, and a hub of its own, as real processes.

with sandbox(tmp_path, customers=200) as systems, hub(tmp_path, systems) as ours:
    ours.load_defaults()
    ours.go_live()                        observe, approve, live: every pair
    runs = ours.sync("customers")         one object per run, as `sync --json` prints them
    with ours.worker() as worker: ...     a real cluster; worker.pid, worker.cluster, worker.idle
"""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import requests
from cryptography.fernet import Fernet

from sync.queue import tether
from tests.e2e.control import Control, Row
from tests.e2e.processes import children, descendants, eventually, kill

ROOT = Path(__file__).resolve().parents[2]
LISTENING = re.compile(rb"LISTENING (\S+) (http://\S+)")
ENDED = 20.0
"""Seconds a process may take to end in order."""
UNLIMITED = 1_000_000
"""Calls a minute: tests raise the limits unless the limit is what they look at."""
DEFAULTS = "sync/defaults/customerp-webcrm.yaml"


class Failed(AssertionError):
    """A command of the hub failed where the test needed it to succeed."""


@contextmanager
def process(command: Sequence[str], log: Path, env: dict[str, str] | None = None) -> Iterator[int]:
    """A command as a process of its own; its group is ended when the block is left, whatever is in it."""
    with log.open("ab") as out:
        started = tether.start(command, when_orphaned=signal.SIGKILL, env=env, stdout=out, stderr=out)
    try:
        yield started.pid
    finally:
        below = descendants(started.pid)
        started.terminate()
        try:
            started.wait(ENDED)
        except subprocess.TimeoutExpired:
            kill(below)
        tether.kill_group(started.pid)
        started.wait()


@dataclass(frozen=True, kw_only=True)
class Systems:
    """Both pretend systems."""

    erp: Control
    crm: Control


@contextmanager
def sandbox(
    place: Path,
    *,
    customers: int = 60,
    contacts: int = 150,
    products: int = 30,
    seed: int = 1,
    limits: bool = False,
) -> Iterator[Systems]:
    """Both pretend systems on free ports; `limits` keeps their real call limits."""
    counts = {"customers": customers, "contacts": contacts, "products": products, "seed": seed}
    options = [text for name, count in counts.items() for text in (f"--{name}", str(count))]
    raised = [] if limits else ["--set", f"rate_limit_per_minute={UNLIMITED}"]
    free = ["--erp-port", "0", "--crm-port", "0", "--crm-auth-code", CREDENTIALS["CRM_AUTH_CODE"]]
    with ExitStack() as stack:
        found = {}
        for name in ("customerp", "webcrm"):
            log = place / f"{name}.log"
            command = [sys.executable, "-m", "sandbox", name, *free, *options, *raised]
            stack.enter_context(process(command, log))
            found[name] = Control(eventually(partial(_address, log), f"{name} listens"))
            stack.callback(found[name].close)
        yield Systems(erp=found["customerp"], crm=found["webcrm"])


def _address(log: Path) -> str:
    found = LISTENING.search(log.read_bytes())
    return found[2].decode() if found else ""


@dataclass(frozen=True, kw_only=True)
class Worker:
    """A running `manage.py worker`."""

    pid: int
    log: Path

    @property
    def cluster(self) -> int:
        """The main process of its cluster: leader of a group of its own. 0 while there is none."""
        return next(iter(children(self.pid)), 0)

    @property
    def hands(self) -> list[int]:
        """Every process of the cluster but the main one: sentinel, workers, monitor, pusher."""
        return descendants(self.cluster)

    def said(self) -> list[Row]:
        """What it logged, one object a line."""
        lines = self.log.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


class Hub:
    """A hub with a database and keys of its own; every command is a process, as for people."""

    def __init__(self, place: Path, env: dict[str, str]) -> None:
        self.place = place
        self.env = env

    def manage(
        self, *arguments: str, check: bool = True, seconds: float = 600
    ) -> subprocess.CompletedProcess[str]:
        """Run `manage.py`; Failed with its output when it exits with another code than 0, unless `check` is off."""
        command = [sys.executable, "manage.py", *arguments]
        found = subprocess.run(
            command, cwd=ROOT, env=self.env, capture_output=True, text=True, check=False, timeout=seconds
        )
        if check and found.returncode:
            raise Failed(
                f"{' '.join(arguments)} exited with {found.returncode}:\n{found.stdout}{found.stderr}"
            )
        return found

    def ask(self, code: str) -> Any:
        """Run Python in the hub; what it assigns to `answer` comes back through JSON."""
        printed = f"{code}\nimport json; print('ANSWER', json.dumps(answer, default=str))"
        output = self.manage("shell", "--command", printed).stdout
        return json.loads(output.rpartition("ANSWER ")[2])

    def read(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the hub's SQLite file: for looks that are repeated, as `ask` starts a process."""
        with closing(sqlite3.connect(f"file:{self.place}/hub.sqlite3?mode=ro", uri=True)) as database:
            return database.execute(query).fetchall()

    def load_defaults(self) -> None:
        """The three pairs of CustomERP and webCRM, in observe."""
        self.manage("config", "load", DEFAULTS, "--by", "test")

    def go_live(self, by: str = "test") -> None:
        """The ordinary door for every pair, as one person would go through it: look, approve, live."""
        self.manage("sync", "--plan", "--full")
        self.approve("customers", "contacts", "products", by=by)

    def approve(self, *names: str, by: str = "test") -> None:
        """A person approves the plans of these pairs and lets them go live."""
        self.ask(
            "from sync.models.pairs import EntityPair\n"
            "from sync.services import pairs\n"
            f"for pair in EntityPair.objects.filter(name__in={names!r}):\n"
            f"    pairs.approve_plan(pair, by={by!r}, reason='looked at')\n"
            f"    pairs.set_mode(pair, 'live', by={by!r}, reason='looked at')\n"
            "answer = None"
        )

    def sync(self, *arguments: str, check: bool = True) -> list[Row]:
        """What `sync --json` says of each run. `check`: all of them must be done, without failures."""
        found = self.manage("sync", *arguments, "--json", check=check)
        return [json.loads(line) for line in found.stdout.splitlines()]

    def runs(self) -> list[Row]:
        """Every run, newest first: id, pair, state, trigger, problem, touched, counts."""
        found: list[Row] = self.ask(
            "from sync.models.runs import Run\n"
            "answer = list(Run.objects.values('id', 'pair__name', 'state', 'trigger', 'problem', 'touched', 'counts'))"
        )
        return found

    @contextmanager
    def worker(self, *options: str) -> Iterator[Worker]:
        """A launcher and its cluster."""
        log = self.place / "worker.log"
        command = [sys.executable, "manage.py", "worker", *options]
        with process(command, log, self.env) as pid:
            worker = Worker(pid=pid, log=log)
            eventually(lambda: len(worker.hands) >= 5, "the cluster is complete")
            yield worker

    @contextmanager
    def web(self) -> Iterator[str]:
        """The web process as it is served; its address."""
        log = self.place / "web.log"
        command = [sys.executable, "-m", "gunicorn", "hub.wsgi", "--bind", "127.0.0.1:0", "--threads", "4"]
        with process(command, log, self.env):
            yield eventually(lambda: _served_at(log), "the web process answers")


def _served_at(log: Path) -> str:
    found = re.search(r"Listening at: (http://127\.0\.0\.1:\d+)", log.read_text())
    if not found:
        return ""
    try:
        ready = requests.get(f"{found[1]}/readyz", timeout=10)
    except requests.ConnectionError:
        return ""
    return found[1] if ready.ok else ""


@contextmanager
def hub(place: Path, systems: Systems | None = None, *, database: str = "") -> Iterator[Hub]:
    """A migrated hub on a SQLite file in `place`, or on the migrated `database` of this address."""
    ours = Hub(place, _environment(place, systems, database))
    if not database:
        ours.manage("migrate", "--verbosity=0")
    yield ours


def _environment(place: Path, systems: Systems | None, database: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    urls = {"ERP": systems.erp.url, "CRM": systems.crm.url} if systems else {}
    return kept | {
        "DEBUG": "1",
        "DATABASE_URL": database or f"sqlite:///{place}/hub.sqlite3",
        "SECRET_KEY": "only-for-tests-" * 5,
        "HUB_KEYS": Fernet.generate_key().decode(),
        "HUB_ALLOW_HOSTS": " ".join(url.removeprefix("http://") for url in urls.values()),
        "USER": "tester",
        **CREDENTIALS,
        **{f"{name}_PORT": url.rpartition(":")[2] for name, url in urls.items()},
    }


CREDENTIALS = {
    "ERP_CLIENT_ID": "hub",
    "ERP_CLIENT_SECRET": "hub-secret",
    "CRM_AUTH_CODE": "00000000-0000-0000-0000-000000000000",
}
"""What the pretend systems accept, under the names the default configuration refers to."""
