"""Short ways to say one write."""

from __future__ import annotations

from sync.connectors.base import Operation, OperationKind
from sync.core.records import Value


def create(token: str = "t", **values: Value) -> Operation:
    return Operation(kind=OperationKind.CREATE, token=token, values=values)


def update(key: str, version: str | None = None, **values: Value) -> Operation:
    return Operation(kind=OperationKind.UPDATE, token="t", key=key, version=version, values=values)


def remove(key: str, version: str | None = None) -> Operation:
    return Operation(kind=OperationKind.REMOVE, token="t", key=key, version=version)
