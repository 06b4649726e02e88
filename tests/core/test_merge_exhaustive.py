"""Every case one field can be in, against a second telling of the rules."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from sync.core.merge import plan
from sync.core.plan import Plan, SideState
from sync.core.vocabulary import BlankRule, Direction, Policy, Side
from tests.core.build import MARGIN, NOON, nowhere, rule

X, Y, BLANK = "x", "y", None
ABSENT: Any = object()
SAYINGS: tuple[Any, ...] = (X, Y, BLANK, ABSENT)
NOTHING, SETTLED, CLASH = "nothing", "settled", "clash"
LATER = MARGIN + timedelta(seconds=1)
DELAYS = {"erp later": LATER, "crm later": -LATER, "together": MARGIN}
OWNERS = {Direction.TO_CRM: Side.ERP, Direction.TO_ERP: Side.CRM, Direction.BOTH: None}


def expected(
    case: tuple[Any, Any, Any, Any], direction: Direction, blank: BlankRule, *, wins: Any, first: Side
) -> Any:
    """What one field comes to: a word, or (side written, value). `wins`: the policy's winner, or None."""
    erp, erp_base, crm, crm_base = case
    now, owner = {Side.ERP: erp, Side.CRM: crm}, OWNERS[direction]
    if ABSENT in (erp, crm):
        return NOTHING
    is_met = ABSENT not in (erp_base, crm_base)
    moves = {side for side, base in ((Side.ERP, erp_base), (Side.CRM, crm_base)) if now[side] != base}
    if is_met and not moves:
        return NOTHING
    if erp == crm:
        return SETTLED
    filler = Side.ERP if crm is BLANK else Side.CRM if erp is BLANK else None
    if not is_met:
        winner = filler or owner or first
        return (winner.other, now[winner]) if direction.writes(winner.other) else SETTLED
    if blank is BlankRule.PROTECT and filler and not owner:
        return filler.other, now[filler]
    winner = owner or (moves.pop() if len(moves) == 1 else wins)
    if winner is None:
        return CLASH
    if now[winner] is BLANK and blank is not BlankRule.CLEAR:
        return SETTLED
    return winner.other, now[winner]


def found(made: Plan) -> Any:
    kinds = (made.writes, made.settled, made.clashes)
    assert sum(map(len, kinds)) <= 1
    assert not made.waits
    assert not made.problems
    if made.writes:
        (write,) = made.writes
        (value,) = write.values.values()
        return write.side, value
    return SETTLED if made.settled else CLASH if made.clashes else NOTHING


def said(path: str, value: Any) -> dict[str, Any]:
    return {} if value is ABSENT else {path: value}


@pytest.mark.parametrize("blank", BlankRule)
@pytest.mark.parametrize("direction", Direction)
class TestEveryCase:
    """All of {x, y, blank, absent} for both sides and both bases."""

    def test_where_both_sides_were_in_step(self, direction: Direction, blank: BlankRule) -> None:
        policies: list[tuple[Policy, Side | None, str]] = [
            (Policy.ERP, Side.ERP, "together"),
            (Policy.CRM, Side.CRM, "together"),
        ]
        policies += [(Policy.ASK, None, "erp later"), (Policy.NEWEST, Side.ERP, "erp later")]
        policies += [(Policy.NEWEST, Side.CRM, "crm later"), (Policy.NEWEST, None, "together")]
        for policy, wins, delay in policies:
            for case in product((X, Y, BLANK), (X, Y, BLANK), (X, Y, BLANK), (X, Y, BLANK)):
                self.check(case, direction, blank, policy=policy, wins=wins, delay=DELAYS[delay])

    @pytest.mark.parametrize("first", Side)
    def test_where_something_is_absent(self, direction: Direction, blank: BlankRule, first: Side) -> None:
        for case in product(SAYINGS, repeat=4):
            if ABSENT in case:
                self.check(case, direction, blank, first=first)

    def check(
        self,
        case: tuple[Any, Any, Any, Any],
        direction: Direction,
        blank: BlankRule,
        *,
        policy: Policy = Policy.ASK,
        wins: Side | None = None,
        delay: timedelta = timedelta(),
        first: Side = Side.ERP,
    ) -> None:
        erp, erp_base, crm, crm_base = case
        made = plan(
            [rule("f", direction=direction, blank=blank, policy=policy)],
            erp=SideState(now=said("f", erp), base=said("f", erp_base), stamps={"f": NOON + delay}),
            crm=SideState(now=said("F", crm), base=said("F", crm_base), stamps={"F": NOON}),
            first_winner=first,
            margin=MARGIN,
            references=nowhere,
            rulings={},
        )
        assert found(made) == expected(case, direction, blank, wins=wins, first=first), (case, made)
