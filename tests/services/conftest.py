"""What tests of configuration files stand on."""

from __future__ import annotations

import pytest

from sync.connectors.memory_system import MemorySystem
from tests.services.config_stage import system


@pytest.fixture
def in_memory() -> list[MemorySystem]:
    """Both ends, in memory: somebody must hold them while a test runs."""
    return [system("erp", "customers", "contacts"), system("crm", "orgs", "persons")]
