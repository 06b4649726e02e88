"""Transforms of text: spaces, case, digits, phones, addresses of pages, lengths, lines."""

from __future__ import annotations

import re
import unicodedata

from sync.core.records import Value
from sync.core.transforms.transform import (
    BadTransform,
    Leave,
    Parts,
    Passage,
    Transform,
    Untranslatable,
    each,
)
from sync.core.values import composed, is_blank, length_of, number_of, shown, text_of

INVISIBLE = re.compile("[\u200b\u2060\ufeff]")
SEPARATORS = re.compile(r"[\s.\-/()\u2010-\u2015\u2212]+")
TRUNK_ZERO = re.compile(r"(?<=\d)\s*\(0\)")
SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
NOTHING = "-"
LINE_END = "\r\n"
JOINER = "\u200d"


def trim() -> Transform:
    return Transform(name="trim", forward=each(_trimmed), back=each(_trimmed), essence=_trimmed)


def lower() -> Transform:
    return Transform(name="lower", forward=each(_lower), back=each(_lower), essence=_lower)


def upper() -> Transform:
    return Transform(name="upper", forward=each(_upper), back=each(_upper), essence=_upper)


def digits() -> Transform:
    return Transform(name="digits", forward=each(_digits), back=each(_digits), essence=_digits_if_any)


def phone() -> Transform:
    """Keeps the text as typed; two numbers are the same when their digits are."""
    return Transform(name="phone", essence=phone_essence)


def url() -> Transform:
    """Keeps the text as typed; scheme, host's case and closing slash make no difference."""
    return Transform(name="url", essence=url_essence)


def cut(limit: str = "") -> Transform:
    """Cuts what webCRM has no room for: at `limit`, or at the property's own length.

    It has no essence of its own: a change behind the cut is still an edit in the ERP.
    """
    if limit and not (limit.isdecimal() and int(limit) > 0):
        raise BadTransform(
            f"'cut({limit})' has no length above 0. Write one, as in 'cut(50)', or 'cut' alone."
        )
    fixed = int(limit) if limit else None

    def forward(parts: Parts, passage: Passage) -> Parts | Leave:
        room = fixed if fixed is not None else passage.targets[0].max_length
        return tuple(part if is_blank(part) else shortened(text_of(part), room) for part in parts)

    return Transform(name="cut", arguments=(limit,) if limit else (), forward=forward)


def lines() -> Transform:
    """Several properties of the ERP are the lines of one text in webCRM."""
    return Transform(name="lines", forward=_join, back=_split)


def dash() -> Transform:
    """webCRM insists on something: a dash stands for nothing."""
    return Transform(name="dash", forward=_dashed, back=_undashed, essence=_without_dash)


def prefix(start: str) -> Transform:
    """The ERP's value is webCRM's with `start` before it."""

    def remove(value: Value) -> Value:
        text = text_of(value)
        if not text.startswith(start):
            raise Untranslatable(
                f"{shown(text)} does not begin with '{start}'. Correct it, or leave it empty."
            )
        return text.removeprefix(start)

    def add(value: Value) -> Value:
        return start + text_of(value)

    return Transform(name="prefix", arguments=(start,), forward=each(remove), back=each(add), essence=_plain)


def text() -> Transform:
    """A number that is a key: `7` and `"7"` are the same; leading zeros stay."""
    return Transform(name="text", forward=each(_plain), back=each(_plain), essence=_plain)


def placeholder() -> Transform:
    """A drop-down's 'choose one' text is blank."""
    return Transform(name="placeholder", forward=_blanked, back=_blanked, essence=_unless_blank)


def trimmed(value: str) -> str:
    """Without blanks or invisible characters around it."""
    return INVISIBLE.sub("", value).strip()


def shortened(value: str, room: int | None) -> str:
    """At most `room` characters, never ending inside one a reader sees as whole."""
    if room is None or length_of(value) <= room:
        return value
    kept, used = 0, 0
    for index, character in enumerate(value):
        if used > room:
            break
        if not _continues(value, index):
            kept = index
        used += length_of(character)
    return value[:kept].rstrip()


def phone_essence(value: Value) -> Value:
    if is_blank(value):
        return None
    number = SEPARATORS.sub("", TRUNK_ZERO.sub("", trimmed(text_of(value))))
    return "+" + number[2:] if number.startswith("00") else number.casefold()


def url_essence(value: Value) -> Value:
    if is_blank(value):
        return None
    host, slash, path = SCHEME.sub("", trimmed(text_of(value))).partition("/")
    return (host.lower() + slash + path).rstrip("/")


def _continues(value: str, index: int) -> bool:
    """Whether the character at `index` belongs to the one before it."""
    if index == 0:
        return False
    here, before = value[index], value[index - 1]
    is_modifier = unicodedata.category(here).startswith("M") or "\U0001f3fb" <= here <= "\U0001f3ff"
    return is_modifier or JOINER in (here, before)


def _trimmed(value: Value) -> Value:
    return trimmed(value) if isinstance(value, str) else value


def _lower(value: Value) -> Value:
    return composed(composed(value).lower()) if isinstance(value, str) else value


def _upper(value: Value) -> Value:
    return composed(composed(value).upper()) if isinstance(value, str) else value


def _plain(value: Value) -> Value:
    """The text of a value; a number without a fraction is written without one."""
    if is_blank(value):
        return None
    number = number_of(value) if not isinstance(value, str | bool) else None
    if number is not None and number == number.to_integral_value():
        return str(int(number))
    return text_of(value)


def _digits(value: Value) -> Value:
    found = _only_digits(value)
    if not found:
        raise Untranslatable(f"{shown(value)} has no digits. Correct it, or leave it empty.")
    return found


def _digits_if_any(value: Value) -> Value:
    return None if is_blank(value) else _only_digits(value) or text_of(value)


def _only_digits(value: Value) -> str:
    return "".join(character for character in text_of(_plain(value)) if character in "0123456789")


def _join(parts: Parts, _passage: Passage) -> Parts | Leave:
    written = [trimmed(text_of(part)) for part in parts if not is_blank(part)]
    return (LINE_END.join(written) or None,)


def _split(parts: Parts, passage: Passage) -> Parts | Leave:
    """One line for each property; what is left over stays together in the last."""
    written = [trimmed(line) for line in composed(text_of(parts[0])).split("\n")]
    filled = [line for line in written if line]
    room = len(passage.targets)
    head, tail = filled[: room - 1], filled[room - 1 :]
    found: list[Value] = [*head, ", ".join(tail)]
    return tuple((found + [None] * room)[:room])


def _dashed(parts: Parts, _passage: Passage) -> Parts | Leave:
    return tuple(NOTHING if is_blank(part) else part for part in parts)


def _undashed(parts: Parts, _passage: Passage) -> Parts | Leave:
    return tuple(_without_dash(part) for part in parts)


def _without_dash(value: Value) -> Value:
    return None if isinstance(value, str) and value.strip() == NOTHING else value


def _blanked(parts: Parts, _passage: Passage) -> Parts | Leave:
    return tuple(_unless_blank(part) for part in parts)


def _unless_blank(value: Value) -> Value:
    return None if is_blank(value) else value
