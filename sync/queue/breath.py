"""Signs of life: every job that ends says that its cluster breathes; the launcher beside it listens."""

from __future__ import annotations

import os
import socket
import time
from datetime import datetime, timedelta

from django.utils import timezone

from sync.models.runs import Heartbeat
from sync.queue.cluster import NAME

CANARY = "canary"
FORGOTTEN = timedelta(days=1)


def breathe() -> None:
    """Called in the cluster, when a job is over."""
    name = os.environ.get(NAME, CANARY)
    Heartbeat.objects.update_or_create(name=name, defaults={"at": timezone.now()})


def own_name() -> str:
    """What the cluster of this launcher is called: several may share a host."""
    return f"{CANARY}@{socket.gethostname()}:{os.getpid()}"[-50:]


def forget(name: str) -> None:
    """The cluster has ended in order; so did, or died, those nobody has heard of for a day."""
    Heartbeat.objects.filter(name=name).delete()
    Heartbeat.objects.filter(name__startswith=CANARY, at__lt=timezone.now() - FORGOTTEN).delete()


class Watch:
    """How long a cluster has not breathed, by a clock that nobody can set."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._last: datetime | None = None
        self._since = time.monotonic()

    def start_over(self) -> None:
        """The cluster was started anew, or could not have been heard."""
        self._since = time.monotonic()

    def silence(self) -> float:
        """Seconds since the last sign of life, or since the start."""
        latest = Heartbeat.objects.filter(name=self.name).values_list("at", flat=True).first()
        if latest != self._last:
            self._last = latest
            self.start_over()
        return time.monotonic() - self._since
