"""Processes that do not outlive the one that started them, whatever ends it. Run as a script, it ties itself and
becomes the command it was given: `python tether.py SIGNAL PARENT COMMAND…`.

Linux only: elsewhere children still end in order, but a launcher that is killed -9 leaves them behind.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

SET_PARENT_DEATH_SIGNAL = 1  # prctl(2)
ROOT = Path(__file__).resolve().parents[2]
"""Where children find the code, wherever their parent was started."""


def tie(number: int, parent: int) -> None:
    """This process gets the signal when the thread that started it ends. `parent` may have ended already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, number)
    if os.getppid() != parent:
        os.kill(os.getpid(), number)


def tie_forks() -> None:
    """Every process this one forks from now on, and theirs in turn, dies with the one that forked it."""
    parent = [os.getpid()]

    def remember() -> None:
        parent[0] = os.getpid()

    os.register_at_fork(before=remember, after_in_child=lambda: tie(signal.SIGKILL, parent[0]))


def start(
    command: Sequence[str],
    *,
    when_orphaned: int,
    env: Mapping[str, str] | None = None,
    stdout: IO[bytes] | int | None = None,
    stderr: IO[bytes] | int | None = None,
    inherited: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own; it gets the signal `when_orphaned`. Call from a lasting thread.

    `inherited` are open files that it holds as long as it lives, such as a lock.
    """
    tied = [sys.executable, "-IS", __file__, str(int(when_orphaned)), str(os.getpid()), *command]
    return subprocess.Popen(  # noqa: S603 - our own commands
        tied,
        start_new_session=True,
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        pass_fds=inherited,
    )


def kill_group(leader: int) -> None:
    """End whatever is left of the group that `start` made, at once."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return


def _become(number: str, parent: str, *command: str) -> None:
    tie(int(number), int(parent))
    os.execvp(command[0], command)  # noqa: S606


if __name__ == "__main__":
    _become(*sys.argv[1:])
