"""How an ERP record met its counterpart in webCRM before the hub came: drawn by chance."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

OVERLAP = 0.43
"""Of the records in scope: about 0.4 of all."""

REFERENCED = 0.4
NEAR = 0.25
AMBIGUOUS_EVERY = 50


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """One ERP id and the webCRM ids that fit it: several when ambiguous."""

    erp_id: str
    crm_ids: tuple[int, ...]
    referenced: bool = False
    near: bool = False


class Draw:
    """Deals out kinds of meeting in fixed shares, so that small worlds have some of each too."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._dealt = 0

    def overlaps(self, share: float) -> bool:
        return self._rng.random() < share

    def kind(self) -> str:
        """`referenced`, `near`, `ambiguous` or `plain`; every fiftieth is ambiguous."""
        self._dealt += 1
        if self._dealt % AMBIGUOUS_EVERY == 9:
            return "ambiguous"
        if self._rng.random() < REFERENCED:
            return "referenced"
        return "near" if self._rng.random() < NEAR else "plain"


def differ(rng: Random, row: dict[str, Any], *, blank: tuple[str, ...], change: dict[str, Any]) -> None:
    """Makes webCRM's record disagree here and there: one field blanked, one changed."""
    if rng.random() < 0.25:
        row[rng.choice(blank)] = ""
    if rng.random() < 0.35:
        name = rng.choice(list(change))
        row[name] = change[name]
