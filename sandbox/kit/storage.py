"""Records that survive a restart: one SQLite file, written behind the answers in batches."""

from __future__ import annotations

import json
import sqlite3
import sys
from pathlib import Path
from threading import Lock
from typing import Any

Row = dict[str, Any]
Key = str | int
LOCKED_SECONDS = 0.5

TABLE = "CREATE TABLE IF NOT EXISTS record (entity TEXT, key TEXT, row TEXT, PRIMARY KEY (entity, key))"
PUT = "INSERT OR REPLACE INTO record VALUES (?, ?, ?)"
REMOVE = "DELETE FROM record WHERE entity = ? AND key = ?"


class Storage:
    """Takes every change at once and writes it at the next `flush`. Without a path it keeps nothing."""

    def __init__(self, path: Path | None) -> None:
        self._lock = Lock()
        self._waiting: dict[tuple[str, str], Row | None] = {}
        self._database: sqlite3.Connection | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, timeout=LOCKED_SECONDS, check_same_thread=False)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute(TABLE)

    def put(self, entity: str, key: Key, row: Row) -> None:
        """The row must not be changed in place afterwards."""
        self._wait(entity, key, row)

    def remove(self, entity: str, key: Key) -> None:
        self._wait(entity, key, None)

    def load(self) -> dict[str, list[Row]]:
        """Everything stored, by entity; empty at the first start."""
        found: dict[str, list[Row]] = {}
        if self._database is not None:
            for entity, row in self._database.execute("SELECT entity, row FROM record ORDER BY rowid"):
                found.setdefault(entity, []).append(json.loads(row))
        return found

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._waiting.clear()
            if self._database is not None:
                self._database.execute("DELETE FROM record")
                self._database.commit()

    def flush(self) -> None:
        """Writes what waits, in one commit; says so and keeps it waiting when the disk will not have it."""
        with self._lock:
            if not self._waiting or self._database is None:
                return
            gone = [place for place, row in self._waiting.items() if row is None]
            kept = [(*place, _text(row)) for place, row in self._waiting.items() if row is not None]
            try:
                with self._database:
                    self._database.executemany(REMOVE, gone)
                    self._database.executemany(PUT, kept)
            except sqlite3.OperationalError as error:
                print(f"Records wait to be kept: {error}.", file=sys.stderr, flush=True)
                return
            self._waiting = {}

    def close(self) -> None:
        self.flush()
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None

    def _wait(self, entity: str, key: Key, row: Row | None) -> None:
        if self._database is not None:
            with self._lock:
                self._waiting[entity, str(key)] = row


def _text(row: Row) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))
