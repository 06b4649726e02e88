"""The rest of the vocabulary, against small servers: paging kinds, signatures, versions, batches that fail."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from sync.connectors.base import (
    Access,
    Gone,
    Nonsense,
    Operation,
    OperationKind,
    Refused,
    Stale,
    Unauthorized,
    Unavailable,
    Unknown,
)
from sync.connectors.rest.connector import RestConnector
from tests.connectors.ports import FakeGate, FakeVault

ROWS = [{"id": str(number), "name": f"Row {number}"} for number in range(7)]
SECRETS = {"key": "k3y-v4lue", "user": "kari", "password": "pa55-word"}


def opened(server: HTTPServer, things: dict[str, Any], **document: Any) -> RestConnector:
    resource = {"list": {"path": "/things", "records": "$.data"}, "get": {"path": "/things/{id}"}} | things
    access = Access(
        address=server.url_for(""),
        config={"resources": {"things": resource}} | document,
        credentials=SECRETS,
        allow_hosts=(f"{server.host}:{server.port}",),
        gate=FakeGate(),
        vault=FakeVault(),
    )
    return RestConnector(access, sleep=lambda seconds: None)


def serve(server: HTTPServer, path: str, answer: Callable[[Request], Any], method: str = "GET") -> None:
    def respond(request: Request) -> Response:
        said = answer(request)
        return said if isinstance(said, Response) else Response(json.dumps(said), mimetype="application/json")

    server.expect_request(path, method=method).respond_with_handler(respond)


def listed(connector: RestConnector) -> list[str]:
    page = connector.list("things")
    keys = [record.key for record in page.records]
    while page.next is not None:
        page = connector.list("things", page=page.next)
        keys += [record.key for record in page.records]
    return keys


def by_page(request: Request) -> Any:
    number, size = int(request.args["page"]), int(request.args["size"])
    return {"data": ROWS[(number - 1) * size : number * size]}


def by_offset(request: Request) -> Any:
    start, size = int(request.args["from"]), int(request.args["count"])
    return {"data": ROWS[start : start + size]}


def by_url(request: Request) -> Any:
    start = int(request.args.get("$skip", 0))
    more = start + 3 < len(ROWS)
    following = f"https://elsewhere.example/stolen?$skip={start + 3}&$top=3" if more else None
    return {"data": ROWS[start : start + 3], "@odata.nextLink": following}


def by_link(request: Request) -> Response:
    said = by_url(request)
    response = Response(json.dumps(said), mimetype="application/json")
    if said["@odata.nextLink"]:
        response.headers["Link"] = f'<{said["@odata.nextLink"]}>; rel="next", </first>; rel="first"'
    return response


PAGINGS = [
    (by_page, {"kind": "page", "size": 3, "size_param": "size"}),
    (by_page, {"kind": "page", "size": 3, "size_param": "size", "stop": "short_page"}),
    (by_offset, {"kind": "offset", "param": "from", "size": 3, "size_param": "count"}),
    (by_url, {"kind": "next_url", "next": '$."@odata.nextLink"', "size": 3, "size_param": "$top"}),
    (by_link, {"kind": "link_header", "size": 3, "size_param": "$top"}),
    (lambda request: {"data": ROWS}, {"kind": "none"}),
]


@pytest.mark.parametrize(("answer", "paging"), PAGINGS)
def test_every_kind_of_paging_shows_every_record_once(httpserver: HTTPServer, answer, paging):
    serve(httpserver, "/things", answer)
    things = {"list": {"path": "/things", "records": "$.data", "paging": paging}}
    assert listed(opened(httpserver, things)) == [row["id"] for row in ROWS]


def test_a_cursor_that_stands_still_is_nonsense(httpserver: HTTPServer):
    serve(httpserver, "/things", lambda request: {"data": ROWS, "next": "same"})
    paging = {"kind": "cursor", "param": "cursor", "next": "$.next"}
    with pytest.raises(Nonsense, match="never end"):
        listed(opened(httpserver, {"list": {"path": "/things", "records": "$.data", "paging": paging}}))


@pytest.mark.parametrize(
    ("since", "place", "value"),
    [
        ({"param": "changedSince"}, "args", "2026-03-01T12:00:00.500Z"),
        ({"param": "since", "format": "iso8601_seconds"}, "args", "2026-03-01T12:00:00Z"),
        ({"param": "since", "format": "unix"}, "args", "1772366400"),
        (
            {"param": "If-Modified-Since", "in": "header", "format": "http_date"},
            "headers",
            "Sun, 01 Mar 2026 12:00:00 GMT",
        ),
    ],
)
def test_since_goes_where_the_system_wants_it(httpserver: HTTPServer, since, place, value):
    seen = []

    def answer(request: Request) -> Any:
        seen.append(getattr(request, place).get(since["param"]))
        return {"data": []}

    serve(httpserver, "/things", answer)
    things = {"list": {"path": "/things", "records": "$.data", "since": since}}
    opened(httpserver, things).list("things", since=datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC))
    assert seen == [value]


@pytest.mark.parametrize(
    ("auth", "headers", "query"),
    [
        ({"kind": "none"}, {}, {}),
        ({"kind": "api_key", "name": "X-Key", "value": "${secret.key}"}, {"X-Key": "k3y-v4lue"}, {}),
        (
            {"kind": "api_key", "in": "query", "name": "key", "value": "${secret.key}"},
            {},
            {"key": "k3y-v4lue"},
        ),
        ({"kind": "bearer", "value": "${secret.key}"}, {"Authorization": "Bearer k3y-v4lue"}, {}),
        (
            {"kind": "basic", "user": "${secret.user}", "password": "${secret.password}"},
            {"Authorization": "Basic a2FyaTpwYTU1LXdvcmQ="},
            {},
        ),
    ],
)
def test_every_kind_of_signature(httpserver: HTTPServer, auth, headers, query):
    seen = []

    def answer(request: Request) -> Any:
        seen.append((request.headers, dict(request.args)))
        return {"data": []}

    serve(httpserver, "/things", answer)
    opened(httpserver, {}, auth=auth).list("things")
    assert {name: seen[0][0].get(name) for name in headers} == headers
    assert seen[0][1] == query


def test_a_signature_that_cannot_be_renewed_is_not_repeated(httpserver: HTTPServer):
    serve(httpserver, "/things", lambda request: Response("k3y-v4lue is wrong", status=401))
    connector = opened(httpserver, {}, auth={"kind": "bearer", "value": "${secret.key}"})
    with pytest.raises(Unauthorized) as caught:
        connector.list("things")
    assert len(httpserver.log) == 1
    assert "k3y" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        {"access_token": "", "expires_in": 3600},
        {"access_token": None},
        {"access_token": True},
        {"token": "x"},
        [],
        {"access_token": "good-token", "IsError": True},
        {"access_token": "two\nlines"},
    ],
)
def test_no_token_is_ever_made_of_nothing(httpserver: HTTPServer, body):
    serve(httpserver, "/token", lambda request: body, "POST")
    token = {"path": "/token", "body": {"key": "${secret.key}"}, "error_when": "$.IsError"}
    with pytest.raises(Unauthorized):
        opened(httpserver, {}, auth={"kind": "login_token", "token": token}).list("things")


@pytest.mark.parametrize("life", [0, -5, "soon", None, 10**12, 3600, "1800"])
def test_a_tokens_life_may_be_nonsense(httpserver: HTTPServer, life):
    serve(httpserver, "/token", lambda request: {"access_token": "good-token", "expires_in": life}, "POST")
    serve(httpserver, "/things", lambda request: {"data": []})
    token = {"path": "/token", "body_as": "json", "body": {"key": "${secret.key}"}}
    connector = opened(httpserver, {}, auth={"kind": "login_token", "token": token})
    connector.list("things")
    connector.list("things")
    assert [request.path for request, _ in httpserver.log] == ["/token", "/things", "/things"]


# Writing

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
