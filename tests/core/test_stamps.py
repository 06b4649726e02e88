"""When each value last moved."""

from __future__ import annotations

from datetime import timedelta

from sync.core.stamps import restamp
from sync.core.vocabulary import DataType
from tests.core.build import NOON

LATER = NOON + timedelta(hours=1)
TYPES = {"price": DataType.NUMBER}


def test_a_changed_value_is_stamped() -> None:
    assert restamp({"a": NOON}, before={"a": "x"}, now={"a": "y"}, at=LATER, types=TYPES) == {"a": LATER}


def test_a_value_cleared_is_stamped() -> None:
    assert restamp({}, before={"a": "x"}, now={"a": ""}, at=LATER, types=TYPES) == {"a": LATER}


def test_a_touched_record_moves_no_stamp() -> None:
    before, now = {"a": "x", "price": "8500.1"}, {"a": "x", "price": "8500.10"}
    assert restamp({"a": NOON}, before=before, now=now, at=LATER, types=TYPES) == {"a": NOON}


def test_a_value_first_seen_gets_none() -> None:
    assert restamp({}, before={}, now={"a": "x"}, at=LATER, types=TYPES) == {}


def test_a_value_not_seen_this_time_keeps_its_stamp() -> None:
    assert restamp({"a": NOON}, before={"a": "x"}, now={}, at=LATER, types=TYPES) == {"a": NOON}
