"""A plan: what must be written where, and what is in conflict. Values without effect, and what they are made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sync.core.records import Value, Values
from sync.core.vocabulary import Side


@dataclass(frozen=True, kw_only=True)
class SideState:
    """What one side says now, what it said when last in step, and when each value last moved."""

    now: Values
    base: Values
    stamps: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """A person's word on a conflict. It holds while both sides still say what the person saw."""

    rule: str
    winner: Side | None
    """None: `value`, in webCRM's words, goes to both sides."""
    value: Value = None
    erp: Values
    crm: Values


@dataclass(frozen=True, kw_only=True)
class Write:
    """Values for one side, by path, and what they rest on."""

    rule: str
    side: Side
    values: Values
    source: Values
    """The other side's values as planned from: its base once the write is confirmed."""
    overwrites: Values
    why: str


@dataclass(frozen=True, kw_only=True)
class Settled:
    """Nothing to write: the bases may move to these values."""

    rule: str
    erp: Values
    crm: Values
    why: str


@dataclass(frozen=True, kw_only=True)
class Clash:
    """Both sides moved apart, and nobody has said who wins."""

    rule: str
    erp: Values
    crm: Values
    why: str
    group: str = ""
    """A group clashes as a whole: each of its fields that moved has one."""


@dataclass(frozen=True, kw_only=True)
class Wait:
    """The value refers to a record whose counterpart is not known yet."""

    rule: str
    pair: str
    side: Side
    key: str


@dataclass(frozen=True, kw_only=True)
class Problem:
    """This field cannot travel as it is; the others go on."""

    rule: str
    message: str


Item = Write | Settled | Clash | Wait | Problem


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What must be written where, and what is in conflict. No effect."""

    writes: tuple[Write, ...] = ()
    settled: tuple[Settled, ...] = ()
    clashes: tuple[Clash, ...] = ()
    waits: tuple[Wait, ...] = ()
    problems: tuple[Problem, ...] = ()

    @classmethod
    def of(cls, items: Iterable[Item]) -> Plan:
        """The items by kind, each kind in the order given."""
        found = list(items)
        return cls(
            writes=tuple(item for item in found if isinstance(item, Write)),
            settled=tuple(item for item in found if isinstance(item, Settled)),
            clashes=tuple(item for item in found if isinstance(item, Clash)),
            waits=tuple(item for item in found if isinstance(item, Wait)),
            problems=tuple(item for item in found if isinstance(item, Problem)),
        )

    def values(self, side: Side) -> Values:
        """All that is to be written on one side, by path."""
        return {
            path: value for write in self.writes if write.side is side for path, value in write.values.items()
        }
