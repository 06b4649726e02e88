"""The one HTTP session: what it retries, what it refuses, and what it makes of lies on the wire."""

from __future__ import annotations

import socket
import threading
from datetime import UTC, datetime

import pytest

from sync.connectors.base import (
    Access,
    Misconfigured,
    Nonsense,
    Refused,
    Unauthorized,
    Unavailable,
    Unknown,
)
from sync.connectors.http.messages import Request
from sync.connectors.http.session import Session
from tests.connectors.calls import READ, WRITE, session
from tests.connectors.ports import FakeGate, FakeVault
from tests.connectors.raw import RawServer, dripping, exactly, resets, says


class Signed:
    """A signature that is renewed from `old` to `new`."""

    def __init__(self) -> None:
        self.token = "old"

    def headers(self):
        return {"Authorization": f"Bearer {self.token}"}

    def query(self):
        return {}

    def renew(self) -> bool:
        self.token = "new"
        return True


@pytest.mark.parametrize(
    "status",
    ["408 Request Timeout", "500 Oops", "502 Bad Gateway", "503 Service Unavailable", "504 Gateway Timeout"],
)
def test_a_read_is_retried_after_a_passing_failure(status):
    gate = FakeGate()
    with RawServer(says("<html>", status), resets, says("[]")) as server:
        assert session(server, gate).call(READ).body == []
    assert gate.calls == ["GET /things"] * 3


def test_a_read_gives_up_after_three_tries():
    with RawServer(says("", "502 Bad Gateway")) as server:
        with pytest.raises(Unavailable, match="502"):
            session(server).call(READ)
        assert len(server.asked) == 3


@pytest.mark.parametrize(
    "script",
    [
        resets,
        says("", "408 Request Timeout"),
        says("", "500 Oops"),
        says("", "503 Service Unavailable", Retry_After="3"),
        says("[1", length=100),
        says("", "302 Found", Location="http://169.254.169.254/"),
        exactly(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1,"),
    ],
)
def test_a_write_whose_outcome_is_not_seen_is_unknown_and_sent_once(script):
    with RawServer(script) as server:
        with pytest.raises(Unknown):
            session(server).call(WRITE)
        assert len(server.asked) == 1


def test_nobody_listening_means_that_a_write_did_not_happen():
    with RawServer(says("[]")) as server:
        speaking = session(server)
    with pytest.raises(Unavailable, match="does not accept connections"):
        speaking.call(WRITE)


@pytest.mark.parametrize(
    "start",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Slow: "],
    ids=["body", "headers"],
)
def test_a_drip_ends_with_the_total_deadline(start):
    ended = threading.Event()
    with RawServer(dripping(ended, start)) as server:
        with pytest.raises(Unknown, match="took too long"):
            session(server, deadline=0.3).call(WRITE)
        ended.set()


@pytest.mark.parametrize(
    ("headers", "heard"),
    [
        ({"Date": "Sun, 01 Mar 2026 12:00:00 GMT"}, [datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC)]),
        ({"Date": "Sun, 01 Mar 2026 12:00:00 GMT", "Age": "3600"}, []),
        ({"Date": "yesterday"}, []),
        ({"Date": "Sun, 99 Mar 2026 12:00:00 GMT"}, []),
        ({}, []),
    ],
)
def test_the_clock_of_a_system_is_heard_unless_its_answer_was_kept_in_between(headers, heard):
    gate = FakeGate()
    with RawServer(says("{}", **headers)) as server:
        session(server, gate=gate).call(READ)
    assert gate.clocks == heard


def test_a_redirect_is_not_followed():
    with RawServer(says("", "301 Moved", Location="http://169.254.169.254/")) as server:
        with pytest.raises(Nonsense, match="another address"):
            session(server).call(READ)
        assert len(server.asked) == 1


@pytest.mark.parametrize("request_", [READ, WRITE])
def test_too_many_requests_pauses_and_means_it_did_not_happen(request_):
    gate = FakeGate()
    with RawServer(says('{"RetryAfterSeconds": 14}', "429 Too Many")) as server:
        with pytest.raises(Unavailable) as caught:
            session(server, gate).call(request_)
        assert len(server.asked) == 1
    assert (caught.value.retry_after, gate.pauses) == (14, [14])


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        ("503 Service Unavailable", {"Retry_After": "14"}, ""),
        ("503 Service Unavailable", {"retry_after": "Sun, 01 Mar 2026 11:00:00 GMT"}, ""),
        ("503 Service Unavailable", {}, '{"RetryAfterSeconds": 14}'),
        ("500 Oops", {"Retry_After": "14"}, ""),
        ("502 Bad Gateway", {"Retry_After": "14"}, "<html>"),
    ],
)
def test_a_failure_that_asks_to_wait_pauses_and_is_not_tried_again(status, headers, body):
    gate = FakeGate()
    with RawServer(says(body, status, **headers)) as server:
        with pytest.raises(Unavailable) as caught:
            session(server, gate).call(READ)
        assert len(server.asked) == 1
        with pytest.raises(Unknown):
            session(server, gate).call(WRITE)
    waits = 1 if "Sun" in str(headers) else 14
    assert (caught.value.retry_after, gate.pauses) == (waits, [waits, waits])


