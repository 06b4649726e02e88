"""What an act changed, one line for each setting that is another now."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sync.admin.tables import Cell, Table, cells

HEADS = ("What", "Before", "After")


def difference(before: Any, after: Any) -> Table:
    """Settings side by side: those of one row, or of the rows of a pair; anything else as it stands."""
    return Table(title="Before and after", heads=HEADS, lines=list(_lines(before, after)))


def _lines(before: Any, after: Any) -> Iterator[list[Cell]]:
    rows = _rows(before), _rows(after)
    if rows[0] is None or rows[1] is None:
        yield cells("", _readable(before), _readable(after))
        return
    for key in dict.fromkeys([*rows[0], *rows[1]]):
        yield from _settings(rows[0].get(key, {}), rows[1].get(key, {}))


def _rows(told: Any) -> dict[tuple[str, Any], dict[str, Any]] | None:
    """Rows by what they are; None where this is no row of settings."""
    found = [told] if isinstance(told, dict) else told or []
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        return None
    return {(_kind(row), row.get("id")): row for row in found}


def _kind(row: dict[str, Any]) -> str:
    return "mapping" if "crm_property" in row else "match rule" if "by" in row else ""


def _settings(before: dict[str, Any], after: dict[str, Any]) -> Iterator[list[Cell]]:
    name = _name(after or before)
    for setting in dict.fromkeys([*before, *after]):
        was, now = _readable(before.get(setting)), _readable(after.get(setting))
        if was != now and setting != "id":
            yield cells(f"{name}{setting.replace('_', ' ')}", was, now)


def _name(row: dict[str, Any]) -> str:
    match _kind(row):
        case "mapping":
            return f"{row.get('erp_property') or '(constant)'} · {row['crm_property']}: "
        case "match rule":
            return f"match rule {row.get('position')}: "
    return ""


def _readable(told: Any) -> str:
    """A value as an act remembers it: a word as it is, several one a line."""
    if told is None or told in ("", [], {}):
        return ""
    return told if isinstance(told, str) else json.dumps(told, indent=2, ensure_ascii=False)
