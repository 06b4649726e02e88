"""Nothing lost, nothing doubled: judged by what both systems hold and by their own ledgers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.chaos.apps import LATENCY_MS, LEASE
from tests.chaos.person import Edit, Made
from tests.chaos.words import BY_NAME, ENTITIES, Entity, Row, essence
from tests.e2e.harness import Systems

WINDOW = LEASE + timedelta(milliseconds=LATENCY_MS[1]) + timedelta(seconds=1)
"""From the hub's last reading to the landing of its write, at most: nothing is sent when the link's lease is over. An
edit made in between in a system without conditional writes cannot be told from the value that was read. Such edits
are counted apart."""


@dataclass(kw_only=True)
class Verdict:
    """Sentences, one for each thing that went wrong; figures for what is allowed."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    apart: list[str] = field(default_factory=list)
    figures: Counter[str] = field(default_factory=Counter)
    concerned: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Keys of the records that something went wrong with, by pair."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """What both systems hold at rest, and what their ledgers say the hub wrote."""

    erp: dict[str, dict[str, Row]]
    crm: dict[str, dict[str, Row]]
    writes: dict[str, list[Row]]
    couples: dict[str, list[tuple[str, str]]]
    """ERP key and webCRM key of the records that carry each other's names, by pair."""
    edits: list[Edit]
    kept: set[tuple[str, str, str]]
    in_conflict: set[tuple[str, str | None]]


def gather(
    systems: Systems,
    edits: list[Edit],
    *,
    kept: set[tuple[str, str, str]],
    in_conflict: set[tuple[str, str | None]],
) -> Case:
    """`kept` and `in_conflict` as `tests.chaos.sight` finds them."""
    erp = {e.name: {row["id"]: row for row in systems.erp.state(e.name)} for e in ENTITIES}
    crm = {e.name: {str(row[e.crm_key]): row for row in systems.crm.state(e.crm)} for e in ENTITIES}
    couples = {
        e.name: [
            (row[e.reference], key) for key, row in crm[e.name].items() if row[e.reference] in erp[e.name]
        ]
        for e in ENTITIES
    }
    writes = {"erp": systems.erp.writes(), "crm": systems.crm.writes()}
    return Case(
        erp=erp, crm=crm, writes=writes, couples=couples, edits=edits, kept=kept, in_conflict=in_conflict
    )


def judge(case: Case, made: Iterable[Made]) -> Verdict:
    verdict = Verdict()
    for entity, sentence, keys in doubles(case):
        verdict.doubled.append(sentence)
        verdict.concerned[entity] |= keys
    for each in lost_records(case, made):
        verdict.lost.append(f"{each} has no counterpart")
        verdict.concerned[each.entity].add(each.key)
    judge_edits(case, verdict)
    return verdict


def judge_edits(case: Case, verdict: Verdict) -> None:
    """Every last edit of a field is what both sides hold, or accounted for."""
    for story in stories(case):
        _judge_field(case, story, verdict)


def doubles(case: Case) -> Iterator[tuple[str, str, set[str]]]:
    """No key of the ERP stands in two records of webCRM, now or ever; nor the other way round.

    Yields pair, sentence, and the keys concerned.
    """
    for entity in ENTITIES:
        for named, keys in _carriers(case, entity).items():
            if named and len(keys) > 1:
                sentence = f"{entity.name} {named} stands in {entity.crm} {sorted(keys)}"
                yield entity.name, sentence, {named, *keys}
        references = Counter(row.get("externalReference") for row in case.erp[entity.name].values())
        for reference, number in references.items():
            if reference and number > 1:
                sentence = f"{number} {entity.name} of the ERP name {reference}"
                yield entity.name, sentence, {str(reference).rpartition(":")[2]}


def _carriers(case: Case, entity: Entity) -> dict[str, set[str]]:
    """webCRM's records by the ERP key they carry, or were ever given by the hub."""
    found: dict[str, set[str]] = defaultdict(set)
    for key, row in case.crm[entity.name].items():
        found[row[entity.reference] or ""].add(key)
    for write in case.writes["crm"]:
        if write["entity"] == entity.crm:
            found[str(write["values"].get(entity.reference) or "")].add(str(write["key"]))
    return found


def lost_records(case: Case, made: Iterable[Made]) -> Iterator[Made]:
    """Records a person made that have no counterpart."""
    for each in made:
        side = ("erp", "crm").index(each.side)
        if not any(couple[side] == each.key for couple in case.couples[each.entity]):
            yield each


@dataclass(frozen=True, kw_only=True)
class Story:
    """Everything a person did to one field of one couple, in order, and what both sides hold of it now."""

    entity: Entity
    erp_key: str
    crm_key: str
    erp: str
    crm: str
    edits: list[Edit]

    def __str__(self) -> str:
        told = "; ".join(f"{e.at:%H:%M:%S} {e.side}={e.value}" for e in self.edits[-4:])
        path = self.edits[0].field.erp
        return (
            f"{self.entity.name} {self.erp_key}/{self.crm_key} {path}: erp {self.erp}, crm {self.crm}; {told}"
        )


def stories(case: Case) -> Iterator[Story]:
    of_key = {
        (name, side, couple[at]): couple
        for name, couples in case.couples.items()
        for couple in couples
        for at, side in enumerate(("erp", "crm"))
    }
    found: dict[tuple[str, str, str, str], list[Edit]] = defaultdict(list)
    for edit in case.edits:
        couple = of_key.get((edit.entity, edit.side, edit.key))
        if couple:
            found[(edit.entity, *couple, edit.field.erp)].append(edit)
    for (name, erp_key, crm_key, _), edits in found.items():
        kind = edits[0].field
        yield Story(
            entity=BY_NAME[name],
            erp_key=erp_key,
            crm_key=crm_key,
            erp=essence(case.erp[name][erp_key].get(kind.erp)),
            crm=essence(case.crm[name][crm_key].get(kind.crm)),
            edits=edits,
        )


def _judge_field(case: Case, story: Story, verdict: Verdict) -> None:
    verdict.figures["fields edited"] += 1
    last = story.edits[-1]
    if story.erp != story.crm:
        if (story.entity.name, story.erp_key) in case.in_conflict:
            verdict.figures["fields in conflict"] += 1
            return
        wrong = verdict.apart
    elif essence(last.value) == story.erp:
        return
    elif story.erp in {essence(edit.value) for edit in story.edits} and (
        why := _accounted(case, story, last)
    ):
        verdict.figures[why] += 1
        return
    else:
        wrong = verdict.lost
    wrong.append(str(story))
    verdict.concerned[story.entity.name] |= {story.erp_key, story.crm_key}


def _accounted(case: Case, story: Story, last: Edit) -> str:
    """Where an edit went that neither side holds; empty when nobody can say."""
    if (story.entity.name, last.side, essence(last.value)) in case.kept:
        return "edits overruled, and kept in the audit"
    if last.side == "crm" and _in_the_window(case, story, last):
        return "edits lost in the window of a system without conditional writes"
    return ""


def _in_the_window(case: Case, story: Story, edit: Edit) -> bool:
    """Whether the hub wrote this field over a moment after the edit. webCRM's stamps are whole seconds."""
    since = edit.at.replace(microsecond=0)
    return any(
        write["entity"] == story.entity.crm
        and str(write["key"]) == story.crm_key
        and edit.field.crm in write["values"]
        and since <= datetime.fromisoformat(write["at"]) <= edit.at + WINDOW
        for write in case.writes["crm"]
    )
