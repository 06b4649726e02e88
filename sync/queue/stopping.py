"""Being asked to stop."""

from __future__ import annotations

import signal
import time
from types import FrameType

STEP = 0.2
"""Seconds until a wait notices."""


class Stopping:
    """Remembers SIGTERM and SIGINT. The handler does nothing else: it must neither raise nor do I/O."""

    def __init__(self) -> None:
        self.asked = False

    def listen(self) -> None:
        """From now on this process stops when its loop notices, not in the middle of a step."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._remember)

    def wait(self, seconds: float) -> bool:
        """Wait that long, or until asked to stop; whether that was so."""
        until = time.monotonic() + seconds
        while not self.asked and (left := until - time.monotonic()) > 0:
            time.sleep(min(STEP, left))
        return self.asked

    def _remember(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
