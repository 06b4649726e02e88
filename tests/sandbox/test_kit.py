"""The kit: counting, failing, shifting time, switching, keeping; in process and over a socket."""

from __future__ import annotations

import json
import socket
import sqlite3
from contextlib import closing
from http.client import HTTPConnection, RemoteDisconnected
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from werkzeug.test import Client

from sandbox.kit.ground import Ground, post_for_real
from sandbox.kit.server import Server
from sandbox.kit.serving import PortTaken, Served
from sandbox.kit.storage import Storage
from tests.sandbox.toy import Toy


def server_on(ground: Ground) -> Server:
    return Server(Toy(ground), ground)


@pytest.fixture
def client() -> Client:
    return Client(server_on(Ground()))


def test_calls_are_counted_by_method_and_path_without_ids(client: Client) -> None:
    client.put("/things/7", json={"name": "a"})
    client.put("/things/8", json={"name": "b"})
    client.get("/things")
    client.get("/limited")
    client.get("/_control/health")
    assert client.get("/_control/calls").json == {
        "total": 4,
        "limited": 1,
        "by_endpoint": {"GET /limited": 1, "GET /things": 1, "PUT /things/{id}": 2},
    }
    client.delete("/_control/calls")
    assert client.get("/_control/calls").json == {"total": 0, "limited": 0, "by_endpoint": {}}


def test_writes_are_listed_from_an_index_on(client: Client) -> None:
    client.put("/things/7", json={"name": "a"})
    client.put("/things/8", json={"name": "b"})
    (write,) = client.get("/_control/writes?since=1").json
    assert write.pop("at")
    assert write == {"method": "PUT", "entity": "things", "key": "8", "values": {"name": "b"}, "by": "toy"}
    client.delete("/_control/writes")
    assert client.get("/_control/writes").json == []


def test_a_person_creates_edits_and_removes_and_none_of_it_is_an_api_write(client: Client) -> None:
    order = {"entity": "things", "values": {"name": "a"}}
    assert client.post("/_control/create", json=order).json == {"key": "99"}
    client.post("/_control/edit", json={"entity": "things", "key": 99, "values": {"name": "b"}, "by": "Ola"})
    assert client.get("/_control/state").json == {"things": [{"id": "99", "name": "b", "by": "Ola"}]}
    client.post("/_control/remove", json={"entity": "things", "key": "99"})
    assert client.get("/_control/state/things").json == []
    assert client.get("/_control/writes").json == []


@pytest.mark.parametrize(
    ("method", "path", "body", "sentence"),
    [
        ("GET", "/_control/state/teapots", None, "There is no teapots; there are things."),
        ("POST", "/_control/edit", {"entity": "things", "key": "5", "values": {}}, "There is no thing 5."),
        ("POST", "/_control/edit", {"entity": "things", "key": "5"}, "The order needs values"),
        ("POST", "/_control/edit", {"values": {}}, "The order needs entity."),
        ("POST", "/_control/edit", [1], "The body is not a JSON object."),
        ("POST", "/_control/clock", {}, "The order needs shift_seconds"),
        ("POST", "/_control/fail", {"when": "never"}, "before or after"),
        ("POST", "/_control/fail", {"colour": 1}, "A failure has no colour; it has method"),
        ("POST", "/_control/fail", {"times": "often"}, "times of a failure cannot be 'often'."),
        ("PATCH", "/_control/switches", {"fail_next": {"count": "x"}}, "status and count of fail_next"),
        ("PATCH", "/_control/switches", {"fail_next": 503}, "fail_next is an object such as"),
        ("GET", "/_control/writes?since=now", None, "since is an index, not now."),
        ("POST", "/_control/act/dance", {}, "There is no act dance; there are shout."),
        ("PATCH", "/_control/switches", {"volume": 1}, "There is no switch volume"),
        ("PATCH", "/_control/switches", {"polite": 1}, "polite takes true or false, not 1."),
        ("PATCH", "/_control/switches", {"shade": "green"}, "shade is one of red, blue, not green."),
    ],
)
def test_nonsense_orders_answer_a_sentence(
    client: Client, method: str, path: str, body: Any, sentence: str
) -> None:
    answer = client.open(path, method=method, json=body)
    assert answer.status_code == 400
    assert sentence in answer.json["error"]


def test_an_unknown_control_address_is_404(client: Client) -> None:
    assert client.get("/_control/teapot").status_code == 404


def test_further_acts_of_the_system_are_reached_by_name(client: Client) -> None:
    assert client.post("/_control/act/shout", json={"what": "hi"}).json == {"said": "HI"}


def test_switches_turn_all_or_none(client: Client) -> None:
    client.patch("/_control/switches", json={"polite": False, "volume": 1})
    assert client.get("/_control/switches").json["polite"] is True
    client.patch("/_control/switches", json={"polite": False, "shade": "blue"})
    switches = client.get("/_control/switches").json
    assert switches == {"latency_ms": 0, "polite": False, "spelling": "plain", "shade": "blue"}


def test_a_failure_before_keeps_the_call_from_taking_effect(client: Client) -> None:
    client.post("/_control/fail", json={"method": "put", "path_prefix": "/Things", "status": 503})
    assert client.put("/things/7", json={}).status_code == 503
    assert client.get("/things").json == []
    assert client.put("/things/7", json={}).status_code == 200


def test_a_failure_after_hides_that_the_call_took_effect(client: Client) -> None:
    client.post("/_control/fail", json={"status": 500, "when": "after"})
    assert client.put("/things/7", json={}).status_code == 500
    assert client.get("/things").json == [{"id": "7"}]


