"""Each kind of system in the same terms: its connector, and a person who looks and edits behind its back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from sandbox.kit.server import Server
from sync.connectors.base import Access, Connector
from sync.connectors.memory import MemoryConnector
from sync.connectors.memory_rows import MemoryEntity
from sync.connectors.memory_system import MemorySystem
from sync.connectors.rest.connector import RestConnector
from sync.connectors.rest.shapes import flat, nested
from sync.connectors.webcrm.connector import WebcrmConnector
from sync.core.records import Property, Record
from tests.connectors.ports import FakeGate, FakeVault

BEGAN = datetime(2026, 1, 1, 8, tzinfo=UTC)


class Stage(Protocol):
    """`name`, `note` and `number` are property paths; `missing` is a key of the right form that is not there."""

    connector: Connector
    gate: FakeGate
    entity: str
    name: str
    note: str
    missing: str
    too_long: int

    def keys(self) -> list[str]: ...

    def values(self, key: str) -> Mapping[str, Any] | None: ...

    def edit(self, key: str, **values: Any) -> None: ...

    def create(self, **values: Any) -> str: ...

    def remove(self, key: str) -> None: ...


def listed(stage: Stage, entity: str = "", **how: Any) -> list[Record]:
    """Every page of a listing."""
    page = stage.connector.list(entity or stage.entity, **how)
    found = list(page.records)
    while page.next is not None:
        page = stage.connector.list(entity or stage.entity, page=page.next, **how)
        found += page.records
    return found


class Ticking:
    """A second passes at each look."""

    def __init__(self) -> None:
        self.now = BEGAN

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


class MemoryStage:
    entity, name, note, missing, too_long = "customers", "name", "note", "customers-999", 51

    def __init__(self) -> None:
        properties = (
            Property(path="name", required=True, max_length=50),
            Property(path="note"),
            Property(path="external"),
        )
        self.system = MemorySystem(
            "stage", {"customers": MemoryEntity(properties=properties)}, clock=Ticking()
        )
        self.gate = FakeGate()
        self.connector: Connector = MemoryConnector(self.system, self.gate)
        for number in range(1, 8):
            self.create(name=f"Kunde {number} AS", note="")

    def keys(self) -> list[str]:
        return self.system.keys("customers")

    def values(self, key: str) -> Mapping[str, Any] | None:
        return self.system.values("customers", key)

    def edit(self, key: str, **values: Any) -> None:
        self.system.edit("customers", key, values)

    def create(self, **values: Any) -> str:
        return self.system.create("customers", values)

    def remove(self, key: str) -> None:
        self.system.remove("customers", key)


class Served:
    """What both pretend systems have in common."""

    entity: str
    key: str

    def __init__(self, server: Server, url: str) -> None:
        self.server, self.url = server, url
        self.gate, self.vault = FakeGate(), FakeVault()

    def access(self, *, path: str = "", config: Mapping[str, Any], **credentials: str) -> Access:
        place = self.url.removeprefix("http://")
        return Access(
            address=self.url + path,
            config=config,
            credentials=credentials,
            allow_hosts=(place,),
            gate=self.gate,
            vault=self.vault,
        )

    def turn(self, **switches: Any) -> None:
        for name, value in switches.items():
            assert hasattr(self.server.system.switches, name)
            setattr(self.server.system.switches, name, value)

    def keys(self) -> list[str]:
        return [str(row[self.key]) for row in self.server.system.state(self.entity)]

    def values(self, key: str) -> Mapping[str, Any] | None:
        rows = self.server.system.state(self.entity)
        return next((dict(flat(row)) for row in rows if str(row[self.key]) == key), None)

    def edit(self, key: str, **values: Any) -> None:
        self.server.system.edit(self.entity, key, nested(values), by="Kari Nordmann")

    def create(self, **values: Any) -> str:
        return str(self.server.system.create(self.entity, nested(values), by="Kari Nordmann"))

    def remove(self, key: str) -> None:
        self.server.system.remove(self.entity, key, by="Kari Nordmann")

    def calls(self) -> int:
        """As the server itself counted them."""
        return sum(self.server.calls.shown()["by_endpoint"].values())


ENVELOPES = {
    "bare": {"records": "$", "paging": {"kind": "link_header", "size": 5}},
    "odata": {"records": "$.value", "paging": {"kind": "next_url", "next": '$."@odata.nextLink"', "size": 5}},
    "tripletex": {"records": "$.values", "paging": {"kind": "none", "size": 200}},
    "data": {"records": "$.data"},
}
"""How the removal feed of each of CustomERP's envelopes is read: it keeps its cursor."""
COUNTED = {
    "page": {"kind": "page", "size": 5},
    "offset": {"kind": "offset", "size": 5},
}


def dressed(envelope: str, paging: str) -> dict[str, Any]:
    """What lies over the preset for a CustomERP with other switches."""
    feed = ENVELOPES[envelope]
    pages, records = COUNTED.get(paging) or feed["paging"], {"records": feed["records"]}
    of_all = {"list": {**records, "paging": pages}, "bulk": records, "deleted": feed}
    if envelope == "tripletex":
        of_all |= {"record": "$.value", "create": {"id": "$.value.id"}}
    return {"resources": dict.fromkeys(("customers", "contacts", "products"), of_all)}


class ErpStage(Served):
    entity, key, name, note, missing, too_long = "customers", "id", "name", "description", "cus_999", 256

    def __init__(self, server: Server, url: str) -> None:
        super().__init__(server, url)
        self.connector: Connector = self.opened()

    def dress(self, envelope: str, paging: str) -> ErpStage:
        """The same records as another ERP hands them out, and the connector configured for it."""
        self.turn(envelope=envelope, paging=paging)
        self.connector = self.opened(**dressed(envelope, paging))
        return self

    def opened(self, *, client_secret: str = "hub-secret", **config: Any) -> RestConnector:
        access = self.access(
            path="/api/v1",
            config={"preset": "customerp"} | config,
            client_id="hub",
            client_secret=client_secret,
        )
        return RestConnector(access, sleep=lambda seconds: None)


class CrmStage(Served):
    entity, key, name, note = "Organisations", "OrganisationId", "OrganisationName", "OrganisationComment"
    missing, too_long = "999", 201

    def __init__(self, server: Server, url: str) -> None:
        super().__init__(server, url)
        self.connector: Connector = self.opened()

    def opened(
        self, *, token: str = "00000000-0000-0000-0000-000000000001", **config: Any
    ) -> WebcrmConnector:
        access = self.access(config=config, auth_code=token)
        return WebcrmConnector(access, sleep=lambda seconds: None)
