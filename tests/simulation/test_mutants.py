"""A share of the hunt that fits into every test run. `make mutants` plants every defect."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

import pytest

from sync.engine import settle
from tests.simulation.hunt import hunt
from tests.simulation.mutants import MUTANTS, planted
from tests.simulation.secrets import MARK, overheard
from tests.simulation.sweep import play, plays, violations

SEEDS = 5
CAUGHT = (
    ("no intent is committed", "without a committed intent"),
    ("records are read inside a transaction", "a remote call inside a transaction"),
    ("the audit shows credentials", "secrets confined"),
    ("a link is counted twice", "counts"),
    ("creates before both sides are read", "twins meet"),
)
"""Defects, and a word of the oracle that must speak of each."""


def _break_down(*_: Any) -> None:
    raise RuntimeError("The engine is at its end.")


def _breakdown() -> Sequence[Any]:
    return [patch.object(settle, "_decide", _break_down)]


@pytest.mark.parametrize(("name", "word"), CAUGHT)
def test_a_planted_defect_is_caught(name: str, word: str) -> None:
    assert word in hunt(name, seeds=SEEDS).caught_by


def test_a_secret_that_is_quoted_is_caught() -> None:
    """The first call that fails quotes the credentials: the audit repeats them."""
    failures = [it for it in plays("create in webCRM") if it[1] == "before"]
    with planted("what a system quotes is repeated"):
        told = {violation for wrong in violations(failures).values() for violation in wrong}
    assert "secrets confined: sync_change tells one" in told


@pytest.mark.parametrize("facts", [{"msg": MARK}, {"msg": "%s", "args": (MARK,)}, {"msg": "", "why": [MARK]}])
def test_a_secret_that_is_logged_is_overheard(facts: dict[str, Any]) -> None:
    with overheard() as listener:
        logging.getLogger("sync.engine.runner").handle(
            logging.makeLogRecord({"name": "sync.engine.runner", "levelno": logging.ERROR, **facts})
        )
    assert listener.told == {"sync.engine.runner"}


def test_a_conflict_that_is_missed_is_caught() -> None:
    """Two people typed, one after the other, and nobody was asked."""
    scenario = "a conflict in which one was later"
    assert play(scenario).violations == []
    with planted("who was last wins where a person was to be asked"):
        (violation,) = play(scenario).violations
    assert violation.startswith("no missed conflict: ('erp', 'customers', 'c1') name='Older'")


@pytest.mark.parametrize("harmless", [list, _breakdown], ids=["nothing", "a breakdown"])
def test_what_shows_nothing_survives(harmless: Any) -> None:
    """A hunt is no good if it catches whatever it is given, or takes an engine that broke down for a catch."""
    with patch.dict(MUTANTS, {"harmless": harmless}):
        hunted = hunt("harmless", seeds=1)
    assert hunted.caught_by == ""
    assert "SURVIVED" in hunted.line()
