"""Writing: an intent and its audit row are committed first, then the call is made, then its outcome is kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from sync.connectors.base import (
    ConnectorError,
    Misconfigured,
    Nonsense,
    Operation,
    OperationKind,
    Result,
    Stale,
    Unauthorized,
    Unavailable,
)
from sync.core.vocabulary import Side
from sync.engine.draft import Decision, Draft
from sync.engine.fresh import is_open, look_again, must_read
from sync.engine.outcomes import take_outcomes
from sync.engine.slice import LEASE, Slice, free
from sync.models.links import Intent, Link, LinkState
from sync.models.runs import Change, Run
from sync.models.systems import System

STOPS = (Unavailable, Unauthorized, Misconfigured, Nonsense)
"""What concerns the whole system ends the slice; what concerns one record does not."""
MOVED = "The record changed while its write was being prepared."


def record_intents(work: Slice, decisions: Sequence[Decision], now: datetime) -> list[Intent]:
    """The committed word that these writes will be tried. Runs inside the caller's transaction."""
    drafts = [(decision.link, draft) for decision in decisions for draft in decision.drafts]
    changes = [_change(work, link, draft, now) for link, draft in drafts]
    Change.objects.bulk_create(changes)
    intents = [
        _intent(link, draft, change, now) for (link, draft), change in zip(drafts, changes, strict=True)
    ]
    return Intent.objects.bulk_create(intents)


def _change(work: Slice, link: Link, draft: Draft, now: datetime) -> Change:
    run = work.run
    return Change(
        run=run,
        pair=work.pair,
        link=link,
        name=link.name,
        side=draft.side.value,
        system=work.pair.system(draft.side).name,
        entity=work.pair.entity(draft.side),
        key=draft.key or "",
        kind=draft.kind.value,
        fields=draft.shown()["fields"],
        actor=run.requested_by or run.trigger,
        reason=link.reason,
        token=work.ports.token(),
        created_at=now,
    )


def _intent(link: Link, draft: Draft, change: Change, now: datetime) -> Intent:
    payload = json.dumps(dict(draft.values), cls=DjangoJSONEncoder, sort_keys=True)
    return Intent(
        link=link,
        side=draft.side.value,
        kind=draft.kind.value,
        token=change.token,
        attempt=link.attempts,
        epoch=link.epoch,
        key=draft.key or "",
        values=dict(draft.values),
        source=dict(draft.source),
        before=dict(draft.before),
        rules=dict(draft.rules),
        payload_hash=hashlib.sha256(payload.encode()).hexdigest(),
        recorded_at=now,
        change=change,
    )


def send(work: Slice, intents: Sequence[Intent]) -> None:
    """Make the recorded writes, side by side, in the batches their system takes; first where no version protects."""
    sides = sorted(Side, key=lambda side: work.capabilities(side).conditional)
    batches = [(side, batch) for side in sides for batch in _batches(work, side, intents)]
    for number, (side, batch) in enumerate(batches):
        later = [intent for _, rest in batches[number + 1 :] for intent in rest]
        if number and not _may_go_on(work, side, batch, later):
            return
        error = _send_batch(work, side, batch, busy={intent.link_id for intent in later})
        if error is not None:
            _let_go(work, later, error)
            raise error


def _may_go_on(work: Slice, side: Side, batch: Sequence[Intent], later: Sequence[Intent]) -> bool:
    """Whether the next batch may be sent. Each call that no version protects has a look of its own before it: the first
    one had it before the decisions."""
    links = [intent.link for intent in batch]
    try:
        if not is_open(work, side):
            links = [link for link in links if must_read(work, link, side)]
        goes_on = not work.must_stop() and (not links or look_again(work, side, links))
    except ConnectorError as error:
        _let_go(work, [*batch, *later], error)
        raise
    if not goes_on:
        _let_go(work, [*batch, *later], Unavailable("The run was ended before this was sent."))
    return goes_on


def _batches(work: Slice, side: Side, intents: Sequence[Intent]) -> list[Sequence[Intent]]:
    mine = [intent for intent in intents if intent.side == side]
    size = max(1, work.capabilities(side).bulk_write)
    return [mine[start : start + size] for start in range(0, len(mine), size)]


