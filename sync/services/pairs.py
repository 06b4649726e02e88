"""What people decide about a pair: its mode, whether its plan may be carried out, how its fields meet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.forms import model_to_dict
from django.utils import timezone

from sync.core.records import Property
from sync.core.vocabulary import Side
from sync.engine.rules import compile_rules, known_properties, load, parts
from sync.engine.rules import property_names as property_names
from sync.engine.waiting import PLANNED
from sync.jobs import enqueue
from sync.models.links import Link
from sync.models.pairs import EntityPair, FieldMapping, MatchRule, Mode
from sync.models.runs import OPEN_RUNS, Run, RunState
from sync.services.acts import NotPossible, record
from sync.services.ends import names_pointed_at

UNHURT = {"interval", "full_interval", "guard_removals", "guard_changes", "guard_blanks", "position"}
"""Settings that change when a pair runs, and nothing of what it writes."""


def set_mode(pair: EntityPair, mode: str, *, by: str, reason: str = "") -> None:
    """Off, observe or live. Live needs an approved plan of the rules as they stand."""
    with transaction.atomic():
        found = EntityPair.objects.select_for_update().get(pk=pair.pk)
        if mode == Mode.LIVE:
            _refuse_unapproved(found)
        before, now = found.mode, timezone.now()
        EntityPair.objects.filter(pk=found.pk).update(
            mode=mode, next_run_at=None if mode != Mode.OFF else F("next_run_at")
        )
        if mode != Mode.LIVE:
            _end_runs(found, f"{found} was set to {mode}.", now, observing=mode == Mode.OFF)
        if mode == Mode.LIVE:
            planned = Q(plan__isnull=False)
            Link.objects.filter(planned, pair=found).update(due_at=now, reason=PLANNED)
        record("mode", by=by, subject=found, reason=reason, pair=found, before=before, after=mode)
        enqueue("tick")
    pair.mode = mode


def observe_anew(pairs: Iterable[EntityPair], *, by: str, reason: str) -> list[EntityPair]:
    """What the hub remembers of these pairs may be of another day, or of another system.

    They read everything anew, and write nothing until a person has approved a new plan. Returns those that were live.
    """
    stepped_back, now = [], timezone.now()
    with transaction.atomic():
        for pair in pairs:
            _end_runs(pair, f"{pair} reads everything anew.", now)
            EntityPair.objects.filter(pk=pair.pk).update(
                rules_version=F("rules_version") + 1, next_full_at=None
            )
            pair.cursors.update(full_at=None, page="")
            if pair.mode == Mode.LIVE:
                set_mode(pair, Mode.OBSERVE, by=by, reason=reason)
                stepped_back.append(pair)
    return stepped_back


def _end_runs(pair: EntityPair, why: str, now: datetime, *, observing: bool = True) -> None:
    """What a pair may do no more, its open run may not go on doing; `observing`: one that writes nothing neither."""
    runs = pair.runs.filter(state__in=OPEN_RUNS)
    runs = runs if observing else runs.filter(writes=True)
    runs.update(state=RunState.CANCELLED, problem=why, ended_at=now)


def _refuse_unapproved(pair: EntityPair) -> None:
    if pair.approved_version != pair.rules_version:
        raise NotPossible(
            f"The plan of {pair} has not been approved as its mappings stand. "
            "Let it observe once, look at what it would do, and approve that."
        )


def latest_plan(pair: EntityPair) -> Run | None:
    """The last complete observing run under the rules as they stand."""
    return _plans(pair).first()


def _plans(pair: EntityPair) -> QuerySet[Run]:
    return pair.runs.filter(state=RunState.DONE, writes=False, rules_version=pair.rules_version)


def approve_plan(pair: EntityPair, *, by: str, seen: int | None = None, reason: str = "") -> Run:
    """A person has looked at what an observing run would do. Returns that run.

    `seen` is the run that was shown; else it is the last one. What was noticed after its end the guard judges anew.
    """
    with transaction.atomic():
        found = EntityPair.objects.select_for_update().get(pk=pair.pk)
        run = _plans(found).filter(pk=seen).first() if seen else latest_plan(found)
        if run is None:
            raise NotPossible(
                f"{found} has no complete plan under its mappings as they stand. Let it observe once."
            )
        now = timezone.now()
        EntityPair.objects.filter(pk=found.pk).update(approved_version=found.rules_version)
        Run.objects.filter(pk=run.pk).update(approved_by=by, approved_at=now)
        record("approve plan", by=by, subject=run, reason=reason, pair=found, after=run.counts)
    pair.approved_version = found.rules_version
    return run


def snapshot(pair: EntityPair) -> list[dict[str, Any]]:
    """The pair's settings and mappings as plain values, for the audit."""
    own = model_to_dict(pair, exclude=["id"])
    rows = [model_to_dict(row, exclude=["pair"]) for row in pair.mappings.all()]
    matches = [model_to_dict(row, exclude=["pair"]) for row in pair.match_rules.all()]
    return [own, *rows, *matches]


