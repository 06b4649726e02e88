"""The order and the indexes that are kept while records change, against the plainest model."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.customerp import cursors
from sandbox.customerp.problems import Problem
from sandbox.customerp.rows import Rows, value_at

KEYS = st.sampled_from("abcdef")
DEEDS = st.lists(st.tuples(KEYS, st.integers(0, 3), st.sampled_from(["x", "y", None])), max_size=40)
"""(key, stamp, colour); the stamp 0 removes the record."""


def row(key: str, stamp: int, colour: str | None) -> dict[str, Any]:
    return {"id": key, "updatedAt": str(stamp), "tint": {"colour": colour}}


def after_deeds(deeds: list[tuple[str, int, str | None]]) -> tuple[Rows, dict[str, dict[str, Any]]]:
    rows, model = Rows([], indexed=["tint.colour"]), dict[str, dict[str, Any]]()
    for key, stamp, colour in deeds:
        if stamp == 0:
            rows.remove(key)
            model.pop(key, None)
        else:
            rows.put(row(key, stamp, colour))
            model[key] = row(key, stamp, colour)
    return rows, model


@given(DEEDS)
def test_the_order_is_always_sorted(deeds: list[tuple[str, int, str | None]]) -> None:
    rows, model = after_deeds(deeds)
    by_stamp = sorted(model.values(), key=lambda each: (each["updatedAt"], each["id"]))
    assert list(rows.after(cursors.START)) == by_stamp
    assert list(rows.after(cursors.START, by_id=True)) == sorted(
        model.values(), key=lambda each: str(each["id"])
    )


@given(DEEDS, st.integers(0, 3), KEYS)
def test_a_place_cuts_the_order_in_two(
    deeds: list[tuple[str, int, str | None]], stamp: int, key: str
) -> None:
    rows, model = after_deeds(deeds)
    place = (str(stamp), key)
    behind = {each["id"] for each in rows.after(place)}
    assert behind == {each["id"] for each in model.values() if (each["updatedAt"], each["id"]) > place}


@given(DEEDS, st.sampled_from(["x", "y"]))
def test_an_index_names_exactly_the_records_that_have_the_value(
    deeds: list[tuple[str, int, str | None]], colour: str
) -> None:
    rows, model = after_deeds(deeds)
    assert rows.having("tint.colour", colour) == {
        key for key, each in model.items() if each["tint"]["colour"] == colour
    }


@pytest.mark.parametrize(
    ("path", "value"), [("a.b", 1), ("a.c", None), ("b.c", None), ("d", "x"), ("d.e", None)]
)
def test_a_dotted_path_ends_in_none_where_the_way_does(path: str, value: Any) -> None:
    assert value_at({"a": {"b": 1}, "d": "x"}, path) == value


@given(st.tuples(st.text(), st.text()))
def test_a_cursor_comes_back(place: tuple[str, str]) -> None:
    assert cursors.parsed(cursors.written(place)) == place


@pytest.mark.parametrize("text", ["x", "W10", "WyJhIl0", "WzEsMl0", "e30", "ø", "=", "%%%", "////"])
def test_any_other_cursor_is_refused(text: str) -> None:
    with pytest.raises(Problem, match="not one of ours"):
        cursors.parsed(text)
