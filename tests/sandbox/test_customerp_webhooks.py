"""Subscriptions, challenges, signatures, retries."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest

from sandbox.customerp.subscriptions import EVENTS
from tests.sandbox.customerp_stage import Stage, contact, customer, details

SECRET, NEWER = "s" * 32, "n" * 40
URL = "http://127.0.0.1:9/hooks/erp/"


@pytest.fixture
def stage() -> Stage:
    return Stage(customers=[customer(1), customer(2)], contacts=[contact(1, "cus_001")])


def subscribe(stage: Stage, *events: str) -> str:
    body = {"url": URL, "events": list(events) or sorted(EVENTS), "secret": SECRET}
    answer = stage.post("/webhooks", body)
    assert answer.status_code == 201, answer.text
    key: str = answer.get_json()["id"]
    return key


def status(stage: Stage, key: str) -> str:
    found: str = stage.get(f"/webhooks/{key}").get_json()["status"]
    return found


def test_a_subscriber_that_echoes_the_challenge_is_active(stage: Stage) -> None:
    key = subscribe(stage)
    shown = stage.get(f"/webhooks/{key}").get_json()
    assert (shown["status"], shown["url"]) == ("active", URL)
    assert "secret" not in json.dumps(shown)
    assert stage.get("/webhooks").get_json()["data"] == [shown]


def test_one_that_does_not_stays_pending_and_hears_nothing(stage: Stage) -> None:
    stage.subscriber.echoes = False
    key = subscribe(stage)
    stage.patch("/customers/cus_001", {"phone": "1"})
    assert status(stage, key) == "pending"
    assert stage.erp.webhooks.deliver_due() == 0
    stage.subscriber.echoes = True
    assert stage.post(f"/webhooks/{key}/ping", {}).get_json()["status"] == "active"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {"url": "required", "events": "required", "secret": "required"}),
        ({"url": "ftp://x", "events": ["customer.created"], "secret": SECRET}, {"url": "invalid_format"}),
        ({"url": URL, "events": ["customer.eaten"], "secret": SECRET}, {"events": "invalid_format"}),
        ({"url": URL, "events": [], "secret": SECRET}, {"events": "invalid_format"}),
        ({"url": URL, "events": ["customer.created"], "secret": "s" * 31}, {"secret": "invalid_format"}),
        ({"url": URL, "events": ["customer.created"], "secret": SECRET, "x": 1}, {"x": "unknown_field"}),
    ],
)
def test_a_wrong_subscription_is_refused(
    stage: Stage, body: dict[str, Any], expected: dict[str, str]
) -> None:
    assert details(stage.post("/webhooks", body)) == expected


def test_a_notice_is_thin_and_named_as_the_contract_says(stage: Stage) -> None:
    subscribe(stage)
    stage.patch("/customers/cus_001", {"phone": "1"})
    assert stage.erp.webhooks.deliver_due() == 1
    url, body, headers = stage.subscriber.heard[-1]
    notice = json.loads(body)
    assert url == URL
    assert notice.pop("id").startswith("evt_")
    assert notice == {
        "type": "customer.updated",
        "occurredAt": "2026-03-01T08:00:00.000Z",
        "data": {"id": "cus_001", "version": 2, "changedFields": ["phone"]},
    }
    assert headers["X-CustomERP-Event"] == "customer.updated"
    assert headers["X-CustomERP-Delivery"].startswith("dlv_")
    assert headers["X-CustomERP-Timestamp"] == "1772352000"


def test_every_notice_is_signed(stage: Stage) -> None:
    subscribe(stage)
    stage.patch("/customers/cus_001", {"phone": "1"})
    stage.erp.webhooks.deliver_due()
    for _, body, headers in stage.subscriber.heard:
        signed = headers["X-CustomERP-Timestamp"].encode() + b"." + body
        expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
        assert headers["X-CustomERP-Signature"] == f"v1={expected}"


def test_two_secrets_sign_while_one_replaces_the_other(stage: Stage) -> None:
    key = subscribe(stage)
    assert stage.call("PATCH", f"/webhooks/{key}", body={"secret": NEWER}).status_code == 200
    stage.patch("/customers/cus_001", {"phone": "1"})
    stage.erp.webhooks.deliver_due()
    _, body, headers = stage.subscriber.heard[-1]
    signed = headers["X-CustomERP-Timestamp"].encode() + b"." + body
    expected = [
        "v1=" + hmac.new(each.encode(), signed, hashlib.sha256).hexdigest() for each in (NEWER, SECRET)
    ]
    assert headers["X-CustomERP-Signature"].split(",") == expected


def test_only_what_was_asked_for_is_told(stage: Stage) -> None:
    subscribe(stage, "customer.created", "contact.deleted")
    stage.patch("/customers/cus_001", {"phone": "1"})
    stage.post("/customers", {"name": "x"})
    stage.call("DELETE", "/contacts/con_001", If_Match="*")
    stage.erp.webhooks.deliver_due()
    assert [event["type"] for event in stage.subscriber.events()] == ["customer.created", "contact.deleted"]


def test_a_change_of_nothing_is_not_told(stage: Stage) -> None:
    subscribe(stage)
    stage.patch("/customers/cus_001", {"name": "Kunde 1 AS"})
    assert stage.erp.webhooks.waiting() == 0


def test_a_failed_delivery_is_tried_again_under_the_same_id(stage: Stage) -> None:
    subscribe(stage)
    stage.subscriber.status = 500
    stage.patch("/customers/cus_001", {"phone": "1"})
    assert stage.erp.webhooks.deliver_due() == 1
    for wait in (10, 60, 300, 1800, 7200):
        stage.clock.pass_by(seconds=wait - 1)
        assert stage.erp.webhooks.deliver_due() == 0
        stage.clock.pass_by(seconds=1)
        assert stage.erp.webhooks.deliver_due() == 1
    assert stage.erp.webhooks.waiting() == 0
    deliveries = {headers["X-CustomERP-Delivery"] for _, _, headers in stage.subscriber.heard[1:]}
    assert len(deliveries) == 1
    assert len(stage.subscriber.events()) == 6


def test_a_success_ends_the_retries(stage: Stage) -> None:
    key = subscribe(stage)
    stage.subscriber.status = 0
    stage.patch("/customers/cus_001", {"phone": "1"})
    stage.erp.webhooks.deliver_due()
    assert stage.get(f"/webhooks/{key}").get_json()["failures"] == 1
    stage.subscriber.status = 204
    stage.clock.pass_by(seconds=10)
    assert stage.erp.webhooks.deliver_due() == 1
    assert stage.erp.webhooks.waiting() == 0
    assert stage.get(f"/webhooks/{key}").get_json()["failures"] == 0


def test_twenty_failures_disable_the_subscription_until_a_ping(stage: Stage) -> None:
    key = subscribe(stage)
    stage.subscriber.status = 500
    for number in range(20):
        stage.patch("/customers/cus_001", {"phone": str(number)})
    stage.erp.webhooks.deliver_due()
    assert status(stage, key) == "disabled_too_many_errors"
    stage.patch("/customers/cus_001", {"phone": "again"})
    stage.clock.pass_by(days=1)
    heard = len(stage.subscriber.heard)
    stage.erp.webhooks.deliver_due()
    assert len(stage.subscriber.heard) == heard
    assert stage.post(f"/webhooks/{key}/ping", {}).get_json()["status"] == "active"


def test_a_new_address_must_answer_the_challenge(stage: Stage) -> None:
    key = subscribe(stage)
    stage.subscriber.echoes = False
    answer = stage.call("PATCH", f"/webhooks/{key}", body={"url": URL + "new/"})
    assert answer.get_json()["status"] == "pending"


def test_an_ended_subscription_is_silent_and_unknown(stage: Stage) -> None:
    key = subscribe(stage)
    stage.patch("/customers/cus_001", {"phone": "1"})
    assert stage.call("DELETE", f"/webhooks/{key}").status_code == 204
    assert stage.erp.webhooks.deliver_due() == 0
    assert stage.get(f"/webhooks/{key}").status_code == 404


def test_another_client_sees_none_of_it(stage: Stage) -> None:
    key = subscribe(stage)
    assert stage.get(f"/webhooks/{key}", X_Api_Key="key-reader").status_code == 404
    assert stage.get("/webhooks", X_Api_Key="key-reader").get_json() == {"data": []}


def test_webhooks_can_be_missing(stage: Stage) -> None:
    subscribe(stage)
    stage.erp.switches.webhooks = False
    stage.patch("/customers/cus_001", {"phone": "1"})
    assert stage.get("/webhooks").status_code == 404
    assert stage.erp.webhooks.waiting() == 0
