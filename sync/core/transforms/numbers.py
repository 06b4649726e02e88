"""Transforms of numbers, dates and check boxes."""

from __future__ import annotations

from sync.core.records import Value
from sync.core.transforms.transform import BadTransform, Transform, Untranslatable, each
from sync.core.values import boolean_of, date_of, is_blank, number_of, rounded, shown

MOST_DECIMALS = 12


def number(decimals: str = "2") -> Transform:
    """A number rounded to that many decimals, half to even."""
    if not decimals.isdecimal() or int(decimals) > MOST_DECIMALS:
        raise BadTransform(
            f"'number({decimals})' has no count of decimals. Give one from 0 to {MOST_DECIMALS}, as in 'number(2)'."
        )
    count = int(decimals)

    def convert(value: Value) -> Value:
        found = number_of(value)
        if found is None:
            raise Untranslatable(f"{shown(value)} is not a number such as 1234.50. Correct it at its source.")
        return rounded(found, count)

    def essence(value: Value) -> Value:
        found = None if is_blank(value) else number_of(value)
        return value if found is None else rounded(found, count)

    return Transform(
        name="number", arguments=(decimals,), forward=each(convert), back=each(convert), essence=essence
    )


def date() -> Transform:
    """A day; webCRM may keep it as a date with a time."""
    return Transform(name="date", forward=each(_day), back=each(_day), essence=_day_if_any)


def yesno() -> Transform:
    """Yes or no in the ERP; the text `Yes` or `No` of a check box in webCRM."""
    return Transform(name="yesno", forward=each(_word), back=each(_answer), essence=_word_if_any)


def _day(value: Value) -> Value:
    found = date_of(value)
    if found is None:
        raise Untranslatable(f"{shown(value)} is not a date such as 2024-05-31. Correct it at its source.")
    return found.isoformat()


def _day_if_any(value: Value) -> Value:
    found = None if is_blank(value) else date_of(value)
    return value if found is None else found.isoformat()


def _answer(value: Value) -> Value:
    found = boolean_of(value)
    if found is None:
        raise Untranslatable(f"{shown(value)} is neither yes nor no. Correct it at its source.")
    return found


def _word(value: Value) -> Value:
    return "Yes" if _answer(value) else "No"


def _word_if_any(value: Value) -> Value:
    return value if is_blank(value) or boolean_of(value) is None else _word(value)