def _send_batch(
    work: Slice, side: Side, intents: Sequence[Intent], *, busy: set[int]
) -> ConnectorError | None:
    """One batch. Links in `busy` have another write to come and stay leased. The error that stops the slice, if any."""
    results: list[Result]
    operations: list[Operation] = []
    stale: list[tuple[Intent, Result]] = []
    unprotected = 0
    try:
        work.verify(side)
        with _write_lease(work, work.pair.system(side)):
            with transaction.atomic():  # a worker that was overtaken keeps nothing, and ends here
                work.hold()
                intents = _still_ours(work, intents)
                moved = _moved(intents)
                stale = [
                    (intent, Result(error=Stale(MOVED))) for intent in intents if intent.link_id in moved
                ]
                intents = [intent for intent in intents if intent.link_id not in moved]
                operations = [_operation(intent, side) for intent in intents]
                unprotected = _count_window(work, side, operations)
            results = work.connectors[side].write(work.pair.entity(side), operations) if operations else []
    except ConnectorError as error:
        results = [Result(error=error)] * len(intents)
    with transaction.atomic():
        work.hold()
        if unprotected:
            _time_window(work, side)
        take_outcomes(work, side, [*zip(intents, results, strict=True), *stale], busy)
    return next((r.error for r in results if isinstance(r.error, STOPS)), None)


def _moved(intents: Sequence[Intent]) -> set[int]:
    """Links that became due since they were decided, or were paused: what was planned for them holds no more."""
    links = Link.objects.only("due_at", "state").in_bulk([intent.link_id for intent in intents])
    return {it.link_id for it in intents if _is_moved(it.link, links[it.link_id])}


def _is_moved(planned: Link, now: Link) -> bool:
    return now.due_at not in (None, planned.due_at) or now.state == LinkState.PAUSED


def _count_window(work: Slice, side: Side, operations: Sequence[Operation]) -> int:
    """Add to the run's account what is about to be written without a version: a worker that dies has told it. How many.

    An edit of the same field between the last read and the landing would be overwritten, and nobody could tell. Runs
    inside the transaction that holds the run.
    """
    conditional = work.capabilities(side).conditional
    number = sum(it.kind != OperationKind.CREATE and not (conditional and it.version) for it in operations)
    if number:
        _add_to_window(work, side, writes=number)
    return number


def _time_window(work: Slice, side: Side) -> None:
    """How long the moment was that no version protected. Runs inside the transaction that holds the run."""
    now = work.ports.now()
    took = int((now - work.read_at.get(side, now)).total_seconds() * 1000)
    _add_to_window(work, side, took=took)


def _add_to_window(work: Slice, side: Side, *, writes: int = 0, took: int = 0) -> None:
    windows, system = Run.objects.only("windows").get(pk=work.run.pk).windows, work.pair.system(side).name
    known = windows.get(system, {"writes": 0, "longest_ms": 0})
    added = {"writes": known["writes"] + writes, "longest_ms": max(known["longest_ms"], took)}
    Run.objects.filter(pk=work.run.pk).update(windows={**windows, system: added})


def _let_go(work: Slice, intents: Sequence[Intent], error: ConnectorError) -> None:
    """Recorded writes that were certainly never sent: their system, or the other one, had to be left alone."""
    with transaction.atomic():
        work.hold()
        never = Unavailable(str(error))
        for side in Side:
            mine = [(intent, Result(error=never)) for intent in intents if intent.side == side]
            take_outcomes(work, side, mine, set())


@contextmanager
def _write_lease(work: Slice, system: System) -> Iterator[None]:
    """Writes to one system are made one at a time, whoever makes them."""
    token = _take_write_lease(work, system)
    try:
        yield
    finally:
        System.objects.filter(pk=system.pk, write_token=token).update(write_token="", write_until=None)


def _take_write_lease(work: Slice, system: System) -> str:
    token, waited = work.ports.token(), 0.0
    while True:
        now = work.ports.now()
        if System.objects.filter(free(now, "write"), pk=system.pk).update(
            write_token=token, write_until=now + LEASE
        ):
            return token
        if waited >= work.patience:
            raise Unavailable(f"Another worker is writing to {system}.", retry_after=5)
        work.ports.sleep(0.2)
        waited += 0.2


def _still_ours(work: Slice, intents: Sequence[Intent]) -> list[Intent]:
    """A worker that was paused beyond its lease must not write: its links may be in other hands."""
    now = work.ports.now()
    tokens = {intent.link.lease_token for intent in intents}
    Link.objects.filter(lease_token__in=tokens, lease_until__gt=now).update(lease_until=now + LEASE)
    held = dict(
        Link.objects.filter(pk__in=[intent.link_id for intent in intents], lease_until__gt=now).values_list(
            "pk", "epoch"
        )
    )
    return [intent for intent in intents if held.get(intent.link_id) == intent.epoch]


def _operation(intent: Intent, side: Side) -> Operation:
    return Operation(
        kind=OperationKind(intent.kind),
        token=intent.token,
        key=intent.key or None,
        values=intent.values,
        version=intent.link.get(side, "version") or None,
    )
