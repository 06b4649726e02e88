"""The first sync, through the ordinary door: configuration, observe, a plan looked at, approved, live."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import yaml
from django.conf import settings
from rich.console import Console

from sync.core.vocabulary import Mode
from sync.management.demo.counting import take_census
from sync.management.demo.family import Stopped
from sync.management.demo.people import ADMIN
from sync.management.demo.place import Place
from sync.management.foreground.display import display
from sync.management.foreground.result import Result, show
from sync.management.foreground.work import run_pair
from sync.models.links import Link
from sync.models.pairs import EntityPair
from sync.models.runs import Run
from sync.models.systems import System
from sync.queue.stopping import Stopping
from sync.services.config.load import load
from sync.services.pairs import approve_plan, set_mode

DEFAULTS = Path("sync/defaults/customerp-webcrm.yaml")
REASON = "The demo's first plan: both systems are pretend ones."
ROUNDS = 4
"""How often all pairs run until none of them has anything left to do."""


class Disappointed(Exception):
    """The demo's first sync did not come out as it must. The text says what is wrong."""


@dataclass(frozen=True, kw_only=True)
class Story:
    """What the demo's administrator does before the worker takes over."""

    place: Place
    console: Console
    stopping: Stopping

    def free_what_the_dead_held(self) -> None:
        """Nobody else works in this directory: whoever held a lease was killed."""
        Run.objects.exclude(lease_token="").update(lease_token="", lease_until=None)
        Link.objects.exclude(lease_token="").update(lease_token="", lease_until=None)
        System.objects.exclude(write_token="").update(write_token="", write_until=None)

    def configure(self) -> None:
        """Everything the first time; afterwards the systems only, for their ports may have moved."""
        text = (settings.BASE_DIR / DEFAULTS).read_text(encoding="utf-8")
        if EntityPair.objects.exists():
            text = yaml.safe_dump({"systems": yaml.safe_load(text)["systems"]})
        load(text, file=DEFAULTS.name, variables=os.environ, by=ADMIN)

    def tell(self) -> None:
        """From observe to the end of the first sync; from where it was when it was interrupted."""
        for pair in EntityPair.objects.all():
            if pair.mode != Mode.LIVE:
                self._go_live(pair)
        for number in range(ROUNDS):
            results = [self._run(pair, full=number == 0) for pair in EntityPair.objects.all()]
            if not any(result.counts.get("written") for result in results):
                break
        show(results, self.console)
        self._demand_agreement()
        self.place.finished.touch()

    def catch_up(self) -> None:
        """A quick run of every pair that is live: what moved while the demo was not running."""
        live = EntityPair.objects.filter(mode=Mode.LIVE)
        show([self._run(pair, demanding=False) for pair in live], self.console)

    def _go_live(self, pair: EntityPair) -> None:
        self.console.print(f"{pair}: what would be written?")
        self._run(pair, full=True, plan_only=True)
        approve_plan(pair, by=ADMIN, reason=REASON)
        set_mode(pair, Mode.LIVE, by=ADMIN, reason=REASON)

    def _run(
        self, pair: EntityPair, *, full: bool = False, plan_only: bool = False, demanding: bool = True
    ) -> Result:
        pair.refresh_from_db()
        with display(self.console, pair.name) as report:
            run = run_pair(
                pair, by=ADMIN, report=report, stopping=self.stopping, full=full, plan_only=plan_only
            )
        if self.stopping.asked:
            raise Stopped
        result = Result(pair=pair, run=run)
        if demanding and not result.good:
            raise Disappointed(_why(result, run))
        return result

    def _demand_agreement(self) -> None:
        urls = {"erp_url": self.place.erp_url, "crm_url": self.place.crm_url}
        found = [take_census(pair, **urls) for pair in EntityPair.objects.all()]
        for census in found:
            self.console.print(str(census))
        if problems := [f"{each.pair}: {problem}" for each in found for problem in each.problems]:
            raise Disappointed("The systems and the hub do not agree. " + " ".join(problems))


def _why(result: Result, run: Run) -> str:
    return f"{result.pair}, run {run.pk}, is {result.outcome}: {run.problem or result.counts}"
