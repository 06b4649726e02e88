"""A PostgreSQL of one's own, to be treated as no shared server may be."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

INSTALLED = Path("/usr/lib/postgresql")
SMALL = (
    "-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_wal_size=64MB -c min_wal_size=32MB "
    "-c shared_buffers=32MB"
)
SERVANT = "postgres"
"""PostgreSQL does not run as root: then it runs as this user."""


def programs() -> Path | None:
    """Where initdb and pg_ctl are; None where they are not."""
    versions = sorted(INSTALLED.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return versions[-1].parent if versions else None


class Postgres:
    """A cluster in a directory that is its own."""

    def __init__(self, place: Path, port: int) -> None:
        self.place = place
        self.port = port
        self.url = f"postgres://chaos@127.0.0.1:{port}/chaos"
        self._bin = programs()
        self._user = SERVANT if os.geteuid() == 0 else None

    def create(self) -> None:
        self.place.mkdir(parents=True, exist_ok=True)
        if self._user:
            shutil.chown(self.place, self._user)
        self._run(
            "initdb", "--auth=trust", "--username=chaos", "--no-sync", "--encoding=UTF8", "-D", str(self.data)
        )
        self.start()
        self._client("createdb", "chaos")

    @property
    def data(self) -> Path:
        return self.place / "data"

    def start(self) -> None:
        self._pg_ctl("start", "-o", f"{SMALL} -p {self.port}")

    def restart_at_once(self) -> None:
        """As when the power fails: nothing is finished, everything is recovered from the log."""
        self._pg_ctl("restart", "-m", "immediate", "-o", f"{SMALL} -p {self.port}")

    def revive(self) -> None:
        """Start it unless it runs."""
        if self._pg_ctl("status", check=False):
            self.start()

    def back_up(self, name: str) -> None:
        self._client("pg_dump", "--format=custom", "--file", str(self.place / name), "chaos")

    def restore(self, name: str) -> None:
        """The database as it was backed up, whoever is connected to it now."""
        self._client("dropdb", "--force", "chaos")
        self._client("createdb", "chaos")
        self._client("pg_restore", "--dbname=chaos", str(self.place / name))

    def stop(self) -> None:
        self._pg_ctl("stop", "-m", "immediate", check=False)

    def _client(self, program: str, *arguments: str) -> None:
        self._run(program, "-h", "127.0.0.1", "-p", str(self.port), "-U", "chaos", *arguments)

    def _pg_ctl(self, verb: str, *options: str, check: bool = True) -> int:
        log = str(self.place / "log")
        return self._run("pg_ctl", verb, "-w", "-D", str(self.data), "-l", log, *options, check=check)

    def _run(self, program: str, *arguments: str, check: bool = True) -> int:
        assert self._bin is not None
        return subprocess.run(
            [str(self._bin / program), *arguments],
            cwd="/",
            user=self._user,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=check,
            timeout=120,
        ).returncode


def free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def own_postgres(place: Path) -> Iterator[Postgres]:
    """Running with an empty database until the block is left."""
    server = Postgres(place, free_port())
    server.create()
    try:
        yield server
    finally:
        server.stop()
