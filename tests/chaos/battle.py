"""One battle over one database, in a process whose settings are the hub's: `python -m tests.chaos` starts it."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import django

django.setup()

from django.db import connection  # noqa: E402 - the settings come first

from sync.models.pairs import EntityPair  # noqa: E402
from sync.models.runs import OPEN_RUNS, Run  # noqa: E402
from tests.chaos import sight  # noqa: E402
from tests.chaos.evidence import evidence  # noqa: E402
from tests.chaos.fleet import Fleet  # noqa: E402
from tests.chaos.heart import Heart, request_runs  # noqa: E402
from tests.chaos.nemesis import Field, Nemesis  # noqa: E402
from tests.chaos.oracles import Case, Verdict, gather, judge  # noqa: E402
from tests.chaos.person import Person  # noqa: E402
from tests.chaos.postgres import Postgres  # noqa: E402
from tests.chaos.words import BY_NAME  # noqa: E402
from tests.e2e.control import Control  # noqa: E402
from tests.e2e.harness import Hub, Systems  # noqa: E402
from tests.e2e.processes import eventually  # noqa: E402

LAUNCHERS = 2
HEALED_MS = 10
REST_WITHIN = 420.0
LAST_RUNS = 5
"""Full runs that may still write something before one must not."""


def main() -> int:
    asked = _asked()
    systems = Systems(erp=Control(asked.erp), crm=Control(asked.crm))
    fleet = Fleet(LAUNCHERS, asked.place, dict(os.environ))
    field = Field(
        systems=systems,
        hub=Hub(asked.place, dict(os.environ)),
        fleet=fleet,
        heart=Heart(),
        database=asked.place / "disk" / "hub.sqlite3",
        postgres=Postgres(asked.place / "disk" / "postgres", asked.postgres_port)
        if asked.postgres_port
        else None,
        small_disk=asked.place / "disk" if asked.small_disk else None,
        redis_url=os.environ.get("REDIS_URL", ""),
    )
    started = time.monotonic()
    fleet.start()
    try:
        return _fight(field, kills=asked.kills, seed=asked.seed, started=started)
    finally:
        fleet.kill()


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--place", type=Path, required=True)
    parser.add_argument("--erp", required=True)
    parser.add_argument("--crm", required=True)
    parser.add_argument("--kills", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--postgres-port", type=int, default=0)
    parser.add_argument("--small-disk", action="store_true")
    return parser.parse_args()


def _fight(field: Field, *, kills: int, seed: int, started: float) -> int:
    person, nemesis = Person(field.systems, seed), Nemesis(field, seed)
    field.heart.start()
    person.start()
    nemesis.rage(kills)
    person.stop()
    fought = time.monotonic() - started
    quiet = _settle(field)
    kept = nemesis.toll.kept | sight.kept_values()
    case = gather(field.systems, person.edits, kept=kept, in_conflict=sight.in_conflict())
    verdict = judge(case, person.made)
    _tell(person, nemesis, verdict)
    _tell_evidence(case, verdict)
    pending = sight.pending()
    seconds = time.monotonic() - started
    print(f"fought {fought:.0f} s, then came to rest; audit rows still pending: {pending}; {quiet}")
    print(
        f"kills: {nemesis.toll.kills.total()}, with a write in flight: {nemesis.toll.in_flight}, "
        f"edits: {len(person.edits)}, creates: {len(person.made)}, lost: {len(verdict.lost)}, "
        f"doubled: {len(verdict.doubled)}, apart: {len(verdict.apart)}, seconds: {seconds:.0f}",
        flush=True,
    )
    wrong = verdict.lost or verdict.doubled or verdict.apart or pending or person.error
    return 1 if wrong or not quiet.startswith("a further run wrote nothing") else 0


def _settle(field: Field) -> str:
    """Heal everything, let the hub come to rest, and say whether it stays there."""
    for system in (field.systems.erp, field.systems.crm):
        system.turn(latency_ms=HEALED_MS)
    try:
        eventually(
            lambda: not sight.patiently(sight.unrest, "no database"), "the hub rests", seconds=REST_WITHIN
        )
    except AssertionError as late:
        return f"NOT AT REST: {late}; {sight.unrest()}"
    finally:
        field.heart.stop()
    for number in range(1, LAST_RUNS + 1):
        if not (written := _written_by_full_runs(field.systems)):
            return f"a further run wrote nothing (full run {number})"
    return f"STILL WRITING: {written} writes in full run {LAST_RUNS}"


def _written_by_full_runs(systems: Systems) -> int:
    before = _writes(systems)
    eventually(_nobody_works, "all runs ended")
    request_runs(full=True)
    eventually(_nobody_works, "all runs ended", seconds=120)
    eventually(lambda: not sight.unrest(), "the hub rests", seconds=120)
    return _writes(systems) - before


def _nobody_works() -> bool:
    try:
        return not Run.objects.filter(state__in=OPEN_RUNS, pair__in=EntityPair.objects.all()).exists()
    finally:
        connection.close()


def _writes(systems: Systems) -> int:
    return len(systems.erp.writes()) + len(systems.crm.writes())


def _tell_evidence(case: Case, verdict: Verdict) -> None:
    for name, keys in verdict.concerned.items():
        for line in evidence(case, BY_NAME[name], keys):
            print(f"    {line}")


def _tell(person: Person, nemesis: Nemesis, verdict: Verdict) -> None:
    for name, told in (("LOST", verdict.lost), ("DOUBLED", verdict.doubled), ("APART", verdict.apart)):
        for sentence in told:
            print(f"  {name}: {sentence}")
    if verdict.lost or verdict.apart or verdict.doubled:
        for problem in sight.problems():
            print(f"  the hub says: {problem}")
    if person.error:
        print(f"  the person broke down: {person.error!r}")
    toll = nemesis.toll
    for line in toll.diary:
        print(f"  {line}")
    for name, counted in (("killed", toll.kills), ("besides", toll.others), ("found", verdict.figures)):
        print(f"{name}: " + ", ".join(f"{number} {what}" for what, number in sorted(counted.items())))


if __name__ == "__main__":
    sys.exit(main())
