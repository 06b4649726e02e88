"""What a transform is: a named conversion with its way back, and the form in which both ends are compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from sync.core.records import Property, Value
from sync.core.values import is_blank
from sync.core.vocabulary import Side


class Leave(Enum):
    """Nothing to say to the other side: it stays as it is."""

    LEAVE = "leave"


LEAVE: Literal[Leave.LEAVE] = Leave.LEAVE

Parts = tuple[Value, ...]
"""The values of one end of a rule, in the order of its properties."""

References = Callable[[str, Side, str], str | None]
"""(pair name, side the key is from, key) -> the counterpart's key, or None while it has none."""


class BadTransform(ValueError):
    """A transform that cannot be used as typed. The message says what, why and what to do."""


class Untranslatable(Exception):
    """This value has no counterpart on the other side. The message says why and what to do."""


class Unlinked(Exception):
    """The record this value refers to has no counterpart yet."""

    def __init__(self, pair: str, side: Side, key: str) -> None:
        super().__init__(f"{key} in '{pair}' is not linked yet.")
        self.pair = pair
        self.side = side
        self.key = key


@dataclass(frozen=True, kw_only=True)
class Passage:
    """Where a value is going: what it may ask on the way."""

    source: Side
    targets: tuple[Property, ...]
    references: References


Step = Callable[[Parts, Passage], Parts | Leave]


def unchanged(value: Value) -> Value:
    return value


def pass_on(parts: Parts, _passage: Passage) -> Parts | Leave:
    """The way of a transform that changes nothing in that direction."""
    return parts


def leave(_parts: Parts, _passage: Passage) -> Parts | Leave:
    """The way back of a transform that has none."""
    return LEAVE


@dataclass(frozen=True, kw_only=True)
class Transform:
    """One link of a rule's chain. `forward` goes from the ERP to webCRM, `back` the other way."""

    name: str
    arguments: tuple[str, ...] = ()
    forward: Step = pass_on
    back: Step | None = pass_on
    essence: Callable[[Value], Value] = unchanged
    """The form in which two values of one end are compared: total, and its own essence again."""
    words: tuple[str, ...] = ()
    """The texts it may give webCRM, where these are known beforehand."""


def each(convert: Callable[[Value], Value | Leave]) -> Step:
    """A step that converts every value by itself and lets blank ones through as they are."""

    def step(parts: Parts, _passage: Passage) -> Parts | Leave:
        converted = [None if is_blank(part) else convert(part) for part in parts]
        if any(part is LEAVE for part in converted):
            return LEAVE
        return tuple(part for part in converted if not isinstance(part, Leave))

    return step
