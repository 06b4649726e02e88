"""A hub in a hurry: leases and grace of seconds, and tokens that name the process that made them.

The engine itself is the shipped one. What is changed is how long it waits for the dead, so that hundreds of deaths
fit into an hour, and how its tokens are spelt, so that a nemesis knows whom it kills.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from typing import Any
from uuid import uuid4

from django.apps import AppConfig

LEASE = timedelta(seconds=8)
GRACE = timedelta(seconds=4)
SLICE = timedelta(seconds=3)
LATENCY_MS = (150, 700)
"""How long the pretend systems think: far below the grace."""


class Hurry(AppConfig):
    name = "tests.chaos"
    label = "chaos"

    def ready(self) -> None:
        early = [name for name in sys.modules if name.startswith("sync.engine.")]
        if early:
            raise RuntimeError(f"{early} came before their constants could be changed.")
        engine: Any = import_module("sync.engine.slice")
        engine.LEASE, engine.GRACE = LEASE, GRACE
        jobs: Any = import_module("sync.jobs")
        patient = jobs.means()
        hurried = replace(patient, slice=SLICE, ports=replace(patient.ports, token=token))
        jobs.means = lambda: hurried


def token() -> str:
    """As long as a UUID, beginning with the process id."""
    return f"{os.getpid()}-{uuid4().hex}"[:36]


def maker(text: str) -> int:
    """The process that made a token."""
    return int(text.partition("-")[0])
