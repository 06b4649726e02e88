"""The call budget and the tokens of a system, as rows that all its workers share."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import F, Q

from sync.connectors.base import Unavailable
from sync.engine.clocks import STEP
from sync.engine.ports import Ports
from sync.models.sealing import Sealed
from sync.models.systems import System, Token

WINDOW = 60.5
"""Seconds a call counts against the budget: a minute, and a little for calls that travel at different speeds."""


LONGEST_PAUSE = timedelta(minutes=15)
"""No system is left alone for longer: what reaches further was set while our clock was ahead."""


class CallInTransaction(RuntimeError):
    """A remote call was about to be made inside a database transaction. That is a defect of the hub."""


@dataclass(kw_only=True)
class DatabaseGate:
    """Lets calls through while the system's sliding minute has room, and counts them."""

    system_id: int
    ports: Ports
    patience: float = 5.0
    calls: Counter[str] = field(default_factory=Counter)
    _known: list[float | None] = field(default_factory=list)
    """How far ahead the system's clock is known to be, once that was looked up."""

    def admit(self, endpoint: str) -> None:
        if self.ports.in_transaction():
            raise CallInTransaction(f"{endpoint} was about to be called inside a transaction.")
        while (wait := self._try()) > 0:
            if wait > self.patience:
                raise Unavailable(self._why(wait), retry_after=wait)
            self.ports.sleep(wait)
        self.calls[endpoint] += 1

    def pause(self, seconds: float) -> None:
        leave_alone(self.system_id, seconds, now=self.ports.now())

    def heard(self, clock: datetime) -> None:
        ahead = (clock - self.ports.now()).total_seconds()
        if not self._known:
            self._known = [System.objects.values_list("clock_ahead", flat=True).get(pk=self.system_id)]
        (known,) = self._known
        if known is None or abs(ahead - known) > STEP:
            self._known = [round(ahead, 1)]
            System.objects.filter(pk=self.system_id).update(clock_ahead=round(ahead, 1))

    def _why(self, wait: float) -> str:
        system = System.objects.only("paused_until", "problem").get(pk=self.system_id)
        if _left(system, self.ports.now()) > 0:
            return f"It is left alone for another {wait:.0f} seconds. {system.problem}".strip()
        return f"The call budget is used up for another {wait:.0f} seconds."

    def _try(self) -> float:
        """Take one place in the window. Seconds to wait; 0 when the place was taken."""
        system = System.objects.only("paused_until", "calls_per_minute", "call_stamps", "call_version").get(
            pk=self.system_id
        )
        now = self.ports.now()
        if (left := _left(system, now)) > 0:
            return left
        if system.calls_per_minute is None:
            return 0.0
        return self._take(system, now)

    def _take(self, system: System, now: datetime) -> float:
        # A stamp far ahead was made before the clock was set back: it would close the gate for as long.
        stamps = [stamp for stamp in system.call_stamps if abs(now.timestamp() - stamp) < WINDOW]
        if len(stamps) >= (system.calls_per_minute or 0):
            return max(0.01, float(stamps[0]) + WINDOW - now.timestamp())
        taken = System.objects.filter(pk=system.pk, call_version=system.call_version).update(
            call_stamps=[*stamps, now.timestamp()], call_version=F("call_version") + 1
        )
        return 0.0 if taken else 0.01


def leave_alone(system_id: int, seconds: float, *, now: datetime) -> None:
    """Nobody calls the system for so long. A longer pause that stands already stays."""
    until = now + timedelta(seconds=seconds)
    longer = Q(paused_until__range=(until, now + LONGEST_PAUSE))
    System.objects.filter(pk=system_id).exclude(longer).update(paused_until=until)


def _left(system: System, now: datetime) -> float:
    """Seconds its pause still takes; 0 or less where there is none."""
    left = system.paused_until - now if system.paused_until else timedelta()
    return left.total_seconds() if left <= LONGEST_PAUSE else 0.0


@dataclass(kw_only=True)
class DatabaseVault:
    """Access tokens of a system, sealed, so that its workers log in once an hour and not once each."""

    system_id: int
    ports: Ports

    def get(self, name: str) -> tuple[str, datetime] | None:
        row = Token.objects.filter(
            system_id=self.system_id, name=name, expires_at__gt=self.ports.now()
        ).first()
        return (row.token["token"], row.expires_at) if row and not row.token.closed else None

    def put(self, name: str, token: str, expires_at: datetime) -> None:
        Token.objects.update_or_create(
            system_id=self.system_id,
            name=name,
            defaults={"token": Sealed(token=token), "expires_at": expires_at},
        )

    def drop(self, name: str) -> None:
        Token.objects.filter(system_id=self.system_id, name=name).delete()
