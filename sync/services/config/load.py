"""A configuration file into the database: everything is checked before anything changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction

from sync.models.pairs import EntityPair
from sync.models.systems import System
from sync.services.acts import NotPossible
from sync.services.config.apply import apply_pairs, apply_systems
from sync.services.config.check import check_pairs, check_systems
from sync.services.config.pairs import PairDraft, read_pairs
from sync.services.config.places import Report, Spot, open_file, take
from sync.services.config.systems import Environment, SystemDraft, read_systems


class BadConfiguration(NotPossible):
    """The file cannot be loaded, and nothing has changed. `problems` holds one sentence for each mistake."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load(text: str, *, file: str, variables: Mapping[str, str], by: str) -> list[str]:
    """Make systems and pairs what the file says, and say what changed. Others stay as they are.

    `variables` is the environment that `{env: NAME}` and `${NAME}` refer to. Raises `BadConfiguration`.
    """
    report = Report(file=file)
    with transaction.atomic():
        drafts = _read(text, report, Environment(variables=variables))
        if drafts and not report.found:
            _check(*drafts)
        if not drafts or report.found:
            raise BadConfiguration(report.sentences)
        systems, pairs = drafts
        return [*apply_systems(systems, by=by), *apply_pairs(pairs, by=by, reason=f"{file} loaded")]


Drafts = tuple[dict[str, SystemDraft], dict[str, PairDraft]]


def _read(text: str, report: Report, environment: Environment) -> Drafts | None:
    top = open_file(text, report)
    if top is None:
        return None
    readers: dict[str, Callable[[Spot], Any]] = {
        "systems": lambda spot: read_systems(spot, environment),
        "pairs": read_pairs,
    }
    found = take(top, readers)
    return found.get("systems", {}), found.get("pairs", {})


def _check(systems: dict[str, SystemDraft], pairs: dict[str, PairDraft]) -> None:
    stored = {system.name: system for system in System.objects.all()}
    rows = EntityPair.objects.select_related("erp_system", "crm_system", "parent")
    connectors = check_systems(systems, stored)
    check_pairs(
        pairs,
        systems={**{name: draft.system for name, draft in systems.items()}, **stored},
        connectors=connectors,
        stored={pair.name: pair for pair in rows},
    )
