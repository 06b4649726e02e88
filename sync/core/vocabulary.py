"""The words the hub works with, as closed sets. Every stored word is one of these values."""

from __future__ import annotations

from enum import StrEnum


class Side(StrEnum):
    """Which end of a pair a system plays."""

    ERP = "erp"
    CRM = "crm"

    @property
    def other(self) -> Side:
        return Side.CRM if self is Side.ERP else Side.ERP


class Direction(StrEnum):
    """Which way a field travels."""

    BOTH = "both"
    TO_CRM = "to_crm"
    TO_ERP = "to_erp"

    def writes(self, side: Side) -> bool:
        """Whether a field with this direction may be written on `side`."""
        return self is Direction.BOTH or self is (Direction.TO_CRM if side is Side.CRM else Direction.TO_ERP)


class Policy(StrEnum):
    """Who wins where both sides moved one field apart."""

    ERP = "erp"
    CRM = "crm"
    NEWEST = "newest"
    ASK = "ask"


class BlankRule(StrEnum):
    """What a cleared value does to the other side: clear it too, leave it, or be filled again from it."""

    CLEAR = "clear"
    KEEP = "keep"
    PROTECT = "protect"


class DataType(StrEnum):
    """How a property's values are read and compared, in webCRM's own type names."""

    STRING = "string"
    INTEGER = "int32"
    NUMBER = "double"
    BOOLEAN = "boolean"
    DATETIME = "date-time"
    DATE = "date"


class Mode(StrEnum):
    """What a pair is allowed to do."""

    OFF = "off"
    OBSERVE = "observe"
    LIVE = "live"


class Outcome(StrEnum):
    """What became of a link in a run, worst first: a link is counted once, under its worst."""

    FAILED = "failed"
    UNKNOWN = "unknown"
    CONFLICT = "conflict"
    HELD = "held"
    WAITING = "waiting"
    WRITTEN = "written"
    LINKED = "linked"
    REMOVED = "removed"
    EXCLUDED = "excluded"
    UNCHANGED = "unchanged"

    @property
    def severity(self) -> int:
        """Lower is worse."""
        return list(Outcome).index(self)
