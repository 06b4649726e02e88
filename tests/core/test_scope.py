"""Which records a pair is about."""

from __future__ import annotations

from typing import Any

import pytest

from sync.core.records import Value
from sync.core.scope import BadCondition, excluded, parse_conditions

CASES = [
    ("a listed value is in", "in", ["Kunde"], "kunde ", None),
    (
        "another value is out",
        "in",
        ["Kunde", "Emne"],
        "Leverandør",
        "'type' is 'Leverandør', not one of 'Kunde', 'Emne'.",
    ),
    ("a blank is out of a list", "in", ["Kunde"], None, "'type' is '', not one of 'Kunde'."),
    ("yes and no are listed as words", "in", [True], True, None),
    ("a value not forbidden is in", "not_in", ["Leverandør"], "Kunde", None),
    (
        "a forbidden value is out",
        "not_in",
        ["Leverandør"],
        "Leverandør",
        "'type' is 'Leverandør', and the pair leaves out 'Leverandør'.",
    ),
    ("something is filled", "filled", [], "x", None),
    ("a placeholder is not filled", "filled", [], "-- vælg --", "'type' is blank."),
    ("nothing is blank", "blank", [], "", None),
    ("something is not blank", "blank", [], "x", "'type' is not blank: it is 'x'."),
]


@pytest.mark.parametrize(
    ("operator", "listed", "value", "why"), [row[1:] for row in CASES], ids=[row[0] for row in CASES]
)
def test_says_why_a_record_is_out(operator: str, listed: list[Any], value: Value, why: str | None) -> None:
    conditions = parse_conditions([{"path": "type", "operator": operator, "values": listed}])
    assert excluded(conditions, {"type": value}) == why


def test_what_is_unknown_excludes_nothing() -> None:
    conditions = parse_conditions([{"path": "type", "operator": "filled"}])
    assert excluded(conditions, {}) is None


def test_the_first_condition_not_met_is_the_reason() -> None:
    rows = [{"path": "a", "operator": "filled"}, {"path": "b", "operator": "filled"}]
    assert excluded(parse_conditions(rows), {"a": "1", "b": ""}) == "'b' is blank."


BAD: list[tuple[str, dict[str, Any]]] = [
    ("no path", {"operator": "in", "values": ["a"]}),
    ("no operator", {"path": "type"}),
    ("an unknown operator", {"path": "type", "operator": "like", "values": ["a"]}),
    ("a text for a list", {"path": "type", "operator": "in", "values": "abc"}),
    ("nothing to compare with", {"path": "type", "operator": "in", "values": []}),
]


@pytest.mark.parametrize("row", [row[1] for row in BAD], ids=[row[0] for row in BAD])
def test_refuses_a_condition_it_cannot_read(row: dict[str, Any]) -> None:
    with pytest.raises(BadCondition, match=r"^.+\. .+\.$"):
        parse_conditions([row])
