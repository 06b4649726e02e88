"""Blank or not, the same or not, fit or not."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.core.records import Property, Value
from sync.core.values import Unfit, coerce, is_blank, length_of, meaning, number_of, text_of
from sync.core.vocabulary import DataType

EXAMPLES = settings(max_examples=50, deadline=None)
S, I, N, B, T, D = (  # noqa: E741
    DataType.STRING,
    DataType.INTEGER,
    DataType.NUMBER,
    DataType.BOOLEAN,
    DataType.DATETIME,
    DataType.DATE,
)


@pytest.mark.parametrize(
    "value",
    [None, "", "  ", "\u00a0", "0001-01-01T00:00:00+00:00", "--Velg--", "-- vælg --", "-- Vælg ---", "[]"],
)
def test_says_nothing(value: Value) -> None:
    assert is_blank(value)
    assert {meaning(value, kind) for kind in DataType} == {None}


@pytest.mark.parametrize(
    "value", [0, False, Decimal(0), "0", "-", "--", "- a b -", "No", "-1", "[1]", "a--b"]
)
def test_says_something(value: Value) -> None:
    assert not is_blank(value)


SAME = [
    ("text in one or two code points", S, "é", "e\u0301"),
    ("text whatever its line ends", S, "a\r\nb\rc", "a\nb\nc"),
    ("a number and its text", S, 12, "12"),
    ("a number stored as text", N, Decimal("8500.1"), "8500.10"),
    ("a number without and with decimals", I, 5, "5.0"),
    ("nought and minus nought", N, Decimal("-0.0"), 0),
    ("a number in powers of ten", N, "1e21", Decimal(10) ** 21),
    ("yes in three ways", B, True, "Yes"),
    ("yes as a number", B, "1", "true"),
    ("no in two ways", B, False, "No"),
    ("one moment in two zones", T, "2022-08-11T08:45:34+01:00", "2022-08-11T07:45:34Z"),
    ("a moment without a zone is UTC", T, "2022-08-11T07:45:34", "2022-08-11T07:45:34+00:00"),
    ("a moment with a fraction of nothing", T, "2022-08-11T07:45:34.0000000Z", "2022-08-11T07:45:34Z"),
    ("one day in two forms", D, "2018-01-30", "20180130"),
    ("a day and a time on it", D, "2018-06-28", "2018-06-28T00:00:00+02:00"),
]


@pytest.mark.parametrize(("kind", "one", "other"), [row[1:] for row in SAME], ids=[row[0] for row in SAME])
def test_means_the_same(kind: DataType, one: Value, other: Value) -> None:
    assert meaning(one, kind) == meaning(other, kind)
    assert hash(meaning(one, kind)) == hash(meaning(other, kind))


OTHER = [
    ("text of another case", S, "Ann", "ann"),
    ("text with a blank before it", S, "Ann", " Ann"),
    ("a key with zeros", S, "0012", "12"),
    ("whole numbers beyond a float", N, 2**53, 2**53 + 1),
    ("a sum that floats get wrong", N, Decimal("0.3"), "0.30000000000000004"),
    ("a number and what is none", N, Decimal("1234.50"), "1.234,50"),
    ("no and nothing said", B, False, None),
    ("nought and nothing said", N, 0, None),
    ("moments a second apart", T, "2022-08-11T07:45:34Z", "2022-08-11T07:45:35Z"),
    ("what is no number", N, "Infinity", "NaN"),
]


@pytest.mark.parametrize(("kind", "one", "other"), [row[1:] for row in OTHER], ids=[row[0] for row in OTHER])
def test_means_something_else(kind: DataType, one: Value, other: Value) -> None:
    assert meaning(one, kind) != meaning(other, kind)


FIT = [
    ("text stays as typed", S, " Ann ", " Ann "),
    ("a blank is nothing", S, "  ", None),
    ("a number becomes text", S, Decimal("12.50"), "12.50"),
    ("yes becomes text", S, True, "true"),
    ("text becomes a whole number", I, " 12 ", 12),
    ("a number without a fraction is whole", I, Decimal("12.0"), 12),
    ("text becomes an exact number", N, "0.1", Decimal("0.1")),
    ("Yes becomes true", B, "Yes", True),
    ("a moment is written in UTC", T, "2022-08-11T08:45:34+01:00", "2022-08-11T07:45:34+00:00"),
    ("a day becomes its first moment", T, "2018-06-28", "2018-06-28T00:00:00+00:00"),
    ("a moment becomes its day", D, "2018-06-28T10:00:00+02:00", "2018-06-28"),
]


@pytest.mark.parametrize(("kind", "value", "wanted"), [row[1:] for row in FIT], ids=[row[0] for row in FIT])
def test_is_made_fit(kind: DataType, value: Value, wanted: Value) -> None:
    fitting = coerce(value, Property(path="p", type=kind))
    assert fitting == wanted
    assert type(fitting) is type(wanted)


UNFIT = [
    ("a fraction for a whole number", Property(path="p", type=I), "1.5"),
    ("a number webCRM has no room for", Property(path="p", type=I), 2**31),
    ("words for a number", Property(path="p", type=N), "many"),
    ("a number nobody can write out", Property(path="p", type=N), "1e999999999"),
    ("words for yes or no", Property(path="p", type=B), "perhaps"),
    ("words for a day", Property(path="p", type=D), "soon"),
    ("words for a moment", Property(path="p", type=T), "soon"),
    ("text that is too long", Property(path="p", max_length=3), "Anna"),
    ("an emoji where one unit is left", Property(path="p", max_length=3), "ab😀"),
    ("a value among none of the options", Property(path="p", options=("A", "B")), "C"),
    ("nothing where something is required", Property(path="p", required=True), " "),
    ("a character no database takes", Property(path="p"), "a\x00b"),
    ("half a character", Property(path="p"), "a\ud83d"),
]


@pytest.mark.parametrize(("end", "value"), [row[1:] for row in UNFIT], ids=[row[0] for row in UNFIT])
def test_is_unfit_and_says_what_to_do(end: Property, value: Value) -> None:
    with pytest.raises(Unfit, match=r"^'p' .+\. .+\.$"):
        coerce(value, end)


def test_names_the_first_few_options() -> None:
    with pytest.raises(Unfit, match=r"no option 'x'. It has '0', '1', '2', '3', '4' …\. "):
        coerce("x", Property(path="p", options=tuple("0123456")))


def test_a_long_value_is_quoted_short() -> None:
    with pytest.raises(Unfit) as caught:
        coerce("x" * 5000, Property(path="p", type=N))
    assert len(str(caught.value)) < 200


def test_length_is_counted_in_the_units_webcrm_counts() -> None:
    assert (length_of("Ann"), length_of("é"), length_of("😀"), length_of("👨‍👩‍👧")) == (3, 1, 2, 8)


anything = st.one_of(st.none(), st.booleans(), st.integers(), st.decimals(), st.text(max_size=20))


@EXAMPLES
@given(anything, st.sampled_from(DataType))
def test_everything_has_a_meaning(value: Value, kind: DataType) -> None:
    assert meaning(value, kind) == meaning(value, kind)
    assert (meaning(value, kind) is None) is is_blank(value)
    hash(meaning(value, kind))


@EXAMPLES
@given(anything, st.sampled_from(DataType))
def test_what_is_made_fit_stays_fit_and_keeps_its_meaning(value: Value, kind: DataType) -> None:
    end = Property(path="p", type=kind)
    try:
        fitting = coerce(value, end)
    except Unfit:
        return
    assert coerce(fitting, end) == fitting
    assert meaning(fitting, kind) == meaning(value, kind) or (kind is S and isinstance(value, Decimal))


@EXAMPLES
@given(st.decimals(allow_nan=False, allow_infinity=False, places=6))
def test_a_number_survives_being_kept_as_text(number: Decimal) -> None:
    assert number_of(text_of(number)) == number
    assert meaning(str(number), N) == meaning(number, N)
