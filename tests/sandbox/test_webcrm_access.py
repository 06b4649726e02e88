"""webCRM's door: log-in, tokens, rights, limits, and how addresses and answers are spelt."""

from __future__ import annotations

import json

import pytest

from sandbox.webcrm.access import HUB, READER
from tests.sandbox.webcrm_stage import OTHER_HUB, Stage


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_login_answers_exactly_these_members(stage: Stage) -> None:
    answer = stage.log_in()
    assert len(answer.pop("AccessToken")) == 43
    assert answer.pop("RefreshToken")
    assert answer == {
        "Error": None,
        "ErrorDescription": None,
        "IsError": False,
        "ExpiresIn": 3600,
        "TokenType": "Bearer",
        "SystemId": 39329,
    }


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/Auth/ApiLogin", {"data": {"authCode": HUB.code}}),
        ("/Auth/Apilogin", {"data": {"Authcode": HUB.code}}),
        ("/auth/apilogin", {"data": {"authcode": HUB.code.upper()}}),
        ("/Auth/ApiLogin", {"data": {"authCode": HUB.code}, "content_type": "multipart/form-data"}),
        ("/Auth/ApiLogin", {"json": {"authCode": HUB.code}}),
    ],
)
def test_every_spelling_of_a_login_works(stage: Stage, path: str, form: dict[str, object]) -> None:
    answer = stage.http.post(path, **form)  # type: ignore[arg-type]
    assert answer.status_code == 200
    assert json.loads(answer.text)["AccessToken"]


@pytest.mark.parametrize("form", [{"authCode": "nobody"}, {}, {"code": HUB.code}])
def test_a_bad_login_is_refused_in_the_shape_of_a_good_one(stage: Stage, form: dict[str, str]) -> None:
    answer = stage.http.post("/Auth/ApiLogin", data=form)
    body = json.loads(answer.text)
    assert answer.status_code == 400
    assert (body["IsError"], body["Error"]) == (True, "invalid_grant")
    assert body["ErrorDescription"] == "Invalid authCode"
    assert body["AccessToken"] is None


def test_a_bad_login_may_look_like_success(stage: Stage) -> None:
    stage.turn(bad_login_as_200=True)
    answer = stage.http.post("/Auth/ApiLogin", data={"authCode": "nobody"})
    assert answer.status_code == 200
    assert json.loads(answer.text)["IsError"] is True


@pytest.mark.parametrize("place", ["headers", "data"])
def test_a_refresh_token_works_once_in_header_or_form(stage: Stage, place: str) -> None:
    refresh = {"refreshToken": stage.log_in()["RefreshToken"]}
    first, second = (stage.http.post("/Auth/ApiRefresh", **{place: refresh}) for _ in range(2))  # type: ignore[arg-type]
    assert json.loads(first.text)["AccessToken"]
    assert second.status_code == 400


def test_the_identity_of_the_caller_and_of_the_system(stage: Stage) -> None:
    assert stage.get("/Auth") == {"SystemId": 39329, "SystemName": "Nordisk Handel", "TokenName": "hub"}
    stage.turn(system_id=7)
    assert stage.get("/Auth")["SystemId"] == 7
    assert stage.log_in()["SystemId"] == 7


@pytest.mark.parametrize("header", ["", "Bearer nonsense", "Basic x", "Bearer"])
def test_a_bad_bearer_is_401_without_a_body(stage: Stage, header: str) -> None:
    answer = stage.http.get("/Organisations", headers={"Authorization": header})
    assert (answer.status_code, answer.data) == (401, b"")


def test_the_scheme_word_is_read_in_any_case(stage: Stage) -> None:
    token = stage.log_in()["AccessToken"]
    answer = stage.http.get("/Organisations", headers={"Authorization": f"bearer {token}"})
    assert answer.status_code == 200


def test_a_token_ends_after_its_hour(stage: Stage) -> None:
    stage.get("/Auth")
    stage.shift(3599)
    stage.get("/Auth")
    stage.shift(3600)
    assert stage.call("GET", "/Auth").status_code == 401


def test_a_shorter_life_can_be_set(stage: Stage) -> None:
    stage.turn(token_ttl=60)
    assert stage.log_in()["ExpiresIn"] == 60
    stage.get("/Auth")
    stage.shift(60)
    assert stage.call("GET", "/Auth").status_code == 401


