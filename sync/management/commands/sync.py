"""`manage.py sync [PAIR …]`: works through pairs here and now, and says what became of every record."""

from __future__ import annotations

import getpass
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from sync.management.foreground.display import display, make_console
from sync.management.foreground.result import Result, show
from sync.management.foreground.work import run_pair
from sync.models.pairs import EntityPair, Mode
from sync.queue.stopping import Stopping
from sync.services.acts import NotPossible

USAGE = 2


class Command(BaseCommand):
    help = (
        "Runs pairs in the foreground, in their order. Exits with 0 when every run is done and no record failed "
        "or is left with an unknown outcome, with 1 otherwise, with 2 for wrong usage."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("pairs", nargs="*", metavar="PAIR", help="left out: every pair that is not off")
        parser.add_argument("--full", action="store_true", help="read both sides completely")
        parser.add_argument(
            "--plan", action="store_true", help="only observe: write nothing to either system"
        )
        parser.add_argument("--json", action="store_true", help="one JSON object a run, nothing else")

    def handle(self, *_: Any, pairs: list[str], **options: Any) -> None:
        console = make_console(stderr=options["json"])
        results: list[Result] = []
        stopping = Stopping()
        stopping.listen()
        for pair in _chosen(pairs):
            if stopping.asked:
                break
            results.append(self._run(pair, console, stopping, options))
            if options["json"]:
                self.stdout.write(json.dumps(results[-1].as_json(), ensure_ascii=False))
        if not options["json"]:
            show(results, console)
        if stopping.asked:
            console.print("Stopped. What is under way goes on with the next run of its pair.")
        if stopping.asked or not all(result.good for result in results):
            raise SystemExit(1)

    def _run(self, pair: EntityPair, console: Console, stopping: Stopping, options: dict[str, Any]) -> Result:
        try:
            with display(console, pair.name) as report:
                run = run_pair(
                    pair,
                    by=f"command line: {getpass.getuser()}",
                    report=report,
                    stopping=stopping,
                    full=options["full"],
                    plan_only=options["plan"],
                )
        except NotPossible as refusal:
            return Result(pair=pair, problem=str(refusal))
        return Result(pair=pair, run=run)


def _chosen(names: list[str]) -> list[EntityPair]:
    """The pairs in their order. CommandError for a name that is none."""
    every = EntityPair.objects.select_related("erp_system", "crm_system")
    known = {pair.name: pair for pair in every}
    for name in names:
        if name not in known:
            raise CommandError(
                f"There is no pair '{name}'. There are: {', '.join(known) or 'none yet'}.", returncode=USAGE
            )
    return [pair for pair in known.values() if pair.name in names or (not names and pair.mode != Mode.OFF)]
