"""A database of the simulation's own: in memory, prepared once, copied for every seed, watched at every commit."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.core.management import call_command
from django.db import connections

Execute = Callable[..., Any]
WRITES = ("INSERT", "UPDATE", "DELETE")


@contextmanager
def own_database() -> Iterator[None]:
    """The `default` database is an empty, migrated one in memory, with real commits."""
    ours = connections.settings["default"]
    memory = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": ":memory:",
        "OPTIONS": {"transaction_mode": "IMMEDIATE"},
    }
    theirs = connections.configure_settings({"default": memory})["default"]
    kept = connections["default"]
    connections.settings["default"] = theirs
    del connections["default"]
    try:
        connections["default"].ensure_connection()
        load(empty())
        yield
    finally:
        connections["default"].connection.close()
        connections.settings["default"] = ours
        connections["default"] = kept


@cache
def empty() -> bytes:
    """A migrated, empty database."""
    call_command("migrate", verbosity=0)
    return dump()


def dump() -> bytes:
    """All that is committed, as it stands."""
    return raw().serialize()


def load(state: bytes) -> None:
    """Whatever was committed since `state` is lost."""
    source = sqlite3.connect(":memory:")
    source.deserialize(state)
    source.backup(raw())
    source.close()


def raw() -> sqlite3.Connection:
    found: sqlite3.Connection = connections["default"].connection
    return found


def lose_uncommitted() -> None:
    """What the database does when its client is gone: the open transaction never was."""
    connection = connections["default"]
    raw().rollback()
    connection.in_atomic_block = False
    connection.savepoint_ids = []
    connection.atomic_blocks = []
    connection.needs_rollback = False
    connection.run_on_commit = []
    raw().isolation_level = None
    connection.autocommit = True


@contextmanager
def watched(
    before: Callable[[str], None], after: Callable[[str], None], alive: Callable[[], None]
) -> Iterator[None]:
    """Call `before` and `after` around every commit, and `alive` before every statement.

    `before` gets `begin` ahead of a transaction, `commit` at its end, `write` ahead of a statement that commits itself.
    """
    connection = connections["default"]
    commit = connection.commit

    def wrapper(execute: Execute, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if not sql.startswith("ROLLBACK"):
            alive()
        word = sql.split(" ", 1)[0]
        alone = not connection.in_atomic_block and word in WRITES
        if alone or word == "BEGIN":
            before("write" if alone else "begin")
        found = execute(sql, params, many, context)
        if alone:
            after("write")
        return found

    def committing() -> None:
        before("commit")
        commit()
        after("commit")

    connection.commit = committing
    try:
        with connection.execute_wrapper(wrapper):
            yield
    finally:
        del connection.commit
