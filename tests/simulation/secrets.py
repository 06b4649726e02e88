"""Credentials of the two systems, marked, so that they can be looked for in all that the hub keeps and logs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
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


class Overheard(logging.Handler):
    """Loggers that told a secret, in a sentence, in a field beside it or in a trace."""

    def __init__(self) -> None:
        super().__init__()
        self.told: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        trace = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
        if MARK in f"{record.getMessage()} {vars(record)} {trace}":
            self.told.add(record.name)


@contextmanager
def overheard(*silent: logging.Logger) -> Iterator[Overheard]:
    """Whatever is logged meanwhile; also by loggers that pass nothing on."""
    listener = Overheard()
    loggers = [*map(logging.getLogger, ("sync", "hub", "django")), *silent]
    for logger in loggers:
        logger.addHandler(listener)
    try:
        yield listener
    finally:
        for logger in loggers:
            logger.removeHandler(listener)
