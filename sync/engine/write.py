"""Writing: an intent and its audit row are committed first, then the call is made, then its outcome is kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Q

from sync.connectors.base import (
    ConnectorError,
    Gone,
    Misconfigured,
    Nonsense,
    Operation,
    OperationKind,
    Refused,
    Result,
    Stale,
    Unauthorized,
    Unavailable,
)
from sync.core.vocabulary import Outcome, Side
from sync.engine.confirm import finish_changes
from sync.engine.draft import Decision, Draft
from sync.engine.observe import observe
from sync.engine.pairing import wake_children
from sync.engine.slice import GRACE, LEASE, Slice
from sync.models.links import Intent, IntentState, Link, LinkState, MatchKey
from sync.models.rows import update_rows
from sync.models.runs import Change
from sync.models.systems import System

MAX_ATTEMPTS = 5
STOPS = (Unavailable, Unauthorized, Misconfigured, Nonsense)
"""What concerns the whole system ends the slice; what concerns one record does not."""
CHUNK = 100
OUTCOME_FIELDS = (
    "state", "erp_key", "crm_key", "linked_at", "due_at", "reason", "reread", "attempts", "problem", "refused",
    "run", "outcome", "erp_version", "crm_version", "erp_missing_at", "crm_missing_at", "lease_token", "lease_until",
)  # fmt: skip


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
    """Make the recorded writes, side by side, in the batches their system takes."""
    batches = [(side, batch) for side in Side for batch in _batches(work, side, intents)]
    for number, (side, batch) in enumerate(batches):
        later = [intent for _, rest in batches[number + 1 :] for intent in rest]
        error = _send_batch(work, side, batch, busy={intent.link_id for intent in later})
        if error is not None:
            _let_go(work, later, error)
            raise error


def _batches(work: Slice, side: Side, intents: Sequence[Intent]) -> list[Sequence[Intent]]:
    mine = [intent for intent in intents if intent.side == side]
    size = max(1, work.capabilities(side).bulk_write)
    return [mine[start : start + size] for start in range(0, len(mine), size)]


def _send_batch(
    work: Slice, side: Side, intents: Sequence[Intent], *, busy: set[int]
) -> ConnectorError | None:
    """One batch. Links in `busy` have another write to come and stay leased. The error that stops the slice, if any."""
    results: list[Result]
    try:
        work.verify(side)
        with _write_lease(work, work.pair.system(side)):
            intents = _still_ours(work, intents)
            operations = [_operation(intent, side) for intent in intents]
            results = work.connectors[side].write(work.pair.entity(side), operations)
    except ConnectorError as error:
        results = [Result(error=error)] * len(intents)
    with transaction.atomic():
        _take_outcomes(work, side, list(zip(intents, results, strict=True)), busy)
    return next((r.error for r in results if isinstance(r.error, STOPS)), None)


def _let_go(work: Slice, intents: Sequence[Intent], error: ConnectorError) -> None:
    """Recorded writes that were certainly never sent: their system, or the other one, had to be left alone."""
    with transaction.atomic():
        never = Unavailable(str(error))
        for side in Side:
            mine = [(intent, Result(error=never)) for intent in intents if intent.side == side]
            _take_outcomes(work, side, mine, set())


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
        free = Q(write_token="") | Q(write_until__lt=now)
        if System.objects.filter(free, pk=system.pk).update(write_token=token, write_until=now + LEASE):
            return token
        if waited >= work.patience:
            raise Unavailable(f"Another worker is writing to {system}.", retry_after=5)
        work.ports.sleep(0.2)
        waited += 0.2


def _still_ours(work: Slice, intents: Sequence[Intent]) -> list[Intent]:
    """A worker that was paused beyond its lease must not write: its links may be in other hands."""
    now = work.ports.now()
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


def _take_outcomes(
    work: Slice, side: Side, outcomes: Sequence[tuple[Intent, Result]], busy: set[int]
) -> None:
    now = work.ports.now()
    links = Link.objects.select_for_update().in_bulk([intent.link_id for intent, _ in outcomes])
    for intent, result in outcomes:
        intent.link = links[intent.link_id]
        if intent.link_id not in busy:
            intent.link.lease_token, intent.link.lease_until = "", None
        if result.error is None:
            _acknowledged(intent, side, result, now)
        else:
            _failed(intent, side, result.error, now)
        work.touch([intent.link], _counted(intent))
    intents = [intent for intent, _ in outcomes]
    update_rows(intents, ["state", "problem", "key", "look_after", "ended_at"])
    update_rows(links.values(), OUTCOME_FIELDS)
    _finish(intents, now)
    wake_children([link for link in links.values() if link.linked_at == now], now)
    told = [result.record for _, result in outcomes if result.record and not result.error]
    if told:
        observe(work, side, told, scan=None, now=now)


def _counted(intent: Intent) -> Outcome:
    if intent.state == IntentState.UNKNOWN:
        return Outcome.UNKNOWN
    return Outcome.FAILED if intent.state == IntentState.REFUSED else Outcome.WRITTEN


def _finish(intents: Sequence[Intent], now: datetime) -> None:
    finals = {
        IntentState.REFUSED: Change.Outcome.REFUSED,
        IntentState.DROPPED: Change.Outcome.DROPPED,
        IntentState.CONFIRMED: Change.Outcome.WRITTEN,
    }
    for state, outcome in finals.items():
        finish_changes([intent for intent in intents if intent.state == state], outcome, now)


def _acknowledged(intent: Intent, side: Side, result: Result, now: datetime) -> None:
    link = intent.link
    intent.state, intent.key = IntentState.ACKNOWLEDGED, result.key or intent.key
    link.reason, link.problem = "", ""
    if result.version:
        link.put(side, version=result.version)
    if intent.kind == OperationKind.REMOVE:
        intent.state, intent.ended_at = IntentState.CONFIRMED, now
        link.state = LinkState.REMOVED
    elif intent.kind == OperationKind.CREATE and intent.key:
        adopt_key(link, side, intent.key, now)


def adopt_key(link: Link, side: Side, key: str, now: datetime) -> None:
    """A record was made for this link: know its key at once. A link a poll made for it meanwhile is absorbed."""
    twin = (
        Link.objects.current()
        .filter(**{"pair": link.pair_id, f"{side}_key": key})
        .exclude(pk=link.pk)
        .first()
    )
    if twin is not None:
        Link.objects.filter(pk=twin.pk).update(
            state=LinkState.MERGED, merged_into=link, due_at=None, lease_token="", lease_until=None
        )
        MatchKey.objects.filter(link=twin, side=side).update(link=link)
    link.put(side, key=key)
    link.linked_at = now
    link.save(update_fields=[f"{side}_key", "linked_at"])


def _failed(intent: Intent, side: Side, error: ConnectorError, now: datetime) -> None:
    intent.problem = str(error)
    settle_by: dict[type[ConnectorError], Callable[[Intent, Side, ConnectorError, datetime], None]] = {
        Refused: _refused,
        Stale: _stale,
        Gone: _gone,
        Unavailable: _not_now,
        Unauthorized: _not_now,
        Misconfigured: _not_now,
    }
    settle_by.get(type(error), _unknown)(intent, side, error, now)


def _unknown(intent: Intent, _side: Side, _error: ConnectorError, now: datetime) -> None:
    intent.state, intent.look_after = IntentState.UNKNOWN, now + GRACE
    intent.link.due_at, intent.link.problem = intent.look_after, f"Unknown outcome: {intent.problem}"


def _dropped(intent: Intent, now: datetime) -> None:
    intent.state, intent.ended_at = IntentState.DROPPED, now


def _refused(intent: Intent, side: Side, error: ConnectorError, now: datetime) -> None:
    """This record fails alone. Of an update, fields the system names are left out until their value changes."""
    assert isinstance(error, Refused)
    intent.state, intent.ended_at = IntentState.REFUSED, now
    link, named = intent.link, {path: text for path, text in error.fields.items() if path in intent.rules}
    if intent.kind == OperationKind.CREATE:
        named = {}
    for path, message in named.items():
        rule = intent.rules[path]
        values = {p: str(v) for p, v in intent.values.items() if intent.rules.get(p) == rule}
        link.refused = {**link.refused, rule: {"side": side.value, "values": values, "message": message}}
    link.problem = str(error)
    link.due_at = now if named and link.attempts < MAX_ATTEMPTS else None


def _stale(intent: Intent, _side: Side, _error: ConnectorError, now: datetime) -> None:
    _dropped(intent, now)
    intent.link.due_at, intent.link.reread, intent.link.reason = now, True, "moved while it was planned"


def _gone(intent: Intent, side: Side, _error: ConnectorError, now: datetime) -> None:
    _dropped(intent, now)
    intent.link.put(side, missing_at=intent.link.get(side, "missing_at") or now)
    intent.link.due_at, intent.link.reason = now, "missing when it was to be written"


def _not_now(intent: Intent, _side: Side, _error: ConnectorError, now: datetime) -> None:
    _dropped(intent, now)
    link = intent.link
    wait = timedelta(seconds=min(3600, 5 * 2**link.attempts))
    link.due_at, link.reason = now + wait, "tries again"
