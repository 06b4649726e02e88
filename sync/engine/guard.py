"""Before anything is claimed: is this a day's work, or somebody's accident? Past its threshold a run stops and asks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from sync.core.blanks import carries_blanks, is_cleared, was_cleared
from sync.core.mapping import Rule
from sync.core.vocabulary import Side
from sync.engine.confirm import LEFT
from sync.engine.rules import PairRules
from sync.engine.waiting import PLANNED
from sync.models.links import Intent, Link, LinkQuerySet, LinkState
from sync.models.runs import Run

SMALL = 200
"""Below this many links a share means nothing: only removals are judged, by number."""

FEW = 20
"""Removals that never ask, however small the pair."""

DAY = timedelta(days=1)
SKEW = timedelta(minutes=5)
"""How far the clocks of the hub's own machines may be apart. What lies further ahead was stamped by one that was wrong:
an approval of tomorrow would open the door for a day, and a record of tomorrow be news after every approval."""

CHUNK = 2000
ASKS = "Nothing more is written until somebody has looked."


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """The time that is judged: a day, or less where a person has looked at what came before."""

    since: datetime
    now: datetime
    approved: Run | None
    """The run a person approved last, whenever that was."""
    looked_at: datetime | None
    """Up to when what that run brought was shown to them."""

    @property
    def until(self) -> datetime:
        return self.now + SKEW

    def within(self, field: str) -> Q:
        """Whether what a field tells happened in it."""
        return Q(**{f"{field}__gt": self.since, f"{field}__lte": self.until})

    @property
    def said(self) -> str:
        return f"since {self.approved} was approved" if self.is_cut_short else "within a day"

    @property
    def is_cut_short(self) -> bool:
        return self.looked_at is not None and self.looked_at == self.since


def judge(rules: PairRules, now: datetime) -> str:
    """Why this run must wait for a person; empty when it may go on. A slow flood is a flood: it looks at a day.

    What a person has looked at passes; what was noticed since is judged anew, be it in the approved run itself.
    """
    pair = rules.pair
    approved = pair.runs.filter(approved_at__lte=now + SKEW).order_by("-approved_at").first()
    looked_at = _looked_at(approved) if approved else None
    since = max(now - DAY, looked_at or now - DAY)
    stretch = Stretch(since=since, now=now, approved=approved, looked_at=looked_at)
    links = Link.objects.linked().filter(pair=pair, settled_at__isnull=False)
    return _removals(rules, links, stretch) or _changes(rules, links, stretch)


def _looked_at(approved: Run) -> datetime | None:
    """A plan shows what there was when it was made, however late it is approved: what came since nobody has seen."""
    if approved.writes or not (approved.approved_at and approved.ended_at):
        return approved.approved_at
    return min(approved.approved_at, approved.ended_at)


def _removals(rules: PairRules, links: LinkQuerySet, stretch: Stretch) -> str:
    here = links.filter(_is_missing(Side.CRM, stretch), erp_missing_at__isnull=True)
    missing = links.filter(_is_missing(Side.ERP, stretch)).count() + here.count()
    if missing <= FEW:
        return ""  # without counting a million links
    total = links.count()
    allowed = max(FEW, total * rules.pair.guard_removals // 100)
    if missing <= allowed:
        return ""
    return (
        f"{missing} of {total} linked records went missing {stretch.said}, more than the {allowed} that may go "
        f"without asking. {ASKS} Approve the run if they were removed on purpose, or reject it."
    )


def _is_missing(side: Side, stretch: Stretch) -> Q:
    """Noticed to be missing since; and what nobody has looked at and is still to follow, however long that waits."""
    noticed = f"{side}_missing_at"
    unanswered = Q(**{f"{noticed}__lte": stretch.until}, due_at__lte=stretch.now, state=LinkState.ACTIVE)
    if stretch.looked_at:
        unanswered &= Q(**{f"{noticed}__gt": stretch.looked_at})
    return stretch.within(noticed) | unanswered


def _changes(rules: PairRules, links: LinkQuerySet, stretch: Stretch) -> str:
    """Records that changed, and those among them in which one property went blank."""
    pair, touched = rules.pair, links.filter(_is_touched(stretch), state=LinkState.ACTIVE)
    changed, least = touched.count(), min(pair.guard_changes, pair.guard_blanks)
    if changed <= SMALL * least // 100:
        return ""  # without counting a million links
    total = links.count()
    if total <= SMALL or changed <= total * least // 100:
        return ""  # without looking into a single one
    if changed > (blanks := total * pair.guard_blanks // 100) and (
        why := _blanks(rules, touched, stretch, total=total, allowed=blanks)
    ):
        return why
    allowed = total * pair.guard_changes // 100
    if changed <= allowed:
        return ""
    return (
        f"{changed} of {total} linked records changed {stretch.said}, more than the {allowed} that may change "
        f"without asking. {ASKS} Look at the changes, then approve the run or reject it."
    )


def _is_touched(stretch: Stretch) -> Q:
    """Noticed to have moved since, written or not; and due, whoever said so, unless that was looked at."""
    due = Q(due_at__lte=stretch.now)
    moved = stretch.within("moved_at")
    if stretch.looked_at is None:
        return moved | due & ~Q(reason=LEFT)
    moved |= due & Q(moved_at__gt=stretch.looked_at, moved_at__lte=stretch.until)
    # What a person approved stays due until it is written, and what the hub itself tries again is no news.
    return moved if stretch.is_cut_short else moved | due & ~Q(reason__in=[LEFT, PLANNED])


def _blanks(rules: PairRules, touched: LinkQuerySet, stretch: Stretch, *, total: int, allowed: int) -> str:
    """Judged property by property: an accident empties one column, while a day's work clears a little everywhere."""
    cleared: defaultdict[tuple[Side, str], set[int]] = defaultdict(set)
    for link, side, rule in (*_still_to_come(rules, touched), *_written(rules, touched, stretch)):
        cleared[side, rule.name].add(link)
    if not cleared:
        return ""
    side, name = max(cleared, key=lambda each: len(cleared[each]))
    number = len(cleared[side, name])
    if number <= allowed:
        return ""
    said, system = " + ".join(rules.by_name[name].paths(side)), rules.pair.system(side)
    return (
        f"'{said}' went blank in {number} of {total} linked records in {system} {stretch.said}, more than the "
        f"{allowed} that may go blank without asking. {ASKS} Find out who emptied it, then approve the run if that "
        "was meant, or reject it."
    )


