"""A moved record that a person wants under its new parent: the old one is left behind, and a new one is made.

webCRM cannot move a record. So its half is marked inactive and loses the ERP's key; once that is confirmed the link is
taken apart, and the ERP half goes on like any record that has no counterpart yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sync.connectors.base import OperationKind
from sync.core.plan import Ruling
from sync.core.records import Value
from sync.core.vocabulary import Outcome, Side
from sync.engine.conflicts import MOVED, SPECIAL
from sync.engine.draft import Decision, Draft
from sync.engine.rules import PairRules
from sync.models.links import Conflict, ConflictState, Link, LinkState, MatchKey, Separation

LEFT_BEHIND = "It is replaced by a new one under the parent that it moved to in the ERP."
AWAITED = LinkState.EXCLUDED, LinkState.REMOVED
"""States of a parent under which nothing is made."""


def impossible(rules: PairRules) -> str:
    """Why this pair cannot replace a record in webCRM; empty where it can."""
    crm = rules.pair.crm_system
    if not rules.inactive(Side.CRM):
        return (
            f"The pair does not say what marks a record of {crm} inactive, and the old one would be left as it is. "
            "Say so in the pair, or keep it where it is."
        )
    if Side.CRM not in rules.references or not rules.pair.creates_in(Side.CRM):
        return f"This pair creates nothing in {crm}: nothing would take the old one's place. Keep it where it is."
    return ""


def wants(ruling: Ruling | None) -> bool:
    """Whether a person decided that the record is replaced."""
    return ruling is not None and ruling.winner is Side.ERP


def decide_replacement(
    rules: PairRules, link: Link, decision: Decision, *, parent: Link | None, creates: bool
) -> Decision:
    """The next step of a replacement, given what else is to be done for both halves: that comes first.

    `parent`: whom it belongs to in the ERP now. `creates`: webCRM itself can create.
    """
    if decision.drafts or decision.clashes or decision.waiting or decision.failed:
        # The old record is left behind for good: what was edited there must have reached the ERP by then.
        decision.standing.add(MOVED)
        decision.problem = " ".join(filter(None, (decision.problem, _awaited(decision))))
        return decision
    if parent is None or not parent.linked or parent.state in AWAITED:
        decision.standing.add(MOVED)
        decision.outcome, decision.waiting = Outcome.WAITING, True
        decision.problem = f"Waits for '{parent or link.erp_parent}' of {rules.pair.parent} to be linked."
        return decision
    why_not = impossible(rules) or ("" if creates else f"{rules.pair.crm_system} lets nothing be created.")
    if why_not:
        decision.outcome, decision.problem, decision.failed = Outcome.FAILED, why_not, True
        return decision
    decision.drafts = [_farewell(rules, link)]
    return decision


def _awaited(decision: Decision) -> str:
    """What people are told to settle first; nothing of what settles by itself."""
    if decision.failed or decision.waiting:
        return "It is replaced under its new parent once this is settled."
    if decision.clashes:
        return "It is replaced under its new parent once its other conflicts are decided."
    return ""


def _farewell(rules: PairRules, link: Link) -> Draft:
    """The last write to the old record: inactive, and nobody's counterpart. It is of no mapping."""
    reference, *_ = rules.references[Side.CRM].paths(Side.CRM)
    values: dict[str, Value] = {**rules.inactive(Side.CRM), reference: ""}
    return Draft(
        side=Side.CRM,
        kind=OperationKind.UPDATE,
        key=link.crm_key,
        values=values,
        before={path: link.crm_seen.get(path) for path in values},
        whys=dict.fromkeys(values, LEFT_BEHIND),
    )


def standing(links: Iterable[Link]) -> dict[int, Conflict]:
    """The decisions to replace that are not carried out yet, by link."""
    rows = Conflict.objects.filter(
        link__in=[link.pk for link in links],
        field=SPECIAL[MOVED],
        state=ConflictState.RULED,
        winner=Side.ERP,
    )
    return {row.link_id: row for row in rows}


def replace(link: Link, ruling: Conflict, now: datetime) -> None:
    """The old record is left behind: a tombstone of its own. The ERP half is due, to be made anew."""
    Separation.objects.get_or_create(
        pair_id=link.pair_id,
        erp_key=link.erp_key,
        crm_key=link.crm_key,
        defaults={"said_by": ruling.resolved_by, "reason": LEFT_BEHIND, "said_at": now},
    )
    old = take_apart(link, "carried out")
    old.state, old.problem = LinkState.REMOVED, LEFT_BEHIND
    old.save(update_fields=["state", "problem"])
    link.due_at, link.reason, link.problem, link.attempts = now, "replaced under its new parent", "", 0
    link.save(update_fields=["due_at", "reason", "problem", "attempts"])


TOLD = ("key", "parent", "seen", "stamps", "version", "updated_at", "by_hub", "scan")
"""What the webCRM half takes along. Bases are of a couple, and there is none any more."""


def take_apart(link: Link, why: str) -> Link:
    """The webCRM half moves into a link of its own, which is returned. Inside the caller's transaction.

    The ERP half keeps what it has seen. Conflicts end, for `why`: what was asked, or decided, of two records that are
    no couple any more must not be carried out later.
    """
    told = {f"crm_{name}": link.get(Side.CRM, name) for name in TOLD}
    link.put(
        Side.CRM, key=None, parent="", seen={}, base={}, stamps={}, version="", updated_at=None, by_hub=False,
        missing_at=None,
    )  # fmt: skip
    link.put(Side.ERP, base={})
    link.linked_at, link.settled_at, link.refused = None, None, {}
    # Saved first: two links must not hold the key at once.
    link.save(update_fields=[*(f"crm_{name}" for name in (*TOLD, "base", "missing_at")), *OF_A_COUPLE])
    other = Link.objects.create(pair_id=link.pair_id, name=link.name, **told)
    MatchKey.objects.filter(link=link, side=Side.CRM).update(link=other)
    end_conflicts(link, why)
    return other


OF_A_COUPLE = ("erp_base", "linked_at", "settled_at", "refused")


def end_conflicts(link: Link, why: str) -> None:
    """Whatever was asked or decided of this link is over."""
    link.conflicts.exclude(state=ConflictState.CLOSED).update(state=ConflictState.CLOSED, closed_why=why)
