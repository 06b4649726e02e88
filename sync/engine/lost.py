"""Creates whose end nobody saw, and whose record carries nothing by which it could be looked for: people must say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sync.connectors.base import OperationKind
from sync.core.vocabulary import Side
from sync.engine.confirm import finish_changes
from sync.engine.rules import PairRules
from sync.models.links import OPEN_INTENTS, Intent, IntentState, Link
from sync.models.rows import update_rows
from sync.models.runs import Change

FINALS = {
    IntentState.CONFIRMED: Change.Outcome.WRITTEN,
    IntentState.DROPPED: Change.Outcome.DROPPED,
}


def is_lost(rules: PairRules, intent: Intent) -> bool:
    """Whether nothing that was written names the record, as the mapping stands: the hub can never find it."""
    side = Side(intent.side)
    return _is_create(intent) and rules.reference_path(side) not in intent.values


def _is_create(intent: Intent) -> bool:
    return intent.kind == OperationKind.CREATE and not intent.key


def sentence(rules: PairRules, side: Side) -> str:
    """What people are told, and what they can do."""
    system = rules.pair.system(side)
    return (
        f"Unknown outcome: its record in {system} may have been made, and carries nothing by which the hub can look "
        f"for it. Look in {system}: if it is there, use 'Link'; if it is not, use 'It was not made'."
    )


def tell(rules: PairRules, side: Side, intents: Sequence[Intent]) -> None:
    """Say so on their links. They rest until somebody decides."""
    still = Link.objects.filter(
        intents__in=[intent.pk for intent in intents], intents__state=IntentState.UNKNOWN
    )
    still.update(due_at=None, problem=sentence(rules, side))


def unknown_create(link: Link) -> Intent | None:
    """The create whose end nobody saw, if this link has one."""
    unknown = Intent.objects.filter(link=link, state=IntentState.UNKNOWN, kind=OperationKind.CREATE, key="")
    return unknown.select_related("change").first()


def making(rules: PairRules, half: Link) -> Intent | None:
    """The create of another link, not ended yet, whose reference this one-sided record bears."""
    side = Side.ERP if half.erp_key else Side.CRM
    path = rules.reference_path(side)
    borne = half.get(side, "seen").get(path) if path else None
    creates = Intent.objects.filter(
        link__pair=half.pair, side=side, kind=OperationKind.CREATE, state__in=OPEN_INTENTS
    ).exclude(link=half)
    found = creates.select_related("link") if borne else ()
    return next((create for create in found if str(create.values.get(path)) == str(borne)), None)


def end(intent: Intent, state: IntentState, *, said: str, now: datetime) -> None:
    """Settled by a person's word, which the audit row of the write keeps."""
    intent.state, intent.problem, intent.ended_at = state, said, now
    update_rows([intent], ["state", "problem", "ended_at", "key"])
    finish_changes([intent], FINALS[state], now)
