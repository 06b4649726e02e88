"""`manage.py worker`: one cluster and the launcher beside it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from sync.queue.launcher import Launcher, Pace
from sync.queue.stopping import Stopping


class Command(BaseCommand):
    help = "Does the hub's work until SIGTERM. Any number may run, on any number of machines."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--silence",
            type=float,
            default=Pace.silence,
            metavar="SECONDS",
            help="a cluster that finishes nothing for this long is started anew (default: %(default)s)",
        )
        parser.add_argument(
            "--drain",
            type=float,
            default=Pace.drain,
            metavar="SECONDS",
            help="how long running jobs may take to end when asked to stop (default: %(default)s)",
        )

    def handle(self, *_: Any, silence: float, drain: float, **__: Any) -> None:
        pace = Pace(silence=silence, drain=drain, canary=min(Pace.canary, silence / 6))
        Launcher(pace, Stopping()).run()
