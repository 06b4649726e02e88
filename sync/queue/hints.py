"""What stands in django-q2's own tables: the tick's schedule, and messages nobody has taken up yet."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.utils import timezone
from django_q.models import OrmQ, Schedule

logger = logging.getLogger(__name__)

TICK = "tick"
FARTHEST = timedelta(minutes=10)
"""The tick comes every minute; clocks of several machines may differ a little."""


def ensure_tick() -> None:
    """The one schedule there is, as it must be: a malformed row would stop every schedule."""
    wanted = {
        "func": "sync.jobs.perform",
        "args": "('tick',)",
        "kwargs": None,
        "hook": None,
        "cluster": None,
        "schedule_type": Schedule.MINUTES,
        "minutes": 1,
        "repeats": -1,
    }
    if not Schedule.objects.filter(name=TICK).update(**wanted):
        Schedule.objects.create(name=TICK, **wanted)


def keep_ticking() -> None:
    """A tick of a far day was set by a clock that was ahead: until then no pair would have its turn."""
    now = timezone.now()
    Schedule.objects.filter(name=TICK, next_run__gt=now + FARTHEST).update(next_run=now)


def drop_unreadable() -> None:
    """Messages of another version, or sealed with another key: django-q2 would end over them, again and again."""
    for row in OrmQ.objects.all():
        if (why := str(row.task_id())).startswith("*"):
            row.delete()
            logger.warning("message dropped: it cannot be read", extra={"why": why[1:]})


def waiting() -> set[str]:
    """The names of the messages that wait to be taken up, such as `run:3`."""
    rows = OrmQ.objects.filter(lock__lte=timezone.now())
    return {str(row.name()) for row in rows}
