"""What the session makes of the bodies it is given: exact, capped, and never half believed."""

from __future__ import annotations

import gzip
from decimal import Decimal

import pytest

from sync.connectors.base import (
    Nonsense,
    Unavailable,
    Unknown,
)
from tests.connectors.calls import READ, WRITE, session
from tests.connectors.raw import RawServer, exactly, says


def test_numbers_arrive_exactly():
    with RawServer(says('[{"price": 8500.10}]')) as server:
        assert session(server).call(READ).body == [{"price": Decimal("8500.10")}]


@pytest.mark.parametrize(
    "body",
    [
        '{"a": NaN}',
        '{"a": Infinity}',
        "[" * 100_000,
        "1" * 5000,
        '[{"a": 1}, {"a"',
        '{"a": 1e999999999}',
        "<html>maintenance</html>",
        b"\xff\xfe[]",
    ],
)
def test_what_is_not_json_is_nonsense_on_a_read_and_unknown_on_a_write(body):
    with RawServer(says(body)) as server:
        with pytest.raises(Nonsense, match="Check the address"):
            session(server).call(READ)
        with pytest.raises(Unknown):
            session(server).call(WRITE)


def test_html_is_nonsense_even_where_it_parses():
    with RawServer(says("[]", Content_Type="text/html")) as server, pytest.raises(Nonsense):
        session(server).call(READ)


@pytest.mark.parametrize(("body", "empty"), [("null", False), ("", True), ("   ", True)])
def test_null_and_nothing_are_told_apart_from_a_list(body, empty):
    with RawServer(says(body)) as server:
        answer = session(server).call(READ)
    assert (answer.body, answer.empty) == (None, empty)


def test_a_byte_order_mark_is_tolerated():
    with RawServer(says(b"\xef\xbb\xbf[1]")) as server:
        assert session(server).call(READ).body == [1]


@pytest.mark.parametrize(
    "script",
    [
        says("[1, 2", length=100),
        exactly(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1,"),
    ],
)
def test_a_cut_body_is_read_again(script):
    with RawServer(script, says("[1]")) as server:
        assert session(server).call(READ).body == [1]


def test_a_body_cut_where_nobody_can_see_it_is_nonsense():
    with RawServer(exactly(b"HTTP/1.0 200 OK\r\n\r\n[1, 2")) as server, pytest.raises(Nonsense):
        session(server).call(READ)


def test_a_bomb_is_defused_at_the_cap():
    bomb = gzip.compress(b"[" + b" " * 50_000_000 + b"]")
    with RawServer(says(bomb, Content_Encoding="gzip")) as server, pytest.raises(Nonsense, match="more than"):
        session(server, most_bytes=1_000_000).call(READ)


def test_a_bomb_in_many_wrappings_is_no_answer():
    bomb = b"[" + b" " * 50_000_000 + b"]"
    for _ in range(10):
        bomb = gzip.compress(bomb)
    wrapped = says(bomb, Content_Encoding=", ".join(["gzip"] * 10))
    with RawServer(wrapped) as server, pytest.raises((Nonsense, Unavailable)):
        session(server, most_bytes=1_000_000).call(READ)


def test_of_a_doubled_name_the_last_counts():
    with RawServer(says('[{"a": 1, "a": 2}]')) as server:
        assert session(server).call(READ).body == [{"a": 2}]


def test_gzip_is_understood():
    with RawServer(says(gzip.compress(b"[1]"), Content_Encoding="gzip")) as server:
        assert session(server).call(READ).body == [1]
