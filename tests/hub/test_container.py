"""What the documentation and the container say about the environment is what the hub reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub import env

ROOT = Path(__file__).resolve().parents[2]


class Recorded(Mapping[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self, **environ: str) -> None:
        self.environ = environ
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self.environ[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.environ)

    def __len__(self) -> int:
        return len(self.environ)


@pytest.fixture
def asked() -> set[str]:
    """The variables the hub reads."""
    recorded = Recorded(DEBUG="1")
    env.read(recorded, default_database="sqlite:////srv/hub.sqlite3")
    return {name for name in recorded.asked if not name.endswith("_FILE")}


@pytest.fixture
def compose() -> Any:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


def test_every_variable_is_documented_and_every_documented_one_is_read(asked: set[str]):
    text = (ROOT / "docs" / "configuration.md").read_text()
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", text, re.M)) == asked


@pytest.mark.parametrize("service", ["web", "worker"])
def test_the_container_sets_only_what_the_hub_reads(compose: Any, asked: set[str], service: str):
    assert {name.removesuffix("_FILE") for name in compose["services"][service]["environment"]} <= asked


@pytest.mark.parametrize("service", ["web", "worker", "postgres"])
def test_secrets_come_from_files_that_are_mounted(compose: Any, service: str):
    described = compose["services"][service]
    files = {value for name, value in described["environment"].items() if name.endswith("_FILE")}
    assert files == {f"/run/secrets/{name}" for name in described["secrets"]}
    assert set(described["secrets"]) <= compose["secrets"].keys()


def test_the_documentation_makes_every_secret(compose: Any):
    text = (ROOT / "docs" / "configuration.md").read_text()
    assert {secret["file"].removeprefix("./") for secret in compose["secrets"].values()} == set(
        re.findall(r"> (secrets/\w+)", text)
    )
