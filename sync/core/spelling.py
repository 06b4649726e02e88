"""What a system made of a value it was given: a known change of spelling, or another value."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Callable
from datetime import timedelta

from sync.core.records import Property, Value
from sync.core.values import (
    EXACT,
    composed,
    date_of,
    instant_of,
    is_blank,
    meaning,
    number_of,
    rounded,
    text_of,
)
from sync.core.vocabulary import DataType

NORMAL_FORM = "normal form"
ROUNDED = "rounded"
CUT = "cut"
ROUNDINGS = ("ROUND_HALF_EVEN", "ROUND_HALF_UP", "ROUND_DOWN")
SECOND = timedelta(seconds=1)
NUMBERS = frozenset({DataType.INTEGER, DataType.NUMBER})
DAYS = frozenset({DataType.DATE, DataType.DATETIME})


def spelling(written: Value, held: Value, property: Property) -> str | None:
    """The name of the known change that turns `written` into `held`; None when it is another value."""
    if meaning(written, property.type) == meaning(held, property.type):
        return NORMAL_FORM
    if is_blank(written) or is_blank(held):
        return None
    if property.type in DAYS:
        return ROUNDED if _is_rounded_time(written, held) else None
    if property.type in NUMBERS:
        return ROUNDED if _is_rounded_number(written, held) else None
    return _text_kind(text_of(written), text_of(held)) or (
        ROUNDED if _is_rounded_number(written, held) else None
    )


def is_grown(before: Value, after: Value) -> bool:
    """Whether a text is what it was, only escaped once more: some systems do that with every save."""
    if not (isinstance(before, str) and isinstance(after, str)) or before == after:
        return False
    return composed(html.unescape(after)).strip() == composed(before).strip()


def _text_kind(written: str, held: str) -> str | None:
    for name, change in CHANGES.items():
        if change(written) == change(held):
            return name
    kept, whole = _bare(held), _bare(written)
    return CUT if len(kept) < len(whole) and whole.startswith(kept) else None


def _bare(text: str) -> str:
    """Text without everything a system may change in passing."""
    return " ".join(html.unescape(composed(text)).split()).casefold()


# Each forgives what the one before forgives not; the first that makes both alike names the change.
CHANGES: dict[str, Callable[[str], str]] = {
    "unicode form": lambda text: unicodedata.normalize("NFC", text),
    "line ends": composed,
    "trimmed": lambda text: composed(text).strip(),
    "re-cased": lambda text: composed(text).strip().casefold(),
    "blanks collapsed": lambda text: " ".join(composed(text).split()),
    "escaped": lambda text: html.unescape(composed(text)).strip(),
    "blanks collapsed and re-cased": _bare,
}


def _is_rounded_number(written: Value, held: Value) -> bool:
    exact, kept = number_of(written), number_of(held)
    if exact is None or kept is None:
        return False
    decimals = max(0, -int(kept.normalize(EXACT).as_tuple().exponent))
    return any(rounded(exact, decimals, rounding) == kept for rounding in ROUNDINGS)


def _is_rounded_time(written: Value, held: Value) -> bool:
    """Whether less than a second is gone, or the time of day."""
    exact, kept = instant_of(written), instant_of(held)
    if exact is None or kept is None:
        return False
    is_midnight = (kept.hour, kept.minute, kept.second) == (0, 0, 0)
    return abs(exact - kept) < SECOND or (is_midnight and date_of(written) == date_of(held))
