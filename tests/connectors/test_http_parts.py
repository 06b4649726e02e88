"""Tables for the parts of the session: addresses, waiting times, JSON out, secrets."""

from __future__ import annotations

import html
import json
import re
import socket
from base64 import b64encode, urlsafe_b64encode
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.connectors.base import Misconfigured, Unavailable
from sync.connectors.http.address import is_public, parse_address
from sync.connectors.http.door import Door
from sync.connectors.http.json_text import NotJson, parse, scalar, write
from sync.connectors.http.patience import retry_after
from sync.connectors.http.secrets import Secrets

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "body", "seconds"),
    [
        ("14", None, 14),
        ("14.5", None, 14.5),
        ("0", None, 1),
        ("-5", None, 1),
        ("1e9", None, 900),
        ("1000000000", None, 900),
        ("soon", None, 60),
        ("inf", None, 60),
        ("nan", None, 60),
        ("", None, 60),
        (None, None, 60),
        ("Sun, 01 Mar 2026 12:00:30 GMT", None, 30),
        ("Sun, 01 Mar 2026 11:00:00 GMT", None, 1),
        ("Sunday, 01-Mar-26 12:00:30 GMT", None, 30),
        ("Sun Mar  1 12:00:30 2026", None, 30),
        ("2026-03-01T12:00:30Z", None, 30),
        ("2026-03-01T13:00:30+01:00", None, 30),
        ("1772366430", None, 30),
        ("1772366430000", None, 30),
        ("00:00:14", None, 14),
        ("00:01:14.5", None, 74.5),
        ("1.00:00:14", None, 900),
        ("PT14S", None, 14),
        ("PT1M14S", None, 74),
        ("14 seconds", None, 14),
        ("14s", None, 14),
        (" 14 ", None, 14),
        ("14, 14", None, 14),
        ("14, 30", None, 30),
        (None, {"retry_after_seconds": 14}, 14),
        (None, {"error": {"retryAfter": 14}}, 14),
        ("Sun, 01 Mar 2036 11:00:00 GMT", None, 900),
        (None, {"RetryAfterSeconds": 14}, 14),
        (None, {"RetryAfterSeconds": "7"}, 7),
        (None, {"retryAfter": Decimal("2.5")}, 2.5),
        (None, {"RetryAfterSeconds": None}, 60),
        (None, {"RetryAfterSeconds": True}, 60),
        (None, {"RetryAfterSeconds": {"a": 1}}, 60),
        (None, ["RetryAfterSeconds"], 60),
        ("soon", {"RetryAfterSeconds": 5}, 5),
        ("3", {"RetryAfterSeconds": 5}, 3),
    ],
)
def test_how_long_to_wait(said, body, seconds):
    headers = {} if said is None else {"Retry-After": said}
    assert retry_after(headers, body, now=NOW) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"X-RateLimit-Reset": "14"}, 14),
        ({"X-Rate-Limit-Reset": "14"}, 14),
        ({"RateLimit-Reset": "14"}, 14),
        ({"X-RateLimit-Reset": "1772366430"}, 30),
        ({"X-RateLimit-Reset": "soon"}, 60),
        ({"X-RateLimit-Reset": "14", "Retry-After": "3"}, 3),
    ],
)
def test_where_nothing_else_is_said_a_window_that_begins_anew_is_waited_for(headers, seconds):
    assert retry_after(headers, None, now=NOW) == seconds


@given(st.text() | st.integers() | st.floats() | st.none())
def test_a_wait_is_always_between_a_second_and_a_quarter_of_an_hour(said):
    assert 1 <= retry_after({}, {"RetryAfterSeconds": said}, now=NOW) <= 900


@pytest.mark.parametrize(
    "ip",
    [
        "127.0.0.1", "127.8.8.8", "::1", "0.0.0.0", "::", "10.0.0.1", "172.16.0.1", "192.168.1.1",
        "169.254.169.254", "fe80::1%eth0", "fd00::1", "100.64.0.1", "224.0.0.1", "255.255.255.255",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "198.18.0.1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_out_in_the_world(ip):
    assert not is_public(ip)


@pytest.mark.parametrize("ip", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_addresses_that_are(ip):
    assert is_public(ip)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f000001", "2130706433", "127.1", "::1", "0"])
def test_no_spelling_of_this_machine_is_connected_to(host):
    door = Door(())
    door.begin(5)
    with pytest.raises((Misconfigured, Unavailable)) as caught:
        door.open(host, 9, 1)
    assert isinstance(caught.value, Misconfigured) or "resolved" in str(caught.value)


def test_every_address_of_a_name_is_checked(monkeypatch):
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 443)) for ip in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **more: both)
    door = Door(())
    door.begin(5)
    with pytest.raises(Misconfigured, match=r"10\.0\.0\.1"):
        door.open("rebinding.example", 443, 1)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("http://api.example.com/", "plain http"),
        ("http://127.0.0.1:8101", "plain http"),
        ("https://user:pass@api.example.com", "user or a password"),
        ("https://api.webcrm.com@127.0.0.1/", "user or a password"),
        ("https://@127.0.0.1/", "user or a password"),
        ("ftp://api.example.com", "must begin with https"),
        ("file:///etc/passwd", "must begin with https"),
        ("api.example.com", "must begin with https"),
        ("https://", "must begin with https"),
        ("", "must begin with https"),
        ("https://api.example.com?x=1", "leave out"),
        ("https://api.example.com/#x", "leave out"),
        ("https://api.example.com:99999", "cannot be read"),
        ("https://[::1", "cannot be read"),
        ("https://api.example.com\\@127.0.0.1", "backslash"),
        ("https://api.exa mple.com", "blank"),
    ],
)
def test_addresses_that_are_refused(text, why):
    with pytest.raises(Misconfigured, match=why):
        parse_address(text, ())


