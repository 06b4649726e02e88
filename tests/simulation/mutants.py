"""Planted defects of the engine. Each must be caught: one that is not shows a fault or an oracle that is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from django.db import transaction

from sync.core import policy
from sync.core.records import Value
from sync.core.vocabulary import Outcome, Side
from sync.engine import (
    confirm,
    decide,
    evidence,
    fresh,
    observe,
    outcomes,
    pairing,
    poll,
    ports,
    removal,
    runner,
    settle,
    write,
)
from sync.engine.draft import Decision
from sync.engine.slice import Slice
from sync.engine.watched import Watched
from sync.models.links import Conflict, Intent, IntentState, Link
from sync.models.pairs import Cursor
from sync.models.runs import Act, Change
from sync.models.systems import System
from sync.services import systems

Patches = Callable[[], Sequence[Any]]
NOW = timedelta(0)


def _swap(*places: tuple[Any, str, Any]) -> Patches:
    return lambda: [patch.object(where, name, new) for where, name, new in places]


@contextmanager
def planted(name: str) -> Iterator[None]:
    with ExitStack() as stack:
        for each in MUTANTS[name]():
            stack.enter_context(each)
        yield


# What the mutants do instead


def _forget_the_dead(pair_id: int, now: Any) -> int:
    dead = Intent.objects.filter(link__lease_until__lt=now, link__pair_id=pair_id, state=IntentState.RECORDED)
    links = list(dead.values_list("link_id", flat=True))
    Change.objects.filter(intent__in=dead).update(outcome="dropped", finished_at=now)
    found = dead.update(state=IntentState.DROPPED, ended_at=now)
    Link.objects.filter(pk__in=links).update(lease_token="", lease_until=None, due_at=now)
    return found


def _unknown_is_failed(intent: Intent, _side: Side, _error: Exception, now: Any) -> None:
    intent.state, intent.ended_at = IntentState.DROPPED, now
    intent.link.due_at, intent.link.reread = now, True


def _written_is_held(
    _work: Slice, _side: Side, _intent: Intent, _path: str, written: Value, *_: Any
) -> Value:
    return written


def _anything_is_ours(
    _work: Slice, _side: Side, _intent: Intent, path: str, written: Value, record: Any, *_: Any
) -> Value:
    return record.values.get(path, written)


def _all_at_birth(work: Slice, side: Side, record: Any, written: set[str], **_: Any) -> dict[str, Value]:
    return {p: v for p, v in record.values.items() if p in work.rules.types[side] and p not in written}


def _base_first(plain: Callable[..., None]) -> Callable[..., None]:
    def apply(work: Slice, decision: Decision, now: Any) -> None:
        plain(work, decision, now)
        for draft in decision.drafts if work.run.writes else ():
            if draft.key:
                link = decision.link
                link.put(draft.side, base={**link.get(draft.side, "base"), **draft.values})
                link.put(draft.side.other, base={**link.get(draft.side.other, "base"), **draft.source})

    return apply


def _shared_base(desk: decide.Desk, link: Link, side: Side) -> Any:
    state = PLAIN_STATE(desk, link, side)
    both = {**link.crm_base, **link.erp_base}
    pairs = (("name", "OrgName"), ("city", "OrgCity"), ("zip", "OrgZip"), ("last", "PersonLast"))
    shared = {crm: both[erp] for erp, crm in pairs if erp in both and crm in both}
    return type(state)(
        now=state.now, base={**state.base, **shared} if side is Side.CRM else state.base, stamps=state.stamps
    )


PLAIN_STATE = decide.Desk._state


def _no_loser(plain: Callable[..., Change]) -> Callable[..., Change]:
    def change(*arguments: Any) -> Change:
        made = plain(*arguments)
        made.fields = [{**field, "before": None} for field in made.fields]
        return made

    return change


def _cursor_first(plain: Callable[..., None]) -> Callable[..., None]:
    def begin(work: Slice, cursor: Cursor, side: Side, **modes: bool) -> None:
        plain(work, cursor, side, **modes)
        if not cursor.scanning:
            Cursor.objects.filter(pk=cursor.pk).update(position=work.ports.now())

    return begin


def _never(*_: Any, **__: Any) -> None:
    return None


def _no_version(plain: Callable[..., Any]) -> Callable[..., Any]:
    def operation(intent: Intent, side: Side) -> Any:
        made = plain(intent, side)
        return type(made)(kind=made.kind, token=made.token, key=made.key, values=made.values)

    return operation


def _still_ours(_work: Slice, intents: Sequence[Intent]) -> list[Intent]:
    return list(intents)


def _unmatched(_self: Any, _link: Link, _side: Side) -> pairing.Finding:
    return pairing.Finding()


def _made_again(_rules: Any, link: Link, side: Side, **_: Any) -> Decision:
    Link.objects.filter(pk=link.pk).update(
        **{f"{side}_key": None, f"{side}_missing_at": None, f"{side}_base": {}}
    )
    link.put(side, key=None, missing_at=None, base={})
    return Decision(link=link, outcome=Outcome.WAITING, retry=True)


def _unproven(plain: Callable[..., None]) -> Callable[..., None]:
    return lambda work, side, intent, _records, now: plain(work, side, intent, [], now)


def _without_intent(plain: Callable[..., None]) -> Callable[..., None]:
    def send(work: Slice, intents: Sequence[Intent]) -> None:
        Intent.objects.filter(pk__in=[intent.pk for intent in intents]).update(state=IntentState.DROPPED)
        plain(work, intents)

    return send


def _read_fully(plain: Callable[..., Any]) -> Callable[..., Any]:
    def desk(work: Slice, links: list[Link]) -> Any:
        made = plain(work, links)
        made.read_fully = True
        return made

    return desk


def _one_side_first(plain: Callable[..., Any]) -> Callable[..., Any]:
    def poll(work: Slice, side: Side, **how: Any) -> bool:
        cursor, _ = Cursor.objects.get_or_create(pair=work.pair, side=side)
        unread = cursor.full_at is None
        first = not work.pair.runs.filter(ended_at__isnull=False).exists()
        return True if side is Side.CRM and unread and first else plain(work, side, **how)

    return poll


def _never_missing(_work: Slice, link: Link, side: Side) -> bool:
    return bool(link.get(side, "key")) and link.reread


def _blind(plain: Callable[..., Any]) -> Callable[..., Any]:
    def desk(work: Slice, links: list[Link]) -> Any:
        made = plain(work, links)
        made.intents = {}
        return made

    return desk


def _counts_twice(plain: Callable[..., None]) -> Callable[..., None]:
    def touch(self: Slice, links: list[Link], outcome: Outcome) -> None:
        plain(self, links, outcome)
        self.count_touched(1 if outcome is Outcome.WRITTEN and links else 0)

    return touch


def _read_in_transaction(plain: Callable[..., list[Link]]) -> Callable[..., list[Link]]:
    def freshen(work: Slice, links: list[Link]) -> list[Link]:
        with transaction.atomic():
            return plain(work, links)

    return freshen


def _told_in_full(plain: Callable[..., Act]) -> Callable[..., Act]:
    def record(verb: str, *, subject: System, **facts: Any) -> Act:
        shown = {"after": dict(subject.credentials)} if verb == "credentials" else {}
        return plain(verb, subject=subject, **{**facts, **shown})

    return record


def _newest_wins(fields: Sequence[policy.Field], margin: timedelta) -> policy.Choice:
    """Nobody is asked where it is known who was last."""
    kept = PLAIN_POLICY(fields, margin)
    return kept if kept.winner else policy._newest(fields, margin)


PLAIN_POLICY = policy._by_policy


def _asked_once(plain: Callable[..., None]) -> Callable[..., None]:
    def keep(rules: Any, decisions: Sequence[Decision], now: Any) -> None:
        for decision in decisions:
            if Conflict.objects.filter(link=decision.link, state="open").exists():
                decision.clashes.clear()
        plain(rules, decisions, now)

    return keep


def _seen_is_base(plain: Callable[..., None]) -> Callable[..., None]:
    def judge(work: Slice, side: Side, link: Link, intent: Intent, record: Any, now: Any) -> None:
        plain(work, side, link, intent, record, now)
        link.put(side.other, base={**link.get(side.other, "base"), **link.get(side.other, "seen")})

    return judge


MUTANTS: dict[str, Patches] = {
    "the intent of a dead worker is forgotten": _swap(
        (runner, "take_over_from_the_dead", _forget_the_dead),
        (evidence, "take_over_from_the_dead", _forget_the_dead),
    ),
    "no grace": _swap((outcomes, "GRACE", NOW), (evidence, "GRACE", NOW)),
    "an unknown outcome counts as failed": _swap((outcomes, "_unknown", _unknown_is_failed)),
    "no intent is committed": lambda: [patch.object(settle, "send", _without_intent(settle.send))],
    "one shared base": _swap((decide.Desk, "_state", _shared_base)),
    "the base is what was written": _swap((confirm, "_base_of", _written_is_held)),
    "any read-back is adopted": _swap((confirm, "_base_of", _anything_is_ours)),
    "anything in a new record is its default": _swap((confirm, "_given_at_birth", _all_at_birth)),
    "the base moves before the write": lambda: [patch.object(settle, "_apply", _base_first(settle._apply))],
    "the source's base is what is seen now": lambda: [
        patch.object(confirm, "_judge", _seen_is_base(confirm._judge))
    ],
    "no loser is kept": lambda: [patch.object(write, "_change", _no_loser(write._change))],
    "absence is removal": _swap(
        (fresh, "must_read", _never_missing),
        (settle, "must_read", _never_missing),
        (removal, "VERIFY_AFTER", NOW),
    ),
    "the cursor moves before the page": lambda: [
        patch.object(poll, "_begin", _cursor_first(poll._begin)),
        patch.object(poll, "OVERLAP", NOW),
    ],
    "a lease without an epoch": _swap((write, "_still_ours", _still_ours)),
    "an overtaken worker goes on": _swap((Slice, "hold", _never)),
    "no write carries a version": lambda: [patch.object(write, "_operation", _no_version(write._operation))],
    "twins are not absorbed": _swap((outcomes, "absorb_twins", lambda *_: [])),
    "nothing is matched": _swap((pairing.Matcher, "find", _unmatched)),
    "creates before both sides are read": lambda: [
        patch.object(settle, "_desk", _read_fully(settle._desk)),
        patch.object(runner, "poll", _one_side_first(runner.poll)),
    ],
    "what was removed is made again": _swap((decide, "decide_removal", _made_again)),
    "a lost create is not looked for": lambda: [
        patch.object(evidence, "_settle_create", _unproven(evidence._settle_create))
    ],
    "every lost update has landed": _swap((evidence, "_landed", lambda *_: True)),
    "an open intent that never blocks": lambda: [patch.object(settle, "_desk", _blind(settle._desk))],
    "what is left is not due again": _swap(
        (confirm, "_due_again", lambda _rules, link, _now: setattr(link, "due_at", None))
    ),
    "who was last wins where a person was to be asked": _swap((policy, "_by_policy", _newest_wins)),
    "a conflict closes itself": lambda: [
        patch.object(settle, "keep_conflicts", _asked_once(settle.keep_conflicts))
    ],
    "conflicts are not shown": _swap((settle, "keep_conflicts", _never)),
    "children are not woken": _swap(
        (runner, "wake_the_ready", _never),
        (outcomes, "wake_children", _never),
        (settle, "wake_children", _never),
        (evidence, "wake_children", _never),
    ),
    "the scope is forgotten": _swap((decide, "excluded", lambda *_: None)),
    "audit rows stay pending": _swap(
        (outcomes, "finish_changes", _never), (confirm, "finish_changes", _never)
    ),
    "a link is counted twice": lambda: [patch.object(Slice, "touch", _counts_twice(Slice.touch))],
    "the audit shows credentials": lambda: [patch.object(systems, "record", _told_in_full(systems.record))],
    "writes without a version are not counted": _swap((write, "_count_window", _never)),
    "what a system quotes is repeated": _swap((Watched, "_strike", _never)),
    "records are read inside a transaction": lambda: [
        patch.object(ports, "connection", SimpleNamespace(in_atomic_block=False)),
        patch.object(settle, "_freshen", _read_in_transaction(settle._freshen)),
    ],
    "an answer that lags is an edit": _swap(
        (observe, "may_be_behind", lambda *_: False), (evidence, "is_behind", lambda *_: False)
    ),
    "an echo is an edit": _swap((observe, "_confirm_writes", _never)),
}

CLIMATES: dict[str, dict[str, Any]] = {
    "absence is removal": {"hidden": 0.1, "removals": False, "restores": False},
    "a lease without an epoch": {
        "stall": 0.03,
        "people": 0.1,
        "erp_conditional": False,
        "crm_conditional": False,
        "restores": False,
    },
    "no write carries a version": {"erp_conditional": True, "crm_conditional": True, "people": 0.1},
    "twins are not absorbed": {"nested": 0.06},
    "creates before both sides are read": {"steps": 10, "changed_since": False},
    "what was removed is made again": {"removals": True, "restores": False},
    "a lost create is not looked for": {"unknown": 0.3, "landed": 0.3},
    "every lost update has landed": {"unknown": 0.3},
    "an open intent that never blocks": {"unknown": 0.3, "late": 0.3},
    "what is left is not due again": {"people": 0.1},
    "the intent of a dead worker is forgotten": {"crash": 0.03},
    "anything in a new record is its default": {
        "names_editor": False,
        "answers_record": False,
        "people": 0.1,
    },
    "who was last wins where a person was to be asked": {
        "people": 0.1,
        "removals": False,
        "restores": False,
        "failover": 0.0,
    },
    "an answer that lags is an edit": {"lag": 0.6, "restores": False, "failover": 0.0},
}
"""Worlds in which a defect matters, so that not most lives are spent where it cannot show."""
