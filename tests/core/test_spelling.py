"""What a system made of what it was given."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.core.records import Property, Value
from sync.core.spelling import spelling
from sync.core.vocabulary import DataType

KNOWN = [
    ("cut", DataType.STRING, "Annabel Larsen", "Annabel"),
    ("cut", DataType.STRING, "Annabel Larsen og sønner", "annabel larsen"),
    ("cut", DataType.STRING, "R & D <x>", "R &amp; D"),
    ("trimmed", DataType.STRING, " Ann ", "Ann"),
    ("re-cased", DataType.STRING, "oslo", "Oslo"),
    ("blanks collapsed", DataType.STRING, "Ann  B", "Ann B"),
    ("blanks collapsed and re-cased", DataType.STRING, "ann  b", "Ann B"),
    ("escaped", DataType.STRING, "R & D", "R &amp; D"),
    ("normal form", DataType.STRING, "e\u0301", "é"),
    ("normal form", DataType.STRING, "a\r\nb", "a\nb"),
    ("normal form", DataType.STRING, "", "-- vælg --"),
    ("rounded", DataType.NUMBER, Decimal("10.125"), "10.12"),
    ("rounded", DataType.NUMBER, Decimal("10.125"), Decimal("10.13")),
    ("rounded", DataType.NUMBER, "10.9", 10),
    ("rounded", DataType.STRING, "10.125", "10.13"),
    ("normal form", DataType.NUMBER, "10.50", Decimal("10.5")),
    ("normal form", DataType.DATE, "2018-01-30", "20180130"),
    ("rounded", DataType.DATETIME, "2018-01-30T10:00:00.250Z", "2018-01-30T10:00:00Z"),
    ("rounded", DataType.DATETIME, "2018-01-30T10:00:00Z", "2018-01-30T00:00:00Z"),
    ("normal form", DataType.DATETIME, "2018-01-30T10:00:00Z", "2018-01-30T11:00:00+01:00"),
    ("normal form", DataType.BOOLEAN, True, "Yes"),
]

ANOTHER = [
    ("another word", DataType.STRING, "Ann", "Bob"),
    ("a longer word", DataType.STRING, "Ann", "Anna"),
    ("the end of a word", DataType.STRING, "Annabel", "bel"),
    ("nothing", DataType.STRING, "Ann", ""),
    ("something for nothing", DataType.STRING, "", "Ann"),
    ("another number", DataType.NUMBER, Decimal("10.12"), Decimal("10.2")),
    ("a number with more decimals", DataType.NUMBER, Decimal("10.1"), Decimal("10.12")),
    ("tens for ones", DataType.NUMBER, 12, 10),
    ("a number for words", DataType.NUMBER, 12, "twelve"),
    ("another day", DataType.DATE, "2018-01-30", "2018-01-31"),
    ("another hour", DataType.DATETIME, "2018-01-30T10:00:00Z", "2018-01-30T11:00:00Z"),
    ("the other answer", DataType.BOOLEAN, True, "No"),
]


@pytest.mark.parametrize(("name", "kind", "written", "held"), KNOWN)
def test_names_the_change(name: str, kind: DataType, written: Value, held: Value) -> None:
    assert spelling(written, held, Property(path="p", type=kind)) == name


@pytest.mark.parametrize(
    ("kind", "written", "held"), [row[1:] for row in ANOTHER], ids=[row[0] for row in ANOTHER]
)
def test_is_another_value(kind: DataType, written: Value, held: Value) -> None:
    assert spelling(written, held, Property(path="p", type=kind)) is None


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=12), st.text(max_size=12), st.sampled_from(DataType))
def test_what_is_held_as_written_is_no_other_value(written: str, held: str, kind: DataType) -> None:
    end = Property(path="p", type=kind)
    assert spelling(written, written, end) == "normal form"
    assert spelling(written, held, end) in {None, *(row[0] for row in KNOWN)} | {"unicode form", "line ends"}
