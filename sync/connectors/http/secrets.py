"""Striking credentials out of text, by their value, before anybody sees it."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

SHORTEST = 4
"""A shorter value would strike out half of every sentence."""
STRUCK = "•••"


class Secrets:
    """The values that must not be said, in every spelling they travel in."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._spellings: set[str] = set()
        for value in values:
            self.add(value)

    def add(self, value: str) -> None:
        if len(value) >= SHORTEST:
            encoded = b64encode(value.encode()).decode()
            self._spellings |= {
                value,
                quote(value, safe=""),
                quote_plus(value),
                encoded,
                json.dumps(value)[1:-1],
            }

    def strike(self, text: str) -> str:
        """The text without them; the longest first, so that no tail is left over."""
        for spelling in sorted(self._spellings, key=len, reverse=True):
            text = text.replace(spelling, STRUCK)
        return text
