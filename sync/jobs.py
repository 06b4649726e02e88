"""What the queue may be asked to do. Messages are hints: a name and ids, never work. What is due stands in rows."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.utils import timezone
from django_q.tasks import async_task

from sync.engine.check import asked_for, check
from sync.engine.ports import Ports
from sync.engine.runner import advance
from sync.engine.schedule import open_due_runs, sweep
from sync.engine.slice import Means
from sync.models.runs import Run
from sync.models.systems import System
from sync.queue.breath import CANARY, breathe
from sync.queue.hints import TICK, drop_unreadable, keep_ticking, waiting
from sync.queue.lifeline import is_held

logger = logging.getLogger(__name__)


def means() -> Means:
    return Means(ports=Ports(), hosts=tuple(settings.HUB_ALLOW_HOSTS), go_on=is_held)


def work_on_run(run_id: int) -> None:
    """One slice of a run; then the next is asked for."""
    run = Run.objects.select_related("pair__erp_system", "pair__crm_system").get(pk=run_id)
    progress = advance(run, means())
    if progress and progress.resume_at and progress.resume_at <= timezone.now():
        enqueue("run", run_id)


def tick() -> None:
    """Open the runs whose interval is over."""
    for run in open_due_runs(timezone.now()):
        enqueue("run", run.pk)


def sweep_up() -> None:
    """Make good what the queue lost, or cannot read."""
    drop_unreadable()
    keep_ticking()
    for run_id in sweep(timezone.now()):
        enqueue_once("run", run_id)
    for system_id in asked_for(timezone.now()):
        enqueue_once("check", system_id)


def sing() -> None:
    """The canary has nothing to do: that it was taken up is the sign of life."""


def check_system(system_id: int) -> None:
    check(System.objects.get(pk=system_id), means())


class UnknownJob(LookupError):
    """A message names a job that this version does not have."""


def _nothing(*_ids: int) -> None:
    raise UnknownJob("There is no job of this name.")


JOBS: dict[str, Callable[..., None]] = {
    "run": work_on_run,
    TICK: tick,
    "sweep": sweep_up,
    CANARY: sing,
    "check": check_system,
}


def perform(name: str, *ids: int) -> None:
    """What every queued message calls. Names only: a row in the queue can start nothing but these.

    A message of another version, or about a row that is gone, is dropped: what is due is found again by its rows.
    """
    try:
        JOBS.get(name, _nothing)(*ids)
    except (ObjectDoesNotExist, UnknownJob) as error:
        logger.warning("message dropped", extra={"message_name": _label(name, *ids), "why": str(error)})
    finally:
        breathe()


def enqueue(name: str, *ids: int) -> None:
    """Ask for a job once the surrounding transaction is committed."""
    transaction.on_commit(lambda: _put(name, *ids))


def enqueue_once(name: str, *ids: int) -> None:
    """Ask for a job unless the same message waits already: whoever asks every few seconds must not fill the queue."""
    if _label(name, *ids) not in waiting():
        enqueue(name, *ids)


def _put(name: str, *ids: int) -> None:
    async_task("sync.jobs.perform", name, *ids, task_name=_label(name, *ids))


def _label(name: str, *ids: int) -> str:
    return ":".join([name, *map(str, ids)])
