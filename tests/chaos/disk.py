"""A small disk that can be filled: a tmpfs, where we may mount one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BALLAST = "ballast"
CHUNK = b"\0" * 256 * 1024


@contextmanager
def small_disk(place: Path, megabytes: int) -> Iterator[bool]:
    """Mounts a disk of this size on the directory; False, and nothing is mounted, without the right to."""
    place.mkdir(parents=True, exist_ok=True)
    options = f"size={megabytes}m,mode=0755"
    command = ["mount", "-t", "tmpfs", "-o", options, "chaos", str(place)]
    mounted = os.geteuid() == 0 and subprocess.run(command, check=False, capture_output=True).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(place: Path) -> None:
    """Until nothing more fits."""
    with (place / BALLAST).open("wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(CHUNK)
        except OSError:
            return


def empty(place: Path) -> None:
    (place / BALLAST).unlink(missing_ok=True)
