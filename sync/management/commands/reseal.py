"""`manage.py reseal`: after a new key was put in front of HUB_KEYS, so that the old ones may go."""

from __future__ import annotations

import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sync.services.acts import NotPossible
from sync.services.systems import seal_anew


class Command(BaseCommand):
    help = "Seal the credentials of every system with the first key of HUB_KEYS."

    def handle(self, *_: Any, **__: Any) -> None:
        try:
            number = seal_anew(by=f"command line: {getpass.getuser()}"[:150])
        except NotPossible as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(
            f"Sealed with the first key: the credentials of {number} systems. The other keys may go."
        )
