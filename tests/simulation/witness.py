"""What stood in the audit and in the conflicts at some time, also where a restored backup knows nothing of it."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field

from sync.core.records import Value
from sync.models.links import Conflict
from sync.models.runs import Change
from tests.simulation import database

UNDER_WAY = """
    SELECT c.id, c.field, c.erp_values, c.crm_values, l.erp_key, l.crm_key
    FROM sync_conflict c JOIN sync_link l ON l.id = c.link_id WHERE c.state != 'closed'
"""


@dataclass(kw_only=True)
class Asked:
    """One field that people were asked about. `begun`, `ended`: when, in the order of things."""

    field: str
    keys: dict[str, str | None]
    values: dict[str, dict[str, Value]]
    begun: int
    ended: int = sys.maxsize


@dataclass(kw_only=True)
class Witness:
    changes: dict[str, Change] = field(default_factory=dict)
    conflicts: list[Conflict] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    standing: dict[tuple[object, ...], Asked] = field(default_factory=dict)
    """What people are asked now, by the conflict's row as it is committed."""

    def look(self) -> None:
        self.changes |= {
            change.token: change for change in Change.objects.select_related("pair").order_by("id")
        }
        self.conflicts += Conflict.objects.select_related("link", "mapping").order_by("id")

    def committed(self, seq: int) -> None:
        """Note which questions began and ended with what the database keeps now."""
        rows = set(database.raw().execute(UNDER_WAY).fetchall())
        for row in self.standing.keys() - rows:
            self.standing.pop(row).ended = seq
        for row in sorted(rows - self.standing.keys()):
            _, name, erp, crm, erp_key, crm_key = row
            values = {"erp": json.loads(erp), "crm": json.loads(crm)}
            keys = {"erp": erp_key, "crm": crm_key}
            self.standing[row] = Asked(field=name, keys=keys, values=values, begun=seq)
            self.asked.append(self.standing[row])
