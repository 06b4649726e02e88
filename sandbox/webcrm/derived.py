"""What the server itself makes of a record: search texts, display names, history; and its odd spelling."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any, Final

from sandbox.webcrm import values
from sandbox.webcrm.fields import Shape
from sandbox.webcrm.rows import Row

WATCHED: Final = {
    "Organisations": ("OrganisationStatus", "OrganisationType"),
    "Persons": ("PersonStatus",),
    "Products": (),
}
"""The fields whose every change is noted in the history."""


def completed(shape: Shape, row: Row) -> Row:
    """The row with everything the server derives from it."""
    return values.merged(shape, row, DERIVE[shape.entity](row))


def history(shape: Shape, old: Row, new: Row, by: str) -> Row:
    """The row with one more line of HTML for each watched field that moved."""
    moved = (name for name in WATCHED[shape.entity] if old.get(name) != new.get(name))
    lines = [_line(new[shape.updated_at], by, _moved(name, old, new)) for name in moved]
    name = shape.own("History")
    return new | {name: old.get(name, "") + "".join(lines)} if lines else new


def respelt(shape: Shape, sent: Mapping[str, Any]) -> Row:
    """What a system makes of values when it knows better: the `spelling` switch."""
    return {name: _respelt(shape.fields[name].kind, name, value) for name, value in sent.items()}


def _respelt(kind: str, name: str, value: Any) -> Any:
    if kind == "number":
        return round(value, 2)
    if kind != "text" or value is None:
        return value
    lines = (" ".join(line.split()) for line in value.split("\r\n"))
    text = "\r\n".join(lines)
    return text.title() if name.endswith("City") else text


def _line(*cells: str) -> str:
    return "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>"


def _moved(name: str, old: Row, new: Row) -> str:
    return f"{name}: {old.get(name, '')} -> {new.get(name, '')}"


def _organisation(row: Row) -> Row:
    name = row.get("OrganisationName", "") + row.get("OrganisationDivisionName", "")
    compared = "".join(letter for letter in name if letter.isalnum()).upper()
    numbers = _search(row, "OrganisationTelephone", "OrganisationFax")
    return {
        "OrganisationCompareName": compared,
        "OrganisationTelephoneSearch": numbers,
        "OrganisationCountryData": values.country(row.get("OrganisationCountry", "")),
    }


def _person(row: Row) -> Row:
    names = (row.get(f"Person{part}Name") for part in ("First", "Middle", "Last"))
    return {
        "PersonName": " ".join(filter(None, names)),
        "PersonTelephoneSearch": _search(row, "PersonDirectPhone", "PersonMobilePhone"),
    }


def _product(row: Row) -> Row:
    price, quantity = row.get("ProductPrice", 0.0), row.get("ProductQuantity", 0.0)
    total = price * quantity * (1 - row.get("ProductDiscount", 0.0) / 100)
    named = filter(None, (row.get("ProductCustom1"), row.get("ProductCustom2")))
    return {"ProductCombined": ", ".join(named), "ProductTotalPrice": round(total, 4)}


def _search(row: Row, *names: str) -> str:
    return "".join("-" + "".join(filter(str.isdigit, row.get(name, ""))) for name in names)


DERIVE: Final = {"Organisations": _organisation, "Persons": _person, "Products": _product}
