"""A hub and its pretend systems for each test that asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import harness


@pytest.fixture
def systems(tmp_path: Path) -> Iterator[harness.Systems]:
    """Both pretend systems with a small seed and without call limits."""
    with harness.sandbox(tmp_path) as found:
        yield found


@pytest.fixture
def bare_hub(tmp_path: Path) -> Iterator[harness.Hub]:
    """A hub with nothing connected."""
    with harness.hub(tmp_path) as ours:
        yield ours


@pytest.fixture
def hub(tmp_path: Path, systems: harness.Systems) -> Iterator[harness.Hub]:
    """A hub connected to both, its three pairs in observe."""
    with harness.hub(tmp_path, systems) as ours:
        ours.load_defaults()
        yield ours