def _still_to_come(rules: PairRules, touched: LinkQuerySet) -> Iterator[tuple[int, Side, Rule]]:
    watched = [(side, rule) for side in Side for rule in rules.rules if carries_blanks(rule, side)]
    rows = touched.order_by().values_list("pk", "erp_seen", "erp_base", "crm_seen", "crm_base")
    for pk, erp, erp_base, crm, crm_base in rows.iterator(chunk_size=CHUNK):
        states = {Side.ERP: (erp, erp_base), Side.CRM: (crm, crm_base)}
        yield from ((pk, side, rule) for side, rule in watched if is_cleared(rule, side, *states[side]))


def _written(rules: PairRules, touched: LinkQuerySet, stretch: Stretch) -> Iterator[tuple[int, Side, Rule]]:
    """Blanks of the same stretch that were carried over already, by earlier runs or by this one."""
    written = Intent.objects.filter(
        stretch.within("change__created_at"),
        change__pair=rules.pair,
        kind="update",
        link__in=touched.values("pk"),
    )
    rows = written.order_by().values_list("link", "side", "source", "before", "rules")
    for link, target, source, before, names in rows.iterator(chunk_size=CHUNK):
        side = Side(target).other
        found = (rules.by_name[name] for name in set(names.values()) if name in rules.by_name)
        yield from ((link, side, rule) for rule in found if was_cleared(rule, side, source, before))
