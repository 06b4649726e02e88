"""Facts and tables as the pages show them: plain words, badges, and words that lead on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.urls import reverse

from sync.admin.base import page_of
from sync.admin.show import BLANK, TONES, text, when


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One thing said: as a word, as a badge with a tone, or as a word that leads to an address."""

    text: str
    tone: str = ""
    address: str = ""
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Heads and lines of cells; `none` stands where there are no lines, `more` leads to all of them."""

    heads: Sequence[str]
    lines: Sequence[Sequence[Cell]]
    title: str = ""
    none: str = "Nothing."
    more: str = field(default="")


def cell(value: Any) -> Cell:
    return Cell(text=when(value) if isinstance(value, datetime) else text(value))


def cells(*values: Any) -> list[Cell]:
    return [value if isinstance(value, Cell) else cell(value) for value in values]


def badge(word: str, shown: str = "") -> Cell:
    return Cell(text=shown or word or BLANK, tone=TONES.get(word, "default") if word else "")


def to(row: Model | None, shown: str = "") -> Cell:
    """A word that leads to a row's page."""
    if row is None:
        return cell(None)
    return Cell(text=shown or str(row), address=page_of(row))


def facts(**named: Any) -> list[Cell]:
    """Cells with their names, underscores read as spaces. What is blank is left out."""
    found = (fact(name.replace("_", " "), value) for name, value in named.items())
    return [each for each in found if each.text != BLANK]


def fact(name: str, value: Any) -> Cell:
    found = value if isinstance(value, Cell) else cell(value)
    return Cell(name=name, text=found.text, tone=found.tone, address=found.address)


def listing(model: type[Model], **conditions: Any) -> str:
    """The address of a list, narrowed: `link=5`, `state__exact="open"`."""
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    wanted = "&".join(f"{name}={value}" for name, value in conditions.items())
    return f"{address}?{wanted}" if wanted else address


def fields_table(fields: Iterable[dict[str, Any]], **more: Any) -> Table:
    """Before → after and why, field by field."""
    lines = [
        cells(each.get("property"), each.get("before"), each.get("after"), each.get("why")) for each in fields
    ]
    return Table(heads=("Property", "Before", "After", "Why"), lines=lines, **more)
