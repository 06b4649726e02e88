"""Questions for `/Queries`, written so that no value can become a part of the question."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from urllib.parse import quote_plus

from sync.connectors.base import Refused
from sync.connectors.webcrm.facts import Facts

NAME = re.compile(r"[A-Z][A-Za-z0-9]*")
NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,10})?")
UNQUOTABLE = re.compile(r"[\x00-\x1f\x7f]|\\(?='|$)")
"""Control characters; and a backslash before a quote, which some dialects of SQL read as an escape."""
LONGEST, SHORT = 5_500, 1_900
"""Letters of an encoded question. webCRM sits behind IIS, whose addresses end at about 8,000 letters, and what stands
behind their question mark at 2,048 where nobody has changed that."""
MOST_KEYS = 150


def text(value: str) -> str:
    """A text literal; Refused for what no literal can hold."""
    if UNQUOTABLE.search(value):
        raise Refused("The value holds characters that cannot be looked up.")
    return "'" + value.replace("'", "''") + "'"


def stamp(moment: datetime) -> str:
    """A moment literal, cut to the second that webCRM's stamps have."""
    return text(moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.0000000Z"))


def columns(facts: Facts, paths: Sequence[str]) -> str:
    """What to select: the wanted properties with key and stamps, or everything."""
    plain = [path for path in paths if NAME.fullmatch(path) and path.startswith(facts.prefix)]
    if not paths or len(plain) < len(paths):
        return "*"
    always = (facts.key, f"{facts.prefix}UpdatedAt", f"{facts.prefix}UpdatedBy")
    return ", ".join(dict.fromkeys((*always, *plain)))


def changed(facts: Facts, since: datetime, paths: Sequence[str]) -> str:
    column = f"{facts.prefix}UpdatedAt"
    head = _select(facts, paths)
    return f"{head}{column} >= {stamp(since)} ORDER BY {column} ASC"


def behind(facts: Facts, last: int, paths: Sequence[str]) -> str:
    """Everything with a higher id, by id."""
    return f"{_select(facts, paths)}{facts.key} > {last} ORDER BY {facts.key} ASC"


def by_literals(
    facts: Facts, path: str, literals: Iterable[str], *, paths: Sequence[str] = (), longest: int = LONGEST
) -> Iterator[str]:
    """Questions for the rows whose property is one of the literals, each short enough for an address."""
    head = _select(facts, paths)
    room = longest - len(quote_plus(head))
    chosen: list[str] = []
    length = 0
    for literal in literals:
        condition = f"{path} = {literal}"
        size = len(quote_plus(f" OR {condition}"))
        if chosen and (length + size > room or len(chosen) == MOST_KEYS):
            yield head + " OR ".join(chosen)
            chosen, length = [], 0
        chosen.append(condition)
        length += size
    if chosen:
        yield head + " OR ".join(chosen)


def _select(facts: Facts, paths: Sequence[str]) -> str:
    return f"SELECT {columns(facts, paths)} FROM {facts.prefix} WHERE "  # noqa: S608 names from our own table only
