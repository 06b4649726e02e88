"""When each value last moved: a touched record moves no stamp, only a changed value does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sync.core.records import Values
from sync.core.values import meaning
from sync.core.vocabulary import DataType


def restamp(
    stamps: Mapping[str, datetime],
    *,
    before: Values,
    now: Values,
    at: datetime,
    types: Mapping[str, DataType],
) -> dict[str, datetime]:
    """The stamps after a read at `at`. A path first seen gets none: nobody knows when it moved."""
    fresh = {path: at for path in now if path in before and _is_changed(path, before, now, types)}
    return {**stamps, **fresh}


def _is_changed(path: str, before: Values, now: Values, types: Mapping[str, DataType]) -> bool:
    type_ = types.get(path, DataType.STRING)
    return meaning(before[path], type_) != meaning(now[path], type_)