def test_all_tokens_can_be_ended_at_once(stage: Stage) -> None:
    stage.get("/Auth")
    stage.control("act/forget_tokens")
    assert stage.call("GET", "/Auth").status_code == 401


def test_a_token_without_the_right_to_write_reads_only(stage: Stage) -> None:
    assert stage.call("GET", "/Organisations/1", by=READER).status_code == 200
    answer = stage.call("PUT", "/Organisations/1", {"OrganisationId": 1}, by=READER)
    assert (answer.status_code, answer.json["Type"]) == (403, "ForbiddenException")


def test_250_calls_fit_a_minute_and_the_next_is_told_when_to_come_back(stage: Stage) -> None:
    statuses = {stage.call("GET", "/Auth").status_code for _ in range(249)}
    assert statuses == {200}
    stage.shift(46)
    answer = stage.call("GET", "/Auth")
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "14"
    assert answer.json == {
        "RetryAfterSeconds": 14,
        "Message": "The request was throttled. The limit of 250 requests per minute is reached",
        "Type": "TooManyRequestsException",
    }
    stage.shift(60)
    assert stage.call("GET", "/Auth").status_code == 200


def test_the_window_slides(stage: Stage) -> None:
    stage.turn(rate_limit_per_minute=3)
    stage.get("/Auth")
    stage.shift(30)
    stage.get("/Auth")
    assert stage.call("GET", "/Auth").status_code == 429
    stage.shift(60)
    assert [stage.call("GET", "/Auth").status_code for _ in range(3)] == [200, 200, 429]


def test_each_application_token_has_a_quota_of_its_own(stage: Stage) -> None:
    stage.turn(rate_limit_per_minute=2)
    stage.get("/Auth")
    assert stage.call("GET", "/Auth").status_code == 429
    assert stage.call("GET", "/Auth", by=OTHER_HUB).status_code == 200


def test_the_control_address_is_neither_limited_nor_counted(stage: Stage) -> None:
    stage.turn(rate_limit_per_minute=1)
    stage.log_in()
    assert [stage.http.get("/_control/health").status_code for _ in range(3)] == [200] * 3
    assert stage.http.get("/_control/calls").json["total"] == 1


@pytest.mark.parametrize(
    ("method", "path", "counted"),
    [
        ("GET", "/organisations?page=1&size=2", "GET /Organisations"),
        ("GET", "/PERSONS/2", "GET /Persons/{id}"),
        ("GET", "/Organisations/1/persons", "GET /Organisations/{id}/Persons"),
        (
            "GET",
            "/Organisations/FindByUpdateDates/2026-01-01T00:00:00/2026-02-01T00:00:00",
            "GET /Organisations/FindByUpdateDates/{date}/{date}",
        ),
        ("GET", "/fieldsmetadata/product", "GET /FieldsMetadata/Product"),
        ("GET", "/persons/byorganisation/1", "GET /Persons/ByOrganisation/{id}"),
    ],
)
def test_paths_are_read_in_any_case_and_counted_as_documented(
    stage: Stage, method: str, path: str, counted: str
) -> None:
    assert stage.call(method, path).status_code == 200
    assert stage.http.get("/_control/calls").json["by_endpoint"] == {counted: 1, "POST /Auth/ApiLogin": 1}


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json", "application/json"),
        ("text/json", "text/json"),
        ("*/*", "text/plain"),
        ("text/plain", "text/plain"),
    ],
)
def test_json_is_labelled_as_plain_text_unless_the_caller_insists(
    stage: Stage, accept: str, kind: str
) -> None:
    token = stage.log_in()["AccessToken"]
    headers = {"Authorization": f"Bearer {token}", "Accept": accept}
    answer = stage.http.get("/Organisations/1", headers=headers)
    assert answer.content_type == f"{kind}; charset=utf-8"
    assert json.loads(answer.text)["OrganisationId"] == 1


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/Invoices", 404),
        ("GET", "/Persons/Search", 404),
        ("GET", "/Persons/FindByUpdateDates/2026-01-01/2026-02-01", 404),
        ("GET", "/Products/FindByCreateDates/2026-01-01/2026-02-01", 404),
        ("DELETE", "/Organisations/1", 405),
        ("DELETE", "/Persons/1", 405),
        ("DELETE", "/Products", 405),
    ],
)
def test_what_webcrm_does_not_offer(stage: Stage, method: str, path: str, status: int) -> None:
    assert stage.call(method, path).status_code == status
