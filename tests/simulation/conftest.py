"""The simulation's own database, for every test here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from tests.simulation.database import own_database


@pytest.fixture(scope="module", autouse=True)
def simulated_database(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock(), own_database():
        yield
