"""What a value means: blank or not, equal or not, fit to be written or not."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable
from datetime import UTC, date, datetime
from decimal import Context, Decimal

from sync.core.records import Property, Value
from sync.core.vocabulary import DataType

PLACEHOLDER = re.compile(r"-+\s*\S+\s*-+")
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
UNWRITABLE = re.compile("[\x00\ud800-\udfff]")
NO_DATE = "0001-01-01"
EMPTY_CHOICE = "[]"
MANY_DIGITS = 400
INT32 = 2**31
EXACT = Context(prec=3 * MANY_DIGITS)
TRUE_WORDS = frozenset({"true", "yes", "1"})
FALSE_WORDS = frozenset({"false", "no", "0"})
SHOWN = 60
SHOWN_OPTIONS = 5


class Unfit(Exception):
    """This value cannot be written to that property. The message says why and what to do."""


def is_blank(value: Value) -> bool:
    """Whether a value says nothing: empty, only spaces, no date, no choice, or a drop-down's placeholder."""
    if not isinstance(value, str):
        return value is None
    text = value.strip()
    return not text or text == EMPTY_CHOICE or text.startswith(NO_DATE) or bool(PLACEHOLDER.fullmatch(text))


def text_of(value: Value) -> str:
    """The value as a person would type it; blank is the empty text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal) and _is_manageable(value):
        return format(value, "f")
    return str(value)


def shown(value: Value) -> str:
    """The value as a message quotes it: short, in quotes."""
    text = text_of(value)
    return f"'{text}'" if len(text) <= SHOWN else f"'{text[:SHOWN]}…'"


def composed(text: str) -> str:
    """Text in one Unicode form with one kind of line end."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


def length_of(text: str) -> int:
    """Length as webCRM counts it: UTF-16 units, so most emoji count two or more."""
    return len(text) + sum(1 for character in text if ord(character) > 0xFFFF)


def number_of(value: Value) -> Decimal | None:
    """The value as an exact number; None when it is not plainly one (`1.234,50` is not)."""
    if isinstance(value, bool | int):
        return Decimal(value)
    if isinstance(value, Decimal):
        return value if _is_manageable(value) else None
    if value is None or not NUMBER.fullmatch(value.strip()):
        return None
    number = Decimal(value.strip())
    return number if _is_manageable(number) else None


def rounded(number: Decimal, decimals: int, rounding: str = "ROUND_HALF_EVEN") -> Decimal:
    """The number with that many decimals; half goes to the even neighbour unless told otherwise."""
    return number.quantize(Decimal(1).scaleb(-decimals), rounding=rounding, context=EXACT)


def boolean_of(value: Value) -> bool | None:
    """Yes, no, or None when the value is neither. `Yes`/`No` is how webCRM's check boxes speak."""
    if isinstance(value, bool):
        return value
    word = text_of(value).strip().lower()
    return True if word in TRUE_WORDS else False if word in FALSE_WORDS else None


def instant_of(value: Value) -> datetime | None:
    """The moment a date-time names; without a zone it is read as UTC."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def date_of(value: Value) -> date | None:
    """The day as it stands in the text, whatever the zone: a birthday does not move with it."""
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value.strip()).date()
    except ValueError:
        return None


def meaning(value: Value, type: DataType) -> Hashable:
    """The form in which two values of one property are compared. Blank is None; what does not parse is its text."""
    if is_blank(value):
        return None
    found = _MEANINGS[type](value)
    return composed(str(value)) if found is None else found


def coerce(value: Value, property: Property) -> Value:
    """The value as its property wants it written; blank is None. Raises `Unfit`."""
    if is_blank(value):
        if property.required:
            raise Unfit(
                f"{_name(property)} must not be empty. Give it a value, or let the mapping put one in."
            )
        return None
    fitting = _COERCIONS[property.type](value, property)
    _check_options(fitting, property)
    return fitting


def _is_manageable(number: Decimal) -> bool:
    """Whether writing the number out is safe: `1e999999999` is not."""
    return (
        number.is_finite()
        and -MANY_DIGITS <= number.adjusted() <= MANY_DIGITS
        and (int(number.as_tuple().exponent) >= -MANY_DIGITS)
    )


def _string_meaning(value: Value) -> Hashable:
    return "true" if value is True else "false" if value is False else None


_MEANINGS = {
    DataType.STRING: _string_meaning,
    DataType.INTEGER: number_of,
    DataType.NUMBER: number_of,
    DataType.BOOLEAN: boolean_of,
    DataType.DATETIME: instant_of,
    DataType.DATE: date_of,
}


def _name(property: Property) -> str:
    return f"'{property.label or property.path}'"


def _unfit(value: Value, property: Property, wants: str) -> Unfit:
    return Unfit(
        f"{_name(property)} wants {wants}, and {shown(value)} is none. Correct the value or the mapping."
    )


def _text(value: Value, property: Property) -> Value:
    text = text_of(value)
    if UNWRITABLE.search(text):
        raise Unfit(
            f"{_name(property)} cannot hold broken characters. Type the value again where it came from."
        )
    if property.max_length is not None and length_of(text) > property.max_length:
        raise Unfit(
            f"{_name(property)} takes {property.max_length} characters, and {shown(text)} has {length_of(text)}. "
            "Shorten it, or add 'cut' to the mapping."
        )
    return text


def _integer(value: Value, property: Property) -> Value:
    number = number_of(value)
    if number is None or number != number.to_integral_value():
        raise _unfit(value, property, "a whole number")
    if not -INT32 <= number < INT32:
        raise _unfit(value, property, f"a number below {INT32}")
    return int(number)


def _number(value: Value, property: Property) -> Value:
    number = number_of(value)
    if number is None:
        raise _unfit(value, property, "a number such as 1234.50")
    return number


def _boolean(value: Value, property: Property) -> Value:
    answer = boolean_of(value)
    if answer is None:
        raise _unfit(value, property, "yes or no")
    return answer


def _datetime(value: Value, property: Property) -> Value:
    instant = instant_of(value)
    if instant is None:
        raise _unfit(value, property, "a date and time such as 2024-05-31T12:00:00+00:00")
    return instant.isoformat()


def _date(value: Value, property: Property) -> Value:
    day = date_of(value)
    if day is None:
        raise _unfit(value, property, "a date such as 2024-05-31")
    return day.isoformat()


_COERCIONS = {
    DataType.STRING: _text,
    DataType.INTEGER: _integer,
    DataType.NUMBER: _number,
    DataType.BOOLEAN: _boolean,
    DataType.DATETIME: _datetime,
    DataType.DATE: _date,
}


def _check_options(value: Value, property: Property) -> None:
    if property.options and text_of(value) not in property.options:
        some = ", ".join(shown(option) for option in property.options[:SHOWN_OPTIONS])
        more = " …" if len(property.options) > SHOWN_OPTIONS else ""
        raise Unfit(
            f"{_name(property)} has no option {shown(value)}. It has {some}{more}. "
            "Add the option in that system, or translate it with 'options' in the mapping."
        )
