"""Noticing that a system no longer shows what a mapping needs: unknown is never blank, but somebody should know."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sync.core.records import Record
from sync.core.vocabulary import Side
from sync.engine.rules import PairRules
from sync.models.pairs import Finding

ENOUGH = 20
"""So many records that all lack a property lack it for another reason than chance."""
NOT_SHOWN = "not shown"


def note_what_is_not_shown(rules: PairRules, side: Side, records: Sequence[Record], now: datetime) -> None:
    """A finding on every mapping of whose property no record of a page says anything."""
    if len(records) < ENOUGH:
        return
    shown = {path for record in records for path in record.values}
    for rule in rules.rules:
        if not shown.issuperset(rule.paths(side)):
            facts = {"count": len(records), "last_at": now}
            Finding.objects.update_or_create(
                mapping_id=int(rule.name), side=side, kind=NOT_SHOWN, defaults=facts
            )
