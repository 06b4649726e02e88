"""Real processes under fire: `python -m tests.chaos --kills 200 --seed 1 --database sqlite|postgres|both`.

Both pretend systems, two launchers with two workers each, a person who edits on both sides, and a nemesis. Then
everything is healed, the hub comes to rest, and the two systems are asked whether anything was lost or doubled.
Exits with 1 when something was.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from tests import servers
from tests.chaos.disk import small_disk
from tests.chaos.postgres import Postgres, own_postgres, programs
from tests.e2e import harness

DISK_MB = {"sqlite": 48, "postgres": 400}
REDIS_NUMBER = 15
CHANGES = {"create: [crm]": "create: [crm, erp]", "calls_per_minute: 110": "calls_per_minute: 6000"} | {
    "calls_per_minute: 240": "calls_per_minute: 6000"
}
"""The shipped configuration, but records are made both ways, and nobody waits for call budgets."""


def main() -> int:
    asked = _asked()
    databases = ["sqlite", "postgres"] if asked.database == "both" else [asked.database]
    if "postgres" in databases and programs() is None:
        print("PostgreSQL is not installed here: its initdb and pg_ctl are needed.", file=sys.stderr)
        return 2
    return max(_battle(database, kills=asked.kills, seed=asked.seed) for database in databases)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    return parser.parse_args()


def _battle(database: str, *, kills: int, seed: int) -> int:
    """Everything a battle stands on; the battle itself is a process of its own."""
    print(f"== {database}, {kills} kills, seed {seed}", flush=True)
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        place.chmod(0o755)
        small = stack.enter_context(small_disk(place / "disk", DISK_MB[database]))
        server = (
            stack.enter_context(own_postgres(place / "disk" / "postgres")) if database == "postgres" else None
        )
        systems = stack.enter_context(_small_systems(place, seed))
        systems.crm.turn(unique_fields=[])
        ours = _hub(stack, place, systems, server)
        _go_live(ours, place)
        command = [sys.executable, "-m", "tests.chaos.battle", "--place", str(place)]
        command += ["--erp", systems.erp.url, "--crm", systems.crm.url]
        command += ["--kills", str(kills), "--seed", str(seed)]
        command += ["--postgres-port", str(server.port)] if server else []
        command += ["--small-disk"] if small else []
        code = subprocess.run(command, env=ours.env, cwd=harness.ROOT, check=False).returncode
        _tell(place)
        return code


def _small_systems(place: Path, seed: int) -> AbstractContextManager[harness.Systems]:
    return harness.sandbox(place, seed=seed, customers=40, contacts=50, products=20)


def _hub(stack: ExitStack, place: Path, systems: harness.Systems, server: Postgres | None) -> harness.Hub:
    """A migrated hub whose settings are those of a hub in a hurry."""
    url = server.url if server else f"sqlite:///{place}/disk/hub.sqlite3"
    ours = stack.enter_context(harness.hub(place, systems, database=url))
    ours.env["DJANGO_SETTINGS_MODULE"] = "tests.chaos.settings"
    if servers.redis_server():
        ours.env["REDIS_URL"] = f"{servers.redis_server()}/{REDIS_NUMBER}"
    ours.manage("migrate", "--verbosity=0")
    return ours


def _go_live(ours: harness.Hub, place: Path) -> None:
    text = (harness.ROOT / harness.DEFAULTS).read_text()
    for shipped, wanted in CHANGES.items():
        text = text.replace(shipped, wanted)
    (place / "pairs.yaml").write_text(text)
    ours.manage("config", "load", str(place / "pairs.yaml"), "--by", "chaos")
    ours.go_live(by="chaos")
    ours.manage("sync", check=False)


def _tell(place: Path) -> None:
    """How often a launcher had to start its cluster anew, and what the hub itself calls a defect."""
    lines = (place / "workers.log").read_text(errors="replace").splitlines()
    frozen = sum("stopped breathing" in line for line in lines)
    ended = sum("has ended and is started anew" in line for line in lines)
    print(f"clusters started anew: {ended} that had ended, {frozen} that had frozen")
    defects = [line for line in lines if '"run errored"' in line or '"link errored"' in line]
    for line in defects[:20]:
        print(f"  DEFECT: {line[:3000]}")


if __name__ == "__main__":
    sys.exit(main())
