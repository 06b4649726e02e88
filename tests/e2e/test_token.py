"""A program with a token has a link and a pair settled again by a real worker, and watches that end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.e2e.harness import Hub, Systems
from tests.e2e.processes import eventually

pytestmark = pytest.mark.e2e

PEOPLE = """
from django.contrib.auth.models import Group, User
for name in ("administrator", "operator", "auditor"):
    User.objects.create_user(name, password="demo-" + name, is_staff=True).groups.add(Group.objects.get(name=name))
answer = None
"""


class Program:
    """Somebody's script: a token, and the API's address."""

    def __init__(self, url: str, name: str) -> None:
        self.url = f"{url}/api/v1"
        self.session = requests.Session()
        self.session.trust_env = False
        token = self.ask("POST", "login/", {"username": name, "password": f"demo-{name}"}, 201)["token"]
        self.session.headers["Authorization"] = f"Token {token}"

    def ask(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = self.session.request(method, f"{self.url}/{path}", json=body, timeout=30)
        assert answer.status_code == status, answer.text
        return answer.json()


@pytest.fixture
def web(hub: Hub) -> Iterator[str]:
    """The hub in step, served, with a worker beside it."""
    hub.ask(PEOPLE)
    hub.go_live()
    hub.sync()
    with hub.worker(), hub.web() as url:
        yield url


def test_a_token_has_a_link_and_a_pair_settled_again(web: str, systems: Systems) -> None:
    program = Program(web, "operator")
    link = program.ask("GET", "links/?pair=customers&linked=true")["results"][0]
    systems.crm.edit("Organisations", int(link["crm_key"]), OrganisationTelephone="+47 11 22 33 44")
    settled_at = program.ask("GET", f"links/{link['id']}/")["settled_at"]
    program.ask("POST", f"links/{link['id']}/resync/", {"reason": "a customer called"}, 202)
    eventually(
        lambda: program.ask("GET", f"links/{link['id']}/")["settled_at"] != settled_at,
        "the link is settled again",
    )
    found = next(row for row in systems.erp.state("customers") if row["id"] == link["erp_key"])
    assert found["phone"] == "+47 11 22 33 44"

    run = program.ask("POST", "runs/", {"pair": "products", "full": True}, 202)
    eventually(lambda: program.ask("GET", f"runs/{run['id']}/")["state"] == "done", "the run is done")
    verbs = [act["verb"] for act in program.ask("GET", "acts/")["results"]]
    assert {"resync", "request run"} <= set(verbs)


def test_an_auditor_reads_and_is_refused_the_rest(web: str) -> None:
    program = Program(web, "auditor")
    link = program.ask("GET", "links/?pair=customers")["results"][0]
    refusal = program.ask("POST", f"links/{link['id']}/resync/", {}, 403)
    assert refusal["error"].endswith(".")
    program.ask("POST", "runs/", {"pair": "products"}, 403)
    assert program.ask("GET", "changes/")["results"]
