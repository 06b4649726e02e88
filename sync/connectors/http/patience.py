"""How long a system asks to be left alone, in all the ways systems say it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

SHORTEST, LONGEST, DEFAULT = 1.0, 900.0, 60.0
BODY_FIELDS = ("RetryAfterSeconds", "retryAfterSeconds", "retryAfter", "retry_after")


def retry_after(headers: Mapping[str, str], body: Any, *, now: datetime) -> float:
    """Seconds to wait, between 1 and 900: from the header, else from the body, else a minute."""
    said = _seconds(headers.get("Retry-After"), now)
    if said is None and isinstance(body, Mapping):
        said = next((s for name in BODY_FIELDS if (s := _seconds(body.get(name), now)) is not None), None)
    return min(max(DEFAULT if said is None else said, SHORTEST), LONGEST)


def _seconds(said: Any, now: datetime) -> float | None:
    if said is None or isinstance(said, bool):
        return None
    try:
        number = float(said)
    except (TypeError, ValueError, OverflowError):
        return _until(str(said), now)
    return number if math.isfinite(number) else None


def _until(text: str, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now.timestamp()