def test_a_failure_may_be_any_answer(client: Client) -> None:
    order = {"body": "<html>Sign in</html>", "headers": {"X-Odd": "1"}, "times": 2}
    client.post("/_control/fail", json=order)
    for _ in range(2):
        answer = client.get("/things")
        assert (answer.status_code, answer.text) == (200, "<html>Sign in</html>")
        assert (answer.content_type, answer.headers["X-Odd"]) == ("text/html", "1")
    assert client.get("/things").json == []


def test_fail_next_is_the_short_spelling(client: Client) -> None:
    client.patch("/_control/switches", json={"fail_next": {"status": 502, "count": 2}})
    assert [client.get("/things").status_code for _ in range(3)] == [502, 502, 200]


def test_ordered_failures_can_be_taken_back(client: Client) -> None:
    client.post("/_control/fail", json={"status": 502, "times": 9})
    assert client.get("/_control/fail").json[0]["times"] == 9
    client.delete("/_control/fail")
    assert client.get("/things").status_code == 200


def test_the_clock_shifts(client: Client) -> None:
    before = client.get("/_control/clock").json["now"]
    answer = client.post("/_control/clock", json={"shift_seconds": 86_400}).json
    assert answer["shift_seconds"] == 86_400
    assert answer["now"][:10] > before[:10]


def test_reset_goes_back_to_the_beginning(client: Client) -> None:
    client.put("/things/7", json={})
    client.patch("/_control/switches", json={"polite": False})
    client.post("/_control/clock", json={"shift_seconds": 5})
    client.post("/_control/fail", json={"status": 500})
    client.post("/_control/reset")
    assert client.get("/_control/calls").json["total"] == 0
    assert client.get("/_control/writes").json == []
    assert client.get("/_control/switches").json["polite"] is True
    assert client.get("/_control/clock").json["shift_seconds"] == 0
    assert client.get("/things").json == []


def test_storage_gives_back_what_was_put_and_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "crm.sqlite3"
    first = Storage(path)
    first.put("things", 1, {"name": "Åse"})
    first.put("things", 2, {"name": "b"})
    first.flush()
    first.remove("things", 2)
    first.put("things", 1, {"name": "Åse 🎈"})
    first.close()
    second = Storage(path)
    assert second.load() == {"things": [{"name": "Åse 🎈"}]}
    second.clear()
    second.close()
    third = Storage(path)
    assert third.load() == {}
    third.close()


def test_what_cannot_be_kept_yet_waits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "crm.sqlite3"
    storage = Storage(path)
    storage.put("things", 1, {"name": "a"})
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        storage.flush()
        assert "Records wait to be kept" in capsys.readouterr().err
        other.execute("ROLLBACK")
    storage.close()
    again = Storage(path)
    assert again.load() == {"things": [{"name": "a"}]}
    again.close()


def test_a_restarted_server_has_the_same_records(tmp_path: Path) -> None:
    path = tmp_path / "toy.sqlite3"
    with Served(server_on(Ground(storage=Storage(path)))) as served:
        talk(served, "PUT", "/things/7", b'{"name":"a"}')
    with Served(server_on(Ground(storage=Storage(path)))) as served:
        assert talk(served, "GET", "/things") == [{"id": "7", "name": "a"}]


def test_one_connection_carries_many_calls() -> None:
    with Served(server_on(Ground())) as served:
        connection = connected(served)
        for body in (b'{"name":"a"}', None, b'{"name":"b"}'):
            connection.request("PUT" if body else "GET", "/things/7", body, JSON if body else {})
            local = connection.sock
            json.loads(connection.getresponse().read())
            assert connection.sock is local
        connection.close()


def test_a_dropped_call_gets_no_answer_and_may_have_landed() -> None:
    with Served(server_on(Ground())) as served:
        talk(served, "POST", "/_control/fail", b'{"drop":true,"when":"after","method":"PUT"}')
        connection = connected(served)
        connection.request("PUT", "/things/7", b'{"name":"a"}', JSON)
        with pytest.raises(RemoteDisconnected):
            connection.getresponse()
        connection.close()
        assert talk(served, "GET", "/things") == [{"id": "7", "name": "a"}]
        assert talk(served, "GET", "/_control/calls")["by_endpoint"]["PUT /things/{id}"] == 1


def test_a_taken_port_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=f"Cannot listen on 127.0.0.1:{port}: Address already in use"):
            Served(server_on(Ground()), port=port)


def test_posting_a_hook_answers_with_status_and_body() -> None:
    receiver = HTTPServer(("127.0.0.1", 0), Receiver)
    Thread(target=receiver.handle_request).start()
    url = f"http://127.0.0.1:{receiver.server_port}/hooks/x?y=1"
    assert post_for_real(url, b"hello", {"X-Odd": "1"}) == (202, b"/hooks/x?y=1 1 hello")
    receiver.server_close()
    assert post_for_real(url, b"hello", {}) == (0, b"")


@pytest.mark.parametrize("url", ["http://[", "http://127.0.0.1:port/", "http:///x", "nowhere"])
def test_posting_to_no_address_is_no_answer(url: str) -> None:
    assert post_for_real(url, b"hello", {}) == (0, b"")


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(202)
        self.end_headers()
        self.wfile.write(f"{self.path} {self.headers['X-Odd']} ".encode() + body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


JSON = {"Content-Type": "application/json"}


def connected(served: Served) -> HTTPConnection:
    return HTTPConnection(served.url.removeprefix("http://"), timeout=5)


def talk(served: Served, method: str, path: str, body: bytes | None = None) -> Any:
    connection = connected(served)
    connection.request(method, path, body, JSON if body else {})
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return answer
