"""`manage.py demo`: both pretend systems, the hub and its worker, in step, from one command."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from sync.management.demo.launch import Seed, launch
from sync.management.demo.place import NoPlace, Place, read_ports
from sync.management.foreground.display import make_console

PLACE = Path(".demo")
USAGE = 2


class Command(BaseCommand):
    help = "Shows the hub at work: two pretend systems, web, worker, and a first sync of three pairs."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        for name, count in vars(Seed()).items():
            parser.add_argument(f"--{name}", type=int, default=count, help="default: %(default)s")
        parser.add_argument(
            "--place",
            type=Path,
            default=PLACE,
            help="directory of everything it makes (default: %(default)s)",
        )
        parser.add_argument(
            "--clean", action="store_true", help="remove what the demo made, and nothing else"
        )
        parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)

    def handle(self, *_: Any, place: Path, clean: bool, inside: bool, **options: Any) -> None:
        try:
            here = Place(root=settings.BASE_DIR / place, ports=read_ports(os.environ))
            if clean:
                here.remove()
            elif inside:
                seed = Seed(**{name: options[name] for name in vars(Seed())})
                sys.exit(launch(here, seed, make_console()))
            else:
                _enter(here)
        except NoPlace as refusal:
            raise CommandError(str(refusal), returncode=USAGE) from None


def _enter(place: Place) -> None:
    """Begin anew as the demo's own hub: settings are read once, when a process starts."""
    place.prepare()
    command = [sys.executable, *sys.argv, "--inside"]
    os.execve(sys.executable, command, place.environment(os.environ))  # noqa: S606 - ourselves
