"""Finding the counterpart nobody has linked yet: what a record is looked up by, and what its hits mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sync.core.mapping import Rule, crm_essence
from sync.core.records import Values
from sync.core.transforms.transform import References
from sync.core.vocabulary import Side

BETWEEN = "\x1f"


@dataclass(frozen=True, kw_only=True)
class MatchKey:
    """One way of knowing a record again; lower positions are tried first."""

    position: int
    by: tuple[str, ...]
    """Names of rules: all must agree."""
    within_parent: bool = False
    propose: bool = False
    """Whether even a single hit is only proposed to a person."""


class Answer(StrEnum):
    """What the hits of a record come to."""

    LINK = "link"
    ASK = "ask"
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """What one match key found for a record."""

    key: MatchKey
    found: tuple[str, ...]
    """Keys of the unlinked records on the other side with the same value."""
    rivals: int = 0
    """How many other unlinked records of the record's own side have that value too."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    answer: Answer
    found: tuple[str, ...] = ()
    position: int | None = None
    why: str = ""


def match_values(
    keys: Iterable[MatchKey], rules: Iterable[Rule], *, side: Side, values: Values, references: References
) -> dict[int, str]:
    """Each key's value by position, in the form webCRM and the ERP share. Left out where a part says nothing."""
    by_name = {rule.name: rule for rule in rules}
    found = {}
    for key in keys:
        parts = [_part(by_name.get(name), side, values, references) for name in key.by]
        whole = [part for part in parts if part is not None]
        if parts and len(whole) == len(parts):
            found[key.position] = BETWEEN.join(whole)
    return found


def judge(candidates: Sequence[Candidates]) -> Verdict:
    """The first key that finds anything decides: one hit links, several wait for a person, none creates."""
    for each in sorted(candidates, key=lambda it: it.key.position):
        if each.found:
            return _verdict(each)
    return Verdict(answer=Answer.NONE, why="Nothing on the other side has any of its match values.")


def _verdict(each: Candidates) -> Verdict:
    answer, why = Answer.LINK, "Exactly one record on the other side has the same value."
    if len(each.found) > 1:
        answer, why = Answer.ASK, "Several records on the other side have the same value."
    elif each.rivals:
        answer, why = Answer.ASK, "Several records on this side have the same value."
    elif each.key.propose:
        answer, why = Answer.ASK, "This match rule only proposes."
    return Verdict(answer=answer, found=each.found, position=each.key.position, why=why)


def _part(rule: Rule | None, side: Side, values: Values, references: References) -> str | None:
    """One rule's value in webCRM's form; None where it is absent, blank, or has no counterpart."""
    if rule is None:
        return None
    parts = crm_essence(rule, side, values, references=references)
    words = [str(part).strip() for part in parts or () if part is not None]
    return " ".join(words) or None
