"""What a rule makes of values, when it sees a move, and what cannot work in a mapping."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sync.core.mapping import Rule, check_rules, moved, same, translate
from sync.core.records import Property, Value
from sync.core.transforms.transform import LEAVE
from sync.core.vocabulary import DataType, Direction, Policy, Side
from tests.core.build import nowhere, rule

TO_CRM, TO_ERP = Direction.TO_CRM, Direction.TO_ERP

MOVES = [
    ("another word", "", "Ann", "Anna", True),
    ("the same word", "", "Ann", "Ann", False),
    ("something cleared", "", "", "Ann", True),
    ("one blank for another", "", None, "-- vælg --", False),
    ("a phone typed otherwise", "phone", "22 33", "2233", False),
    ("a change behind the cut", "cut(2)", "Anna", "Anne", True),
    ("a change below the rounding", "number(1)", "1.24", "1.21", False),
    ("a dash for nothing", "dash", "-", "", False),
    ("a number for a yes", "", 1, True, True),
]


@pytest.mark.parametrize(
    ("transforms", "now", "base", "is_move"), [row[1:] for row in MOVES], ids=[row[0] for row in MOVES]
)
def test_sees_a_move_in_a_sides_own_words(transforms: str, now: Value, base: Value, is_move: bool) -> None:
    assert moved(rule("f", transforms=transforms), Side.ERP, {"f": now}, {"f": base}) is is_move


def test_absent_values_never_move() -> None:
    assert not moved(rule("f"), Side.ERP, {}, {"f": "x"})
    assert not moved(rule("f"), Side.ERP, {"f": "x"}, {})


def test_an_absent_value_says_nothing_to_the_other_side() -> None:
    assert translate(rule("f"), {}, source=Side.ERP, references=nowhere) is LEAVE


def test_values_kept_as_text_compare_as_their_type() -> None:
    price = Property(path="price", type=DataType.NUMBER)
    each = rule("price", erp=(price,), crm=(Property(path="Price", type=DataType.NUMBER),))
    assert not moved(each, Side.ERP, {"price": Decimal("8500.10")}, {"price": "8500.1"})
    assert same(each, {"price": "8500.1"}, {"Price": Decimal("8500.100")}, references=nowhere)


def test_a_constant_is_written_as_its_property_wants_it() -> None:
    each = rule("owner", transforms="const(2)", erp=(), crm=(Property(path="Owner", type=DataType.INTEGER),))
    assert translate(each, {}, source=Side.ERP, references=nowhere) == {"Owner": 2}


def end(path: str, kind: DataType = DataType.STRING, **facts: Any) -> tuple[Property, ...]:
    return (Property(path=path, type=kind, **facts),)


SOUND: list[tuple[str, list[Rule]]] = [
    ("plain text both ways", [rule()]),
    ("a key one way", [rule("id", transforms="text", direction=TO_CRM)]),
    ("a constant one way", [rule("owner", transforms="const(2)", erp=(), direction=TO_CRM)]),
    ("two lines", [rule("a", transforms="lines", erp=(*end("a1"), *end("a2")))]),
    (
        "one ERP property to two places, one way",
        [rule("x", direction=TO_CRM), rule("y", erp=end("x"), direction=TO_CRM)],
    ),
    ("a read-only property that is only read", [rule("n", crm=end("N", read_only=True), direction=TO_ERP)]),
    ("options webCRM has", [rule("o", transforms="options(a=A)", crm=end("O", options=("A", "B")))]),
    ("a check box as text", [rule("b", transforms="yesno", erp=end("b", DataType.BOOLEAN))]),
    ("a day as a moment", [rule("d", erp=end("d", DataType.DATE), crm=end("D", DataType.DATETIME))]),
]


@pytest.mark.parametrize("rules", [row[1] for row in SOUND], ids=[row[0] for row in SOUND])
def test_a_sound_mapping_has_no_faults(rules: list[Rule]) -> None:
    assert check_rules(rules) == []


FAULTS: list[tuple[str, str, list[Rule]]] = [
    ("no webCRM property", "names no webCRM property", [rule("f", crm=())]),
    ("no ERP property", "names no ERP property", [rule("f", erp=())]),
    (
        "a constant with a source",
        "'const' needs no ERP property",
        [rule("f", transforms="const(1)", direction=TO_CRM)],
    ),
    ("several sources without lines", "with 'lines' only", [rule("f", erp=(*end("a"), *end("b")))]),
    ("no way back", "'const' has no way back", [rule("f", transforms="const(1)", erp=())]),
    ("read-only in webCRM", "webCRM keeps 'F' itself", [rule("f", crm=end("F", read_only=True))]),
    ("read-only in the ERP", "The ERP keeps 'f' itself", [rule("f", erp=end("f", read_only=True))]),
    (
        "an option webCRM does not have",
        "has no option 'X'",
        [rule("f", transforms="options(a=A, x=X)", crm=end("F", options=("A",)))],
    ),
    (
        "a constant webCRM does not have",
        "has no option 'X'",
        [rule("f", transforms="const(X)", erp=(), crm=end("F", options=("A",)), direction=TO_CRM)],
    ),
    (
        "types that never meet",
        "'f' is boolean and 'F' is string",
        [rule("f", erp=end("f", DataType.BOOLEAN))],
    ),
    ("one target twice", "webCRM's 'F' is written by another row", [rule("e", crm=end("F")), rule("f")]),
    (
        "one ERP property filled from two",
        "The ERP's 'x' is written by another row",
        [rule("e", erp=end("x"), direction=TO_ERP), rule("f", erp=end("x"), direction=TO_ERP)],
    ),
    (
        "a group of two directions",
        "win together",
        [rule("e", group="g"), rule("f", group="g", direction=TO_CRM)],
    ),
    (
        "a group of two policies",
        "win together",
        [rule("e", group="g"), rule("f", group="g", policy=Policy.ASK)],
    ),
]


@pytest.mark.parametrize(("sentence", "rules"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_a_fault_is_named_with_what_to_do(sentence: str, rules: list[Rule]) -> None:
    ((name, message),) = check_rules(rules)
    assert name == "f"
    assert sentence in message
    assert message.count(". ") >= 1
