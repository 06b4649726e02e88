"""Batches to a webCRM that answers as no document promises: refusing all, counting wrong, hanging up."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from sync.connectors.base import (
    Access,
    Nonsense,
    Operation,
    OperationKind,
    Refused,
    Unauthorized,
    Unavailable,
    Unknown,
)
from sync.connectors.webcrm.connector import WebcrmConnector
from tests.connectors.ports import FakeGate, FakeVault

LOGIN = {"AccessToken": "token-1234", "IsError": False, "ExpiresIn": 3600}


@pytest.fixture
def crm(httpserver: HTTPServer) -> WebcrmConnector:
    httpserver.expect_request("/Auth/ApiLogin").respond_with_json(LOGIN)
    access = Access(
        address=httpserver.url_for(""),
        credentials={"auth_code": "1234-5678"},
        allow_hosts=(f"{httpserver.host}:{httpserver.port}",),
        gate=FakeGate(),
        vault=FakeVault(),
    )
    return WebcrmConnector(access, sleep=lambda seconds: None)


def answers(server: HTTPServer, said: Any, status: int = 200) -> None:
    server.expect_request("/Persons", method="PATCH").respond_with_data(json.dumps(said), status)


def creates(*names: str) -> list[Operation]:
    return [
        Operation(kind=OperationKind.CREATE, token=name, values={"PersonLastName": name}) for name in names
    ]


def sent(server: HTTPServer) -> list[int]:
    """How many rows each batch had."""
    return [len(request.get_json()) for request, _ in server.log if request.method == "PATCH"]


def test_a_batch_refused_for_one_row_is_taken_apart(crm: WebcrmConnector, httpserver: HTTPServer):
    def respond(request: Request) -> Response:
        names = [row["PersonLastName"] for row in request.get_json()]
        if "bad" in names:
            return Response('{"Message": "The field PersonLastName is odd."}', 400)
        return Response(json.dumps([str(100 + int(name)) for name in names]))

    httpserver.expect_request("/Persons", method="PATCH").respond_with_handler(respond)
    names = ["1", "2", "3", "4", "5", "bad", "7", "8"]
    results = crm.write("Persons", creates(*names))
    assert [result.key for result in results] == ["101", "102", "103", "104", "105", None, "107", "108"]
    assert list(results[5].error.fields) == ["PersonLastName"]
    assert sent(httpserver) == [8, 4, 4, 2, 1, 1, 2]


def test_a_batch_that_is_not_allowed_for_one_row_is_taken_apart(crm: WebcrmConnector, httpserver: HTTPServer):
    def respond(request: Request) -> Response:
        names = [row["PersonLastName"] for row in request.get_json()]
        if "locked" in names:
            return Response('{"Message": "This person may not be edited."}', 403)
        return Response(json.dumps([str(100 + int(name)) for name in names]))

    httpserver.expect_request("/Persons", method="PATCH").respond_with_handler(respond)
    results = crm.write("Persons", creates("1", "2", "3", "4", "locked", "6", "7", "8"))
    assert [result.key for result in results] == ["101", "102", "103", "104", None, "106", "107", "108"]
    assert isinstance(results[4].error, Refused)


def test_a_token_that_may_not_write_is_soon_believed(crm: WebcrmConnector, httpserver: HTTPServer):
    answers(httpserver, {"Message": "Read only token"}, 403)
    results = crm.write("Persons", creates(*[str(n) for n in range(200)]))
    assert {type(result.error) for result in results} == {Refused}
    assert len(sent(httpserver)) < 20


@pytest.mark.parametrize("said", [["1"], ["1", "2", "3"], [], {}, None, "1", {"results": ["1", "2"]}])
def test_an_answer_that_does_not_fit_is_unknown_for_every_row(crm: WebcrmConnector, httpserver, said):
    answers(httpserver, said)
    results = crm.write("Persons", creates("a", "b"))
    assert [type(result.error) for result in results] == [Unknown, Unknown]


def test_one_id_for_two_records_is_unknown(crm: WebcrmConnector, httpserver):
    answers(httpserver, ["7", "7", "8"])
    results = crm.write("Persons", creates("a", "b", "c"))
    assert [type(result.error) for result in results] == [Unknown, Unknown, type(None)]


@pytest.mark.parametrize(
    ("status", "first", "rest"),
    [(500, Unknown, Unavailable), (429, Unavailable, Unavailable), (401, Unauthorized, Unauthorized)],
)
def test_after_a_lost_call_the_rest_is_not_sent(crm: WebcrmConnector, httpserver, status, first, rest):
    answers(httpserver, {}, status)
    results = crm.write("Persons", creates(*[str(n) for n in range(120)]))
    assert [type(result.error) for result in results] == [first] * 50 + [rest] * 70
    assert set(sent(httpserver)) == {50}


@pytest.mark.parametrize("status", [404, 405])
def test_without_patch_rows_go_one_by_one(crm: WebcrmConnector, httpserver, status):
    answers(httpserver, {}, status)
    httpserver.expect_request("/Persons", method="POST").respond_with_json(7)
    results = crm.write("Persons", creates("a", "b"))
    assert [result.key for result in results] == ["7", "7"]


def test_an_error_row_is_shown_short_and_without_secrets(crm: WebcrmConnector, httpserver):
    answers(httpserver, ["token-1234 " + "x" * 5000])
    (result,) = crm.write("Persons", creates("a"))
    assert isinstance(result.error, Refused)
    assert len(str(result.error)) < 300
    assert "token-1234" not in str(result.error)


def test_ids_are_sent_as_numbers_and_zero_makes_a_record(crm: WebcrmConnector, httpserver):
    answers(httpserver, ["7", "8"])
    change = Operation(kind=OperationKind.UPDATE, token="t", key="7", values={"PersonEmail": "a@b.no"})
    crm.write("Persons", [change, *creates("A")])
    body = next(request.get_json() for request, _ in httpserver.log if request.method == "PATCH")
    assert body == [{"PersonId": 7, "PersonEmail": "a@b.no"}, {"PersonId": 0, "PersonLastName": "A"}]


@pytest.mark.parametrize(
    "login",
    [
        {"AccessToken": "", "IsError": False},
        {"AccessToken": None, "IsError": False},
        {"AccessToken": "x y", "IsError": False},
        {"AccessToken": "token-1234", "IsError": True},
        {"IsError": False},
        {},
        [],
        None,
        "token-1234",
    ],
)
def test_no_token_is_ever_made_of_nothing(httpserver: HTTPServer, crm: WebcrmConnector, login):
    httpserver.clear()
    httpserver.expect_request("/Auth/ApiLogin").respond_with_json(login)
    with pytest.raises(Unauthorized):
        crm.identity()
    assert {request.path for request, _ in httpserver.log} == {"/Auth/ApiLogin"}


@pytest.mark.parametrize("error", [True, False])
def test_a_token_that_is_not_taken_is_not_said(httpserver: HTTPServer, crm: WebcrmConnector, error: bool):
    httpserver.clear()
    said = {
        "AccessToken": "t0ken-9876 x" if not error else "t0ken-9876",
        "IsError": error,
        "Other": "t0ken-9876",
    }
    httpserver.expect_request("/Auth/ApiLogin").respond_with_json(said)
    with pytest.raises(Unauthorized) as caught:
        crm.identity()
    assert "t0ken-9876" not in str(caught.value)


@pytest.mark.parametrize("life", [0, -5, "3600", "soon", None, 10**12, True])
def test_a_tokens_life_may_be_nonsense(httpserver: HTTPServer, crm: WebcrmConnector, life):
    httpserver.clear()
    httpserver.expect_request("/Auth/ApiLogin").respond_with_json(LOGIN | {"ExpiresIn": life})
    answers(httpserver, ["7"])
    for _ in range(2):
        assert crm.write("Persons", creates("A"))[0].key == "7"
    assert [request.path for request, _ in httpserver.log].count("/Auth/ApiLogin") == 1


@pytest.mark.parametrize("key", ["LinkedData", "linkeddata", "1/LinkedData", "Hooks", "", "1;2", "٣"])
@pytest.mark.parametrize("kind", [OperationKind.REMOVE, OperationKind.UPDATE])
def test_no_key_reaches_an_address_that_wipes_a_table(crm: WebcrmConnector, httpserver, key, kind):
    operation = Operation(kind=kind, token="t", key=key, values={})
    (result,) = crm.write("Products", [operation])
    assert isinstance(result.error, Refused)
    assert [
        request.path for request, _ in httpserver.log if request.method in ("DELETE", "PUT", "PATCH")
    ] == []


@pytest.mark.parametrize("keys", [[2, 1], [1, 1], [1, 2, 3]])
def test_a_listing_out_of_order_is_nonsense(crm: WebcrmConnector, httpserver: HTTPServer, keys: list[int]):
    rows = [{"PersonId": key, "PersonLastName": "Man"} for key in keys]
    httpserver.expect_request("/Queries").respond_with_json(rows)
    httpserver.expect_request("/Auth").respond_with_json({})
    with pytest.raises(Nonsense, match="order"):
        crm.list("Persons", page="after|1|full")


@pytest.mark.parametrize(
    "body", [{"PersonTitle": ["No 1234-5678."]}, {"errors": {"PersonTitle": ["No 1234-5678."]}}]
)
def test_what_a_refusal_says_of_properties_is_without_secrets(crm: WebcrmConnector, httpserver, body):
    answers(httpserver, body, 400)
    (result,) = crm.write("Persons", creates("a"))
    assert isinstance(result.error, Refused)
    assert result.error.fields == {"PersonTitle": "No •••."}
    assert "1234-5678" not in str(result.error)
