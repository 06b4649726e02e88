"""What a seed's world is like: which faults there are, how often, and how the two systems behave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from random import Random

from sync.core.records import Value
from tests.world import CRM, ERP

MAYBE = (0.0, 0.0, 0.02, 0.06)


@dataclass(frozen=True, kw_only=True)
class Switches:
    """Rates are per point: a call's boundary or a commit."""

    steps: int
    records: int
    words: int
    """How many different values people choose from; 0: every value is new."""
    people: float
    nested: float
    crash: float
    unavailable: float
    unknown: float
    landed: float
    late: float
    database: float
    stall: float
    removals: bool
    merges: bool
    moves: bool
    restores: bool
    blanks: bool
    habits: tuple[str, ...]
    erp_conditional: bool
    crm_conditional: bool
    names_editor: bool
    answers_record: bool
    changed_since: bool
    removed_feed: bool
    idempotent: bool
    page_size: int
    bulk_write: int
    pages_by_offset: bool
    skew: float
    """Seconds by which webCRM's clock is ahead."""
    hidden: float
    """How often a complete listing, or a read by key, leaves out a record that is there."""
    failover: float
    """How often the database goes away and comes back without its last commits."""
    jumps: float
    """How often the hub's own clock is set back by an hour or a little, or put right again."""
    lag: float
    """How often an answer comes from a copy that does not know of the hub's own last write yet."""

    hooks: float
    """How often a system sends word of what was done to a record, and then once more."""

    def shown(self) -> str:
        return " ".join(f"{name}={value}" for name, value in asdict(self).items())


def draw(random: Random) -> Switches:
    """A seed's switches. About half of the faults are off in any one seed."""
    aside = Random(str(random.getstate()))

    def rate(*choices: float) -> float:
        return random.choice(choices)

    def flag(share: float = 0.5) -> bool:
        return random.random() < share

    return Switches(
        steps=random.choice((10, 25, 50)), records=random.choice((1, 2, 3, 6)), words=random.choice((0, 0, 2, 4)),
        people=rate(0.0, 0.02, 0.1), nested=rate(0.0, 0.02, 0.06), crash=rate(0.0, 0.002, 0.01, 0.03),
        unavailable=rate(*MAYBE), unknown=rate(0.0, 0.1, 0.3), landed=rate(0.0, 0.1, 0.3),
        late=rate(0.0, 0.1, 0.3), database=rate(0.0, 0.0, 0.003), stall=rate(0.0, 0.0, 0.005, 0.02),
        removals=flag(), merges=flag(0.3), moves=flag(0.3), restores=flag(0.25), blanks=flag(),
        habits=tuple(sorted(name for name in HABITS if flag(0.3))),
        erp_conditional=flag(0.7), crm_conditional=flag(0.3), names_editor=flag(0.7), answers_record=flag(),
        changed_since=flag(0.8), removed_feed=flag(0.3), idempotent=flag(), page_size=random.choice((1, 2, 3, 50)),
        bulk_write=random.choice((0, 2, 50)), pages_by_offset=flag(0.3), skew=rate(0.0, 0.0, -3.0, 3.0),
        hidden=aside.choice((0.0, 0.0, 0.0, 0.05)), lag=aside.choice((0.0, 0.0, 0.0, 0.5)),
        failover=aside.choice((0.0, 0.0, 0.0, 0.003)), jumps=aside.choice((0.0, 0.0, 0.0, 0.01)),
        hooks=aside.choice((0.0, 0.0, 0.5)),
    )  # fmt: skip


def calm(switches: Switches) -> Switches:
    """The same world with nothing going wrong in it."""
    return replace(
        switches, people=0.0, nested=0.0, crash=0.0, unavailable=0.0, unknown=0.0, landed=0.0, late=0.0,
        database=0.0, stall=0.0, hidden=0.0, lag=0.0, failover=0.0, jumps=0.0, hooks=0.0,
    )  # fmt: skip


def erp_capabilities(switches: Switches):  # type: ignore[no-untyped-def]
    return replace(
        ERP, conditional=switches.erp_conditional, names_editor=switches.names_editor,
        idempotent=switches.idempotent, removed_feed=switches.removed_feed, bulk_write=switches.bulk_write,
    )  # fmt: skip


def crm_capabilities(switches: Switches):  # type: ignore[no-untyped-def]
    return replace(
        CRM, conditional=switches.crm_conditional, names_editor=switches.names_editor,
        changed_since=switches.changed_since, bulk_write=switches.bulk_write,
    )  # fmt: skip


Habit = Callable[[Value], Value]


def _upper(value: Value) -> Value:
    return value.upper() if isinstance(value, str) else value


def _cut(value: Value) -> Value:
    return value[:8] if isinstance(value, str) else value


def _trim(value: Value) -> Value:
    return " ".join(value.split()) if isinstance(value, str) else value


HABITS: dict[str, tuple[str, str, str, Habit]] = {
    "upper city": ("crm", "orgs", "OrgCity", _upper),
    "cut city": ("crm", "orgs", "OrgCity", _cut),
    "trimmed name": ("crm", "orgs", "OrgName", _trim),
    "cut number": ("crm", "orgs", "OrgZip", _cut),
    "cut last": ("crm", "persons", "PersonLast", _cut),
    "erp upper city": ("erp", "customers", "city", _upper),
}
"""System, entity, property, and what the system makes of it."""
