"""Where a demo lives and what its processes are told: a directory of its own, three ports, keys made once."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from cryptography.fernet import Fernet

HOST = "127.0.0.1"
LOCK_SECONDS = 10.0
"""How long the processes of a demo that was killed may take to notice."""
LOCK_STEP = 0.2
OURS = (
    "SECRET_KEY", "HUB_KEYS", "DATABASE_URL", "REDIS_URL", "HUB_URL", "HUB_ALLOW_HOSTS", "ALLOWED_HOSTS", "DEBUG",
    "ERP_CLIENT_ID", "ERP_CLIENT_SECRET", "CRM_AUTH_CODE", "Q_CLUSTER_NAME",
)  # fmt: skip
"""What a demo decides for itself, whatever the caller's environment says."""


class NoPlace(Exception):
    """The demo cannot begin here. The text says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Ports:
    hub: int = 8000
    erp: int = 8101
    crm: int = 8102

    @property
    def by_name(self) -> dict[str, int]:
        return {"HUB_PORT": self.hub, "ERP_PORT": self.erp, "CRM_PORT": self.crm}

    def demand_free(self) -> None:
        """NoPlace naming the first port that somebody listens on."""
        for name, port in self.by_name.items():
            if not _is_free(port):
                raise NoPlace(
                    f"Port {port} is in use, perhaps by another demo. "
                    f"Stop what listens there, or choose another port: {name}={_other(port)} make demo"
                )


def read_ports(environ: Mapping[str, str]) -> Ports:
    """HUB_PORT, ERP_PORT and CRM_PORT, or what they usually are. NoPlace when they make no sense."""
    usual = Ports()
    found = {name: _port(name, environ.get(name) or str(port)) for name, port in usual.by_name.items()}
    if len(set(found.values())) < len(found):
        raise NoPlace("HUB_PORT, ERP_PORT and CRM_PORT must be three different ports.")
    return Ports(hub=found["HUB_PORT"], erp=found["ERP_PORT"], crm=found["CRM_PORT"])


def _port(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65_536):
        raise NoPlace(f"{name} is no port. Write a number between 1 and 65535.")
    return int(text)


def _other(port: int) -> int:
    return port + 1000 if port < 64_000 else port - 1000


def _is_free(port: int) -> bool:
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((HOST, port))
        except OSError:
            return False
    return True


@dataclass(frozen=True, kw_only=True)
class Place:
    """Everything a demo makes is in `root`."""

    root: Path
    ports: Ports

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def sandbox(self) -> Path:
        return self.root / "sandbox"

    @property
    def finished(self) -> Path:
        """There once the first sync of all pairs was finished."""
        return self.root / "finished"

    @property
    def hub_url(self) -> str:
        return f"http://{HOST}:{self.ports.hub}"

    @property
    def erp_url(self) -> str:
        return f"http://{HOST}:{self.ports.erp}"

    @property
    def crm_url(self) -> str:
        return f"http://{HOST}:{self.ports.crm}"

    def prepare(self) -> None:
        """Make the directory and its keys where they are missing."""
        self.logs.mkdir(parents=True, exist_ok=True)
        _keep(self.root / "secret_key", secrets.token_urlsafe(60))
        _keep(self.root / "hub_keys", Fernet.generate_key().decode())

    @contextmanager
    def alone(self) -> Iterator[int]:
        """The open lock of the directory. NoPlace while another demo, or what is left of it, holds it."""
        with (self.root / "lock").open("w") as lock:
            until = time.monotonic() + LOCK_SECONDS
            while not _locked(lock.fileno()):
                if time.monotonic() > until:
                    raise NoPlace(f"A demo runs in {self.root} already. End that one first.")
                time.sleep(LOCK_STEP)
            yield lock.fileno()

    def remove(self) -> None:
        """Everything the demo made. NoPlace while it runs: its files would go from under it."""
        if self.root.exists():
            with self.alone():
                shutil.rmtree(self.root, ignore_errors=True)

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """The caller's environment with everything that concerns the hub replaced."""
        foreign = {name for each in OURS for name in (each, f"{each}_FILE")}
        kept = {name: value for name, value in environ.items() if name not in foreign}
        return kept | {
            "DEBUG": "1",
            "SECRET_KEY_FILE": str(self.root / "secret_key"),
            "HUB_KEYS_FILE": str(self.root / "hub_keys"),
            "DATABASE_URL": f"sqlite:///{quote(str(self.root / 'hub.sqlite3'))}",
            "HUB_URL": self.hub_url,
            "HUB_ALLOW_HOSTS": f"{HOST}:{self.ports.erp} {HOST}:{self.ports.crm}",
            **{name: str(port) for name, port in self.ports.by_name.items()},
            "ERP_CLIENT_ID": "hub",
            "ERP_CLIENT_SECRET": "hub-secret",
            "CRM_AUTH_CODE": "5d1f6d5c-0a43-4c86-9f0e-6d656f64656d",
        }


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _keep(path: Path, fresh: str) -> None:
    if not path.exists():
        path.touch(mode=0o600)
        os.chmod(path, 0o600)
        path.write_text(fresh)
