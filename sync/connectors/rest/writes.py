"""Writing to a REST system: batches where it takes them, else one record a call, conditionally where it can."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sync.connectors.base import (
    ConnectorError,
    Nonsense,
    Operation,
    OperationKind,
    Refused,
    Result,
    Results,
    Unauthorized,
    Unavailable,
    Unknown,
)
from sync.connectors.http.messages import Answer
from sync.connectors.http.session import Session
from sync.connectors.rest.document import Batch, Endpoint, Resource
from sync.connectors.rest.errors import ErrorTable
from sync.connectors.rest.records import record_of, unquoted
from sync.connectors.rest.shapes import nested
from sync.core.records import Record

NO_BATCH = frozenset({404, 405})
BELIEVED = 3
"""So many rows refused alone, and nothing accepted between them: the credentials may not write."""
Numbered = tuple[int, Operation]


class Writer:
    """Writes operations of one entity, one call at a time; every operation gets its result."""

    def __init__(
        self, session: Session, resource: Resource, *, errors: ErrorTable, call: Callable[..., Answer]
    ) -> None:
        self._session = session
        self._resource = resource
        self._errors = errors
        self._call = call
        self._batch: Batch | None = resource.batch
        self._halted: ConnectorError | None = None
        self._alone = 0
        """Rows in a row that were refused each by itself."""

    def write(self, operations: Sequence[Operation]) -> Results:
        rows = list(enumerate(operations))
        size = self._batch.most if self._batch else 1
        results: dict[int, Result] = {}
        for start in range(0, len(rows), size):
            results |= self._rows(rows[start : start + size])
        return [results[at] for at in range(len(rows))]

    def _rows(self, rows: list[Numbered]) -> dict[int, Result]:
        """A single row goes alone also where batches are taken: that answer shows the whole record."""
        if self._batch is None or len(rows) == 1:
            return {at: self._guarded(operation) for at, operation in rows}
        if self._halted is not None:
            return _all(rows, self._halted)
        return self._together(self._batch, rows)

    # Several rows in one call

    def _together(self, batch: Batch, rows: list[Numbered]) -> dict[int, Result]:
        body = {batch.operations: [self._row(batch, operation) for _, operation in rows]}
        try:
            answer = self._call(batch.endpoint, body=body)
        except Refused as error:
            # Because of one row or of all: after a few that were refused alone, all of them are believed.
            return _all(rows, error) if self._alone >= BELIEVED else self._halves(rows)
        except ConnectorError as error:
            self._halt(error)
            return _all(rows, error)
        if answer.status in NO_BATCH:
            self._batch = None
            return self._rows(rows)
        if answer.status >= 400:
            # Nothing happened because of one row, most likely: find it by halves.
            return self._halves(rows)
        self._alone = 0
        return self._told(batch, rows, answer)

    def _halves(self, rows: list[Numbered]) -> dict[int, Result]:
        middle = len(rows) // 2
        return self._rows(rows[:middle]) | self._rows(rows[middle:])

    def _row(self, batch: Batch, operation: Operation) -> dict[str, Any]:
        row: dict[str, Any] = {batch.op: batch.names[operation.kind.value]}
        creates = operation.kind is OperationKind.CREATE
        if not creates:
            row[batch.id] = operation.key
            if batch.version and self._resource.version.sent:
                row[batch.version] = operation.version or "*"
        elif batch.token:
            row[batch.token] = operation.token
        if operation.kind is not OperationKind.REMOVE:
            row[batch.body] = self._body(operation)
        return row

    def _told(self, batch: Batch, rows: list[Numbered], answer: Answer) -> dict[int, Result]:
        said = batch.results.of(answer.body)
        if not isinstance(said, list) or len(said) != len(rows):
            return _all(rows, Unknown("The answer to a batch does not fit it row by row: look each row up."))
        return {
            at: self._row_result(batch, operation, row)
            for (at, operation), row in zip(rows, said, strict=True)
        }

    def _row_result(self, batch: Batch, operation: Operation, said: Any) -> Result:
        status = batch.status.of(said)
        if isinstance(status, bool) or not isinstance(status, int):
            return Result(key=operation.key, error=Unknown("The answer to a batch says nothing of this row."))
        if status >= 400:
            body = {"error": batch.error.of(said)}
            return Result(key=operation.key, error=self._error(status, body, self._errors.message_of(body)))
        key = operation.key or batch.result_id.text_of(said)
        if not key:
            return Result(error=Unknown("The system did not say which id the new record has: look it up."))
        version = unquoted(batch.result_version.text_of(said))
        return Result(key=key, version=version or None)

    # One row a call

    def _guarded(self, operation: Operation) -> Result:
        if self._halted is not None:
            return Result(key=operation.key, error=self._halted)
        try:
            result = self._single(operation)
        except ConnectorError as error:
            self._halt(error)
            self._alone += isinstance(error, Refused)
            return Result(key=operation.key, error=error)
        self._alone = 0
        return result

    def _single(self, operation: Operation) -> Result:
        creates, removes = (operation.kind is kind for kind in (OperationKind.CREATE, OperationKind.REMOVE))
        answer = self._call(
            self._endpoint(operation),
            key=None if creates else operation.key or "",
            headers=self._headers(operation),
            body=None if removes else self._body(operation),
        )
        if answer.status >= 400:
            raise self._error(answer.status, answer.body, self._session.quote(answer))
        if removes:
            return Result(key=operation.key)
        record = self._record(self._resource.record.of(answer.body), answer.headers)
        key = operation.key or self._resource.new_id.text_of(answer.body)
        if not key:
            raise Unknown("The system did not say which id the new record has: look it up.")
        return Result(key=key, version=record.version if record else None, record=record)

    def _endpoint(self, operation: Operation) -> Endpoint:
        resource = self._resource
        endpoints = {
            OperationKind.CREATE: resource.create,
            OperationKind.UPDATE: resource.update,
            OperationKind.REMOVE: resource.remove,
        }
        endpoint = endpoints[operation.kind]
        if endpoint is None:
            raise Refused(
                f"{resource.name}: the configuration does not say how to {operation.kind.value} a record."
            )
        return endpoint

    def _headers(self, operation: Operation) -> dict[str, str]:
        if operation.kind is OperationKind.CREATE:
            name = self._resource.token_header
            return {name: operation.token} if name else {}
        name, version = self._resource.version.send_header, operation.version
        if not name:
            return {}
        return {name: "*" if version is None else version if version.startswith("W/") else f'"{version}"'}

    def _body(self, operation: Operation) -> dict[str, Any]:
        creates = operation.kind is OperationKind.CREATE
        values = {path: value for path, value in operation.values.items() if not (creates and value is None)}
        path = self._resource.version.send_path
        if path and not creates and operation.version is not None:
            version = operation.version
            values[path] = int(version) if version.isascii() and version.isdigit() else version
        return nested(values)

    def _error(self, status: int, body: Any, said: str) -> ConnectorError:
        error = self._errors.error(status, body, self._session.short(said), record_of=self._record)
        if isinstance(error, Refused):
            error.fields = {name: self._session.short(text) for name, text in error.fields.items()}
        return error

    def _record(self, body: Any, headers: Mapping[str, str] | None = None) -> Record | None:
        """The record an answer shows, where it shows one."""
        if not isinstance(body, Mapping):
            return None
        try:
            return record_of(self._resource, body, headers=headers)
        except Nonsense:
            return None

    def _halt(self, error: ConnectorError) -> None:
        """After a call that failed as a whole, the next one would too: the rest is not sent."""
        if isinstance(error, Unknown):
            self._halted = Unavailable("Not sent, because the call before it was lost.")
        elif isinstance(error, Unavailable | Unauthorized):
            self._halted = error


def _all(rows: Sequence[Numbered], error: ConnectorError) -> dict[int, Result]:
    return {at: Result(key=operation.key, error=error) for at, operation in rows}
