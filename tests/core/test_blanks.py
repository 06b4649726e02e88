"""What counts as a value taken away by a blank. One sentence a row."""

from __future__ import annotations

import pytest

from sync.core.blanks import carries_blanks, is_cleared, was_cleared
from sync.core.mapping import Rule
from sync.core.records import Property, Values
from sync.core.transforms.chain import parse
from sync.core.vocabulary import BlankRule, Direction, Side

CITY = Rule(name="1", erp=(Property(path="city"),), crm=(Property(path="OrgCity"),))
LINES = Rule(
    name="2",
    erp=(Property(path="a"), Property(path="b")),
    crm=(Property(path="OrgAddress"),),
    transforms=parse("lines"),
)


@pytest.mark.parametrize(
    ("rule", "now", "base", "cleared"),
    [
        (CITY, {"city": ""}, {"city": "Oslo"}, True),
        (CITY, {"city": None}, {"city": "Oslo"}, True),
        (CITY, {"city": "-- Choose --"}, {"city": "Oslo"}, True),
        (CITY, {"city": "Bergen"}, {"city": "Oslo"}, False),
        (CITY, {"city": ""}, {"city": None}, False),
        (CITY, {}, {"city": "Oslo"}, False),
        (CITY, {"city": ""}, {}, False),
        (LINES, {"a": "", "b": ""}, {"a": "Storgata 1", "b": ""}, True),
        (LINES, {"a": "Storgata 1", "b": ""}, {"a": "Storgata 1", "b": "2. etg."}, False),
    ],
)
def test_is_cleared_where_it_says_nothing_any_more(
    rule: Rule, now: Values, base: Values, cleared: bool
) -> None:
    assert is_cleared(rule, Side.ERP, now, base) is cleared


@pytest.mark.parametrize(
    ("said", "overwritten", "cleared"),
    [
        ({"city": ""}, {"OrgCity": "Oslo"}, True),
        ({"city": ""}, {"OrgCity": ""}, False),
        ({"city": "Bergen"}, {"OrgCity": "Oslo"}, False),
        ({}, {"OrgCity": "Oslo"}, False),
    ],
)
def test_was_cleared_where_a_blank_overwrote_a_value(
    said: Values, overwritten: Values, cleared: bool
) -> None:
    assert was_cleared(CITY, Side.ERP, said, overwritten) is cleared


@pytest.mark.parametrize(
    ("facts", "from_erp", "from_crm"),
    [
        ({}, True, True),
        ({"direction": Direction.TO_CRM}, True, False),
        ({"direction": Direction.TO_ERP}, False, True),
        ({"blank": BlankRule.KEEP}, False, False),
        ({"blank": BlankRule.PROTECT}, False, False),
        ({"only_on_create": True}, False, False),
    ],
)
def test_carries_blanks_the_way_values_travel(
    facts: dict[str, object], from_erp: bool, from_crm: bool
) -> None:
    rule = Rule(name="1", erp=CITY.erp, crm=CITY.crm, **facts)  # type: ignore[arg-type]
    assert (carries_blanks(rule, Side.ERP), carries_blanks(rule, Side.CRM)) == (from_erp, from_crm)
