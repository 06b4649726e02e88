"""`restored`: to be run when a backup of the database came back, before the workers are started."""

from __future__ import annotations

import getpass
from typing import Any

from django.core.management.base import BaseCommand

from sync.models.pairs import EntityPair
from sync.services.pairs import observe_anew


class Command(BaseCommand):
    help = "A backup came back: pairs observe until their plans are approved anew."

    def handle(self, *_: Any, **__: Any) -> None:
        by = f"command line: {getpass.getuser()}"[:150]
        stepped_back = observe_anew(EntityPair.objects.all(), by=by, reason="a backup was restored")
        names = ", ".join(map(str, stepped_back)) or "none was live"
        self.stdout.write(
            f"Pairs that observe from now on: {names}. Look at what they would do, approve it, then set them live."
        )
