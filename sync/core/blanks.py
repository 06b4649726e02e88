"""Blanks that take a value away: what one side said is cleared there, and the other side would follow."""

from __future__ import annotations

from sync.core.mapping import Rule, is_empty, is_known, moved
from sync.core.records import Values
from sync.core.vocabulary import BlankRule, Side


def carries_blanks(rule: Rule, side: Side) -> bool:
    """Whether a blank of this side is carried over, and takes the other side's value away."""
    return rule.carries_edits_to(side.other) and rule.blank is BlankRule.CLEAR


def is_cleared(rule: Rule, side: Side, now: Values, base: Values) -> bool:
    """Whether one side says nothing any more where its base said something. What is absent is unknown, not blank."""
    return (
        moved(rule, side, now, base)
        and is_known(rule, side, now)
        and is_known(rule, side, base)
        and is_empty(rule, side, now)
        and not is_empty(rule, side, base)
    )


def was_cleared(rule: Rule, side: Side, said: Values, overwritten: Values) -> bool:
    """Whether a write took a value away on the other side, because this side said nothing."""
    return (
        is_known(rule, side, said)
        and is_empty(rule, side, said)
        and not is_empty(rule, side.other, overwritten)
    )
