"""CustomERP over a real socket: threads, kept connections, hooks that travel."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from pytest_httpserver import HTTPServer
from werkzeug.wrappers import Request, Response

from sandbox.customerp.system import CustomErp
from sandbox.kit.ground import Ground
from sandbox.kit.server import Server
from sandbox.kit.serving import Served
from tests.sandbox.customerp_stage import customer

KEY = {"X-Api-Key": "key-hub"}
PATIENCE_SECONDS = 10


@pytest.fixture
def address() -> Iterator[str]:
    ground = Ground()
    erp = CustomErp(ground, {"customers": [customer(1), customer(2)]})
    with Served(Server(erp, ground)) as served:
        yield served.url


def echo(request: Request) -> Response:
    """Answers a challenge as a subscriber must."""
    data = json.loads(request.get_data())["data"]
    return Response(json.dumps({"challenge": data.get("challenge")}), content_type="application/json")


def wait_for(httpserver: HTTPServer, kind: str) -> dict[str, Any]:
    """The body of the first request of this kind, within the patience there is."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        for request, _ in list(httpserver.log):
            if request.headers["X-CustomERP-Event"] == kind:
                body: dict[str, Any] = json.loads(request.get_data())
                return body
        time.sleep(0.02)
    raise AssertionError(f"no {kind} came")


def test_a_token_opens_the_door(address: str) -> None:
    with requests.Session() as session:
        form = {"grant_type": "client_credentials", "client_id": "hub", "client_secret": "hub-secret"}
        token = session.post(f"{address}/api/v1/oauth/token", data=form, timeout=5).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        page = session.get(f"{address}/api/v1/customers?limit=1", headers=headers, timeout=5)
        following = session.get(page.links["next"]["url"], headers=headers, timeout=5)
    assert [row["id"] for row in page.json()["data"] + following.json()["data"]] == ["cus_001", "cus_002"]


def test_of_many_writers_with_one_version_one_wins(address: str) -> None:
    def write(number: int) -> int:
        url = f"{address}/api/v1/customers/cus_001"
        headers = KEY | {"If-Match": '"1"'}
        return requests.patch(url, json={"phone": str(number)}, headers=headers, timeout=5).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(write, range(8))) == [200] + [412] * 7


def test_of_many_creators_with_one_key_one_creates(address: str) -> None:
    def create(_: int) -> int:
        headers = KEY | {"Idempotency-Key": "k1"}
        url = f"{address}/api/v1/customers"
        return requests.post(url, json={"name": "Akkurat AS"}, headers=headers, timeout=5).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(create, range(8))) <= {201, 409}
    rows = requests.get(f"{address}/_control/state/customers", timeout=5).json()
    assert [row["name"] for row in rows].count("Akkurat AS") == 1


def test_hooks_travel(address: str, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/hooks").respond_with_handler(echo)
    body = {"url": httpserver.url_for("/hooks"), "events": ["customer.updated"], "secret": "s" * 32}
    made = requests.post(f"{address}/api/v1/webhooks", json=body, headers=KEY, timeout=5)
    assert made.json()["status"] == "active"
    order = {"entity": "customers", "key": "cus_001", "values": {"phone": "1"}}
    requests.post(f"{address}/_control/edit", json=order, timeout=5)
    assert wait_for(httpserver, "customer.updated")["data"] == {
        "id": "cus_001",
        "version": 2,
        "changedFields": ["phone"],
    }


def test_nobody_listening_leaves_the_subscription_pending(address: str) -> None:
    body = {"url": "http://127.0.0.1:1/", "events": ["customer.updated"], "secret": "s" * 32}
    made = requests.post(f"{address}/api/v1/webhooks", json=body, headers=KEY, timeout=15)
    assert (made.status_code, made.json()["status"]) == (201, "pending")
