"""Writing through the REST connector: versions, error tables, batches that fail."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from sync.connectors.base import (
    Gone,
    Operation,
    OperationKind,
    Refused,
    Stale,
    Unauthorized,
    Unavailable,
    Unknown,
)
from tests.connectors.things import opened, serve

VERSIONED = {
    "version": {"body": "$.version", "send": "body:version"},
    "create": {"path": "/things"},
    "update": {"method": "PUT", "path": "/things/{id}"},
    "delete": {"path": "/things/{id}"},
}
BATCH = {"batch": {"path": "/batch", "max": 8, "results": "$.results"}, "create": {"path": "/things"}}


def create(name: str) -> Operation:
    return Operation(kind=OperationKind.CREATE, token=name, values={"name": name})


def test_a_version_can_travel_in_the_body(httpserver: HTTPServer):
    seen = []

    def answer(request: Request) -> Any:
        seen.append(request.get_json())
        return {"id": "1", "version": 8}

    serve(httpserver, "/things/1", answer, "PUT")
    operation = Operation(
        kind=OperationKind.UPDATE, token="t", key="1", version="7", values={"owner.name": "A"}
    )
    (result,) = opened(httpserver, VERSIONED).write("things", [operation])
    assert seen == [{"owner": {"name": "A"}, "version": 7}]
    assert (result.version, result.error) == ("8", None)


@pytest.mark.parametrize("body", ["", "null", "[]", "{}", '{"id": null}'])
def test_a_create_that_does_not_say_its_id_is_unknown(httpserver: HTTPServer, body):
    serve(httpserver, "/things", lambda request: Response(body, 201, mimetype="application/json"), "POST")
    (result,) = opened(httpserver, VERSIONED).write("things", [create("A")])
    assert isinstance(result.error, Unknown)


def test_what_is_not_configured_is_refused(httpserver: HTTPServer):
    (result,) = opened(httpserver, {}).write("things", [create("A")])
    assert isinstance(result.error, Refused)
    assert "does not say how to create" in str(result.error)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (404, {}, Gone),
        (410, {"mergedInto": "2"}, Gone),
        (412, {"current": {"id": "1", "name": "B"}}, Stale),
        (409, {"code": "busy"}, Unavailable),
        (409, {"code": "other"}, Stale),
        (422, {"errors": {"name": "too odd"}}, Refused),
        (418, {}, Refused),
        (408, {}, Unknown),
        (500, {}, Unknown),
        (429, {}, Unavailable),
        (403, {}, Refused),
    ],
)
def test_errors_mean_what_the_table_says(httpserver: HTTPServer, status, body, error):
    serve(httpserver, "/things/1", lambda request: Response(json.dumps(body), status), "PUT")
    table = [
        {"status": 409, "code": "$.code", "is": ["busy"], "kind": "unavailable"},
        {"status": [409], "kind": "stale"},
    ]
    operation = Operation(kind=OperationKind.UPDATE, token="t", key="1", values={"name": "A"})
    connector = opened(httpserver, VERSIONED, errors={"table": table})
    (result,) = connector.write("things", [operation])
    assert type(result.error) is error


def told(request: Request) -> Any:
    """One result per row; a row named `bad` spoils the whole batch."""
    operations = request.get_json()["operations"]
    names = [operation["body"]["name"] for operation in operations]
    if "bad" in names:
        return Response('{"message": "a row is bad"}', 400, mimetype="application/json")
    return {"results": [{"status": 201, "id": f"id-{name}"} for name in names]}


def alone(request: Request) -> Any:
    name = request.get_json()["name"]
    return Response('{"message": "bad"}', 400) if name == "bad" else {"id": f"id-{name}", "name": name}


def test_a_batch_refused_for_one_row_is_taken_apart(httpserver: HTTPServer):
    serve(httpserver, "/batch", told, "POST")
    serve(httpserver, "/things", alone, "POST")
    names = ["a", "b", "bad", "c", "d", "e", "f", "g"]
    results = opened(httpserver, BATCH).write("things", [create(name) for name in names])
    assert [result.key for result in results if result.error is None] == [
        f"id-{n}" for n in names if n != "bad"
    ]
    assert isinstance(results[2].error, Refused)


def test_a_batch_that_is_not_allowed_for_one_row_is_taken_apart(httpserver: HTTPServer):
    def forbidding(answer: Callable[[Request], Any]) -> Callable[[Request], Any]:
        return lambda request: Response("", 403) if b'"bad"' in request.data else answer(request)

    serve(httpserver, "/batch", forbidding(told), "POST")
    serve(httpserver, "/things", forbidding(alone), "POST")
    names = ["a", "b", "bad", "c", "d", "e", "f", "g"]
    results = opened(httpserver, BATCH).write("things", [create(name) for name in names])
    assert [result.key for result in results] == [None if n == "bad" else f"id-{n}" for n in names]
    assert isinstance(results[2].error, Refused)


def test_credentials_that_may_not_write_are_soon_believed(httpserver: HTTPServer):
    serve(httpserver, "/batch", lambda request: Response("", 403), "POST")
    serve(httpserver, "/things", lambda request: Response("", 403), "POST")
    results = opened(httpserver, BATCH).write("things", [create(str(n)) for n in range(80)])
    assert {type(result.error) for result in results} == {Refused}
    assert len(httpserver.log) < 20


def test_a_batch_answer_of_the_wrong_length_is_unknown_for_all(httpserver: HTTPServer):
    serve(httpserver, "/batch", lambda request: {"results": [{"status": 201, "id": "1"}]}, "POST")
    results = opened(httpserver, BATCH).write("things", [create("a"), create("b")])
    assert [type(result.error) for result in results] == [Unknown, Unknown]


@pytest.mark.parametrize("row", [None, {}, {"status": "201"}, {"status": True}, {"status": 201}, "1"])
def test_a_row_that_says_nothing_is_unknown(httpserver: HTTPServer, row):
    serve(httpserver, "/batch", lambda request: {"results": [row, {"status": 201, "id": "2"}]}, "POST")
    first, second = opened(httpserver, BATCH).write("things", [create("a"), create("b")])
    assert (type(first.error), second.key) == (Unknown, "2")


@pytest.mark.parametrize("status", [404, 405])
def test_where_there_are_no_batches_rows_go_alone(httpserver: HTTPServer, status):
    serve(httpserver, "/batch", lambda request: Response("", status), "POST")
    serve(httpserver, "/things", alone, "POST")
    results = opened(httpserver, BATCH).write("things", [create("a"), create("b")])
    assert [result.key for result in results] == ["id-a", "id-b"]


@pytest.mark.parametrize(
    ("status", "first", "rest"),
    [(500, Unknown, Unavailable), (429, Unavailable, Unavailable), (401, Unauthorized, Unauthorized)],
)
def test_after_a_lost_call_the_rest_is_not_sent(httpserver: HTTPServer, status, first, rest):
    serve(httpserver, "/batch", lambda request: Response("", status), "POST")
    results = opened(httpserver, BATCH).write("things", [create(str(n)) for n in range(20)])
    assert [type(result.error) for result in results] == [first] * 8 + [rest] * 12
    assert len(httpserver.log) == 1


@pytest.mark.parametrize("together", [False, True], ids=["alone", "in a batch"])
def test_what_a_refusal_says_of_properties_is_without_secrets(httpserver: HTTPServer, together: bool):
    """The credential's value is pa55-word: an echo of it, escaped or not, would be shown on the record's page."""
    error = {"message": "No: pa55-word.", "details": [{"field": "name", "message": "No pa55\\u002dword."}]}
    plain = json.dumps({"error": error}).replace("\\\\u", "\\u")
    row = json.dumps({"results": [{"status": 422, "error": error}] * 2}).replace("\\\\u", "\\u")
    serve(httpserver, "/things", lambda request: Response(plain, 422, mimetype="application/json"), "POST")
    serve(httpserver, "/batch", lambda request: Response(row, 207, mimetype="application/json"), "POST")
    operations = [create("A"), create("B")] if together else [create("A")]
    for result in opened(httpserver, BATCH).write("things", operations):
        assert isinstance(result.error, Refused)
        assert result.error.fields == {"name": "No •••."}
        assert str(result.error) == "The system answered 422: No: •••."
