"""A demo from its processes to its end."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

import requests
from django.core.management import call_command
from rich.console import Console

from sync.management.demo.family import Family, Lost, Stopped
from sync.management.demo.people import ROLES, make_people, password
from sync.management.demo.place import HOST, Place
from sync.management.demo.story import Disappointed, Story
from sync.queue.stopping import Stopping
from sync.services.acts import NotPossible

PYTHON = sys.executable
LOOK = 0.5
DRAIN_SECONDS = 5
"""How long the worker's cluster may go on when the demo ends: whoever pressed Ctrl-C is waiting."""


@dataclass(frozen=True, kw_only=True)
class Seed:
    """How much the pretend systems hold at first."""

    customers: int = 1000
    contacts: int = 2500
    products: int = 300
    seed: int = 1

    @property
    def options(self) -> list[str]:
        return [f"--{name}={value}" for name, value in vars(self).items()]


def launch(place: Place, seed: Seed, console: Console) -> int:
    """Run a demo until Ctrl-C. The exit code: 0, or 1 when it could not go on and a sentence said why. NoPlace."""
    stopping = Stopping()
    stopping.listen()
    with place.alone() as lock:
        place.ports.demand_free()
        family = Family(place.logs, stopping, lock)
        try:
            _run(place, seed, family, console)
        except Stopped:
            console.print("Stopping.")
            return 0
        except (Lost, Disappointed, NotPossible) as problem:
            console.print(str(problem), style="red", markup=False)
            return 1
        finally:
            family.end()


def _run(place: Place, seed: Seed, family: Family, console: Console) -> NoReturn:
    call_command("migrate", verbosity=0)
    make_people()
    _start_systems(place, seed, family)
    _start_web(place, family)
    console.print(f"The hub is at {place.hub_url}/admin/; its logs are in {place.logs}.")
    story = Story(place=place, console=console, stopping=family.stopping)
    story.free_what_the_dead_held()
    story.configure()
    if place.finished.exists():
        story.catch_up()
    else:
        story.tell()
    family.start("worker", [PYTHON, "manage.py", "worker", f"--drain={DRAIN_SECONDS}"])
    _announce(place, console)
    while not family.stopping.wait(LOOK):
        family.demand_all()
    raise Stopped


def _start_systems(place: Place, seed: Seed, family: Family) -> None:
    ports = [f"--erp-port={place.ports.erp}", f"--crm-port={place.ports.crm}"]
    for name, url in (("customerp", place.erp_url), ("webcrm", place.crm_url)):
        command = [PYTHON, "-m", "sandbox", name, *ports, f"--state={place.sandbox}", *seed.options]
        family.start(name, command)
        family.wait_for(name, _answers(f"{url}/_control/health"))


def _start_web(place: Place, family: Family) -> None:
    gunicorn = [PYTHON, "-m", "gunicorn", "hub.wsgi", f"--bind={HOST}:{place.ports.hub}"]
    family.start("web", [*gunicorn, "--worker-class=gthread", "--threads=4", "--graceful-timeout=3"])
    family.wait_for("web", _answers(f"{place.hub_url}/readyz"))


def _answers(url: str) -> Callable[[], bool]:
    def look() -> bool:
        try:
            with requests.Session() as session:
                session.trust_env = False
                return session.get(url, timeout=5).ok
        except requests.RequestException:
            return False

    return look


def _announce(place: Place, console: Console) -> None:
    for name, role in ROLES.items():
        console.print(f"  {role}: {name} / {password(name)}", markup=False)
    console.print(f"READY {place.hub_url}/admin/  Log in as admin / {password('admin')}. Ctrl-C ends it.")
