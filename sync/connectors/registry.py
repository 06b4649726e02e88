"""Every kind of system the hub can speak to."""

from __future__ import annotations

from collections.abc import Callable

from sync.connectors.base import Access, Connector, Misconfigured
from sync.connectors.memory import open_memory
from sync.connectors.rest.connector import RestConnector
from sync.connectors.webcrm.connector import WebcrmConnector

KINDS: dict[str, Callable[[Access], Connector]] = {
    "memory": open_memory,
    "rest": RestConnector,
    "webcrm": WebcrmConnector,
}


def open_connector(kind: str, access: Access) -> Connector:
    """The connector to one system; Misconfigured where kind, address, credentials or config are wrong."""
    if kind not in KINDS:
        raise Misconfigured(f"There is no connector of kind '{kind}': choose one of {', '.join(KINDS)}.")
    return KINDS[kind](access)
