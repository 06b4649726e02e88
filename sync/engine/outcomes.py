"""What became of writes: acknowledged, refused, stale, gone, unknown. Kept in the intents, links and audit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from sync.connectors.base import (
    ConnectorError,
    Gone,
    Misconfigured,
    NotNow,
    OperationKind,
    Refused,
    Result,
    Stale,
    Unauthorized,
    Unavailable,
)
from sync.core.records import Record
from sync.core.vocabulary import Outcome, Side
from sync.engine.confirm import end_rulings, finish_changes
from sync.engine.observe import observe, remember
from sync.engine.pairing import wake_children
from sync.engine.slice import GRACE, Slice
from sync.models.links import Intent, IntentState, Link, LinkState, MatchKey
from sync.models.rows import update_rows
from sync.models.runs import Change

MAX_ATTEMPTS = 5
ANSWERED = 4
"""What attempts come to at most where somebody heard what became of them: more were ended by something else."""
LONGEST = timedelta(hours=1)
"""The longest wait between two attempts."""
OUTCOME_FIELDS = (
    "state", "erp_key", "crm_key", "linked_at", "due_at", "reason", "reread", "attempts", "problem", "refused",
    "run", "outcome", "settled_as", "erp_version", "crm_version", "erp_missing_at", "crm_missing_at",
    "lease_token", "lease_until",
)  # fmt: skip


def take_outcomes(work: Slice, side: Side, outcomes: Sequence[tuple[Intent, Result]], busy: set[int]) -> None:
    now = work.ports.now()
    links = Link.objects.select_for_update().in_bulk([intent.link_id for intent, _ in outcomes])
    of_others = _of_others(work, side, outcomes)
    for intent, result in outcomes:
        planned, intent.link = intent.link, links[intent.link_id]
        asked_for = _asked_for(planned, intent.link)
        intent.link.attempts = min(intent.link.attempts, ANSWERED)
        if intent.link_id not in busy:
            intent.link.lease_token, intent.link.lease_until = "", None
        if error := result.error or of_others.get(intent.link_id):
            _failed(intent, side, error, now)
        else:
            _acknowledged(intent, side, result, now)
        intent.link.due_at = intent.link.due_at or asked_for
        if intent.state == IntentState.REFUSED:
            intent.link.settled_as = Outcome.FAILED.value
        work.touch([intent.link], _counted(intent))
    intents = [intent for intent, _ in outcomes]
    twins = absorb_twins(
        {intent.key: intent.link for intent in intents if intent.link.linked_at == now}, side
    )
    work.uncount(twins)
    update_rows(intents, ["state", "problem", "key", "look_after", "acknowledged_at", "ended_at"])
    update_rows(links.values(), OUTCOME_FIELDS)
    end_rulings([link for link in links.values() if link.state == LinkState.REMOVED])
    _finish(intents, now)
    wake_children([link for link in links.values() if link.linked_at == now], now)
    told = [result.record for _, result in outcomes if result.record and not result.error]
    if told:
        observe(work, side, told, scan=None, now=now)


def _asked_for(planned: Link, now: Link) -> datetime | None:
    """When a link is due for what was said of it while its write was under way: that is still to be done."""
    return now.due_at if now.due_at != planned.due_at else None


def _counted(intent: Intent) -> Outcome:
    """What did not happen counts as nothing yet: the run's end tells whether it is still to be done."""
    counted = {
        IntentState.UNKNOWN: Outcome.UNKNOWN,
        IntentState.REFUSED: Outcome.FAILED,
        IntentState.DROPPED: Outcome.UNCHANGED,
    }
    return counted.get(IntentState(intent.state), Outcome.WRITTEN)


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
    intent.acknowledged_at = now
    link.reason, link.problem = "", ""
    if result.version:
        link.put(side, version=result.version)
    if intent.kind == OperationKind.REMOVE:
        intent.state, intent.ended_at = IntentState.CONFIRMED, now
        link.state = LinkState.REMOVED
    elif intent.kind == OperationKind.CREATE and intent.key:
        link.put(side, key=intent.key)
        link.linked_at = now


def _of_others(
    work: Slice, side: Side, outcomes: Sequence[tuple[Intent, Result]]
) -> dict[int, ConnectorError]:
    """Creates that were answered with a record which is another one's counterpart: nothing was made."""
    made = {
        result.key: intent.link
        for intent, result in outcomes
        if intent.kind == OperationKind.CREATE and result.error is None and result.key
    }
    return {made[key].pk: Refused(why) for key, why in of_another(work, side, made).items()}


