"""What a record is looked up by, and what its hits come to."""

from __future__ import annotations

from typing import Any

import pytest

from sync.core.match import Answer, Candidates, MatchKey, judge, match_values
from sync.core.records import Property, Values
from sync.core.vocabulary import DataType, Direction, Side
from tests.core.build import nowhere, rule

RULES = [
    rule("number", transforms="trim | digits"),
    rule("email", transforms="trim | lower"),
    rule("name", transforms="trim | cut(6)"),
    rule("first"),
    rule("parent", transforms="ref(Customers)", crm=(Property(path="Parent", type=DataType.INTEGER),)),
    rule("key", transforms="prefix(webcrm:)", direction=Direction.TO_ERP),
    rule("price", transforms="number(2)", crm=(Property(path="Price", type=DataType.NUMBER),)),
]


def key(*by: str, position: int = 1, **settings: Any) -> MatchKey:
    return MatchKey(position=position, by=by, **settings)


def value(side: Side, values: Values, *by: str) -> str | None:
    return match_values([key(*by)], RULES, side=side, values=values, references=nowhere).get(1)


MEET: list[tuple[str, tuple[str, ...], Values, Values]] = [
    (
        "numbers whatever is between the digits",
        ("number",),
        {"number": "924 618 094"},
        {"Number": "NO924618094MVA"},
    ),
    ("e-mails whatever the case", ("email",), {"email": " Ann@Example.com"}, {"Email": "ann@example.COM"}),
    ("a long name and its cut", ("name",), {"name": "Annabel Larsen"}, {"Name": "Annabe"}),
    ("several parts at once", ("first", "email"), {"first": "A", "email": "B"}, {"First": "A", "Email": "b"}),
    ("a key the other side was given", ("key",), {"key": "webcrm:145"}, {"Key": "145"}),
    ("numbers whatever their decimals", ("price",), {"price": "10.001"}, {"Price": "10.00"}),
]


@pytest.mark.parametrize(("by", "erp", "crm"), [row[1:] for row in MEET], ids=[row[0] for row in MEET])
def test_meet(by: tuple[str, ...], erp: Values, crm: Values) -> None:
    assert value(Side.ERP, erp, *by) == value(Side.CRM, crm, *by) is not None


LEFT_OUT: list[tuple[str, tuple[str, ...], Values]] = [
    ("a blank", ("email",), {"email": " "}),
    ("an absent value", ("email",), {}),
    ("one blank part of two", ("first", "email"), {"first": "A", "email": ""}),
    ("a value that cannot be said in webCRM", ("number",), {"number": "none"}),
    ("a reference without a counterpart", ("parent",), {"parent": "cus_1"}),
    ("a key of somebody else", ("key",), {"key": "other:145"}),
    ("a rule that is not there", ("nobody",), {"nobody": "1"}),
    ("a key of nothing", (), {"email": "a"}),
]


@pytest.mark.parametrize(("by", "values"), [row[1:] for row in LEFT_OUT], ids=[row[0] for row in LEFT_OUT])
def test_is_left_out(by: tuple[str, ...], values: Values) -> None:
    assert value(Side.ERP, values, *by) is None


def test_parts_do_not_run_into_each_other() -> None:
    one = value(Side.ERP, {"first": "a b", "email": "c"}, "first", "email")
    assert one != value(Side.ERP, {"first": "a", "email": "b c"}, "first", "email")


VERDICTS = [
    ("nothing found creates", [Candidates(key=key("a"), found=())], Answer.NONE),
    ("no key at all creates", [], Answer.NONE),
    ("one hit links", [Candidates(key=key("a"), found=("1",))], Answer.LINK),
    ("several wait", [Candidates(key=key("a"), found=("1", "2"))], Answer.ASK),
    ("a hit with several hits back waits", [Candidates(key=key("a"), found=("1",), rivals=1)], Answer.ASK),
    ("a proposal waits", [Candidates(key=key("a", propose=True), found=("1",))], Answer.ASK),
    (
        "the first key that finds anything decides",
        [
            Candidates(key=key("b", position=2), found=("1",)),
            Candidates(key=key("a", position=1), found=("2", "3")),
            Candidates(key=key("c", position=0), found=()),
        ],
        Answer.ASK,
    ),
]


@pytest.mark.parametrize(
    ("candidates", "answer"), [row[1:] for row in VERDICTS], ids=[row[0] for row in VERDICTS]
)
def test_judges(candidates: list[Candidates], answer: Answer) -> None:
    verdict = judge(candidates)
    assert verdict.answer is answer
    assert verdict.why.endswith(".")
