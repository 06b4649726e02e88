"""Between nested JSON, values by dotted path, and what a JSON Schema says of them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.connectors.rest.expressions import Expression
from sync.connectors.rest.shapes import flat, nested, properties_of, wanted

NAMES = st.text("abc", min_size=1, max_size=3)
SCALARS = st.none() | st.booleans() | st.integers() | st.text("xyz") | st.decimals(allow_nan=False)
OBJECTS = st.recursive(
    st.dictionaries(NAMES, SCALARS, min_size=1),
    lambda inner: st.dictionaries(NAMES, SCALARS | inner, min_size=1),
    max_leaves=8,
)


@given(OBJECTS)
def test_what_is_flattened_can_be_built_again(body):
    values = dict(flat(body))
    assert dict(flat(nested(values))) == values


@pytest.mark.parametrize(
    ("body", "values"),
    [
        ({"a": 1, "b": {"c": "x", "d": None}}, {"a": 1, "b.c": "x", "b.d": None}),
        ({"a": [1, 2], "b": {"c": [{}]}}, {}),
        ({"a": {}}, {}),
        ({"price": Decimal("1.10")}, {"price": Decimal("1.10")}),
        ({"password": "x", "apiKey": "y", "user": {"accessToken": "z", "name": "n"}}, {"user.name": "n"}),
        (
            {
                "pwd": "x",
                "passphrase": "y",
                "passord": "z",
                "lösenord": "a",
                "adgangskode": "b",
                "Kodeord": "c",
            },
            {},
        ),
        ({"text": "a\x00b"}, {"text": "ab"}),
        ({"na\x00me": "a", "pass\x00word": "x"}, {"name": "a"}),
    ],
)
def test_what_becomes_a_value(body, values):
    assert dict(flat(body)) == values


def test_depth_has_an_end():
    body: dict = {}
    inner = body
    for _ in range(500):
        inner["a"] = {"b": 1}
        inner = inner["a"]
    assert len(dict(flat(body))) < 10


@pytest.mark.parametrize(
    ("values", "paths", "shown"),
    [
        ({"a": 1, "b": 2}, (), {"a": 1, "b": 2}),
        ({"a": 1, "b": 2}, ("b", "c"), {"b": 2}),
        ({"address": None}, ("address.city", "name"), {"address.city": None}),
        ({"address.zip": 1}, ("address.city",), {}),
    ],
)
def test_absent_is_told_from_blank(values, paths, shown):
    assert wanted(values, paths) == shown


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"properties": []},
        {"properties": {"a": None, "b": "x", "password": {"type": "string"}}},
        {"properties": {"a": {"type": "array"}, "b": {"type": ["array", "null"]}}},
        {"properties": {"a": {"properties": {}}}},
    ],
)
def test_a_schema_without_scalars_describes_nothing(schema):
    assert properties_of(schema) == ()


@pytest.mark.parametrize(
    ("text", "body", "found"),
    [
        ("$", [1], [1]),
        ("$.a.b", {"a": {"b": 5}}, 5),
        ("a.b", {"a": {"b": 5}}, 5),
        ("$[0].a", [{"a": 5}], 5),
        ("$.d[*].x", {"d": [{"x": 1}, {"x": 2}]}, [1, 2]),
        ("$.x || $.y", {"y": 2}, 2),
        ('$."@odata.next"', {"@odata.next": "n"}, "n"),
        ("$.a", None, None),
        ("length($.a)", {"a": 5}, None),
    ],
)
def test_paths_are_read_with_or_without_a_dollar(text, body, found):
    assert Expression(text).of(body) == found


@pytest.mark.parametrize("text", ["", "$.", "a[", "a b", "..", "$..a"])
def test_what_is_no_path(text):
    with pytest.raises(ValueError, match=r".*"):
        Expression(text)
