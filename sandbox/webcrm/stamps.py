"""Date-times: kept in UTC to the second, shown in the server's own zone with its offset."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from sandbox.webcrm.fields import NO_DATE


def kept(moment: datetime) -> str:
    """`2026-03-01T08:00:00+00:00`: always this length, so text order is time order."""
    return moment.astimezone(UTC).replace(microsecond=0).isoformat()


@lru_cache(maxsize=100_000)
def shown(text: str, zone: str) -> str:
    """A kept date-time as this zone writes it; an unset one shows the same everywhere."""
    if text == NO_DATE:
        return text
    return datetime.fromisoformat(text).astimezone(ZoneInfo(zone)).isoformat()


def parsed(text: str, zone: str) -> datetime:
    """An ISO 8601 date or date-time in UTC; one without offset is assumed to be in the server's zone."""
    moment = datetime.fromisoformat(text.strip().upper())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(zone))
    if moment.year <= 1:
        return datetime.min.replace(tzinfo=UTC)
    return moment.astimezone(UTC)
