"""The configuration that ships: it loads, and its rules are sound."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sync
from sync.connectors.base import Capabilities
from sync.connectors.memory_rows import MemoryEntity
from sync.connectors.memory_system import MemorySystem
from sync.core.vocabulary import Side
from sync.engine.rules import load as load_rules
from sync.models.pairs import EntityPair
from sync.services.config.dump import dump
from sync.services.config.load import load

pytestmark = pytest.mark.django_db

DEFAULT = Path(sync.__file__).parent / "defaults" / "customerp-webcrm.yaml"
SECRETS = {"ERP_CLIENT_ID": "id", "ERP_CLIENT_SECRET": "secret", "CRM_AUTH_CODE": "code"}


def text_in_memory() -> str:
    """The shipped pairs between two systems in memory."""
    text = re.sub(r"kind: \w+", "kind: memory", DEFAULT.read_text())
    return re.sub(r"address: http://[^:]*:\$\{(\w+)_PORT.*", r"address: memory://\1", text)


@pytest.fixture(autouse=True)
def systems() -> list[MemorySystem]:
    room = MemoryEntity(properties=(), capabilities=Capabilities())
    return [
        MemorySystem("ERP", dict.fromkeys(("customers", "contacts", "products"), room)),
        MemorySystem("CRM", dict.fromkeys(("Organisations", "Persons", "Products"), room)),
    ]


def take(text: str) -> list[str]:
    return load(text, file=DEFAULT.name, variables=SECRETS, by="kari")


@pytest.fixture
def pairs() -> dict[str, EntityPair]:
    take(text_in_memory())
    return {pair.name: pair for pair in EntityPair.objects.all()}


@pytest.mark.parametrize("name", ["customers", "contacts", "products"])
def test_its_rules_are_sound(pairs: dict[str, EntityPair], name: str) -> None:
    rules = load_rules(pairs[name])
    assert rules.problems == ()
    assert len(rules.match) == pairs[name].match_rules.count()
    assert set(rules.references) == set(Side)


def test_suggestions_that_are_off_would_be_sound_too(pairs: dict[str, EntityPair]) -> None:
    for pair in pairs.values():
        pair.mappings.update(active=True)
        assert load_rules(pair).problems == ()


def test_every_pair_observes_and_creates_in_webcrm_only(pairs: dict[str, EntityPair]) -> None:
    for pair in pairs.values():
        assert (pair.mode, pair.creates_in_crm, pair.creates_in_erp) == ("observe", True, False)
    assert pairs["contacts"].parent == pairs["customers"]
    assert [pair.position for pair in pairs.values()] == [1, 2, 3]


def test_it_comes_back_from_a_dump_unchanged(pairs: dict[str, EntityPair]) -> None:
    said = take(dump())
    assert [line.partition(": ")[2].partition(",")[0] for line in said] == ["unchanged"] * 5
    assert pairs