def test_a_refused_address_does_not_say_the_password():
    with pytest.raises(Misconfigured) as caught:
        parse_address("https://user:hunter22@api.example.com", ())
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "allowed", "base"),
    [
        ("https://api.webcrm.com/", (), "https://api.webcrm.com:443"),
        ("HTTPS://API.webcrm.com/v1/", (), "https://api.webcrm.com:443/v1"),
        ("http://127.0.0.1:8101/api/v1", ("127.0.0.1:8101",), "http://127.0.0.1:8101/api/v1"),
        ("http://Sandbox:80", ("sandbox:80",), "http://sandbox:80"),
        ("https://[2606:4700::1]/x", (), "https://[2606:4700::1]:443/x"),
    ],
)
def test_addresses_that_are_taken(text, allowed, base):
    assert parse_address(text, allowed).base == base


def test_another_port_of_a_listed_host_is_refused():
    with pytest.raises(Misconfigured):
        parse_address("http://127.0.0.1:8102", ("127.0.0.1:8101",))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("8500.10"), "8500.10"),
        (Decimal("1E+3"), "1000"),
        (Decimal("-0.0001"), "-0.0001"),
        ({"a": [Decimal("1.0"), None, True, 'x"y']}, '{"a":[1.0,null,true,"x\\"y"]}'),
        ("Ærø", '"Ærø"'),
    ],
)
def test_json_is_written_digit_for_digit(value, text):
    assert write(value) == text


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), Decimal("1e5000"), float("nan")])
def test_what_json_cannot_say_is_not_written(value):
    with pytest.raises(ValueError, match=r"."):
        write(value)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner)))
def test_what_is_written_is_read_back(value):
    try:
        sent = write(value).encode()
    except UnicodeEncodeError:
        return
    assert parse(sent) == value


@given(st.binary())
def test_any_bytes_are_json_or_are_not(content):
    try:
        parse(content)
    except NotJson:
        return


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a\x00b", "ab"),
        ("æ\x00", "æ"),
        ("æ\ud800", "æ?"),
        (["a"], None),
        ({"a": 1}, None),
        (True, True),
        (7, 7),
    ],
)
def test_scalars_fit_every_database(given, kept):
    assert scalar(given) == kept


@pytest.mark.parametrize(
    "said",
    [
        "s3cret/ v+lue",
        "s3cret%2F%20v%2Blue",
        "s3cret%2f%20v%2blue",
        "s3cret/%20v+lue",
        "s3cret%2F+v%2Blue",
        "S3CRET/ V+LUE",
        "czNjcmV0LyB2K2x1ZQ==",
        "czNjcmV0LyB2K2x1ZQ",
        "s3cret\\/ v+lue",
    ],
)
def test_a_secret_is_struck_out_in_every_spelling(said):
    assert Secrets(["s3cret/ v+lue"]).strike(f"<{said}>") == "<•••>"


LETTERS = st.characters(codec="utf-8", exclude_categories=("C",))
SECRET = st.lists(LETTERS, min_size=6, max_size=30, unique=True).map("".join)
SPELLINGS = {
    "quote": lambda text: quote(text),
    "quote all": lambda text: quote(text, safe=""),
    "quote plus": quote_plus,
    "quote low": lambda text: re.sub("%..", lambda found: found.group().lower(), quote(text, safe="")),
    "json": lambda text: json.dumps(text)[1:-1],
    "json plain": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "json slash": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "html": html.escape,
    "hex": lambda text: text.encode().hex(),
    "base64": lambda text: b64encode(text.encode()).decode(),
    "base64 of a pair": lambda text: b64encode(f"user:{text}".encode()).decode(),
    "base64 in the middle": lambda text: b64encode(f"me:{text}:you".encode()).decode(),
    "base64 for addresses": lambda text: urlsafe_b64encode(f"a:{text}".encode()).decode().rstrip("="),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@given(secret=SECRET, before=st.sampled_from(["", "a", "ab", "abc "]))
def test_no_spelling_of_a_secret_is_said(spelling, secret, before):
    said = SPELLINGS[spelling](secret)
    struck = Secrets([secret]).strike(f"{before}{said} and more")
    assert "•••" in struck
    assert said not in struck


def test_a_short_value_strikes_nothing():
    assert Secrets(["a", ""]).strike("banana") == "banana"
