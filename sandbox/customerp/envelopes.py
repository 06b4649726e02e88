"""What a list or a record comes wrapped in: one envelope for every position of the switch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sandbox.customerp.rows import Row


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A page about to be wrapped. `next` is its successor's address, "" at the end; the rest where it is known."""

    rows: list[Row]
    time: str
    paging: dict[str, Any] | None = None
    next: str = ""
    skipped: int = 0
    total: int | None = None


def _data(sheet: Sheet) -> Any:
    if sheet.paging is None:
        return {"data": sheet.rows}
    return {"data": sheet.rows, "paging": sheet.paging, "meta": {"serverTime": sheet.time}}


def _bare(sheet: Sheet) -> Any:
    return sheet.rows


def _odata(sheet: Sheet) -> Any:
    return {"value": sheet.rows} | ({"@odata.nextLink": sheet.next} if sheet.next else {})


def _tripletex(sheet: Sheet) -> Any:
    counts = {"fullResultSize": sheet.total, "from": sheet.skipped, "count": len(sheet.rows)}
    return counts | {"values": sheet.rows}


ENVELOPES: Final[dict[str, Callable[[Sheet], Any]]] = {
    "data": _data,
    "bare": _bare,
    "odata": _odata,
    "tripletex": _tripletex,
}


def single(envelope: str, row: Row) -> Any:
    """A record by itself: only one of the four wraps it."""
    return {"value": row} if envelope == "tripletex" else row
