"""Decisions and drafts: what is to become of a link, before anything has been recorded or written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sync.connectors.base import OperationKind
from sync.core.plan import Clash, Settled
from sync.core.records import Values
from sync.core.vocabulary import Outcome, Side
from sync.models.links import Link, LinkState


@dataclass(frozen=True, kw_only=True)
class Draft:
    """One write to one record, not recorded yet."""

    side: Side
    kind: OperationKind
    key: str | None
    values: Values
    source: Values = field(default_factory=dict)
    """The other side's values this was planned from: its base, once the write is confirmed."""
    before: Values = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)
    whys: Mapping[str, str] = field(default_factory=dict)

    @property
    def _written(self) -> Values:
        """A removal takes everything that the record said with it."""
        return dict.fromkeys(self.before) if self.kind is OperationKind.REMOVE else self.values

    def shown(self) -> dict[str, Any]:
        """As the plan of an observing pair shows it."""
        return {
            "side": self.side.value,
            "kind": self.kind.value,
            "fields": [
                {
                    "property": path,
                    "before": self.before.get(path),
                    "after": value,
                    "why": self.whys.get(path, ""),
                }
                for path, value in self._written.items()
            ],
        }


@dataclass(kw_only=True)
class Decision:
    """What must become of one link."""

    link: Link
    outcome: Outcome
    problem: str = ""
    drafts: list[Draft] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)
    clashes: list[Clash] = field(default_factory=list)
    merged: bool = False
    """Both sides were merged: conflicts that no longer clash are over."""
    standing: set[str] = field(default_factory=set)
    """Conflicts whose decision is not carried out yet, although nothing clashes."""
    replaced: bool = False
    """A person wants it replaced, and the old record is gone by itself."""
    failed: bool = False
    waiting: bool = False
    retry: bool = False
    counterpart: Link | None = None
    candidates: list[int] = field(default_factory=list)
    state: LinkState | None = None

    def worst(self, *, planned: bool) -> Outcome:
        """The outcome the link is counted under; `planned`: what would be written counts as written."""
        found = [self.outcome]
        found += [Outcome.FAILED] if self.failed else []
        found += [Outcome.CONFLICT] if self.clashes else []
        found += [Outcome.WRITTEN] if self.drafts and planned else []
        return min(found, key=lambda outcome: outcome.severity)