@pytest.mark.parametrize("request_", [READ, WRITE])
def test_a_401_is_signed_anew_and_repeated_once(request_):
    with RawServer(says("", "401 Unauthorized"), says("[]")) as server:
        speaking = session(server)
        speaking.signature = Signed()
        assert speaking.call(request_).body == []
        assert [b"Bearer old" in server.asked[0], b"Bearer new" in server.asked[1]] == [True, True]


def test_a_second_401_is_final():
    with RawServer(says("", "401 Unauthorized")) as server:
        speaking = session(server)
        speaking.signature = Signed()
        with pytest.raises(Unauthorized, match="Enter its credentials anew"):
            speaking.call(READ)
        assert len(server.asked) == 2


def test_a_403_is_a_refusal_with_what_was_said():
    forbidden = says('{"Message": "Read only token"}', "403 Forbidden")
    with RawServer(forbidden) as server, pytest.raises(Refused, match="Read only token"):
        session(server).call(WRITE)


@pytest.mark.parametrize("status", [400, 404, 409, 410, 412, 422, 428])
def test_other_refusals_are_left_to_the_connector(status):
    with RawServer(says('{"a": 1}', f"{status} No")) as server:
        assert session(server).call(WRITE).status == status


@pytest.mark.parametrize(
    ("method", "template"),
    [("DELETE", "/things/LinkedData"), ("DELETE", "/things"), ("get", "/things"), ("GET", "/things/")],
)
def test_any_other_call_raises_before_the_network(method, template):
    with RawServer(says("[]")) as server:
        with pytest.raises(Misconfigured, match="not among the calls"):
            session(server).call(Request(method=method, template=template))
        assert server.asked == []


@pytest.mark.parametrize("key", ["../Users/1", "1?x", "1%2f2", "a b", "", "..", ".", "1#", "a\\b", "1\n"])
def test_a_key_cannot_leave_its_segment(key):
    with RawServer(says("[]")) as server:
        with pytest.raises(Refused, match="cannot be part of an address"):
            session(server).call(Request(method="GET", template="/things/{id}", segments={"id": key}))
        assert server.asked == []


def test_secrets_are_struck_out_of_what_is_said():
    with (
        RawServer(says('{"got": "s3cr3t-v4lue"}', "403 Forbidden")) as server,
        pytest.raises(Refused) as caught,
    ):
        session(server).call(READ)
    assert "s3cr3t" not in str(caught.value)


def test_a_lost_call_does_not_carry_its_address():
    with RawServer(resets) as server, pytest.raises(Unavailable) as caught:
        session(server).call(Request(method="GET", template="/things", query={"key": "s3cr3t-v4lue"}))
    assert caught.value.__cause__ is None
    assert "s3cr3t" not in str(caught.value)


def test_what_is_quoted_is_short():
    with RawServer(says("x" * 5000, "403 Forbidden")) as server, pytest.raises(Refused) as caught:
        session(server).call(READ)
    assert len(str(caught.value)) < 300


def test_proxies_of_the_environment_are_not_used(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with RawServer(says("[]")) as server:
        assert session(server).call(READ).body == []


def test_logins_kept_on_this_machine_are_not_sent(monkeypatch, tmp_path):
    kept = tmp_path / "netrc"
    kept.write_text("machine 127.0.0.1 login somebody password s3cr3t-of-home\n")
    monkeypatch.setenv("NETRC", str(kept))
    with RawServer(says("[]")) as server:
        session(server).call(READ)
        assert b"authorization" not in server.asked[0].lower()


def test_a_full_budget_is_not_asked_three_times():
    class Full(FakeGate):
        def admit(self, endpoint: str) -> None:
            super().admit(endpoint)
            raise Unavailable("the budget is used up", retry_after=9)

    gate = Full()
    with RawServer(says("[]")) as server, pytest.raises(Unavailable, match="budget"):
        session(server, gate).call(READ)
    assert len(gate.calls) == 1


def test_a_key_cannot_turn_a_call_into_another_one():
    routes = [("DELETE", "/things/{id}"), ("POST", "/things/batch")]
    with RawServer(says("[]")) as server:
        access = Access(
            address=server.address,
            allow_hosts=(server.address.removeprefix("http://"),),
            gate=FakeGate(),
            vault=FakeVault(),
        )
        with pytest.raises(Refused, match="something else than a record"):
            Session(access, routes).call(
                Request(method="DELETE", template="/things/{id}", segments={"id": "batch"})
            )
        assert server.asked == []


def test_connections_are_kept_between_calls():
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[1]"

    def twice(connection: socket.socket, asked: bytes) -> None:
        connection.sendall(answer)
        connection.recv(65536)
        connection.sendall(answer)

    with RawServer(twice, says("[2]")) as server:
        speaking = session(server)
        assert [speaking.call(READ).body, speaking.call(WRITE).body] == [[1], [1]]


def test_a_write_does_not_trust_a_connection_that_was_idle(monkeypatch):
    monkeypatch.setattr("sync.connectors.http.session.IDLE", -1.0)
    kept = exactly(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[1]")
    with RawServer(kept, says("[2]")) as server:
        speaking = session(server)
        assert [speaking.call(READ).body, speaking.call(WRITE).body] == [[1], [2]]
