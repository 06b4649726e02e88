"""How long a system asks to be left alone, in all the ways systems say it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

SHORTEST, LONGEST, DEFAULT = 1.0, 900.0, 60.0
BODY_FIELDS = ("RetryAfterSeconds", "retryAfterSeconds", "retry_after_seconds", "retryAfter", "retry_after")
WINDOWS = ("RateLimit-Reset", "X-RateLimit-Reset", "X-Rate-Limit-Reset")
"""When the calls of the present window are forgotten. They stand in every answer: alone they ask for nothing."""
DAY = 86_400.0
SPAN = re.compile(r"(?:(?P<d>\d+)\.)?(?P<h>\d+):(?P<m>\d\d):(?P<s>\d\d(?:\.\d+)?)")
"""`1.00:00:14`, as .NET writes a span of time."""
PERIOD = re.compile(
    r"P(?:(?P<d>\d+)D)?T?(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+(?:\.\d+)?)S)?", re.IGNORECASE
)
"""`PT1M14S`, as ISO 8601 does."""
SECONDS = re.compile(r"(?P<s>\d+(?:\.\d+)?)\s*s(?:ec(?:onds?)?)?", re.IGNORECASE)
NUMBERS = re.compile(r"\d+(?:\s*,\s*\d+)+")
"""Two headers that a proxy has joined."""
UNITS = {"d": DAY, "h": 3600.0, "m": 60.0, "s": 1.0}


def retry_after(headers: Mapping[str, str], body: Any, *, now: datetime) -> float:
    """Seconds to wait, between 1 and 900: as asked for, else until its window begins anew, else a minute."""
    said = asked(headers, body, now=now)
    if said is None:
        said = _first((headers.get(name) for name in WINDOWS), now)
    return min(max(DEFAULT if said is None else said, SHORTEST), LONGEST)


def asked(headers: Mapping[str, str], body: Any, *, now: datetime) -> float | None:
    """Seconds that an answer asks for in so many words: in its header, else in its body. None where it does not."""
    places = (body, body.get("error")) if isinstance(body, Mapping) else ()
    worded = (place.get(name) for place in places if isinstance(place, Mapping) for name in BODY_FIELDS)
    return _first((headers.get("Retry-After"), *worded), now)


def _first(said: Iterable[Any], now: datetime) -> float | None:
    return next((seconds for one in said if (seconds := _seconds(one, now)) is not None), None)


def _seconds(said: Any, now: datetime) -> float | None:
    if said is None or isinstance(said, bool):
        return None
    try:
        number = float(said)
    except (TypeError, ValueError, OverflowError):
        return _worded(str(said).strip(), now)
    return _from_now(number, now) if math.isfinite(number) else None


def _from_now(number: float, now: datetime) -> float:
    """Some say when it ends, as Unix time in seconds or milliseconds: a number near today's is meant so."""
    ends = (number - now.timestamp(), number / 1000 - now.timestamp())
    return next((left for left in ends if abs(left) < DAY), number)


def _worded(text: str, now: datetime) -> float | None:
    if NUMBERS.fullmatch(text):
        return max(float(part) for part in text.split(","))
    for shape in (SPAN, PERIOD, SECONDS):
        if found := shape.fullmatch(text):
            return sum(UNITS[unit] * float(count) for unit, count in found.groupdict().items() if count)
    return _until(text, now)


def _until(text: str, now: datetime) -> float | None:
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now.timestamp()
        except (TypeError, ValueError, IndexError, OverflowError):
            continue
    return None
