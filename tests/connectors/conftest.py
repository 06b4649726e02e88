"""The three stages a connector is tried on: a system in memory and both pretend systems, served in this process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import pytest

from sandbox.customerp.switches import Switches as ErpSwitches
from sandbox.customerp.system import CustomErp
from sandbox.kit.ground import Ground
from sandbox.kit.server import Server
from sandbox.kit.serving import Served
from sandbox.webcrm.switches import Switches as CrmSwitches
from sandbox.webcrm.system import WebCrm
from tests.connectors.stages import CrmStage, ErpStage, MemoryStage, Stage

CUSTOMERS = [
    {
        "id": f"cus_{n:03d}",
        "customerNumber": str(100 + n),
        "name": f"Kunde {n} AS",
        "createdAt": at,
        "updatedAt": at,
    }
    for n in range(1, 8)
    for at in [f"2026-01-01T08:00:{n:02d}.000Z"]
]
ORGANISATIONS = [
    {
        "OrganisationId": n,
        "OrganisationName": f"Kunde {n} AS",
        "OrganisationUpdatedAt": at,
        "OrganisationCreatedAt": at,
    }
    for n in range(1, 8)
    for at in [f"2026-01-01T08:00:{n:02d}+00:00"]
]


@pytest.fixture(scope="session")
def erp_server() -> Iterator[tuple[Server, str]]:
    ground = Ground()
    server = Server(CustomErp(ground, {"customers": CUSTOMERS}), ground)
    with Served(server) as served:
        yield server, served.url


@pytest.fixture(scope="session")
def crm_server() -> Iterator[tuple[Server, str]]:
    ground = Ground()
    server = Server(WebCrm(ground, {"Organisations": ORGANISATIONS}), ground)
    with Served(server) as served:
        yield server, served.url


def fresh(server: Server, switches: ErpSwitches | CrmSwitches) -> None:
    """The server as it was when it began, with room for any number of calls."""
    for name, value in (asdict(switches) | {"rate_limit_per_minute": 1_000_000}).items():
        setattr(server.system.switches, name, value)
    server.system.reset()
    server.calls.clear()


@pytest.fixture
def erp(erp_server: tuple[Server, str]) -> ErpStage:
    fresh(erp_server[0], ErpSwitches())
    return ErpStage(*erp_server)


@pytest.fixture
def crm(crm_server: tuple[Server, str]) -> CrmStage:
    fresh(crm_server[0], CrmSwitches())
    return CrmStage(*crm_server)


DRESSES = {"bare": "cursor", "odata": "cursor", "tripletex": "page", "data": "offset"}
"""CustomERP's envelopes, each with a way of paging."""


@pytest.fixture(params=["memory", "rest", "webcrm", *DRESSES])
def stage(request: pytest.FixtureRequest) -> Stage:
    if request.param == "memory":
        return MemoryStage()
    if request.param in DRESSES:
        return request.getfixturevalue("erp").dress(request.param, DRESSES[request.param])
    return request.getfixturevalue("erp" if request.param == "rest" else "crm")
