"""A record that is not there any more: verified by reading it, twice, before it counts as gone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sync.connectors.base import OperationKind
from sync.core.mapping import differing
from sync.core.plan import Clash, Ruling
from sync.core.records import Value
from sync.core.vocabulary import Outcome, Side
from sync.engine.draft import Decision, Draft
from sync.engine.rules import PairRules
from sync.models.links import Link, LinkState
from sync.models.pairs import EntityPair

REMOVED = "removed"
"""The conflict of a record that is gone on one side and wanted on the other."""

RECORD = "(record)"

VERIFY_AFTER = timedelta(minutes=1)
"""How far apart the two looks are that a removal needs."""


def missing_side(link: Link) -> Side | None:
    return next((side for side in Side if link.get(side, "missing_at")), None)


def decide_removal(
    rules: PairRules,
    link: Link,
    side: Side,
    *,
    removes: Mapping[Side, bool],
    ruling: Ruling | None,
    now: datetime,
) -> Decision:
    """A record that a fresh read did not find. The link was read again just before this is asked."""
    if suspected := looks_again(rules, link, side, now):
        return suspected
    other = side.other
    is_over = link.get(other, "key") is None or bool(link.get(other, "missing_at"))
    if not is_over and (why := _why_a_person(rules, link, side, ruling)):
        return _ask(rules, link, side, why)
    if is_over or (ruling is not None and ruling.winner is other):
        return Decision(
            link=link, outcome=Outcome.REMOVED, problem=_gone(rules, side), state=LinkState.REMOVED
        )
    return _carry_over(rules, link, side, removes)


def _why_a_person(rules: PairRules, link: Link, side: Side, ruling: Ruling | None) -> str:
    """Why a person must say what follows; empty where one has, or nothing speaks against what the pair says."""
    if ruling is not None:
        seen_then = (ruling.erp, ruling.crm) == (_said(rules, link, Side.ERP), _said(rules, link, Side.CRM))
        return "" if seen_then else "It was edited since that was decided: a person must decide again."
    if rules.pair.on_removal == EntityPair.Removal.ASK:
        return "A person must decide what follows."
    if not link.get(side, "base"):
        return "The two were never in step: a person must decide."
    if _edits(rules, link, side.other):
        return f"It was edited in {rules.pair.system(side.other)} since: a person must decide."
    return ""


def looks_again(rules: PairRules, link: Link, side: Side, now: datetime) -> Decision | None:
    """A record that is missing is a suspicion at first; None once it was looked for twice, far enough apart."""
    if now - link.get(side, "missing_at") >= VERIFY_AFTER:
        return None
    why = f"Missing in {rules.pair.system(side)}; the hub looks again before it believes it."
    return Decision(link=link, outcome=Outcome.WAITING, problem=why, retry=True, candidates=link.candidates)


def ask_about_merge(rules: PairRules, link: Link, side: Side, survivor: Link) -> Decision:
    """A record that was merged into another one is gone, but what it stood for is not: nothing is carried over."""
    into = f"'{survivor}' ({survivor.get(side, 'key')})"
    return _ask(rules, link, side, f"It was probably merged into {into}: a person must decide what follows.")


def _carry_over(rules: PairRules, link: Link, side: Side, removes: Mapping[Side, bool]) -> Decision:
    other, policy, gone = side.other, rules.pair.on_removal, _gone(rules, side)
    # The link becomes a tombstone with this decision, or, where something is written, once that is confirmed.
    decision = Decision(link=link, outcome=Outcome.REMOVED, problem=gone, state=LinkState.REMOVED)
    if policy == EntityPair.Removal.DELETE and removes[other]:
        decision.drafts = [_draft(rules, link, other, OperationKind.REMOVE, gone)]
    elif policy != EntityPair.Removal.UNLINK:
        if not rules.inactive(other):
            why = f"{gone} The pair does not say what marks a record of {rules.pair.system(other)} inactive."
            return Decision(link=link, outcome=Outcome.HELD, problem=why)
        decision.drafts = [_draft(rules, link, other, OperationKind.UPDATE, gone)]
    return decision


def _draft(rules: PairRules, link: Link, side: Side, kind: OperationKind, why: str) -> Draft:
    values = rules.inactive(side) if kind is OperationKind.UPDATE else {}
    seen = link.get(side, "seen")
    return Draft(
        side=side,
        kind=kind,
        key=link.get(side, "key"),
        values=values,
        before={path: seen.get(path) for path in values or rules.types[side]},
        whys=dict.fromkeys(values, why),
    )


def _edits(rules: PairRules, link: Link, side: Side) -> dict[str, Value]:
    """What a side says that would have reached the other one, had that not gone."""
    seen, base = link.get(side, "seen"), link.get(side, "base")
    travelling = (rule for rule in rules.rules if rule.carries_edits_to(side.other))
    return {path: seen[path] for rule in travelling for path in differing(rule, side, seen, base)}


def _gone(rules: PairRules, side: Side) -> str:
    return f"The record is gone from {rules.pair.system(side)}."


def _ask(rules: PairRules, link: Link, side: Side, why: str) -> Decision:
    clash = Clash(
        rule=REMOVED,
        erp=_said(rules, link, Side.ERP),
        crm=_said(rules, link, Side.CRM),
        why=f"{_gone(rules, side)} {why}",
    )
    return Decision(link=link, outcome=Outcome.CONFLICT, clashes=[clash], candidates=link.candidates)


def _said(rules: PairRules, link: Link, side: Side) -> dict[str, Value]:
    """What a person is shown of a side, and decides on: that it is gone, or there, and what was edited since."""
    if link.get(side, "missing_at"):
        return {RECORD: "gone"}
    return {RECORD: "there", **_edits(rules, link, side)}
