"""The hub's workers: several launchers, each with its cluster, started again whenever one was killed."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.harness import process
from tests.e2e.processes import children, eventually, group, kill

SILENCE = 12.0
"""Seconds until a launcher takes its cluster for frozen: longer than a slice and what comes after it."""
COMPLETE = 5
"""Processes of a cluster beside its main one: sentinel, two workers, pusher, monitor."""


@dataclass(kw_only=True)
class Launcher:
    """One `manage.py worker`."""

    pid: int
    stack: ExitStack = field(repr=False)

    @property
    def cluster(self) -> int:
        """The main process of its cluster; 0 while there is none."""
        return next(iter(children(self.pid)), 0)

    @property
    def hands(self) -> list[int]:
        """Workers, monitor and pusher: the children of the sentinel."""
        return [pid for sentinel in children(self.cluster) for pid in children(sentinel)]

    @property
    def everybody(self) -> list[int]:
        return group(self.cluster)


class Fleet:
    """Keeps so many launchers running. Of one thread: they end with the thread that started them."""

    def __init__(self, size: int, place: Path, env: dict[str, str]) -> None:
        self._size = size
        self._log = place / "workers.log"
        self._env = env
        self.launchers: list[Launcher] = []

    def start(self) -> None:
        """Launch what is missing; returns when every cluster is complete."""
        while len(self.launchers) < self._size:
            self.launchers.append(self._launch())
        for launcher in self.launchers:
            self.wait_for(launcher)

    def wait_for(self, launcher: Launcher) -> None:
        eventually(lambda: len(launcher.hands) >= COMPLETE - 1, "a cluster is complete", seconds=120)

    def replace(self, launcher: Launcher) -> None:
        """End what is left of a killed launcher and start another."""
        self.launchers.remove(launcher)
        launcher.stack.close()
        self.start()

    def kill(self) -> list[int]:
        """End all of them at once; the processes that were killed."""
        killed = [pid for launcher in self.launchers for pid in [*launcher.everybody, launcher.pid]]
        kill(killed)
        self._close()
        return killed

    def stop(self) -> None:
        """Let all of them end in order."""
        self._close()

    def _close(self) -> None:
        for launcher in self.launchers:
            launcher.stack.close()
        self.launchers = []

    def _launch(self) -> Launcher:
        stack = ExitStack()
        command = [sys.executable, "manage.py", "worker", "--silence", str(SILENCE)]
        return Launcher(pid=stack.enter_context(process(command, self._log, self._env)), stack=stack)