def _rules_of(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What decides what is written: a snapshot without the pair's times and thresholds."""
    return [{name: value for name, value in row.items() if name not in UNHURT} for row in rows]


def rules_changed(pair: EntityPair, *, before: list[dict[str, Any]], by: str, reason: str = "") -> bool:
    """After an edit: audit it, and let a pair whose rules moved observe again. Whether anything changed."""
    after = snapshot(pair)
    gone, new = [row for row in before if row not in after], [row for row in after if row not in before]
    if not gone and not new:
        return False
    if _rules_of(before) == _rules_of(after):
        record("settings", by=by, subject=pair, reason=reason, pair=pair, before=gone, after=new)
        return True
    now = timezone.now()
    with transaction.atomic():
        EntityPair.objects.filter(pk=pair.pk).update(rules_version=F("rules_version") + 1)
        _end_runs(pair, "Its mappings were changed.", now)
        # What is mapped or matched by now may never have been read: nothing is created until it was.
        pair.cursors.update(full_at=None, page="")
        stepped_back = EntityPair.objects.filter(pk=pair.pk, mode=Mode.LIVE).update(mode=Mode.OBSERVE)
        Link.objects.current().filter(pair=pair).update(due_at=now, reason="mappings changed")
        record("mapping", by=by, subject=pair, reason=reason, pair=pair, before=gone, after=new)
        if stepped_back:
            record(
                "mode",
                by=by,
                subject=pair,
                reason="mappings changed",
                pair=pair,
                before="live",
                after="observe",
            )
    pair.refresh_from_db()
    return True


def problems_of(pair: EntityPair, mappings: Sequence[FieldMapping]) -> dict[int, list[str]]:
    """What the engine would say of these rows, saved or not: sentences by place in the sequence."""
    rows = [_placed(mapping, place) for place, mapping in enumerate(mappings)]
    known = {side: known_properties(pair.system(side), pair.entity(side)) for side in Side}
    found: dict[int, list[str]] = defaultdict(list)
    for problem in compile_rules(pair, [row for row in rows if row.active], [], known).problems:
        found[int(problem.mapping)].append(problem.message)
    pairs = sorted({pair.name, *EntityPair.objects.values_list("name", flat=True)})
    for place, row in enumerate(rows):
        for name in names_pointed_at(row).difference(pairs) if row.active else ():
            found[place].append(f"There is no pair '{name}' to point at. Write one of: {', '.join(pairs)}.")
    return dict(found)


def _placed(mapping: FieldMapping, place: int) -> FieldMapping:
    """The engine names rows by their key, and unsaved ones have none."""
    row = copy(mapping)
    row.pk = place
    return row


def match_problems_of(
    match_rules: Sequence[MatchRule], mappings: Sequence[FieldMapping]
) -> dict[int, list[str]]:
    """Match rules that name what no active mapping carries, by place in the sequence."""
    mapped = {parts(row.erp_property)[0] for row in mappings if row.active and parts(row.erp_property)}
    return {
        place: [f"No active mapping has the ERP property '{name}'. Map it, or match by another."]
        for place, row in enumerate(match_rules)
        for name in [each for each in parts(row.by) if each not in mapped][:1]
    }


@dataclass(frozen=True, kw_only=True)
class PropertyRow:
    """One line of a pair's property table, as a person would hand it to a tester."""

    mapping: FieldMapping
    erp_property: str
    crm_property: str
    crm_type: str
    crm_label: str
    max_length: int | None
    direction: str
    transforms: str
    policy: str
    blank: str
    match: str
    problem: str
    findings: str


def property_table(pair: EntityPair) -> list[PropertyRow]:
    """ERP property · webCRM property · webCRM data type · how it travels; with what is wrong and what was found."""
    problems = {problem.mapping: problem.message for problem in load(pair).problems}
    known = known_properties(pair.crm_system, pair.crm_entity)
    matches = _matches(pair)
    mappings = pair.mappings.filter(active=True).prefetch_related("findings")
    return [_row(mapping, known, problems, matches) for mapping in mappings]


def _matches(pair: EntityPair) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in pair.match_rules.all():
        for path in parts(row.by):
            found[path] = ", ".join(filter(None, [found.get(path, ""), str(row.position)]))
    return found


def _row(
    mapping: FieldMapping, known: dict[str, Any], problems: dict[str, str], matches: dict[str, str]
) -> PropertyRow:
    property_ = known.get(mapping.crm_property)
    findings = (f"{finding.kind} {finding.count}×" for finding in mapping.findings.all())
    return PropertyRow(
        mapping=mapping,
        erp_property=mapping.erp_property,
        crm_property=mapping.crm_property,
        crm_type=mapping.crm_type,
        crm_label=property_.label if property_ else "",
        max_length=property_.max_length if property_ else None,
        direction=_direction(mapping),
        transforms=mapping.transforms,
        policy=mapping.get_policy_display(),
        blank=mapping.get_blank_display(),
        match=matches.get(mapping.erp_property, ""),
        problem=problems.get(str(mapping.pk), ""),
        findings=", ".join(findings),
    )


def _direction(mapping: FieldMapping) -> str:
    when = ", only when it is made" if mapping.only_on_create else ""
    return f"{mapping.get_direction_display()}{when}"


def sides_of(pair: EntityPair) -> dict[Side, str]:
    """How a page names the two ends of a pair."""
    return {side: f"{pair.system(side)}: {pair.entity(side)}" for side in Side}


def properties_of(pair: EntityPair, side: Side) -> dict[str, Property]:
    """What may be mapped on one side, by name, as last read from its system."""
    return known_properties(pair.system(side), pair.entity(side))