def of_another(work: Slice, side: Side, made: Mapping[str, Link]) -> dict[str, str]:
    """Records that are said to have been made for these links and are linked already, with a sentence for people."""
    held = Link.objects.linked().filter(**{"pair": work.pair, f"{side}_key__in": list(made)})
    system = work.pair.system(side)
    return {
        key: f"{system} says that '{key}' was made, which is the counterpart of '{link}' already. Look at both there."
        for link in held.exclude(pk__in=[link.pk for link in made.values()])
        if (key := link.get(side, "key"))
    }


def adopt_key(work: Slice, link: Link, side: Side, record: Record, now: datetime) -> None:
    """A record was made for this link: know its key at once. A link a poll made for it meanwhile is absorbed.

    What has moved since a poll read it first, somebody has edited.
    """
    twins = absorb_twins({record.key: link}, side)
    work.uncount(twins)
    for twin in twins:
        remember(work.rules, twin, side, record, now=now)
        link.put(side, stamps=twin.get(side, "stamps"))
    link.put(side, key=record.key)
    link.linked_at = now
    link.save(update_fields=[f"{side}_key", f"{side}_stamps", "linked_at"])


def absorb_twins(made: Mapping[str, Link], side: Side) -> list[Link]:
    """Links that a poll made of records which the hub itself had just created. Returns those that are no more."""
    if not made:
        return []
    pair = next(iter(made.values())).pair_id
    known = Link.objects.current().filter(**{"pair": pair, f"{side}_key__in": list(made)})
    twins = list(known.exclude(pk__in=[link.pk for link in made.values()]))
    for twin in twins:
        link = made[twin.get(side, "key")]
        Link.objects.filter(pk=twin.pk).update(
            state=LinkState.MERGED,
            merged_into=link,
            due_at=None,
            waiting=False,
            lease_token="",
            lease_until=None,
        )
        MatchKey.objects.filter(link=twin, side=side).update(link=link)
    return twins


def _failed(intent: Intent, side: Side, error: ConnectorError, now: datetime) -> None:
    intent.problem = str(error)
    settle_by: dict[type[ConnectorError], Callable[[Intent, Side, ConnectorError, datetime], None]] = {
        Refused: _refused,
        Stale: _stale,
        Gone: _gone,
        NotNow: _passing,
        Unavailable: _not_now,
        Unauthorized: _not_now,
        Misconfigured: _not_now,
    }
    settle = next((each for kind, each in settle_by.items() if isinstance(error, kind)), _unknown)
    settle(intent, side, error, now)


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
        hold_back(intent, side, path, message)
    link.problem = str(error)
    link.due_at = now if named and link.attempts < MAX_ATTEMPTS else None


def hold_back(intent: Intent, side: Side, path: str, message: str) -> None:
    """This value is not written again until it changes or a person asks for it. Does not save the link."""
    rule, link = intent.rules[path], intent.link
    values = {p: str(value) for p, value in intent.values.items() if intent.rules.get(p) == rule}
    link.refused = {**link.refused, rule: {"side": side.value, "values": values, "message": message}}


def _stale(intent: Intent, _side: Side, _error: ConnectorError, now: datetime) -> None:
    _dropped(intent, now)
    intent.link.reread = True
    _look_again(intent, "moved while it was planned", now)


def _gone(intent: Intent, side: Side, error: ConnectorError, now: datetime) -> None:
    if intent.kind == OperationKind.CREATE:
        # Not the record is gone, but what it was to belong to: it fails alone.
        _refused(intent, side, Refused(str(error)), now)
        return
    _dropped(intent, now)
    intent.link.put(side, missing_at=intent.link.get(side, "missing_at") or now)
    _look_again(intent, "missing when it was to be written", now)


def _look_again(intent: Intent, reason: str, now: datetime) -> None:
    """At once. A record that is answered so every time, whatever is read of it, waits: else its run would never end."""
    link = intent.link
    link.due_at, link.reason = now, reason
    if link.attempts >= ANSWERED:
        link.due_at, link.problem = now + _wait(link), intent.problem


def _not_now(intent: Intent, _side: Side, _error: ConnectorError, now: datetime) -> None:
    _dropped(intent, now)
    intent.link.due_at, intent.link.reason = now + _wait(intent.link), "tries again"


def _passing(intent: Intent, side: Side, error: ConnectorError, now: datetime) -> None:
    """This record waits alone, longer each time; what never gets through says why."""
    _not_now(intent, side, error, now)
    intent.link.problem = intent.problem
    if intent.link.attempts >= ANSWERED:
        intent.link.due_at = now + LONGEST


def _wait(link: Link) -> timedelta:
    return min(LONGEST, timedelta(seconds=5 * 2**link.attempts))
