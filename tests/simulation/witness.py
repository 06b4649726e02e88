"""What stood in the audit and in the conflicts at some time, also where a restored backup knows nothing of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from sync.models.links import Conflict
from sync.models.runs import Change


@dataclass(kw_only=True)
class Witness:
    changes: dict[str, Change] = field(default_factory=dict)
    conflicts: list[Conflict] = field(default_factory=list)

    def look(self) -> None:
        self.changes |= {change.token: change for change in Change.objects.order_by("id")}
        self.conflicts += Conflict.objects.select_related("link", "mapping").order_by("id")
