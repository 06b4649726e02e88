"""Logging in as a program, and out again."""

from __future__ import annotations

from knox.models import AuthToken

from tests.faces.callers import Caller, caller
from tests.factories import PASSWORD, UserFactory


def login(**said: str) -> Caller:
    answer = Caller().post("login/", **said)
    assert answer.code == 201
    return Caller(answer.body["token"])


def test_a_name_and_a_password_become_a_token(db: None) -> None:
    UserFactory(username="kari", role="auditor")
    token = login(username="kari", password=PASSWORD)
    assert token.get("pairs/").code == 200
    (listed,) = token.get("tokens/").body
    assert token.token.startswith(listed["token_key"])
    assert len(listed["token_key"]) < len(token.token) / 2


def test_logging_out_ends_this_token_only(db: None) -> None:
    UserFactory(username="kari", role="auditor")
    first, second = (login(username="kari", password=PASSWORD) for _ in range(2))
    assert first.post("logout/").code == 204
    assert (first.get("pairs/").code, second.get("pairs/").code) == (401, 200)


def test_a_wrong_password_and_an_account_that_is_off_get_the_same_answer(db: None) -> None:
    UserFactory(username="kari", role="auditor")
    UserFactory(username="off", is_active=False)
    answers = [
        Caller().post("login/", username=name, password=word)
        for name, word in (("kari", "wrong"), ("off", PASSWORD), ("nobody", PASSWORD))
    ]
    assert {answer.code for answer in answers} == {401}
    assert len({answer.body["error"] for answer in answers}) == 1
    assert not AuthToken.objects.exists()


def test_an_account_that_is_switched_off_takes_its_tokens_along(db: None) -> None:
    user = UserFactory(username="kari", role="auditor")
    token = login(username="kari", password=PASSWORD)
    user.is_active = False
    user.save()
    assert token.get("pairs/").code == 401


def test_a_bad_login_body_is_refused(db: None) -> None:
    for said in ({"username": "kari"}, {"username": "a\x00", "password": "x"}, {"user": "kari"}):
        assert Caller().post("login/", **said).code == 400


def test_guessing_is_slowed_down(db: None) -> None:
    codes = [Caller().post("login/", username="kari", password="wrong").code for _ in range(11)]
    assert codes[-1] == 429
    assert 429 not in codes[:10]


def test_a_token_that_is_none_is_refused(db: None) -> None:
    for token in ("x", "hub_" + "0" * 60, "æ", "a b", "\t", "x" * 5000):
        answer = Caller(token).get("pairs/")
        assert (answer.code, "POST /api/v1/login/" in answer.body["error"]) == (401, True)


def test_who_shows_no_token_is_told_where_to_get_one(db: None) -> None:
    answer = Caller().get("pairs/")
    assert (answer.code, "POST /api/v1/login/" in answer.body["error"]) == (401, True)


def test_only_one_s_own_tokens_are_listed(db: None) -> None:
    caller("operator")
    assert len(caller("auditor").get("tokens/").body) == 1
    assert Caller().get("tokens/").code == 401
    assert Caller().post("logout/").code == 401
