"""One django-q2 cluster as a child process: started, drained, killed.

It has a session of its own: a signal to all of its processes at once would hang it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from sync.queue import lifeline, tether

NAME = "HUB_CLUSTER"
"""How a launcher tells its cluster under which name to leave signs of life."""


class Cluster:
    """The cluster that one launcher keeps alive."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._process: subprocess.Popen[bytes] | None = None
        self._lifeline: int | None = None

    def start(self) -> None:
        theirs, self._lifeline = os.pipe()
        self._process = tether.start(
            [sys.executable, "-m", "sync.queue"],
            when_orphaned=signal.SIGKILL,
            env=os.environ | {NAME: self.name, lifeline.NAME: str(theirs)},
            inherited=[theirs],
        )
        os.close(theirs)

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll() if self._process else 0

    def stop(self, seconds: float) -> bool:
        """Let it end its slices where they are, then end what is left. Whether it ended by itself."""
        if self._process is None:
            return True
        self._let_go()
        self._process.terminate()
        drained = self._ended_within(seconds)
        self.kill()
        return drained

    def kill(self) -> None:
        """End every process of it now."""
        self._let_go()
        if self._process:
            tether.kill_group(self._process.pid)
            self._process.wait()

    def _let_go(self) -> None:
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None

    def _ended_within(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while self.exit_code is None and time.monotonic() < until:
            time.sleep(0.1)
        return self.exit_code is not None
