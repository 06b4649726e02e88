"""`python -m sandbox`: starts the pretend ERP, the pretend webCRM, or both, each as a process of its own."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from types import FrameType
from typing import Any, Final

from sandbox.customerp.switches import Switches as ErpSwitches
from sandbox.customerp.system import CustomErp
from sandbox.kit import switches
from sandbox.kit.ground import Ground
from sandbox.kit.server import Server
from sandbox.kit.serving import STOPPING, run
from sandbox.kit.storage import Storage
from sandbox.kit.system import Impossible, System
from sandbox.seed.world import World, make_world
from sandbox.webcrm.access import HUB, READER, Application
from sandbox.webcrm.switches import Switches as CrmSwitches
from sandbox.webcrm.system import WebCrm

CUSTOMERP: Final = "customerp"
WEBCRM: Final = "webcrm"
PANELS: Final[dict[str, Any]] = {CUSTOMERP: ErpSwitches, WEBCRM: CrmSwitches}
WRONG_USE: Final = 2
INTERRUPTED: Final = 130
LOOK_EVERY_SECONDS: Final = 0.2


def main(arguments: Sequence[str]) -> int:
    """Runs what the command line asks for; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        settings = [switches.spelt(text) for text in options.set]
        _demand_known(settings)
        if options.system == "both":
            return _run_both(options)
        return _run_one(options, settings)
    except Impossible as error:
        print(error, file=sys.stderr, flush=True)
        return WRONG_USE
    except KeyboardInterrupt:  # before the server took over
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("system", nargs="?", default="both", choices=(WEBCRM, CUSTOMERP, "both"))
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--erp-port", type=int, default=8101, help="0 takes a free one")
    parser.add_argument("--crm-port", type=int, default=8102, help="0 takes a free one")
    for what, count in (("customers", 1000), ("contacts", 2500), ("products", 300), ("seed", 1)):
        parser.add_argument(f"--{what}", type=int, default=count)
    parser.add_argument("--state", type=Path, help="directory where records survive a restart")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="turns a switch")
    environment = os.environ.get
    parser.add_argument("--crm-auth-code", default=environment("CRM_AUTH_CODE", HUB.code))
    parser.add_argument("--crm-token-name", default=environment("CRM_TOKEN_NAME", HUB.name))
    return parser


def _demand_known(settings: list[tuple[str, Any]]) -> None:
    """A setting may concern one of the two systems only, but not neither."""
    known = {field.name for panel in PANELS.values() for field in fields(panel)}
    for name, _ in settings:
        if name not in known:
            raise Impossible(f"There is no switch {name}; there are {', '.join(sorted(known))}.")


def _run_one(options: argparse.Namespace, settings: list[tuple[str, Any]]) -> int:
    """Serves one system from this process until it is told to stop."""
    name = options.system
    path = options.state / f"{name}.sqlite3" if options.state else None
    ground = Ground(storage=Storage(path))
    world = make_world(
        customers=options.customers, contacts=options.contacts, products=options.products, seed=options.seed
    )
    system = CustomErp(ground, world.erp) if name == CUSTOMERP else _webcrm(options, ground, world)
    own = {field.name for field in fields(PANELS[name])}
    switches.turn(system.switches, {key: value for key, value in settings if key in own})
    port = options.erp_port if name == CUSTOMERP else options.crm_port
    return run(Server(system, ground), name=name, host=options.host, port=port)


def _webcrm(options: argparse.Namespace, ground: Ground, world: World) -> System:
    hub = Application(code=options.crm_auth_code, name=options.crm_token_name)
    return WebCrm(ground, world.crm, applications=(hub, READER))


def _run_both(options: argparse.Namespace) -> int:
    """Starts one process per system; ends both on a signal, or when either ends."""
    received: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        received.append(number)  # nothing that locks: a second signal may come in the middle of the first

    for each in STOPPING:
        signal.signal(each, note)
    processes = [_start(name, options) for name in (CUSTOMERP, WEBCRM)]
    while not received and all(process.poll() is None for process in processes):
        time.sleep(LOOK_EVERY_SECONDS)
    for process in processes:
        process.terminate()
    return max(process.wait() for process in processes)


def _start(name: str, options: argparse.Namespace) -> subprocess.Popen[bytes]:
    """One system in a process of its own, with everything else this one was told."""
    told = [
        f"--{option.replace('_', '-')}={value}"
        for option, values in vars(options).items()
        for value in (values if isinstance(values, list) else [values])
        if option != "system" and value is not None
    ]
    return subprocess.Popen([sys.executable, "-m", "sandbox", name, *told])  # noqa: S603


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
