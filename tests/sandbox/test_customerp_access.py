"""Tokens, keys, scopes, limits and the shape of refusals."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.sandbox.customerp_stage import BASE, Stage, customer


@pytest.fixture
def stage() -> Stage:
    return Stage(customers=[customer(1)])


def ask_token(stage: Stage, **form: str) -> TestResponse:
    wanted = {"grant_type": "client_credentials", "client_id": "hub", "client_secret": "hub-secret"}
    return stage.http.post(f"{BASE}/oauth/token", data=wanted | form)


def with_token(stage: Stage, token: str, path: str = "/me") -> TestResponse:
    return stage.http.get(BASE + path, headers={"Authorization": f"Bearer {token}"})


def test_a_token_is_given_for_client_credentials_and_lives_half_an_hour(stage: Stage) -> None:
    answer = ask_token(stage)
    assert answer.status_code == 200
    assert set(answer.get_json()) == {"access_token", "token_type", "expires_in"}
    assert answer.get_json()["token_type"] == "Bearer"
    assert answer.get_json()["expires_in"] == 1800
    token = answer.get_json()["access_token"]
    stage.clock.pass_by(seconds=1799)
    assert with_token(stage, token).status_code == 200
    stage.clock.pass_by(seconds=1)
    assert with_token(stage, token).status_code == 401


def test_the_life_of_a_token_is_a_switch(stage: Stage) -> None:
    stage.erp.switches.token_ttl = 5
    token = ask_token(stage).get_json()["access_token"]
    stage.clock.pass_by(seconds=5)
    assert with_token(stage, token).status_code == 401


def test_forgotten_tokens_are_refused(stage: Stage) -> None:
    token = ask_token(stage).get_json()["access_token"]
    stage.erp.access.forget_tokens()
    assert with_token(stage, token).status_code == 401


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"client_secret": "wrong"}, 401),
        ({"client_id": "nobody"}, 401),
        ({"grant_type": "password"}, 400),
    ],
)
def test_a_bad_token_request_is_refused(stage: Stage, form: dict[str, str], status: int) -> None:
    answer = ask_token(stage, **form)
    assert answer.status_code == status
    assert "hub-secret" not in answer.text


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer no"}, {"X-Api-Key": "no"}])
def test_a_stranger_is_refused(stage: Stage, headers: dict[str, str]) -> None:
    answer = stage.http.get(f"{BASE}/me", headers=headers)
    assert answer.status_code == 401
    assert answer.get_json()["error"]["code"] == "unauthorized"


def test_me_says_company_scopes_and_time(stage: Stage) -> None:
    stage.erp.switches.company_id = "com_2"
    assert stage.get("/me").get_json() == {
        "company": {"id": "com_2", "name": "Nordisk Handel AS"},
        "scopes": ["read", "write"],
        "serverTime": "2026-03-01T08:00:00.000Z",
    }


def test_a_reader_may_not_write(stage: Stage) -> None:
    assert stage.get("/customers", X_Api_Key="key-reader").status_code == 200
    answer = stage.post("/customers", {"name": "x"}, X_Api_Key="key-reader")
    assert answer.status_code == 403
    assert answer.get_json()["error"]["code"] == "forbidden"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/orders", 404, "not_found"),
        ("GET", "/customers/cus_nobody", 404, "not_found"),
        ("DELETE", "/customers", 405, "bad_request"),
        ("GET", "/customers?limit=0", 400, "bad_request"),
    ],
)
def test_every_refusal_has_the_envelope(stage: Stage, method: str, path: str, status: int, code: str) -> None:
    answer = stage.call(method, path, X_Request_Id="abc")
    error: dict[str, Any] = answer.get_json()["error"]
    assert (answer.status_code, error["code"], error["requestId"]) == (status, code, "abc")
    assert error["message"]


def test_the_request_id_is_echoed_or_made(stage: Stage) -> None:
    assert stage.get("/me", X_Request_Id="mine").headers["X-Request-Id"] == "mine"
    assert stage.get("/me").headers["X-Request-Id"].startswith("req_")


def test_the_bucket_empties_and_refills_evenly(stage: Stage) -> None:
    stage.erp.switches.rate_limit_per_minute = 120
    left = [stage.get("/me").headers["X-RateLimit-Remaining"] for _ in range(120)]
    assert (left[0], left[-1]) == ("119", "0")
    refused = stage.get("/me")
    assert refused.status_code == 429
    assert refused.get_json()["error"]["code"] == "rate_limited"
    assert refused.headers["Retry-After"] == "1"
    assert refused.headers["X-RateLimit-Reset"] == "60"
    stage.clock.pass_by(seconds=1)
    assert [stage.get("/me").status_code for _ in range(3)] == [200, 200, 429]


def test_each_client_has_its_own_bucket(stage: Stage) -> None:
    stage.erp.switches.rate_limit_per_minute = 1
    assert stage.get("/me").status_code == 200
    assert stage.get("/me").status_code == 429
    assert stage.get("/me", X_Api_Key="key-reader").status_code == 200


@pytest.mark.parametrize("path", ["/me", "/customers", "/customers/nobody", "/nowhere"])
def test_every_answer_tells_the_limits(stage: Stage, path: str) -> None:
    headers = stage.get(path).headers
    assert {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"} <= set(headers.keys())
