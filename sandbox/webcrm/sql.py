"""The small SQL of `/Queries`, read into values.

    SELECT * | column, … FROM table [JOIN table ON (A.x = B.y)]
    [WHERE conditions with = <> > >= < <= LIKE IN, AND, OR, parentheses] [ORDER BY column [ASC|DESC], …]

Words are read in any case; text stands in single quotes, a quote in it doubled. `IN (…)` is an assumption:
it has not been seen in any query known to work. Anything else is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from sandbox.webcrm.problems import Refusal

TOKEN: Final = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)(?!\w)"
    r"|(?P<word>[A-Za-z_]\w*(?:\.\w+)?)|(?P<mark><>|>=|<=|[=<>(),*]))"
)
OPERATORS: Final = ("=", "<>", ">", ">=", "<", "<=", "LIKE")
DEEPEST: Final = 50
"""Parentheses inside parentheses; a deeper script is refused rather than read."""

Literal = str | int | float
T = TypeVar("T")


@dataclass(frozen=True)
class Compare:
    """`column operator literal`; IN has several literals, every other operator one."""

    column: str
    operator: str
    literals: tuple[Literal, ...]


@dataclass(frozen=True)
class Several:
    """Conditions joined by one word, `AND` or `OR`."""

    word: str
    parts: tuple[Condition, ...]


Condition = Compare | Several


@dataclass(frozen=True)
class Join:
    """The second table and the two columns that are equal."""

    table: str
    left: str
    right: str


@dataclass(frozen=True)
class Order:
    column: str
    descending: bool


@dataclass(frozen=True, kw_only=True)
class Select:
    """A whole script; no columns means all of them."""

    columns: tuple[str, ...]
    table: str
    join: Join | None
    where: Condition | None
    order: tuple[Order, ...]


class BadScript(Refusal):
    """400: the script is not in the language."""

    def __init__(self, message: str) -> None:
        super().__init__(400, f"Query error: {message}", "QueryException")


def read(script: str) -> Select:
    """The script's meaning; BadScript when it has none."""
    return _Reader(_tokens(script)).select()


def _tokens(script: str) -> list[tuple[str, str]]:
    """Kind and text of each token, the end marked."""
    found: list[tuple[str, str]] = []
    at, end = 0, len(script.rstrip())
    while at < end:
        match = TOKEN.match(script, at)
        if match is None or match.lastgroup is None:
            raise BadScript(f"unexpected '{script[at : at + 20].strip()}'.")
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return [*found, ("end", "")]


class _Reader:
    """Goes through the tokens once, one method per rule of the grammar."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def select(self) -> Select:
        self._demand("SELECT")
        columns = () if self._accept("*") else self._list(self._name)
        self._demand("FROM")
        table = self._name()
        join = self._join() if self._accept("JOIN") else None
        where = self._either() if self._accept("WHERE") else None
        order: tuple[Order, ...] = ()
        if self._accept("ORDER"):
            self._demand("BY")
            order = self._list(self._order)
        if self._tokens[self._at][0] != "end":
            raise self._unexpected()
        return Select(columns=columns, table=table, join=join, where=where, order=order)

    def _join(self) -> Join:
        table = self._name()
        self._demand("ON")
        bracketed = self._accept("(")
        left = self._name()
        self._demand("=")
        right = self._name()
        if bracketed:
            self._demand(")")
        return Join(table, left, right)

    def _either(self) -> Condition:
        return self._joined("OR", self._both)

    def _both(self) -> Condition:
        return self._joined("AND", self._one)

    def _joined(self, word: str, part: Callable[[], Condition]) -> Condition:
        parts = [part()]
        while self._accept(word):
            parts.append(part())
        return Several(word, tuple(parts)) if len(parts) > 1 else parts[0]

    def _one(self) -> Condition:
        if not self._accept("("):
            return self._compare()
        self._depth += 1
        if self._depth > DEEPEST:
            raise BadScript("too many parentheses.")
        inner = self._either()
        self._demand(")")
        self._depth -= 1
        return inner

    def _compare(self) -> Compare:
        column = self._name()
        if self._accept("IN"):
            self._demand("(")
            literals = self._list(self._literal)
            self._demand(")")
            return Compare(column, "IN", literals)
        for operator in OPERATORS:
            if self._accept(operator):
                return Compare(column, operator, (self._literal(),))
        raise self._unexpected()

    def _order(self) -> Order:
        column = self._name()
        descending = self._accept("DESC")
        if not descending:
            self._accept("ASC")
        return Order(column, descending)

    def _literal(self) -> Literal:
        kind, text = self._tokens[self._at]
        if kind not in ("text", "number"):
            raise self._unexpected()
        self._at += 1
        if kind == "text":
            return text[1:-1].replace("''", "'")
        return float(text) if "." in text else int(text)

    def _name(self) -> str:
        kind, text = self._tokens[self._at]
        if kind != "word":
            raise self._unexpected()
        self._at += 1
        return text

    def _list(self, item: Callable[[], T]) -> tuple[T, ...]:
        items = [item()]
        while self._accept(","):
            items.append(item())
        return tuple(items)

    def _accept(self, wanted: str) -> bool:
        kind, text = self._tokens[self._at]
        if kind in ("word", "mark") and text.upper() == wanted:
            self._at += 1
            return True
        return False

    def _demand(self, wanted: str) -> None:
        if not self._accept(wanted):
            raise BadScript(f"expected {wanted} instead of '{self._tokens[self._at][1]}'.")

    def _unexpected(self) -> BadScript:
        return BadScript(f"unexpected '{self._tokens[self._at][1] or 'end of script'}'.")
