"""Conflicts as rows: opened when both sides moved apart, refreshed while they do, closed when they no longer do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db.models import Q

from sync.core.plan import Clash, Ruling
from sync.core.records import Values
from sync.core.vocabulary import Side
from sync.engine.draft import Decision
from sync.engine.removal import REMOVED
from sync.engine.rules import PairRules
from sync.models.links import Conflict, ConflictState, Link

UNDER_WAY = (ConflictState.OPEN, ConflictState.RULED)
MOVED = "moved"
"""The conflict of a record whose parent changed where the other side cannot follow."""

SPECIAL = {REMOVED: "the record itself (removed)", MOVED: "the record's parent (moved)"}


GONE = "its record was removed"


def load_rulings(links: Iterable[Link]) -> dict[int, dict[str, Ruling]]:
    """What people decided and the engine has not carried out yet, by link and mapping."""
    found: dict[int, dict[str, Ruling]] = defaultdict(dict)
    rows = Conflict.objects.filter(link__in=[link.pk for link in links], state=ConflictState.RULED)
    for row in rows:
        rule = _rule_name(row)
        found[row.link_id][rule] = Ruling(
            rule=rule,
            winner=None if row.winner == "other" else Side(row.winner),
            value=row.value,
            erp=row.erp_values,
            crm=row.crm_values,
        )
    return found


def load_kept(links: Iterable[Link]) -> dict[int, tuple[Values, Values]]:
    """Moved records that a person said to keep where webCRM has them."""
    rows = Conflict.objects.filter(
        ~Q(state=ConflictState.OPEN),
        link__in=[link.pk for link in links],
        field=SPECIAL[MOVED],
        winner=Side.CRM,
    ).order_by("id")
    return {row.link_id: (row.erp_values, row.crm_values) for row in rows}


def _rule_name(row: Conflict) -> str:
    special = [name for name, field in SPECIAL.items() if field == row.field]
    return special[0] if special else str(row.mapping_id or f"without mapping {row.pk}")


def keep_conflicts(rules: PairRules, decisions: Iterable[Decision], now: datetime) -> None:
    """Bring the rows in line with what the batch found. Runs inside the caller's transaction."""
    merged = [decision for decision in decisions if decision.merged or decision.clashes]
    rows: dict[int, dict[str, Conflict]] = defaultdict(dict)
    for row in Conflict.objects.filter(link__in=[d.link.pk for d in merged], state__in=UNDER_WAY):
        rows[row.link_id][_rule_name(row)] = row
    for decision in merged:
        _keep(rules, decision, rows[decision.link.pk], now)


def _keep(rules: PairRules, decision: Decision, rows: Mapping[str, Conflict], now: datetime) -> None:
    clashes = {clash.rule: clash for clash in decision.clashes}
    for name, row in rows.items():
        under_way = row.state == ConflictState.RULED and decision.drafts
        if name in clashes or name in decision.standing or under_way:
            continue
        if row.state == ConflictState.RULED and (decision.failed or decision.waiting):
            _ask_again(row, decision)
        else:
            _close(row, decision, now)
    for name, clash in clashes.items():
        if name in rows:
            _refresh(rows[name], clash)
        else:
            _open(rules, decision.link, clash, now)


def _ask_again(row: Conflict, decision: Decision) -> None:
    """What a person decided cannot be carried out."""
    row.state, row.winner, row.value, row.resolved_by = ConflictState.OPEN, "", None, ""
    row.why = f"It could not be carried out as decided. {decision.problem}"
    row.save(update_fields=["state", "winner", "value", "resolved_by", "why"])


def _close(row: Conflict, decision: Decision, now: datetime) -> None:
    row.closed_why = _why_closed(row, decision)
    row.state, row.resolved_at = ConflictState.CLOSED, row.resolved_at or now
    row.save(update_fields=["state", "closed_why", "resolved_at"])


def _why_closed(row: Conflict, decision: Decision) -> str:
    if row.mapping_id is None and row.field not in SPECIAL.values():
        return "its mapping is no more"
    if row.field == SPECIAL[MOVED] and row.winner != Side.CRM:
        return "it has the same parent on both sides again"
    if not decision.merged:
        return GONE
    if row.state == ConflictState.RULED:
        return "carried out"
    return "one side moved on, and its value travels" if decision.drafts else "both sides agree again"


def _refresh(row: Conflict, clash: Clash) -> None:
    """Still apart. A decision that was made on other values is asked for again."""
    if row.erp_values == _plain(clash.erp) and row.crm_values == _plain(clash.crm):
        return
    row.erp_values, row.crm_values, row.why = _plain(clash.erp), _plain(clash.crm), clash.why
    row.state, row.winner, row.value, row.resolved_by = ConflictState.OPEN, "", None, ""
    row.save(update_fields=["erp_values", "crm_values", "why", "state", "winner", "value", "resolved_by"])


def _plain(values: Values) -> dict[str, object]:
    """As JSON keeps them."""
    return {
        path: value if isinstance(value, bool | int | str | None) else str(value)
        for path, value in values.items()
    }


def _open(rules: PairRules, link: Link, clash: Clash, now: datetime) -> None:
    rule = rules.by_name.get(clash.rule)
    Conflict.objects.create(
        link=link,
        mapping_id=int(clash.rule) if rule else None,
        field=" · ".join((" + ".join(rule.paths(Side.ERP)), " + ".join(rule.paths(Side.CRM))))
        if rule
        else SPECIAL.get(clash.rule, clash.rule),
        erp_values=clash.erp,
        crm_values=clash.crm,
        why=clash.why,
        created_at=now,
    )
