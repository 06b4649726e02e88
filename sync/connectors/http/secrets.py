"""Striking credentials out of text, by their value, before anybody sees it."""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from urllib.parse import quote

SHORTEST = 4
"""A shorter value would strike out half of every sentence."""
SHORTEST_ENCODED = 6
"""Likewise for what a value looks like in base64 or hex."""
STRUCK = "•••"


class Secrets:
    """The values that must not be said, in every spelling they travel in."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._patterns: dict[str, re.Pattern[str]] = {}
        for value in values:
            self.add(value)

    def add(self, value: str) -> None:
        if len(value) >= SHORTEST and value not in self._patterns:
            spellings = "|".join((_spelt(value), *_encoded(value)))
            self._patterns[value] = re.compile(spellings, re.IGNORECASE)

    def strike(self, text: str) -> str:
        """The text without them; the longest first, so that no tail is left over."""
        for value in sorted(self._patterns, key=len, reverse=True):
            text = self._patterns[value].sub(STRUCK, text)
        return text


def _spelt(value: str) -> str:
    """Each letter as it is, or as an address, JSON or HTML escapes it."""
    return "".join(f"(?:{'|'.join(map(re.escape, _forms(letter)))})" for letter in value)


def _forms(letter: str) -> dict[str, None]:
    forms = (
        letter,
        quote(letter, safe="", errors="replace"),
        json.dumps(letter)[1:-1],
        html.escape(letter),
        "".join(f"%{byte:02X}" for byte in letter.encode("utf-8", "replace")),
        f"&#{ord(letter)};",
        re.sub("....", r"\\u\g<0>", letter.encode("utf-16-be", "replace").hex()),
        *({" ": ("+",), "/": ("\\/",)}.get(letter, ())),
    )
    return dict.fromkeys(forms)


def _encoded(value: str) -> Iterator[str]:
    """As base64 and hex; wherever in a longer text the value stands, base64 holds one of three cores of it."""
    if len(value) < SHORTEST_ENCODED:
        return
    content = value.encode("utf-8", "replace")
    yield content.hex()
    yield _either_alphabet(b64encode(content).decode().rstrip("=")) + "={0,2}"
    for ahead in range(3):
        first, last = -(-8 * ahead // 6), 8 * (ahead + len(content)) // 6
        yield _either_alphabet(b64encode(bytes(ahead) + content).decode()[first:last])


def _either_alphabet(text: str) -> str:
    return text.replace("+", "[+-]").replace("/", "[/_]")
