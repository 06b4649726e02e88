"""What the engine takes from the world outside: time, fresh tokens, waiting. A simulation brings its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from django.db import connection
from django.utils import timezone


def _fresh_token() -> str:
    return str(uuid4())


def _in_transaction() -> bool:
    return connection.in_atomic_block


@dataclass(frozen=True, kw_only=True)
class Ports:
    now: Callable[[], datetime] = timezone.now
    token: Callable[[], str] = _fresh_token
    sleep: Callable[[float], None] = time.sleep
    in_transaction: Callable[[], bool] = _in_transaction
