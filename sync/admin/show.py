"""How values, counts and times read on a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.utils import formats, timezone

from sync.core.vocabulary import Outcome

BLANK = "—"
SHORT = 120
UNBROKEN = str.maketrans({" ": "\u00a0", "-": "\u2011"})
"""What keeps a word of several parts on one line."""

OUTCOME_TONES = {
    Outcome.FAILED: "danger",
    Outcome.UNKNOWN: "danger",
    Outcome.CONFLICT: "warning",
    Outcome.HELD: "warning",
    Outcome.WAITING: "info",
    Outcome.WRITTEN: "success",
    Outcome.LINKED: "success",
    Outcome.REMOVED: "default",
    Outcome.EXCLUDED: "default",
    Outcome.UNCHANGED: "default",
}
TONES: dict[str, str] = {
    **{outcome.value: tone for outcome, tone in OUTCOME_TONES.items()},
    "active": "success",
    "paused": "warning",
    "merged": "default",
    "off": "default",
    "observe": "info",
    "live": "success",
    "queued": "info",
    "running": "info",
    "done": "success",
    "cancelled": "default",
    "pending": "info",
    "refused": "danger",
    "dropped": "warning",
    "open": "warning",
    "ruled": "info",
    "closed": "default",
    "recorded": "info",
    "acknowledged": "info",
    "confirmed": "success",
    "connected": "success",
    "problem": "danger",
}
"""The colour of every word that is shown as a badge."""


Shown = TypeVar("Shown", bound=Callable[..., Any])


def column(name: str, *, ordering: str = "", is_badge: bool = False) -> Callable[[Shown], Shown]:
    """A method as a column of a list: its head, what it sorts by, and whether its words are badges."""
    told: dict[str, Any] = {"short_description": name}
    told |= {"admin_order_field": ordering} if ordering else {}
    told |= {"label": TONES} if is_badge else {}

    def mark(show: Shown) -> Shown:
        show.__dict__.update(told)
        return show

    return mark


def moment(field: str, name: str = "") -> Callable[[Any], str]:
    """A column that shows a time the short way, on one line."""

    def shown(row: Any) -> str:
        return when(getattr(row, field)).translate(UNBROKEN)

    shown.__name__ = f"{field}_shown"
    return column(name or field.removesuffix("_at").replace("_", " "), ordering=field)(shown)


def when(at: datetime | None) -> str:
    return formats.date_format(timezone.localtime(at), "Y-m-d H:i:s") if at else BLANK


def text(value: Any) -> str:
    """A value as a cell shows it; blank is a dash."""
    if value is None or value == "" or value == {}:
        return BLANK
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def short(sentence: str) -> str:
    return sentence if len(sentence) <= SHORT else f"{sentence[:SHORT]}…"


def values_text(values: Mapping[str, Any]) -> str:
    """The values of one side of a field: one as it is, several line by line."""
    if len(values) <= 1:
        return text(next(iter(values.values()), None))
    return "\n".join(f"{name}: {text(value)}" for name, value in values.items())


def counts_text(counts: Mapping[str, int] | None) -> str:
    """`2 written · 3 unchanged`, worst first."""
    found = counts or {}
    return (
        " · ".join(f"{found[outcome]}\u00a0{outcome}" for outcome in Outcome if found.get(outcome)) or BLANK
    )


def calls_text(calls: Mapping[str, Mapping[str, int]] | None) -> str:
    """`crm 12 · erp 3`: calls per system."""
    found = {name: sum(endpoints.values()) for name, endpoints in (calls or {}).items()}
    return " · ".join(f"{name}\u00a0{number}" for name, number in sorted(found.items())) or BLANK


def duration(start: datetime | None, end: datetime | None) -> str:
    """`1 min 5 s`; a dash where it has not begun."""
    if start is None or end is None:
        return BLANK
    minutes, seconds = divmod(int((end - start).total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (seconds, "s")]
    return "\u00a0".join(f"{number}\u00a0{unit}" for number, unit in parts if number) or "0 s"
