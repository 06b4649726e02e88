"""Every transform: what it makes of a value, its way back, and when two values are the same to it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.core.mapping import same, translate
from sync.core.records import Property, Value
from sync.core.transforms.countries import LANGUAGES, NAMES, code_of, name_of
from sync.core.transforms.transform import LEAVE, Leave, Unlinked, Untranslatable
from sync.core.values import Unfit
from sync.core.vocabulary import DataType, Side
from tests.core.build import nowhere, rule

EXAMPLES = settings(max_examples=30, deadline=None)


def forward(chain: str, value: Value, **crm: Any) -> Any:
    each = rule("f", transforms=chain, crm=(Property(path="F", **crm),))
    found = translate(each, {"f": value}, source=Side.ERP, references=nowhere)
    return found if isinstance(found, Leave) else found["F"]


def back(chain: str, value: Value, **erp: Any) -> Any:
    each = rule("f", transforms=chain, erp=(Property(path="f", **erp),))
    found = translate(each, {"F": value}, source=Side.CRM, references=nowhere)
    return found if isinstance(found, Leave) else found["f"]


FORWARD = [
    ("no transform leaves text as it is", "", " Ann ", " Ann "),
    ("a blank stays blank", "trim", "  ", None),
    ("trim takes blanks off both ends", "trim", "\t Ann\u00a0", "Ann"),
    ("trim takes out what nobody can see", "trim", "\ufeffAn\u200bn", "Ann"),
    ("lower writes small letters", "lower", "Ann@Example.COM", "ann@example.com"),
    ("upper writes capitals", "upper", "nok", "NOK"),
    ("digits keeps digits only", "digits", "NO 924 618 094 MVA", "924618094"),
    ("digits keeps leading zeros", "digits", "0012", "0012"),
    ("phone keeps the text as typed", "phone", "+47 22 33 44 55", "+47 22 33 44 55"),
    ("url keeps the text as typed", "url", "https://Example.com/", "https://Example.com/"),
    ("number rounds half to even", "number(2)", Decimal("2.345"), "2.34"),
    ("number takes text", "number(1)", "1e2", "100.0"),
    ("number without brackets has two decimals", "number", "1.005", "1.00"),
    ("date drops the time and keeps the day as written", "date", "1980-06-15T00:30:00+02:00", "1980-06-15"),
    ("date reads the short form", "date", "20180130", "2018-01-30"),
    ("an unset date is blank", "date", "0001-01-01T00:00:00+00:00", None),
    ("date0 is date by another name", "date0", "20180130", "2018-01-30"),
    ("yesno says Yes", "yesno", True, "Yes"),
    ("yesno says No", "yesno", False, "No"),
    ("options translate", "options(true=Resigned, false=Active)", True, "Resigned"),
    ("options take the default for the rest", "options(1=One, *=Many)", "7", "Many"),
    ("options with an empty default leave the rest", "options(true=Inactive, *=)", False, LEAVE),
    ("options may clear", "options(none=, a=A)", "none", None),
    ("options may be quoted", 'options("a, b"="c=d", e=f)', "a, b", "c=d"),
    ("a constant ignores the value", "const(7)", "anything", "7"),
    ("cut keeps what fits", "cut(4)", "Annabel", "Anna"),
    ("cut leaves no blank at the end", "cut(4)", "Ann Bell", "Ann"),
    ("dash stands for a blank", "dash", "", "-"),
    ("dash leaves a value alone", "dash", "Ann", "Ann"),
    ("prefix comes off on the way to webCRM", "prefix(webcrm:)", "webcrm:145", "145"),
    ("text writes a number without a fraction", "text", Decimal("25.00"), "25"),
    ("text keeps leading zeros", "text", "0012", "0012"),
    ("a placeholder is blank", "placeholder", "-- vælg --", None),
    ("country names a code in Danish unless told", "country", "NO", "Norge"),
    ("country names a code in a language", "country(de)", "dk", "Dänemark"),
    ("country falls back to English", "country(fi)", "PE", "Peru"),
    ("several transforms work from left to right", "trim | lower | cut(3)", "  ABCD", "abc"),
]


@pytest.mark.parametrize(
    ("chain", "value", "wanted"), [row[1:] for row in FORWARD], ids=[row[0] for row in FORWARD]
)
def test_on_the_way_to_webcrm(chain: str, value: Value, wanted: Any) -> None:
    assert forward(chain, value) == wanted


BACK = [
    ("trim works both ways", "trim", " Ann ", "Ann"),
    ("yesno answers", "yesno", "Yes", "true"),
    ("options go back", "options(true=Resigned, false=Active)", "Resigned", "true"),
    ("options go back to the first of several", "options(a=A, b=A)", "A", "a"),
    ("options leave what they do not list", "options(true=Resigned, false=Active)", "Guest", LEAVE),
    ("options leave what only the default makes", "options(1=One, *=Many)", "Many", LEAVE),
    ("a dash is blank", "dash", " - ", None),
    ("prefix goes on", "prefix(webcrm:)", Decimal(145), "webcrm:145"),
    ("cut does nothing on the way back", "cut(2)", "Annabel", "Annabel"),
    ("country finds the code of a name", "country", "Norwegen", "NO"),
    ("a constant has no way back", "const(7)", "7", LEAVE),
]


@pytest.mark.parametrize(
    ("chain", "value", "wanted"), [row[1:] for row in BACK], ids=[row[0] for row in BACK]
)
def test_on_the_way_to_the_erp(chain: str, value: Value, wanted: Any) -> None:
    assert back(chain, value) == wanted


REFUSED = [
    ("no digits at all", "digits", "none"),
    ("a number with a comma", "number(2)", "1.234,50"),
    ("a number with its currency", "number(2)", "kr 10"),
    ("a number beyond writing", "number(2)", "1e9999"),
    ("no date", "date", "yesterday"),
    ("neither yes nor no", "yesno", "perhaps"),
    ("an option not listed", "options(a=A)", "b"),
    ("no country", "country", "Narnia"),
    ("another prefix", "prefix(webcrm:)", "other:1"),
]


@pytest.mark.parametrize(("chain", "value"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_says_what_cannot_be_translated(chain: str, value: Value) -> None:
    with pytest.raises(Untranslatable, match=r"'.+'.*\. .+\.$"):
        forward(chain, value)


SAME = [
    ("phones by their digits", "phone", "+47 22-33 44.55", "0047 22 33 44 55"),
    ("phones with a trunk zero", "phone", "+44 (0)20 7946 0000", "+44 20 7946 0000"),
    ("addresses of pages whatever the scheme", "url", "https://Example.com/", "example.com"),
    ("letters whatever the case, where lower is asked", "lower", "A@B.DK", "a@b.dk"),
    ("numbers within the rounding", "number(2)", Decimal("10.001"), "10.00"),
    ("days whatever the time", "date", "1980-06-15", "1980-06-15T01:00:00+01:00"),
    ("check boxes", "yesno", True, "Yes"),
    ("a name and what cut leaves of it", "cut(4)", "Annabel", "Anna"),
    ("a long name held uncut", "cut(4)", "Annabel", "Annabel"),
    ("two names of one country", "country", "DK", "Denmark"),
    ("a blank and a dash", "dash", None, "-"),
    ("line ends", "", "a\nb", "a\r\nb"),
    ("letters composed or not", "", "é", "e\u0301"),
    ("two blanks", "", "", "-- vælg --"),
]


@pytest.mark.parametrize(("chain", "erp", "crm"), [row[1:] for row in SAME], ids=[row[0] for row in SAME])
def test_says_the_same(chain: str, erp: Value, crm: Value) -> None:
    assert same(rule("f", transforms=chain), {"f": erp}, {"F": crm}, references=nowhere)


OTHER = [
    ("phones of which one says more", "phone", "22334455", "22334455 ask for Ann"),
    ("letters of another case, where nobody asked", "", "Ann", "ann"),
    ("pages below one address", "url", "example.com/a", "example.com/b"),
    ("numbers beyond the rounding", "number(2)", "10.01", "10.02"),
    ("a value and an option the table does not know", "options(true=Resigned)", True, "Guest"),
    ("a key with and without zeros", "text", "12", "0012"),
]


@pytest.mark.parametrize(("chain", "erp", "crm"), [row[1:] for row in OTHER], ids=[row[0] for row in OTHER])
def test_says_something_else(chain: str, erp: Value, crm: Value) -> None:
    assert not same(rule("f", transforms=chain), {"f": erp}, {"F": crm}, references=nowhere)


class TestLines:
    RULE = rule(
        "a",
        transforms="trim | lines",
        erp=(Property(path="a1"), Property(path="a2")),
        crm=(Property(path="A"),),
    )

    @pytest.mark.parametrize(
        ("erp", "crm"),
        [
            (("Storgata 1", "4. etg."), "Storgata 1\r\n4. etg."),
            (("Storgata 1", None), "Storgata 1"),
            ((None, None), None),
        ],
    )
    def test_goes_and_comes_back(self, erp: tuple[Value, Value], crm: Value) -> None:
        there = translate(
            self.RULE, dict(zip(("a1", "a2"), erp, strict=True)), source=Side.ERP, references=nowhere
        )
        assert there == {"A": crm}
        here = translate(self.RULE, {"A": crm}, source=Side.CRM, references=nowhere)
        assert here == dict(zip(("a1", "a2"), erp, strict=True))

    def test_lines_left_over_stay_together_in_the_last(self) -> None:
        found = translate(self.RULE, {"A": "a\nb\n\nc"}, source=Side.CRM, references=nowhere)
        assert found == {"a1": "a", "a2": "b, c"}
        assert same(self.RULE, {"a1": "a", "a2": "b, c"}, {"A": "a\nb\n\nc"}, references=nowhere)


class TestReference:
    RULE = rule(
        "customer", transforms="ref(Customers)", crm=(Property(path="Organisation", type=DataType.INTEGER),)
    )
    LINKED = {("Customers", Side.ERP, "cus_1"): "145", ("Customers", Side.CRM, "145"): "cus_1"}

    def known(self, pair: str, side: Side, key: str) -> str | None:
        return self.LINKED.get((pair, side, key))

    def test_becomes_the_key_of_the_counterpart(self) -> None:
        there = translate(self.RULE, {"customer": "cus_1"}, source=Side.ERP, references=self.known)
        assert there == {"Organisation": 145}
        here = translate(self.RULE, {"Organisation": Decimal(145)}, source=Side.CRM, references=self.known)
        assert here == {"customer": "cus_1"}

    def test_says_whom_it_waits_for(self) -> None:
        with pytest.raises(Unlinked) as caught:
            translate(self.RULE, {"customer": "cus_2"}, source=Side.ERP, references=self.known)
        assert (caught.value.pair, caught.value.side, caught.value.key) == ("Customers", Side.ERP, "cus_2")

    def test_nought_refers_to_nothing(self) -> None:
        assert translate(self.RULE, {"Organisation": 0}, source=Side.CRM, references=self.known) == {
            "customer": None
        }
        assert same(self.RULE, {"customer": None}, {"Organisation": 0}, references=self.known)


class TestCut:
    def test_takes_the_propertys_own_length(self) -> None:
        assert forward("cut", "Annabel", max_length=3) == "Ann"
        assert forward("cut", "Annabel") == "Annabel"

    @pytest.mark.parametrize(
        ("text", "room", "kept"),
        [
            ("ab👨‍👩‍👧", 5, "ab"),
            ("ab👨‍👩‍👧", 10, "ab👨‍👩‍👧"),
            ("ab😀", 3, "ab"),
            ("abe\u0301", 3, "ab"),
            ("👍🏽!", 3, ""),
        ],
    )
    def test_never_ends_inside_what_a_reader_sees_as_one(self, text: str, room: int, kept: str) -> None:
        assert (forward(f"cut({room})", text) or "") == kept

    @EXAMPLES
    @given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30), st.integers(1, 12))
    def test_fits_and_stays_as_it_is_when_cut_again(self, text: str, room: int) -> None:
        once = forward(f"cut({room})", text, max_length=room)
        assert forward(f"cut({room})", once, max_length=room) == once


class TestCountries:
    @pytest.mark.parametrize("row", NAMES.strip().splitlines())
    def test_every_name_leads_back_to_its_code(self, row: str) -> None:
        code = row.split(" ")[0]
        assert {code_of(name_of(code, language)) for language in LANGUAGES} == {code}

    def test_prefers_the_words_webcrm_offers(self) -> None:
        assert forward("country(da)", "NO", options=("Denmark", "Norway")) == "Norway"


def test_too_long_for_webcrm_without_a_cut_says_so() -> None:
    with pytest.raises(Unfit, match=r"takes 3 characters.*has 7.*'cut'"):
        forward("", "Annabel", max_length=3)
