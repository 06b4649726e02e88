"""The audit of people: every act writes one row, in the transaction of the act itself."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from sync.models.links import Link
from sync.models.pairs import EntityPair
from sync.models.runs import Act


class NotPossible(Exception):
    """What was asked for cannot be done as things stand. The text is a sentence for the person who asked."""


def record(
    verb: str,
    *,
    by: str,
    subject: object,
    reason: str = "",
    pair: EntityPair | None = None,
    link: Link | None = None,
    before: Any = None,
    after: Any = None,
) -> Act:
    """Write down what a person did. `by` is their user name, kept as text so that it outlives the account."""
    return Act.objects.create(
        verb=verb,
        actor=by,
        reason=reason,
        subject=str(subject)[:300],
        pair=pair,
        link=link,
        before=before,
        after=after,
        done_at=timezone.now(),
    )
