"""The processes a demo starts, and their end."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from sync.queue import tether
from sync.queue.stopping import Stopping

STEP = 0.1
START_SECONDS = 60.0
END_SECONDS = 10.0


class Lost(Exception):
    """A process of the demo ended, or never came to life. The text names it and its log."""


class Stopped(Exception):
    """The person who started the demo wants it to end."""


class Family:
    """Processes in sessions of their own that end with the demo, whatever ends it."""

    def __init__(self, logs: Path, stopping: Stopping, lock: int) -> None:
        self.logs = logs
        self.stopping = stopping
        self.lock = lock
        """Held by each of them: the demo's directory is free when the last one has ended."""
        self._members: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a command; what it prints goes to `<name>.log`."""
        with (self.logs / f"{name}.log").open("ab") as log:
            self._members[name] = tether.start(command, when_orphaned=signal.SIGTERM, stdout=log, stderr=log)

    def wait_for(self, name: str, is_ready: Callable[[], bool]) -> None:
        """Until it is ready. Lost when it ends before, or takes too long; Stopped."""
        until = time.monotonic() + START_SECONDS
        while not is_ready():
            self.demand_all()
            if self.stopping.wait(STEP):
                raise Stopped
            if time.monotonic() > until:
                raise Lost(f"The {name} process did not become ready. See {self.logs / name}.log.")

    def demand_all(self) -> None:
        """Lost when one of them has ended."""
        for name, process in self._members.items():
            if process.poll() is not None:
                raise Lost(f"The {name} process has ended by itself. See {self.logs / name}.log.")

    def end(self) -> None:
        """End them, the last one first, each through its main process; then whatever is left of them."""
        for process in reversed(self._members.values()):
            if process.poll() is None:
                process.terminate()
        until = time.monotonic() + END_SECONDS
        while time.monotonic() < until and any(each.poll() is None for each in self._members.values()):
            time.sleep(STEP)
        for process in self._members.values():
            tether.kill_group(process.pid)
            process.wait()
