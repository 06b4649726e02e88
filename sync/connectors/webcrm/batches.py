"""Writing to webCRM: fifty rows a call, with the ways out where a batch cannot be trusted.

PATCH is the one path, also for a single row: it answers creates and updates of all three entities alike, where
POST /Organisations does not document its answer. POST and PUT serve systems without PATCH, or by configuration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sync.connectors.base import (
    ConnectorError,
    Gone,
    NotNow,
    Operation,
    OperationKind,
    Refused,
    Result,
    Results,
    Unavailable,
    Unknown,
)
from sync.connectors.http.messages import Answer, Request
from sync.connectors.http.session import Session
from sync.connectors.webcrm.facts import Facts
from sync.connectors.webcrm.writing import body_of, new_id, refusal_of, row_result

MOST_ROWS = 50
BELIEVED = 3
"""So many rows that are not allowed alone, and nothing else between them: the credential may not write."""
NO_BATCH = frozenset({404, 405, 501})


@dataclass(frozen=True, kw_only=True)
class Row:
    """One operation on its way: its place in the order and what is sent for it."""

    at: int
    operation: Operation
    body: dict[str, Any]


class Writer:
    """Writes operations of one entity, one call at a time; every operation gets its result."""

    def __init__(self, session: Session, facts: Facts, *, batches: bool) -> None:
        self._session = session
        self._facts = facts
        self._properties = facts.properties()
        self._batches = batches
        self._halted: ConnectorError | None = None
        self._alone = 0
        """Rows in a row that were not allowed each by itself."""

    def write(self, operations: Sequence[Operation]) -> Results:
        results: dict[int, Result] = {}
        rows: list[Row] = []
        for at, operation in enumerate(operations):
            if operation.kind is OperationKind.REMOVE:
                results[at] = self._guarded_remove(operation)
                continue
            try:
                rows.append(
                    Row(at=at, operation=operation, body=body_of(self._facts, operation, self._properties))
                )
            except Refused as error:
                results[at] = Result(key=operation.key, error=error)
        for start in range(0, len(rows), MOST_ROWS):
            results |= self._rows(rows[start : start + MOST_ROWS])
        return [results[at] for at in range(len(operations))]

    def _rows(self, rows: list[Row]) -> dict[int, Result]:
        """What became of some rows, by their place."""
        if self._halted is not None:
            return _all(rows, self._halted)
        return self._batch(rows) if self._batches else self._singles(rows)

    def _batch(self, rows: list[Row]) -> dict[int, Result]:
        request = Request(
            method="PATCH", template=f"/{self._facts.entity}", body=[row.body for row in rows], writes=True
        )
        try:
            answer = self._session.call(request)
        except Refused as error:
            return self._not_allowed(rows, error)
        except ConnectorError as error:
            self._halt(error)
            return _all(rows, error)
        if answer.status in NO_BATCH:
            self._batches = False
            return self._singles(rows)
        if answer.status >= 400:
            return self._bisected(rows, answer)
        return self._told(rows, answer)

    def _bisected(self, rows: list[Row], answer: Answer) -> dict[int, Result]:
        """Nothing happened because of one row, most likely: find it by halves."""
        if len(rows) == 1:
            operation = rows[0].operation
            error = refusal_of(operation, answer, self._session.quote(answer))
            return _all(rows, error)
        return self._halves(rows)

    def _not_allowed(self, rows: list[Row], error: Refused) -> dict[int, Result]:
        """Because of one row or of all of them: after a few that were refused alone, all of them are believed."""
        self._alone += len(rows) == 1
        return _all(rows, error) if len(rows) == 1 or self._alone >= BELIEVED else self._halves(rows)

    def _halves(self, rows: list[Row]) -> dict[int, Result]:
        middle = len(rows) // 2
        return self._rows(rows[:middle]) | self._rows(rows[middle:])

    def _told(self, rows: list[Row], answer: Answer) -> dict[int, Result]:
        self._alone = 0
        said = answer.body
        if not isinstance(said, list) or len(said) != len(rows):
            error = Unknown(
                "webCRM's answer to a batch does not fit it row by row: each row has to be looked up."
            )
            return _all(rows, error)
        texts = [self._session.short(text) if isinstance(text, str) else text for text in said]
        results = {row.at: row_result(row.operation, text) for row, text in zip(rows, texts, strict=True)}
        return results | _doubles(rows, results)

    def _singles(self, rows: list[Row]) -> dict[int, Result]:
        return {row.at: self._guarded_single(row) for row in rows}

    def _guarded_single(self, row: Row) -> Result:
        if self._halted is not None:
            return Result(key=row.operation.key, error=self._halted)
        try:
            return self._single(row)
        except ConnectorError as error:
            self._halt(error)
            return Result(key=row.operation.key, error=error)

    def _single(self, row: Row) -> Result:
        creates = row.operation.kind is OperationKind.CREATE
        template = f"/{self._facts.entity}" if creates else f"/{self._facts.entity}/{{id}}"
        answer = self._session.call(
            Request(
                method="POST" if creates else "PUT",
                template=template,
                segments={} if creates else {"id": row.operation.key or ""},
                body=row.body,
                writes=True,
            )
        )
        if answer.status >= 400:
            raise refusal_of(row.operation, answer, self._session.quote(answer))
        if not creates:
            return Result(key=row.operation.key)
        key = new_id(self._facts, answer.body)
        if key is None:
            raise Unknown("webCRM did not say which id the new record has: look it up.")
        return Result(key=key)

    def _guarded_remove(self, operation: Operation) -> Result:
        if self._halted is not None:
            return Result(key=operation.key, error=self._halted)
        try:
            self._remove(operation)
        except ConnectorError as error:
            self._halt(error)
            return Result(key=operation.key, error=error)
        return Result(key=operation.key)

    def _remove(self, operation: Operation) -> None:
        if not self._facts.removes:
            raise Refused(f"webCRM cannot remove {self._facts.entity}: mark the record inactive instead.")
        answer = self._session.call(
            Request(
                method="DELETE",
                template=f"/{self._facts.entity}/{{id}}",
                segments={"id": operation.key or ""},
                writes=True,
            )
        )
        if answer.status == 404:
            raise Gone(f"webCRM has no record {operation.key}.")
        if answer.status >= 400:
            raise refusal_of(operation, answer, self._session.quote(answer))

    def _halt(self, error: ConnectorError) -> None:
        """After a call that failed as a whole, the next one would too: the rest is not sent."""
        if isinstance(error, Refused | Gone | NotNow):
            return
        happened = isinstance(error, Unknown)
        self._halted = Unavailable("Not sent, because the call before it was lost.") if happened else error


def _all(rows: Sequence[Row], error: ConnectorError) -> dict[int, Result]:
    return {row.at: Result(key=row.operation.key, error=error) for row in rows}


def _doubles(rows: Sequence[Row], results: dict[int, Result]) -> dict[int, Result]:
    """Creates that were given one and the same id, or an id the batch updates: nobody knows what they made."""
    keys = [results[row.at].key for row in rows]
    error = Unknown("webCRM gave one id to two records: look both up.")
    return {
        row.at: Result(error=error)
        for row in rows
        if row.operation.kind is OperationKind.CREATE
        and results[row.at].error is None
        and keys.count(results[row.at].key) > 1
    }
