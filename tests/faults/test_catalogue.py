"""The table of faults names every one of them once, and tests that there are."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| (\d+) \| (.+) \| (.*) \|$", re.MULTILINE)
NODE = re.compile(r"`(tests/[^`]+)`")
DECISION = re.compile(r"\(decisions\.md#([a-z-]+)\)")
ROWS = [
    (int(number), said, where) for number, said, where in ROW.findall((ROOT / "docs/faults.md").read_text())
]


@cache
def defined(path: str) -> frozenset[str]:
    """The tests of a module, those of a class as `Class::test`."""
    found: set[str] = set()
    for node in ast.parse((ROOT / path).read_text()).body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        before = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        found |= {
            before + each.name
            for each in inner
            if isinstance(each, ast.FunctionDef) and each.name.startswith("test_")
        }
    return frozenset(found)


def test_every_decision_that_is_named_is_there() -> None:
    text = (ROOT / "docs/decisions.md").read_text()
    headings = {
        re.sub(r"[^a-z -]", "", line[3:].lower()).replace(" ", "-")
        for line in text.splitlines()
        if line.startswith("## ")
    }
    named = {name for _, said, _ in ROWS for name in DECISION.findall(said)}
    assert named
    assert named <= headings


def test_every_fault_stands_there_once_and_in_order() -> None:
    assert [number for number, _, _ in ROWS] == list(range(1, 131))


@pytest.mark.parametrize("row", ROWS, ids=[str(number) for number, _, _ in ROWS])
def test_every_fault_names_tests_that_there_are(row: tuple[int, str, str]) -> None:
    _, said, where = row
    named = NODE.findall(where)
    assert named
    if "annot occur" in said or "annot matter" in said:
        assert DECISION.search(said), "decisions.md says why"
    missing = [node for node in named if node.partition("::")[2] not in defined(node.partition("::")[0])]
    assert missing == []
