"""When the seed's records were made and touched: the two years before a fixed day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""Every stamp of the seed lies before this moment."""

IMPORTED_AT = EPOCH - timedelta(days=200)
"""One record in twenty was last touched by the same import, so that many share one stamp."""

SPAN_MS = 730 * 24 * 3600 * 1000


def created(rng: Random) -> datetime:
    return EPOCH - timedelta(milliseconds=rng.randrange(SPAN_MS // 4, SPAN_MS))


def updated(rng: Random, since: datetime) -> datetime:
    """Between `since` and the epoch; now and then the import's stamp."""
    if since < IMPORTED_AT and rng.random() < 0.05:
        return IMPORTED_AT
    room = int((EPOCH - since).total_seconds() * 1000)
    return since + timedelta(milliseconds=rng.randrange(1, room))


def erp_text(moment: datetime) -> str:
    """`2025-03-01T08:00:00.000Z`: milliseconds, always Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def crm_text(moment: datetime) -> str:
    """`2025-03-01T08:00:00+00:00`: whole seconds with an offset."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S+00:00")
