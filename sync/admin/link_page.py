"""One link's page: both sides, field by field, and everything that ever happened to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sync.admin.base import page_of
from sync.admin.show import text, when
from sync.admin.tables import Cell, Table, badge, cell, cells, facts, listing, to
from sync.core.vocabulary import Side
from sync.models.links import Conflict, Intent, Link
from sync.models.pairs import FieldMapping
from sync.models.runs import Act, Change
from sync.services.pairs import property_names

LATEST = 20


@dataclass(frozen=True, kw_only=True)
class Said:
    """What one side says of a field."""

    names: str
    seen: str
    was: str
    """Its base, where that is another than what was seen; what goes over only once has none that counts."""
    moved: str


@dataclass(frozen=True, kw_only=True)
class FieldLine:
    """One mapped field as both sides say it."""

    erp: Said
    crm: Said
    direction: str
    """An arrow; and `once` where the value goes only into a record that is made."""
    is_apart: bool
    """Whether one side has moved from its base."""


def read(link: Link) -> dict[str, Any]:
    pair = link.pair
    return {
        "problem": link.problem,
        "facts": _facts(link),
        "fields": [_line(link, mapping) for mapping in pair.mappings.filter(active=True)],
        "rest": _rest(link),
        "erp_title": f"{pair.erp_system}: {pair.erp_entity}",
        "crm_title": f"{pair.crm_system}: {pair.crm_entity}",
        "choices": _choices(link),
        "tables": [*_plan(link), _conflicts(link), _changes(link), _acts(link), _intents(link)],
    }


def _facts(link: Link) -> list[Cell]:
    return facts(
        pair=to(link.pair),
        state=badge(link.state, link.get_state_display()),
        last_outcome=badge(link.outcome),
        last_run=to(link.run) if link.run else None,
        ERP_key=link.erp_key, webCRM_key=link.crm_key,
        ERP_parent=link.erp_parent, webCRM_parent=link.crm_parent,
        ERP_updated=link.erp_updated_at, webCRM_updated=link.crm_updated_at,
        ERP_missing_since=link.erp_missing_at, webCRM_missing_since=link.crm_missing_at,
        linked=link.linked_at, last_settled=link.settled_at,
        due=link.due_at, due_because=link.reason, attempts=link.attempts,
        merged_into=to(link.merged_into) if link.merged_into_id else None,
    )  # fmt: skip


def _line(link: Link, mapping: FieldMapping) -> FieldLine:
    erp = _told(link, Side.ERP, mapping, mapping.erp_property)
    crm = _told(link, Side.CRM, mapping, mapping.crm_property)
    arrow = mapping.get_direction_display().split()[0]
    return FieldLine(
        erp=erp,
        crm=crm,
        direction=f"{arrow} once" if mapping.only_on_create else arrow,
        is_apart=bool(erp.was or crm.was),
    )


def _told(link: Link, side: Side, mapping: FieldMapping, names: str) -> Said:
    paths = property_names(mapping, side)
    seen, base, stamps = (link.get(side, name) for name in ("seen", "base", "stamps"))
    moved = max((stamps[path] for path in paths if path in stamps), default="")
    shown, was = _said(seen, paths), _said(base, paths)
    return Said(
        names=names,
        seen=shown,
        was=was if link.linked and was != shown and not mapping.only_on_create else "",
        moved=moved[:19].replace("T", " "),
    )


def _said(values: dict[str, Any], paths: tuple[str, ...]) -> str:
    """An absent value is unknown, and reads differently from a blank one."""
    return "\n".join(text(values[path]) if path in values else "(not read)" for path in paths)


def _rest(link: Link) -> list[Table]:
    """What was read beyond the mapped fields: parents, names, what marks a record inactive."""
    mapped = {
        (side, path)
        for mapping in link.pair.mappings.all()
        for side in Side
        for path in property_names(mapping, side)
    }
    lines = [
        cells(f"{link.pair.system(side)}", path, value)
        for side in Side
        for path, value in link.get(side, "seen").items()
        if (side, path) not in mapped
    ]
    return [Table(title="Also read", heads=("System", "Property", "Seen"), lines=lines)] if lines else []


def _choices(link: Link) -> list[dict[str, Any]]:
    """The links that may be the counterpart, each with the address that asks to link it."""
    side = Side.CRM if link.erp_key else Side.ERP
    found = Link.objects.current().filter(pk__in=link.candidates)
    return [
        {
            "row": other,
            "address": page_of(other),
            "key": other.get(side, "key"),
            "seen": [(path, text(value)) for path, value in other.get(side, "seen").items()],
            "taken": other.linked,
            "ask": f"{page_of(link, 'do', 'link')}?{urlencode({'counterpart': other.get(side, 'key') or ''})}",
        }
        for other in found
    ]


def _plan(link: Link) -> list[Table]:
    return [
        Table(
            title=f"Would be written: {draft['kind']} in {link.pair.system(Side(draft['side']))}",
            heads=("Property", "Before", "After", "Why"),
            lines=[
                cells(each["property"], each["before"], each["after"], each["why"])
                for each in draft["fields"]
            ],
        )
        for draft in link.plan or []
    ]


def _conflicts(link: Link) -> Table:
    rows = link.conflicts.all()[:LATEST]
    return Table(
        title="Conflicts",
        heads=("Field", "State", "Since", "Decided by"),
        lines=[
            [
                to(row, row.field),
                badge(row.state, row.get_state_display()),
                *cells(when(row.created_at), row.resolved_by),
            ]
            for row in rows
        ],
        none="None.",
        more=listing(Conflict, link__exact=link.pk) if rows else "",
    )


def _changes(link: Link) -> Table:
    rows = link.changes.all()[:LATEST]
    return Table(
        title="Changes",
        heads=("When", "System", "Kind", "Fields", "Outcome", "Actor"),
        lines=[
            [
                to(row, when(row.created_at)),
                *cells(row.system, row.kind, ", ".join(each["property"] for each in row.fields)),
                badge(row.outcome, row.get_outcome_display()),
                cell(row.actor),
            ]
            for row in rows
        ],
        none="The hub has written nothing to it.",
        more=listing(Change, link__exact=link.pk) if rows else "",
    )


def _acts(link: Link) -> Table:
    rows = link.acts.all()[:LATEST]
    return Table(
        title="Acts of people",
        heads=("When", "Who", "What", "Reason"),
        lines=[[to(row, when(row.done_at)), *cells(row.actor, row.verb, row.reason)] for row in rows],
        none="Nobody has done anything to it.",
        more=listing(Act, link__exact=link.pk) if rows else "",
    )


def _intents(link: Link) -> Table:
    rows: list[Intent] = list(link.intents.order_by("-id")[:LATEST])
    return Table(
        title="Attempts to write",
        heads=("Recorded", "Side", "Kind", "Attempt", "State", "Problem"),
        lines=[
            [
                *cells(when(row.recorded_at), row.get_side_display(), row.kind, row.attempt),
                badge(row.state, row.get_state_display()),
                cell(row.problem),
            ]
            for row in rows
        ],
        none="None.",
    )
