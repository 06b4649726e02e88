"""A field that flips to and fro is frozen, alone, until a person says which value it has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sync.connectors.base import OperationKind
from sync.core.plan import Clash, Ruling
from sync.core.vocabulary import Side
from sync.engine.draft import Decision, Draft
from sync.engine.rules import PairRules
from sync.models.links import Conflict, ConflictState
from sync.models.runs import Change

WATCHED = timedelta(hours=1)
OFTEN = 2
"""How often the hub has written a value within `WATCHED` before it will not write it once more."""

FLIPS = "It flips to and fro"
"""How the reason of a frozen field begins."""

Written = Mapping[tuple[int, str, str], Sequence[str]]
"""What was written lately, by link, side and property, oldest first."""


def freeze_flips(
    rules: PairRules,
    decisions: Sequence[Decision],
    rulings: Mapping[int, Mapping[str, Ruling]],
    now: datetime,
) -> None:
    """Take flipping fields out of the drafts, and ask about them. Other fields of the record go on."""
    updates = [decision for decision in decisions if any(_is_update(draft) for draft in decision.drafts)]
    if not updates:
        return
    written = _written(updates, now)
    frozen = _frozen(updates)
    for decision in updates:
        ruled = set(rulings.get(decision.link.pk, {}))
        found = frozen.get(decision.link.pk, set()) | _flipping(decision, written)
        _freeze(rules, decision, rules.together(found - ruled))


def _is_update(draft: Draft) -> bool:
    return draft.kind is OperationKind.UPDATE and bool(draft.rules)


def _written(decisions: Sequence[Decision], now: datetime) -> Written:
    found: dict[tuple[int, str, str], list[str]] = defaultdict(list)
    rows = Change.objects.filter(
        link__in=[decision.link.pk for decision in decisions],
        kind=OperationKind.UPDATE.value,
        outcome=Change.Outcome.WRITTEN,
        created_at__gt=now - WATCHED,
    ).order_by("pk")
    for link, side, fields in rows.values_list("link_id", "side", "fields"):
        for field in fields:
            found[link, side, field["property"]].append(str(field["after"]))
    return found


def _frozen(decisions: Sequence[Decision]) -> dict[int, set[str]]:
    """Fields that were frozen before and wait for a person still."""
    found: dict[int, set[str]] = defaultdict(set)
    rows = Conflict.objects.filter(
        link__in=[decision.link.pk for decision in decisions],
        state=ConflictState.OPEN,
        why__startswith=FLIPS,
    )
    for link, mapping in rows.values_list("link_id", "mapping_id"):
        found[link].add(str(mapping))
    return found


def _flipping(decision: Decision, written: Written) -> set[str]:
    return {
        draft.rules[path]
        for draft in decision.drafts
        for path, value in draft.values.items()
        if path in draft.rules
        and _is_flip(written.get((decision.link.pk, draft.side.value, path), ()), str(value))
    }


def _is_flip(before: Sequence[str], value: str) -> bool:
    """Written so often already: it would not be written again had nobody changed it back each time."""
    return before.count(value) >= OFTEN


def _freeze(rules: PairRules, decision: Decision, names: set[str]) -> None:
    for name in names & {rule for draft in decision.drafts for rule in draft.rules.values()}:
        rule, link = rules.by_name[name], decision.link
        erp = {path: link.erp_seen.get(path) for path in rule.paths(Side.ERP)}
        crm = {path: link.crm_seen.get(path) for path in rule.paths(Side.CRM)}
        why = (
            f"{FLIPS}: within an hour {rules.pair.erp_system} said {_said(erp)} and {rules.pair.crm_system} "
            f"{_said(crm)} over and over. Find out who writes it back, then say which value it has."
        )
        decision.clashes.append(Clash(rule=name, group=rule.group, erp=erp, crm=crm, why=why))
    decision.drafts = [left for draft in decision.drafts if (left := _without(rules, draft, names)).values]


def _without(rules: PairRules, draft: Draft, names: set[str]) -> Draft:
    """The draft without these fields: neither written, nor, where only they rest on it, a base of the other side."""
    values = {path: value for path, value in draft.values.items() if draft.rules.get(path) not in names}
    rest = {draft.rules[path] for path in values if path in draft.rules}
    needed = {path for name in rest for path in rules.by_name[name].paths(draft.side.other)}
    return replace(
        draft, values=values, source={path: value for path, value in draft.source.items() if path in needed}
    )


def _said(values: Mapping[str, object]) -> str:
    return " ".join(f"'{value}'" for value in values.values())
