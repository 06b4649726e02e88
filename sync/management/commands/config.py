"""`config dump|load FILE`: systems, pairs and mappings as one readable file."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from sync.services.config.dump import dump
from sync.services.config.load import BadConfiguration, load

STANDARD = "-"
LONGEST_NAME = 150
"""What the audit has room for."""


class Command(BaseCommand):
    help = "Write systems, pairs and mappings to a YAML file, or load them from one."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        dumping = verbs.add_parser("dump", help="write the configuration, without secrets")
        dumping.add_argument("file", nargs="?", default=STANDARD, help="left out: standard output")
        loading = verbs.add_parser("load", help="check a file, and carry it out if nothing is wrong with it")
        loading.add_argument("file", help="- is standard input")
        loading.add_argument(
            "--by", default="", help="who the audit shall name; else whoever is logged in here"
        )

    def handle(self, *_: Any, verb: str, file: str, **options: Any) -> None:
        if verb == "dump":
            self._dump(file)
        else:
            by = options["by"] or f"command line: {getpass.getuser()}"
            self._load(file, by[:LONGEST_NAME])

    def _dump(self, file: str) -> None:
        written = dump()
        if file == STANDARD:
            self.stdout.write(written, ending="")
            return
        try:
            Path(file).write_text(written, encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from None

    def _load(self, file: str, by: str) -> None:
        name = "standard input" if file == STANDARD else Path(file).name
        try:
            changes = load(_read(file), file=name, variables=os.environ, by=by)
        except BadConfiguration as error:
            raise CommandError(f"{error}\nNothing was changed.") from None
        self.stdout.write("\n".join(changes))


def _read(file: str) -> str:
    try:
        return sys.stdin.read() if file == STANDARD else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise CommandError(f"{file} is not a text in UTF-8.") from None
