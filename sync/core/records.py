"""What a system said: records, and the properties its entities have. Values in, values out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sync.core.vocabulary import DataType

Value = None | bool | int | Decimal | str
"""One scalar as its system gave it. Numbers with a fraction are Decimal, never float; dates are text."""

Values = Mapping[str, Value]
"""Scalars by property path (`name`, `postalAddress.city`). A path that is missing is unknown, not blank."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """One entity instance as its system gave it."""

    key: str
    values: Values
    version: str | None = None
    updated_at: datetime | None = None
    updated_by: str | None = None
    by_hub: bool = False
    """Whether the system names the hub's own credential as the last editor."""


@dataclass(frozen=True, kw_only=True)
class Property:
    """One property of an entity, as its system describes it."""

    path: str
    label: str = ""
    type: DataType = DataType.STRING
    max_length: int | None = None
    options: tuple[str, ...] = ()
    required: bool = False
    read_only: bool = False
