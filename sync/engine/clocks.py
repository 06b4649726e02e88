"""The clocks of two systems: how far each is from ours, and when two stamps are too close to tell which came first."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sync.connectors.base import Capabilities
from sync.models.systems import System

STEP = 1.0
"""Seconds by which a clock must have moved before it is written down anew: answers tell whole seconds."""
MEASURED, UNMEASURED = 1.5, 2.0
"""Seconds by which a stamp may be wrong when its system's clock was measured, and when it was not."""


def on_our_clock(stamp: datetime, system: System) -> datetime:
    """A stamp as our clock would have made it. At either end of time it stays what it is."""
    try:
        return stamp - timedelta(seconds=system.clock_ahead or 0.0)
    except OverflowError:
        return stamp


def on_their_clock(moment: datetime, system: System) -> datetime:
    """A moment of ours as the system's clock would have stamped it."""
    return moment + timedelta(seconds=system.clock_ahead or 0.0)


def margin(sides: Iterable[tuple[System, Capabilities]]) -> timedelta:
    """Edits closer than this are not told apart by their stamps."""
    return timedelta(seconds=sum(_error(system) + capabilities.resolution for system, capabilities in sides))


def _error(system: System) -> float:
    return UNMEASURED if system.clock_ahead is None else MEASURED
