"""Short ways to say rules and states in the core's tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sync.core.mapping import Rule
from sync.core.merge import plan
from sync.core.plan import Plan, Ruling, SideState
from sync.core.records import Property, Values
from sync.core.transforms.chain import parse
from sync.core.vocabulary import Side

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MARGIN = timedelta(seconds=2)


def nowhere(pair: str, side: Side, key: str) -> str | None:
    """References of a hub that has linked nothing."""
    return None


def rule(
    name: str = "name", *, transforms: str = "", erp: Any = None, crm: Any = None, **settings: Any
) -> Rule:
    """A rule from `name` to `Name`, as plain text properties unless given."""
    erp = (Property(path=name),) if erp is None else erp
    crm = (Property(path=name.title()),) if crm is None else crm
    return Rule(name=name, erp=erp, crm=crm, transforms=parse(transforms), **settings)


def state(now: Values, base: Values | None = None, stamps: Mapping[str, datetime] | None = None) -> SideState:
    return SideState(now=now, base=base or {}, stamps=stamps or {})


def planned(
    rules: list[Rule],
    erp: SideState,
    crm: SideState,
    *,
    first_winner: Side = Side.ERP,
    rulings: Mapping[str, Ruling] | None = None,
    references: Any = nowhere,
) -> Plan:
    return plan(
        rules,
        erp=erp,
        crm=crm,
        first_winner=first_winner,
        margin=MARGIN,
        references=references,
        rulings=rulings or {},
    )


def applied(made: Plan, erp: SideState, crm: SideState) -> tuple[SideState, SideState]:
    """Both sides after the plan's writes are confirmed and the bases have moved."""
    now = {Side.ERP: dict(erp.now), Side.CRM: dict(crm.now)}
    base = {Side.ERP: dict(erp.base), Side.CRM: dict(crm.base)}
    for item in made.settled:
        base[Side.ERP].update(item.erp)
        base[Side.CRM].update(item.crm)
    for write in made.writes:
        now[write.side].update(write.values)
        base[write.side].update(write.values)
        base[write.side.other].update(write.source)
    return (
        SideState(now=now[Side.ERP], base=base[Side.ERP], stamps=erp.stamps),
        SideState(now=now[Side.CRM], base=base[Side.CRM], stamps=crm.stamps),
    )


def erp(base: dict[str, Any], **now: Any) -> SideState:
    """The ERP in step with `base`, but for `now`."""
    return state({**base, **now}, base)


def crm(base: dict[str, Any], **now: Any) -> SideState:
    """webCRM in step with the ERP's `base`, but for `now`."""
    said = {path.title(): value for path, value in base.items()}
    return state({**said, **now}, said)


def why(made: Plan) -> str:
    """The reason of a plan's only write."""
    (write,) = made.writes
    return write.why
