"""A chain of transforms as an admin types it: `trim | lower | cut(50)`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from sync.core.transforms import lookup, numbers, text
from sync.core.transforms.transform import BadTransform, Transform

TRANSFORMS: dict[str, Callable[..., Transform]] = {
    "const": lookup.const,
    "country": lookup.country,
    "cut": text.cut,
    "dash": text.dash,
    "date": numbers.date,
    "date0": numbers.date,
    "digits": text.digits,
    "lines": text.lines,
    "lower": text.lower,
    "number": numbers.number,
    "options": lookup.options,
    "phone": text.phone,
    "placeholder": text.placeholder,
    "prefix": text.prefix,
    "ref": lookup.ref,
    "text": text.text,
    "trim": text.trim,
    "upper": text.upper,
    "url": text.url,
    "yesno": numbers.yesno,
}

# How many arguments each takes; the others take none. None is no limit.
ARGUMENTS: dict[str, tuple[int, int | None]] = {
    "const": (1, 1),
    "country": (0, 1),
    "cut": (0, 1),
    "number": (0, 1),
    "options": (1, None),
    "prefix": (1, 1),
    "ref": (1, 1),
}

STEP = re.compile(r"""\s*([A-Za-z0-9_]+)\s*(?:\(((?:"[^"]*"|[^"()])*)\))?\s*""")
CHAIN_PART = re.compile(r"""((?:"[^"]*"|[^"|])*)(\||$)""")
ARGUMENT = re.compile(r"""((?:"[^"]*"|[^",])*)(,|$)""")


def parse(text: str) -> tuple[Transform, ...]:
    """The transforms of a chain, in the ERP's direction. Raises `BadTransform`."""
    return tuple(_transform(part) for part in _split(CHAIN_PART, text)) if text.strip() else ()


def _transform(text: str) -> Transform:
    found = STEP.fullmatch(text)
    if not found:
        raise BadTransform(
            f"'{text.strip()}' is not a transform. Write a name, or a name and '(…)', between '|'."
        )
    name, inside = found.group(1).lower(), found.group(2)
    if name not in TRANSFORMS:
        raise BadTransform(f"There is no transform '{name}'. Choose from {', '.join(sorted(TRANSFORMS))}.")
    arguments = _arguments(name, inside)
    _check_count(name, arguments)
    return TRANSFORMS[name](*arguments)


def _arguments(name: str, inside: str | None) -> tuple[str, ...]:
    if inside is None or not inside.strip():
        return ()
    typed = tuple(argument.strip() for argument in _split(ARGUMENT, inside))
    # An option may hold an '=' in quotes, so its quotes are needed until it is taken apart.
    return typed if name == "options" else tuple(argument.replace('"', "") for argument in typed)


def _check_count(name: str, arguments: tuple[str, ...]) -> None:
    least, most = ARGUMENTS.get(name, (0, 0))
    if len(arguments) < least:
        raise BadTransform(f"'{name}' lacks what belongs in its brackets. Write it as '{name}(…)'.")
    if most is not None and len(arguments) > most:
        raise BadTransform(
            f"'{name}' takes {most or 'nothing'} in brackets, not {len(arguments)}. Leave the rest out."
        )


def _split(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    """The parts between separators that stand outside quotes."""
    position = 0
    while True:
        found = pattern.match(text, position)
        if found is None:
            raise BadTransform(
                f"'{text.strip()}' has a quote that is never closed. Close it, or leave it out."
            )
        yield found.group(1)
        if not found.group(2):
            return
        position = found.end()
