"""The rest of the vocabulary, against small servers: paging kinds, where since goes, signatures."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from sync.connectors.base import (
    Nonsense,
    Unauthorized,
)
from sync.connectors.rest.connector import RestConnector
from tests.connectors.things import opened, serve

ROWS = [{"id": str(number), "name": f"Row {number}"} for number in range(7)]


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


def hiccups(answer: Callable[[Request], Any]) -> Callable[[Request], Any]:
    """The same, but the third call is answered with an empty page."""
    calls = [0]

    def respond(request: Request) -> Any:
        calls[0] += 1
        return {"data": []} if calls[0] == 3 else answer(request)

    return respond


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


@pytest.mark.parametrize(("order", "skipped"), [("oldest_first", set()), ("unknown", {"3"})])
def test_changes_go_on_from_the_last_stamp_where_counted_pages_would_move(
    httpserver: HTTPServer, order, skipped
):
    """Between the first page and the second, a row of the first one is edited: it moves to the end."""
    rows = [{"id": str(number), "at": f"2026-03-01T12:00:0{number}Z"} for number in range(7)]

    def answer(request: Request) -> Any:
        changed = sorted(
            (row for row in rows if row["at"] >= request.args["since"]), key=lambda row: row["at"]
        )
        start = int(request.args["offset"])
        rows[0]["at"] = "2026-03-01T12:00:09Z"
        return {"data": changed[start : start + 3]}

    serve(httpserver, "/things", answer)
    since = {"param": "since", "format": "iso8601_seconds", "order": order}
    paging = {"kind": "offset", "size": 3, "size_param": "count"}
    listing = {"path": "/things", "records": "$.data", "paging": paging, "since": since}
    things = opened(httpserver, {"list": listing, "updated_at": "$.at"})
    page = things.list("things", since=datetime(2026, 3, 1, 12, tzinfo=UTC))
    found = {record.key for record in page.records}
    while page.next is not None:
        page = things.list("things", page=page.next)
        found |= {record.key for record in page.records}
    assert {row["id"] for row in rows} - found == skipped


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
    opened(httpserver, {}, auth=auth, headers={"X-Tenant": "t ${secret.key}", "X-Api": 2}).list("things")
    assert (seen[0][0]["X-Tenant"], seen[0][0]["X-Api"]) == ("t k3y-v4lue", "2")
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


@pytest.mark.parametrize(
    ("answer", "paging"),
    [
        (by_page, {"kind": "page", "size": 3, "size_param": "size"}),
        (by_offset, {"kind": "offset", "param": "from", "size": 3, "size_param": "count"}),
    ],
)
def test_an_empty_page_after_another_is_asked_for_twice(httpserver: HTTPServer, answer, paging):
    """An empty page in the middle must not pass for the end: everybody behind it would be made anew."""
    serve(httpserver, "/things", hiccups(answer))
    things = {"list": {"path": "/things", "records": "$.data", "paging": paging}}
    assert listed(opened(httpserver, things)) == [row["id"] for row in ROWS]


@pytest.mark.parametrize(
    "said",
    [
        {"accessToken": "g00d-t0ken-1234", "expires_in": 3600},
        {"access_token": "g00d-t0ken-1234", "IsError": True},
        {"access_token": "", "refresh_token": "g00d-t0ken-1234"},
        {"access_token": "g00d-t0ken-1234\n"},
    ],
)
def test_a_token_that_is_not_taken_is_not_said(httpserver: HTTPServer, said):
    """A wrong path in the configuration must not put a good token on a page."""
    serve(httpserver, "/token", lambda request: said, "POST")
    token = {"path": "/token", "body": {"secret": "${secret.key}"}, "error_when": "$.IsError"}
    connector = opened(httpserver, {}, auth={"kind": "login_token", "token": token})
    with pytest.raises(Unauthorized, match="no access token") as caught:
        connector.list("things")
    assert "g00d-t0ken" not in str(caught.value)


def test_a_token_that_comes_as_plain_text_is_not_said(httpserver: HTTPServer):
    serve(httpserver, "/token", lambda request: Response("g00d-t0ken-1234"), "POST")
    token = {"path": "/token", "body": {"secret": "${secret.key}"}}
    connector = opened(httpserver, {}, auth={"kind": "login_token", "token": token})
    with pytest.raises(Nonsense) as caught:
        connector.list("things")
    assert "g00d-t0ken" not in str(caught.value)


@pytest.mark.parametrize("key", ["KUNDE 12", "12/3", "..", "Ås-1", "12"])
def test_a_record_that_is_listed_is_found_by_its_key(httpserver: HTTPServer, key):
    """Whatever is not found by its key counts as removed, and its counterpart goes too."""
    serve(httpserver, "/things", lambda _request: {"data": [*ROWS, {"id": key, "name": "Odd"}]})
    serve(httpserver, "/things/12", lambda _request: {"id": key, "name": "Odd"})
    serve(httpserver, "/things/3", lambda _request: ROWS[3])
    found = opened(httpserver, {}).read("things", [key, "3"])
    assert {record.key: record.values["name"] for record in found.values()} == {key: "Odd", "3": "Row 3"}
