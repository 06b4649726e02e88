"""A person's word on a conflict. The engine carries it out when it settles the link next."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from sync.core.mapping import Rule
from sync.core.values import Unfit, coerce
from sync.core.vocabulary import Side
from sync.engine.conflicts import MOVED, SPECIAL
from sync.engine.replace import impossible
from sync.engine.rules import load
from sync.jobs import enqueue
from sync.models.links import Conflict, ConflictState, Link
from sync.services.acts import NotPossible, record

WINNERS = ("erp", "crm", "other")


def is_move(conflict: Conflict) -> bool:
    """Whether it asks of a record whose parent changed, and not of a value."""
    return conflict.field == SPECIAL[MOVED]


def resolve(
    conflict: Conflict,
    *,
    winner: str,
    by: str,
    value: Any = None,
    seen: dict[str, Any] | None = None,
    reason: str = "",
) -> None:
    """Keep the ERP's value, webCRM's, or another one. `seen` is what the person looked at: moved on, it is refused."""
    with transaction.atomic():
        found = (
            Conflict.objects.select_for_update(of=("self",)).select_related("link__pair").get(pk=conflict.pk)
        )
        _refuse(found, winner, value, seen)
        found.state, found.winner, found.value = ConflictState.RULED, winner, value
        found.resolved_by, found.resolved_at = by, timezone.now()
        found.save(update_fields=["state", "winner", "value", "resolved_by", "resolved_at"])
        Link.objects.filter(pk=found.link_id).update(
            due_at=timezone.now(), reason=f"conflict resolved by {by}"[:100]
        )
        record(
            "resolve", by=by, subject=f"{found.link}: {found.field}", reason=reason, pair=found.link.pair,
            link=found.link, before={"erp": found.erp_values, "crm": found.crm_values},
            after={"winner": winner, "value": value},
        )  # fmt: skip
        enqueue("sweep")
    conflict.refresh_from_db()


def _refuse(found: Conflict, winner: str, value: Any, seen: dict[str, Any] | None) -> None:
    if found.state != ConflictState.OPEN:
        raise NotPossible(f"This conflict is {found.get_state_display()} already.")
    if winner not in WINNERS:
        raise NotPossible(f"'{winner}' is no answer. Say erp, crm or other.")
    if winner == "other" and found.field in SPECIAL.values():
        raise NotPossible("This is no question of a value. Keep the ERP's or webCRM's.")
    if winner == "other" and (found.mapping_id is None or value is None):
        raise NotPossible("Another value needs a field and a value. Give one, or keep one of the two sides.")
    rules = load(found.link.pair)
    if winner == "erp" and is_move(found) and (why := impossible(rules)):
        raise NotPossible(f"webCRM cannot move a record, and cannot have it replaced. {why}")
    rule = rules.by_name.get(str(found.mapping_id))
    _refuse_against_the_way(found, winner, rule)
    if winner == "other":
        _refuse_unfit(rule, value)
    if seen is not None and seen != {"erp": found.erp_values, "crm": found.crm_values}:
        raise NotPossible("The values have moved on since you looked. Look at them again, then decide.")


def _refuse_against_the_way(found: Conflict, winner: str, rule: Rule | None) -> None:
    """What goes one way only is in conflict where it was frozen: nothing but its source's value may come of that."""
    source = rule and next((side for side in Side if not rule.direction.writes(side)), None)
    if source and winner != source:
        raise NotPossible(
            f"This field is written one way only, from {found.link.pair.system(source)}: keep the value from there, "
            "or let the mapping go both ways first."
        )


def _refuse_unfit(rule: Rule | None, value: Any) -> None:
    """A value that webCRM's property cannot hold is said here, where the person looks."""
    if rule is None:
        raise NotPossible("The mapping of this field is not in use as it stands. Mend it, then decide.")
    try:
        for end in rule.crm:
            coerce(value, end)
    except Unfit as error:
        raise NotPossible(str(error)) from error
