"""What is known of a record that something went wrong with: what the hub wrote to it, and what it remembers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import Q

from sync.models.links import Conflict, Intent, Link
from tests.chaos.oracles import Case
from tests.chaos.words import Entity

INTENT = (
    "pk",
    "side",
    "kind",
    "key",
    "token",
    "epoch",
    "state",
    "problem",
    "values",
    "before",
    "recorded_at",
)
LINK = (
    "pk", "state", "erp_key", "crm_key", "due_at", "reason", "outcome", "problem", "refused", "linked_at",
    "settled_at", "merged_into", "erp_seen", "erp_base", "erp_by_hub", "crm_seen", "crm_base", "crm_by_hub",
)  # fmt: skip


def evidence(case: Case, entity: Entity, keys: set[str]) -> Iterator[str]:
    """Writes from the ledgers, edits, then links and intents, one a line."""
    yield from _written(case, entity, keys)
    for edit in case.edits:
        if edit.entity == entity.name and edit.key in keys:
            yield f"edited {edit.at.isoformat()} {edit.side} {edit.key} {edit.field.erp}={edit.value}"
    for link in Link.objects.filter(Q(erp_key__in=keys) | Q(crm_key__in=keys), pair__name=entity.name):
        yield f"link: {_shown({name: getattr(link, name) for name in LINK})}"
        for intent in (
            Intent.objects.filter(link=link).order_by("pk").values(*INTENT, "look_after", "ended_at")
        ):
            yield f"intent: {_shown(intent)}"
        for conflict in Conflict.objects.filter(link=link).values():
            yield f"conflict: {_shown(conflict)}"


def _written(case: Case, entity: Entity, keys: set[str]) -> Iterator[str]:
    for side in ("erp", "crm"):
        for write in case.writes[side]:
            named = str(write["values"].get(entity.reference) or "")
            if write["entity"] == entity.on(side) and {str(write["key"]), named} & keys:
                yield f"{side} ledger: {_shown(write)}"


def _shown(row: Mapping[str, Any]) -> str:
    return json.dumps(row, default=str, ensure_ascii=False)
