"""Transforms that look a value up: an option table, a country, a constant, a linked record."""

from __future__ import annotations

import re

from sync.core.records import Value
from sync.core.transforms.countries import LANGUAGES, code_of, name_of
from sync.core.transforms.transform import (
    LEAVE,
    BadTransform,
    Leave,
    Parts,
    Passage,
    Transform,
    Unlinked,
    Untranslatable,
    each,
)
from sync.core.values import is_blank, shown, text_of
from sync.core.vocabulary import Side

ANY_OTHER = "*"
NO_REFERENCE = "0"
ENTRY = re.compile(r"""((?:"[^"]*"|[^"=])+)=((?:"[^"]*"|[^"])*)""")


def options(*entries: str) -> Transform:
    """A table `erp=webcrm`. `*=text` takes every other value, `*=` alone leaves webCRM as it is for those."""
    table = dict(_entry(entry) for entry in entries)
    if len(table) < len(entries):
        raise BadTransform("'options' names one ERP value twice. Each may stand on the left once.")
    other = table.pop(ANY_OTHER, None)
    if not table:
        raise BadTransform("'options' is empty. Name pairs, as in 'options(true=Resigned, false=Active)'.")
    reverse = {crm: erp for erp, crm in reversed(table.items())}

    def forward(value: Value) -> Value | Leave:
        text = text_of(value)
        if text in table:
            return table[text]
        if other is None:
            raise Untranslatable(f"There is no option for {shown(text)}. Add it to 'options' in the mapping.")
        return other or LEAVE

    def back(value: Value) -> Value | Leave:
        return reverse.get(text_of(value), LEAVE)

    return Transform(
        name="options",
        arguments=entries,
        forward=each(forward),
        back=each(back),
        words=tuple(filter(None, [*table.values(), other])),
    )


def country(language: str = "da") -> Transform:
    """A two-letter code in the ERP; in webCRM the country's name, in its own options' words or in `language`."""
    if language not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        raise BadTransform(f"'country({language})' is not a language known here. Choose one of {known}.")

    def forward(parts: Parts, passage: Passage) -> Parts | Leave:
        return tuple(_named(part, passage, language) for part in parts)

    return Transform(
        name="country", arguments=(language,), forward=forward, back=each(_code), essence=_code_if_any
    )


def const(value: str) -> Transform:
    """Always this value, whatever the ERP says."""

    def forward(_parts: Parts, _passage: Passage) -> Parts | Leave:
        return (value,)

    return Transform(name="const", arguments=(value,), forward=forward, back=None, words=(value,))


def ref(pair: str) -> Transform:
    """The key of a record of another pair becomes the key of its counterpart."""

    def step(parts: Parts, passage: Passage) -> Parts | Leave:
        return tuple(_counterpart(part, pair, passage) for part in parts)

    return Transform(name="ref", arguments=(pair,), forward=step, back=step, essence=_key)


def _entry(entry: str) -> tuple[str, str]:
    found = ENTRY.fullmatch(entry.strip())
    left, right = (part.strip().replace('"', "") for part in found.groups()) if found else ("", "")
    if not left:
        raise BadTransform(
            f"'{entry}' is no option. Write the ERP's value, '=', and webCRM's, as in 'A=Gold'."
        )
    return left, right


def _named(value: Value, passage: Passage, language: str) -> Value:
    if is_blank(value):
        return None
    code = _code(value)
    choices = passage.targets[0].options
    return next((option for option in choices if code_of(option) == code), name_of(str(code), language))


def _code(value: Value) -> Value:
    code = code_of(text_of(value))
    if code is None:
        raise Untranslatable(f"{shown(value)} is not a country known here. Correct it at its source.")
    return code


def _code_if_any(value: Value) -> Value:
    return value if is_blank(value) else code_of(text_of(value)) or value


def _key(value: Value) -> Value:
    """A key as text; webCRM's 0 refers to nothing."""
    text = text_of(value).strip()
    return None if text in ("", NO_REFERENCE) else text


def _counterpart(value: Value, pair: str, passage: Passage) -> Value:
    key = _key(value)
    if key is None:
        return None
    found = passage.references(pair, passage.source, str(key))
    if found is None:
        raise Unlinked(pair, Side(passage.source), str(key))
    return found
