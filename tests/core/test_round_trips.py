"""Every transform that claims a way back has one, and compares by a form that is stable."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.core.mapping import Rule, essence, same, translate
from sync.core.records import Property, Value
from sync.core.transforms.chain import TRANSFORMS, parse
from sync.core.transforms.transform import Leave
from sync.core.vocabulary import DataType, Side
from tests.core.build import nowhere

EXAMPLES = settings(max_examples=30, deadline=None)

# One row a transform that claims a way back: how it is typed, and values of the ERP it is made for.
FINITE = st.decimals(allow_nan=False, allow_infinity=False)
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9)
ROUND_TRIPS: dict[str, tuple[str, DataType, st.SearchStrategy[Any]]] = {
    "trim": ("trim", DataType.STRING, WORDS),
    "lower": ("lower", DataType.STRING, WORDS),
    "upper": ("upper", DataType.STRING, WORDS),
    "digits": ("digits", DataType.STRING, st.from_regex(r"[A-Z]{0,2}[0-9 ]{1,9}[0-9]", fullmatch=True)),
    "phone": ("phone", DataType.STRING, WORDS),
    "country": ("country", DataType.STRING, st.sampled_from(["NO", "DK", "SE", "DE", "PE", "US", "GB"])),
    "url": ("url", DataType.STRING, WORDS),
    "number": ("number(2)", DataType.NUMBER, NUMBERS),
    "date": ("date", DataType.DATE, st.dates().map(str)),
    "date0": ("date0", DataType.DATE, st.dates().map(str)),
    "yesno": ("yesno", DataType.BOOLEAN, st.booleans()),
    "options": ("options(a=A, b=B, c=A)", DataType.STRING, st.sampled_from(["a", "b"])),
    "dash": ("dash", DataType.STRING, WORDS),
    "prefix": ("prefix(webcrm:)", DataType.STRING, st.integers(1, 999).map("webcrm:{}".format)),
    "placeholder": ("placeholder", DataType.STRING, WORDS),
    "text": ("text", DataType.INTEGER, st.integers(-(2**31), 2**31 - 1)),
}
ELSEWHERE = {"const", "cut", "lines", "ref"}  # no way back; loses on purpose; several values; needs links


def test_every_transform_is_proved_somewhere() -> None:
    assert set(ROUND_TRIPS) | ELSEWHERE == set(TRANSFORMS)


@pytest.mark.parametrize("name", ROUND_TRIPS)
@EXAMPLES
@given(data=st.data())
def test_what_goes_over_comes_back_the_same(name: str, data: st.DataObject) -> None:
    chain, kind, strategy = ROUND_TRIPS[name]
    each = Rule(
        name="f", erp=(Property(path="f", type=kind),), crm=(Property(path="F"),), transforms=parse(chain)
    )
    erp = {"f": data.draw(strategy)}
    there = translate(each, erp, source=Side.ERP, references=nowhere)
    assert not isinstance(there, Leave)
    here = translate(each, there, source=Side.CRM, references=nowhere)
    assert not isinstance(here, Leave)
    assert essence(each, Side.ERP, here) == essence(each, Side.ERP, erp)
    assert same(each, erp, there, references=nowhere)
    assert translate(each, here, source=Side.ERP, references=nowhere) == there or name in ("phone", "url")


@pytest.mark.parametrize("name", sorted(set(ROUND_TRIPS)))
@EXAMPLES
@given(value=st.one_of(st.none(), st.booleans(), st.integers(), FINITE, st.text(max_size=8)))
def test_an_essence_takes_anything_and_is_its_own_essence(name: str, value: Value) -> None:
    (step,) = parse(ROUND_TRIPS[name][0])
    once = step.essence(value)
    assert step.essence(once) == once
