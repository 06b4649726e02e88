"""Who wins: for one field, or for the fields of a group, which win or lose together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sync.core.mapping import Rule
from sync.core.vocabulary import BlankRule, Direction, Policy, Side

NAMES = {Side.ERP: "The ERP", Side.CRM: "webCRM"}


@dataclass(frozen=True, kw_only=True)
class Field:
    """One rule as its two sides stand now."""

    rule: Rule
    is_met: bool
    """Whether both sides have a base for it: they were in step once."""
    is_same: bool
    moved: frozenset[Side]
    empty: frozenset[Side]
    moved_at: Mapping[Side, datetime | None]

    @property
    def owner(self) -> Side | None:
        """The side that owns a one-way field."""
        return {Direction.TO_CRM: Side.ERP, Direction.TO_ERP: Side.CRM}.get(self.rule.direction)

    @property
    def claims(self) -> frozenset[Side]:
        """The sides that want their value carried over: a protected value cleared is no wish."""
        return self.moved - self.empty if self.rule.blank is BlankRule.PROTECT else self.moved


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Whose values are taken, and why. Without a winner it is a clash."""

    winner: Side | None
    why: str
    is_contested: bool = False
    """Whether the other side wanted something too: then the group's fields travel all or none."""
    fills_only: bool = False
    """Whether the winner's blanks leave the other side alone, whatever the blank rule."""
    is_final: bool = False
    """Whether the winner's blanks clear the other side, whatever the blank rule: a person said so."""

    def clears(self, blank: BlankRule) -> bool:
        """Whether a blank of the winner is carried over."""
        return self.is_final or (blank is BlankRule.CLEAR and not self.fills_only)


def choose(fields: Sequence[Field], *, margin: timedelta) -> Choice:
    """The winner among fields that were in step once and have moved apart since."""
    owner = fields[0].owner
    if owner:
        return _asserted(fields, owner)
    claimants = {side for field in fields for side in field.claims}
    fillers = {side.other for field in fields for side in field.moved}
    if not claimants and len(fillers) == 1:
        (filler,) = fillers
        return Choice(winner=filler, why=f"Cleared on the other side; {NAMES[filler]} fills it again.")
    if len(claimants) == 1:
        (mover,) = claimants
        return Choice(winner=mover, why=f"{NAMES[mover]} moved.")
    return _by_policy(fields, margin)


def choose_first(fields: Sequence[Field], *, first_winner: Side) -> Choice:
    """The winner where two records meet: blanks are filled from whichever knows, else the first winner decides."""
    owner = fields[0].owner
    knowing = {side.other for field in fields for side in field.empty}
    is_contested = len(knowing) > 1 or any(not field.empty for field in fields)
    if is_contested:
        winner = owner or first_winner
        return Choice(winner=winner, why=f"First meeting: {NAMES[winner]} decides.", is_contested=True)
    (knower,) = knowing
    if owner not in (None, knower):
        return Choice(winner=owner, why="First meeting: the owner has nothing to say.", fills_only=True)
    return Choice(winner=knower, why=f"First meeting: {NAMES[knower]} alone knew it.")


def _asserted(fields: Sequence[Field], owner: Side) -> Choice:
    if any(owner in field.moved for field in fields):
        return Choice(winner=owner, why=f"{NAMES[owner]} moved, and owns the field.")
    return Choice(winner=owner, why=f"{NAMES[owner]} owns the field; the other side drifted.")


def _by_policy(fields: Sequence[Field], margin: timedelta) -> Choice:
    policy = fields[0].rule.policy
    if policy is Policy.ASK:
        return Choice(winner=None, why="Both sides moved, and a person is to decide.")
    if policy is Policy.NEWEST:
        return _newest(fields, margin)
    winner = Side.ERP if policy is Policy.ERP else Side.CRM
    return Choice(winner=winner, why=f"Both sides moved; {NAMES[winner]} wins by policy.", is_contested=True)


def _newest(fields: Sequence[Field], margin: timedelta) -> Choice:
    erp, crm = (_last_moved(fields, side) for side in Side)
    if erp is None or crm is None:
        return Choice(winner=None, why="Both sides moved, and it is not known who moved last.")
    if abs(erp - crm) <= margin:
        return Choice(winner=None, why="Both sides moved, too close together to tell who was last.")
    winner = Side.ERP if erp > crm else Side.CRM
    return Choice(winner=winner, why=f"Both sides moved; {NAMES[winner]} moved last.", is_contested=True)


def _last_moved(fields: Sequence[Field], side: Side) -> datetime | None:
    """When the side last moved one of these fields; None when one of its moves has no time."""
    times = [field.moved_at[side] for field in fields if side in field.moved]
    known = [time for time in times if time is not None]
    return max(known) if known and len(known) == len(times) else None
