"""The configuration that ships: it loads, and its rules are sound for both pretend systems."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import sync
from sandbox.customerp.system import CustomErp
from sandbox.kit.ground import Ground
from sandbox.kit.server import Server
from sandbox.kit.serving import Served
from sandbox.webcrm.access import HUB, READER
from sandbox.webcrm.system import WebCrm
from sync.core.vocabulary import Side
from sync.engine.check import check
from sync.engine.ports import Ports
from sync.engine.rules import load as load_rules
from sync.engine.slice import Means
from sync.models.pairs import EntityPair
from sync.models.systems import EntitySchema, System
from sync.services.config.dump import dump
from sync.services.config.load import BadConfiguration, load

pytestmark = pytest.mark.django_db

DEFAULT = Path(sync.__file__).parent / "defaults" / "customerp-webcrm.yaml"
SECRETS = {"ERP_CLIENT_ID": "hub", "ERP_CLIENT_SECRET": "hub-secret", "CRM_AUTH_CODE": HUB.code}
NAMES = ["customers", "contacts", "products"]


@pytest.fixture(scope="module")
def ports() -> Iterator[dict[str, str]]:
    """Where both pretend systems listen."""
    grounds = (Ground(), Ground())
    erp = CustomErp(grounds[0], {})
    crm = WebCrm(grounds[1], {}, applications=(HUB, READER))
    with Served(Server(erp, grounds[0])) as here, Served(Server(crm, grounds[1])) as there:
        yield {"ERP_PORT": _port(here.url), "CRM_PORT": _port(there.url)}


def _port(url: str) -> str:
    return str(urlsplit(url).port)


@pytest.fixture
def pairs(ports: dict[str, str], settings: Any) -> dict[str, EntityPair]:
    """The shipped pairs, with what both systems say of their properties."""
    settings.HUB_ALLOW_HOSTS = [f"127.0.0.1:{port}" for port in ports.values()]
    take(DEFAULT.read_text(), ports)
    means = Means(ports=Ports(in_transaction=lambda: False), hosts=tuple(settings.HUB_ALLOW_HOSTS))
    for system in System.objects.all():
        said = check(system, means)
        assert said.startswith("Connected to "), said
    return {pair.name: pair for pair in EntityPair.objects.all()}


def take(text: str, variables: dict[str, str]) -> list[str]:
    return load(text, file=DEFAULT.name, variables={**SECRETS, **variables}, by="kari")


@pytest.mark.parametrize("name", NAMES)
def test_its_rules_are_sound(pairs: dict[str, EntityPair], name: str) -> None:
    rules = load_rules(pairs[name])
    assert rules.problems == ()
    assert len(rules.match) == pairs[name].match_rules.count()
    assert set(rules.references) == set(Side)
    assert EntitySchema.objects.count() == 6


@pytest.mark.parametrize("name", NAMES)
def test_suggestions_that_are_off_would_be_sound_too(pairs: dict[str, EntityPair], name: str) -> None:
    pairs[name].mappings.update(active=True)
    assert load_rules(pairs[name]).problems == ()


@pytest.mark.parametrize("name", NAMES)
def test_scopes_labels_parents_and_marks_name_what_is_there(pairs: dict[str, EntityPair], name: str) -> None:
    pair = pairs[name]
    for side in Side:
        known = {row["path"] for row in _schema(pair, side)}
        assert set(load_rules(pair).paths[side]) <= known


@pytest.mark.parametrize("name", NAMES)
def test_types_are_those_that_webcrm_tells(pairs: dict[str, EntityPair], name: str) -> None:
    told = {row["path"]: row["type"] for row in _schema(pairs[name], Side.CRM)}
    for mapping in pairs[name].mappings.all():
        assert (mapping.crm_property, mapping.crm_type) == (
            mapping.crm_property,
            told[mapping.crm_property],
        )


def _schema(pair: EntityPair, side: Side) -> list[dict[str, str]]:
    found: list[dict[str, str]] = EntitySchema.objects.get(
        system=pair.system(side), entity=pair.entity(side)
    ).properties
    return found


def test_every_pair_observes_and_creates_in_webcrm_only(pairs: dict[str, EntityPair]) -> None:
    for pair in pairs.values():
        assert (pair.mode, pair.creates_in_crm, pair.creates_in_erp) == ("observe", True, False)
    assert pairs["contacts"].parent == pairs["customers"]
    assert [pair.name for pair in EntityPair.objects.order_by("position")] == NAMES


def test_it_comes_back_from_a_dump_unchanged(pairs: dict[str, EntityPair], ports: dict[str, str]) -> None:
    said = take(dump(), ports)
    assert [line.partition(": ")[2].partition(",")[0] for line in said] == ["unchanged"] * 5


def test_the_documented_example_loads(pairs: dict[str, EntityPair], ports: dict[str, str]) -> None:
    page = (Path(sync.__file__).parents[1] / "docs" / "configuration.md").read_text()
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert take(example, ports) == ["system 'erp': changed", "pair 'contacts': changed, 4 mappings"]
    assert pairs["contacts"].match_rules.count() == 3


def test_a_host_that_is_not_allowed_is_named_with_its_line(ports: dict[str, str]) -> None:
    with pytest.raises(BadConfiguration, match=r"line \d+: system 'erp': .*HUB_ALLOW_HOSTS"):
        take(DEFAULT.read_text(), ports)


def test_a_credential_that_its_connector_needs_is_missed(ports: dict[str, str], settings: Any) -> None:
    settings.HUB_ALLOW_HOSTS = [f"127.0.0.1:{port}" for port in ports.values()]
    text = DEFAULT.read_text().replace("credentials: {auth_code: {env: CRM_AUTH_CODE}}", "config: {}")
    with pytest.raises(BadConfiguration, match="system 'crm': webCRM needs the credential 'auth_code'"):
        take(text, ports)
