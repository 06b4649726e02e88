"""Credentials of the two systems, marked, so that they can be looked for in all that the hub keeps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sync.engine.gate import DatabaseVault
from sync.engine.ports import Ports
from sync.models.systems import System
from sync.services.systems import enter_credentials
from tests.simulation import database
from tests.world import START

MARK = "tell-nobody-4711"


def enter_secrets() -> None:
    """Somebody enters each system's credentials, and each system hands out a token for them."""
    for system in System.objects.order_by("pk"):
        enter_credentials(system, {"password": MARK}, by="somebody")
        vault = DatabaseVault(system_id=system.pk, ports=Ports())
        vault.put("access", MARK, START + timedelta(days=365))


def told() -> Iterator[str]:
    """Every table in which a secret stands in the clear."""
    tables = database.raw().execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for (table,) in tables:
        rows = database.raw().execute(f'SELECT * FROM "{table}"')
        if any(MARK in str(row) for row in rows):
            yield table
