"""A connector whose troubles are known by its system's name and tell no secrets, and that leaves a system alone which
cannot be reached."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from sync.connectors.base import (
    Capabilities,
    Connector,
    ConnectorError,
    Identity,
    Operation,
    Page,
    Records,
    Refused,
    RemovedPage,
    Results,
    Unauthorized,
    Unavailable,
)
from sync.connectors.http.secrets import Secrets
from sync.core.records import Property, Record
from sync.engine.gate import LONGEST_PAUSE, leave_alone
from sync.engine.ports import Ports
from sync.models.systems import System

AWAY = (Unavailable, Unauthorized)
"""What a system says to all of its workers: who asks again at once helps nobody, and may lock an account out."""

SHORTEST, LONGEST = 5.0, LONGEST_PAUSE.total_seconds()
"""Seconds a system that failed is left alone: doubled with every failure, at most so long."""


@dataclass(kw_only=True)
class Watched:
    """Passes every call on. What cannot be reached, or lets nobody in, is paused for everybody, longer each time."""

    system: System
    connector: Connector
    ports: Ports

    def identity(self, *, fresh: bool = False) -> Identity:
        # Who it is may be answered by a system that has no answer for anything else.
        with self._watching(answers=False):
            return self.connector.identity(fresh=fresh)

    def entities(self) -> tuple[str, ...]:
        return self.connector.entities()

    def capabilities(self, entity: str) -> Capabilities:
        with self._watching(answers=False):
            return self.connector.capabilities(entity)

    def fields(self, entity: str) -> tuple[Property, ...]:
        with self._watching():
            return self.connector.fields(entity)

    def list(
        self,
        entity: str,
        *,
        since: datetime | None = None,
        page: str | None = None,
        paths: Sequence[str] = (),
    ) -> Page:
        with self._watching():
            return self.connector.list(entity, since=since, page=page, paths=paths)

    def read(self, entity: str, keys: Sequence[str], *, paths: Sequence[str] = ()) -> dict[str, Record]:
        with self._watching():
            return self.connector.read(entity, keys, paths=paths)

    def find(self, entity: str, path: str, values: Sequence[str], *, paths: Sequence[str] = ()) -> Records:
        with self._watching():
            return self.connector.find(entity, path, values, paths=paths)

    def removed(self, entity: str, *, since: datetime, page: str | None = None) -> RemovedPage:
        with self._watching():
            return self.connector.removed(entity, since=since, page=page)

    def write(self, entity: str, operations: Sequence[Operation]) -> Results:
        with self._watching(answers=False):
            results = self.connector.write(entity, operations)
        errors = [result.error for result in results if result.error is not None]
        for error in errors:
            self._strike(error)
            self._name(error)
        away = next((error for error in errors if isinstance(error, AWAY)), None)
        if away is None:
            self._answered()
        else:
            self._failed(away)
        return results

    @contextmanager
    def _watching(self, *, answers: bool = True) -> Iterator[None]:
        """`answers`: when nothing is raised, the system has been heard from."""
        try:
            yield
        except ConnectorError as error:
            self._strike(error)
            if isinstance(error, AWAY):
                self._failed(error)
            self._name(error)
            raise
        if answers:
            self._answered()

    def _strike(self, error: ConnectorError) -> None:
        """Whoever wrote the connector, and whatever its system quotes: what was entered for it is told to nobody."""
        strike = Secrets(self.system.credentials.values()).strike
        error.args = (strike(str(error)),)
        if isinstance(error, Refused):
            error.fields = {path: strike(why) for path, why in error.fields.items()}

    def _name(self, error: ConnectorError) -> None:
        """Its sentence says which system it speaks of."""
        name = f"{self.system.name}: "
        text = str(error)
        error.args = (text if text.startswith(name) else name + text,)

    def _failed(self, error: Unavailable | Unauthorized) -> None:
        """A system that asked for patience has named its time; another one is given some."""
        if isinstance(error, Unavailable) and error.retry_after is not None:
            return
        self.system.failures += 1
        wait = min(LONGEST, SHORTEST * 2 ** min(self.system.failures, 10))
        System.objects.filter(pk=self.system.pk).update(failures=F("failures") + 1, problem=str(error))
        leave_alone(self.system.pk, wait, now=self.ports.now())

    def _answered(self) -> None:
        if self.system.failures:
            self.system.failures = 0
            System.objects.filter(pk=self.system.pk).update(failures=0, problem="")
