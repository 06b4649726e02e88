"""The connector to webCRM (REST API v1). Calls are the currency: a thousand rows a page, fifty writes a call."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from sync.connectors.base import (
    Access,
    Capabilities,
    Identity,
    Misconfigured,
    Nonsense,
    Operation,
    Page,
    Records,
    Refused,
    RemovedPage,
    Results,
)
from sync.connectors.http.messages import Request
from sync.connectors.http.session import Session
from sync.connectors.webcrm import sql
from sync.connectors.webcrm.batches import MOST_ROWS, Writer
from sync.connectors.webcrm.facts import ENTITIES, Facts
from sync.connectors.webcrm.lists import SIZE, Lists, Queries
from sync.connectors.webcrm.login import Editor, Login
from sync.connectors.webcrm.metadata import described
from sync.connectors.webcrm.reading import Reader, rows_of
from sync.connectors.webcrm.writing import ID, message_of
from sync.core.records import Property, Record
from sync.core.vocabulary import DataType

ROUTES = frozenset(
    {
        ("POST", "/Auth/ApiLogin"),
        ("GET", "/Auth"),
        ("GET", "/Queries"),
        ("GET", "/FieldsMetadata/{entity}"),
        ("GET", "/Organisations/FindByUpdateDates/{start}/{end}"),
        ("DELETE", "/Products/{id}"),
        *((method, f"/{entity}") for entity in ENTITIES for method in ("GET", "POST", "PATCH")),
        *((method, f"/{entity}/{{id}}") for entity in ENTITIES for method in ("GET", "PUT")),
    }
)
"""Every call this connector may make: webCRM has others that empty whole tables."""
CONFIG = {"token_name": str, "batches": bool}


class WebcrmConnector:
    """Speaks to one webCRM system.

    Credentials: `auth_code`, the application token. Config: `token_name`, what webCRM calls that token, by which the
    hub knows its own writes; `batches: false` writes row by row.
    """

    def __init__(self, access: Access, *, sleep: Callable[[float], None] = time.sleep) -> None:
        _check_config(access)
        self._session = Session(access, ROUTES, sleep=sleep, key=ID)
        self._session.message_of = message_of
        self._login = Login(access, self._session)
        self._session.signature = self._login
        self._editor = Editor(access, self._session, self._login)
        self._queries = Queries(self._session, access.vault, self._login.mark)
        self._readers: dict[str, Reader] = {}
        self._batches = bool(access.config.get("batches", True))

    def identity(self, *, fresh: bool = False) -> Identity:
        """webCRM's system id, as the login said; older systems do not tell it: then the token's mark.

        A token is good in the system that gave it only, so the one in use says who is there without a call.
        """
        system, mark = self._login.introduce(fresh=fresh)
        return Identity(
            key=f"webcrm:{system}" if system else f"token:{mark}", name=f"webCRM {system}".strip()
        )

    def entities(self) -> tuple[str, ...]:
        return tuple(ENTITIES)

    def capabilities(self, entity: str) -> Capabilities:
        facts = _facts(entity)
        queries = self._queries.work(facts)
        return Capabilities(
            changed_since=queries or entity == "Organisations",
            bulk_read=sql.MOST_KEYS if queries else 0,
            bulk_write=MOST_ROWS if self._batches else 0,
            names_editor=bool(self._editor.name()),
            removes=facts.removes,
            resolution=1.0,
            fixed=facts.fixed_paths,
        )

    def fields(self, entity: str) -> tuple[Property, ...]:
        facts = _facts(entity)
        request = Request(
            method="GET", template="/FieldsMetadata/{entity}", segments={"entity": facts.prefix}
        )
        answer = self._session.call(request)
        return described(facts, [] if answer.status == 404 else rows_of(answer, request.endpoint))

    def list(
        self,
        entity: str,
        *,
        since: datetime | None = None,
        page: str | None = None,
        paths: Sequence[str] = (),
    ) -> Page:
        return Lists(self._session, self._queries, self._reader(entity)).page(since, page, paths)

    def read(self, entity: str, keys: Sequence[str], *, paths: Sequence[str] = ()) -> dict[str, Record]:
        facts = _facts(entity)
        wanted = [key for key in dict.fromkeys(keys) if key.isascii() and key.isdigit()]
        rows = self._rows_by(facts, facts.key, wanted, paths)
        if rows is None:
            return self._read_singly(entity, wanted, paths)
        asked, found = set(wanted), (self._reader(entity).record(row, paths) for row in rows)
        return {record.key: record for record in found if record.key in asked}

    def find(self, entity: str, path: str, values: Sequence[str], *, paths: Sequence[str] = ()) -> Records:
        """webCRM compares texts without regard to case, and so does this."""
        facts = _facts(entity)
        known = facts.properties().get(path)
        if not sql.NAME.fullmatch(path) or not path.startswith(facts.prefix):
            raise Misconfigured(f"{entity} has no property '{path}' to look up by.")
        shown = (*paths, path) if paths else ()
        literals = [_literal(known, value) for value in dict.fromkeys(values)]
        rows = self._rows_by(facts, path, literals, shown)
        if rows is None:
            return self._found_by_listing(entity, path, values, paths=shown)
        return _meant((self._reader(entity).record(row, shown) for row in rows), path, values)

    def removed(self, entity: str, *, since: datetime, page: str | None = None) -> RemovedPage:  # noqa: ARG002
        raise Misconfigured(f"webCRM tells nothing of removed {entity}: compare complete listings.")

    def write(self, entity: str, operations: Sequence[Operation]) -> Results:
        return Writer(self._session, _facts(entity), batches=self._batches).write(operations)

    def _reader(self, entity: str) -> Reader:
        if entity not in self._readers:
            self._readers[entity] = Reader(_facts(entity), self._editor.name())
        return self._readers[entity]

    def _rows_by(
        self, facts: Facts, path: str, literals: Sequence[str], paths: Sequence[str]
    ) -> Sequence[dict[str, Any]] | None:
        """The rows whose property is one of the literals; None where the system takes no questions."""
        found: Sequence[dict[str, Any]] = ()
        try:
            for script in sql.by_literals(facts, path, literals, paths=paths, longest=self._queries.longest):
                rows = self._all_rows(facts, script)
                if rows is None:
                    return None
                found = [*found, *rows]
        except Refused:
            if len(literals) < 2 or not self._queries.shorten():
                raise
            return self._rows_by(facts, path, literals, paths)
        return found

    def _all_rows(self, facts: Facts, script: str) -> Sequence[dict[str, Any]] | None:
        """Every page of one question; None where the system does not take it."""
        found: Sequence[dict[str, Any]] = ()
        number = 1
        while (rows := self._queries.rows(facts, script, page=number)) is not None:
            found = [*found, *rows]
            if len(rows) < SIZE:
                return found
            number += 1
        return None

    def _read_singly(self, entity: str, keys: Sequence[str], paths: Sequence[str]) -> dict[str, Record]:
        reader, records = self._reader(entity), {}
        for key in keys:
            answer = self._session.call(
                Request(method="GET", template=f"/{entity}/{{id}}", segments={"id": key})
            )
            if answer.status == 404 or (answer.empty and answer.status < 300):
                continue
            if answer.status >= 400 or not isinstance(answer.body, dict):
                raise Nonsense(
                    f"GET /{entity}/{key} was not answered with a record (status {answer.status})."
                )
            records[key] = reader.record(answer.body, paths)
        return records

    def _found_by_listing(
        self, entity: str, path: str, values: Sequence[str], *, paths: Sequence[str]
    ) -> Records:
        """Without questions there is only reading everything."""
        found: Records = []
        page = self.list(entity, paths=paths)
        while True:
            found += _meant(page.records, path, values)
            if page.next is None:
                return found
            page = self.list(entity, page=page.next, paths=paths)


def _facts(entity: str) -> Facts:
    if entity not in ENTITIES:
        raise Misconfigured(f"webCRM has no entity '{entity}': choose one of {', '.join(ENTITIES)}.")
    return ENTITIES[entity]


def _literal(known: Property | None, value: str) -> str:
    if known is None or known.type not in (DataType.INTEGER, DataType.NUMBER):
        return sql.text(value)
    if not sql.NUMBER.fullmatch(value):
        raise Refused(f"'{value[:40]}' is not a number, and {known.path} is looked up by one.")
    return value


def _meant(records: Iterable[Record], path: str, values: Sequence[str]) -> Records:
    """Those that really hold one of the values: some of webCRM's operators find more."""
    wanted = {value.strip().casefold() for value in values}
    return [record for record in records if str(record.values.get(path)).strip().casefold() in wanted]


def _check_config(access: Access) -> None:
    for name, value in access.config.items():
        if name not in CONFIG:
            raise Misconfigured(f"webCRM's configuration has no '{name}': choose from {', '.join(CONFIG)}.")
        if not isinstance(value, CONFIG[name]):
            kind = "true or false" if CONFIG[name] is bool else "a text"
            raise Misconfigured(f"webCRM's configuration: '{name}' must be {kind}.")
