"""Finding the counterpart nobody has linked yet, and making one link of two. A join in our own rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q

from sync.core.match import Answer, Candidates, judge
from sync.core.match import MatchKey as MatchRule
from sync.core.vocabulary import Side
from sync.engine import crowds
from sync.engine.references import References, load_references
from sync.engine.rules import PairRules
from sync.models.links import OPEN_INTENTS, Intent, Link, LinkState, MatchKey, Separation
from sync.models.rows import update_rows


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What matching says of one one-sided link: one counterpart, some to choose from, or none."""

    counterpart: Link | None = None
    candidates: tuple[Link, ...] = ()
    why: str = ""


@dataclass(kw_only=True)
class Matcher:
    """Matches a batch of one-sided links. Loads everything once, then answers link by link."""

    rules: PairRules
    keys: dict[int, dict[int, str]] = field(default_factory=dict)
    holders: dict[tuple[Side, int, str], list[int]] = field(default_factory=lambda: defaultdict(list))
    crowds: set[tuple[Side, int, str]] = field(default_factory=set)
    """Values whose holders are not loaded: too many share them."""
    links: dict[int, Link] = field(default_factory=dict)
    separated: set[tuple[str, str]] = field(default_factory=set)
    references: References = field(default_factory=References)

    def find(self, link: Link, side: Side) -> Finding:
        """The counterpart of a link known only on `side`, by the first match rule that has a word to say."""
        for rule in self.rules.match:
            value = self.keys.get(link.pk, {}).get(rule.position)
            if value is None:
                continue
            if hits := self._hits(link, side, rule, value):
                return self._verdict(link, side, rule, value, hits)
        return Finding()

    def namesake(self, link: Link, side: Side) -> Link | None:
        """Another record on that side, there to be read, that bears one of the link's own match keys."""
        for position, value in self.keys.get(link.pk, {}).items():
            if (side, position, value) in self.crowds and (
                other := crowds.somebody(link, side, position, value)
            ):
                return other
            for pk in self.holders[side, position, value]:
                other = self.links.get(pk)
                if other is not None and pk != link.pk and not other.get(side, "missing_at"):
                    return other
        return None

    def _hits(self, link: Link, side: Side, rule: MatchRule, value: str) -> list[Link]:
        if (side.other, rule.position, value) in self.crowds:
            parent = self.references.parent_of(link, side)
            return crowds.hits(link, side, rule, self.keys[link.pk], parent=parent)
        holders = [
            self.links[pk] for pk in self.holders[side.other, rule.position, value] if pk in self.links
        ]
        return [
            other
            for other in holders
            if not self._apart(link, other, side)
            and (not rule.within_parent or self._same_parent(link, other, side))
            and not (rule.propose and self._contradicted(link, other, rule.position))
        ]

    def _contradicted(self, link: Link, other: Link, position: int) -> bool:
        """Whether a stronger match rule knows better: both have a value for it, and not the same one."""
        mine, theirs = self.keys.get(link.pk, {}), self.keys.get(other.pk, {})
        return any(mine[each] != theirs[each] for each in mine.keys() & theirs.keys() if each < position)

    def _apart(self, link: Link, other: Link, side: Side) -> bool:
        couple = (link, other) if side is Side.ERP else (other, link)
        return (couple[0].erp_key, couple[1].crm_key) in self.separated

    def _same_parent(self, link: Link, other: Link, side: Side) -> bool:
        mine = self.references.parent_of(link, side)
        theirs = self.references.parent_of(other, side.other)
        return mine is not None and theirs is not None and mine.pk == theirs.pk

    def _verdict(self, link: Link, side: Side, key: MatchRule, value: str, hits: list[Link]) -> Finding:
        rivals = self._rivals(link, side, key, value) if len(hits) == 1 else []
        found = Candidates(key=key, found=tuple(str(other.pk) for other in hits), rivals=len(rivals))
        if judge([found]).answer is Answer.LINK and not hits[0].linked:
            return Finding(counterpart=hits[0])
        return Finding(candidates=tuple(hits[: crowds.MANY]), why=_why(self.rules, key, hits, rivals))

    def _rivals(self, link: Link, side: Side, rule: MatchRule, value: str) -> list[int]:
        """Who else of its side wants the same counterpart."""
        if (side, rule.position, value) in self.crowds:
            return crowds.rivals(link, side, rule, value, parent=self.references.parent_of(link, side))
        return [
            pk
            for pk in self.holders[side, rule.position, value]
            if pk != link.pk and self._rival(pk, link, side, within_parent=rule.within_parent)
        ]

    def _rival(self, pk: int, link: Link, side: Side, *, within_parent: bool) -> bool:
        other = self.links.get(pk)
        if other is None or other.linked:
            return False
        if not within_parent:
            return True
        mine, theirs = (self.references.parent_of(each, side) for each in (link, other))
        return mine is not None and theirs is not None and mine.pk == theirs.pk


def _why(rules: PairRules, key: MatchRule, hits: Sequence[Link], rivals: Sequence[int]) -> str:
    fields = " + ".join(rules.by_name[name].crm[0].path for name in key.by)
    if len(hits) > 1:
        return f"{_number(len(hits))} records share its {fields}. Choose the one it is."
    if rivals:
        return f"{_number(len(rivals) + 1)} records want the same counterpart by {fields}. Choose which one it is."
    if hits[0].linked:
        return f"The record with its {fields} is linked to another one already. Unlink those two, if this is the one."
    return f"One record has the same {fields}; a person must say whether they are the same."


def _number(records: int) -> str:
    return f"More than {crowds.MANY}" if records > crowds.MANY else str(records)


def load_matcher(rules: PairRules, links: Sequence[Link]) -> Matcher:
    """Everything needed to match `links`: their keys, who else holds those, separations, parents."""
    matcher = Matcher(rules=rules)
    for row in MatchKey.objects.filter(link_id__in=[link.pk for link in links]):
        matcher.keys.setdefault(row.link_id, {})[row.position] = row.value
    matcher.crowds = _crowds(rules, matcher.keys)
    for row in _holders(rules, matcher.keys, matcher.crowds):
        matcher.holders[Side(row.side), row.position, row.value].append(row.link_id)
    wanted = {pk for pks in matcher.holders.values() for pk in pks} | {link.pk for link in links}
    for row in MatchKey.objects.filter(link_id__in=wanted - matcher.keys.keys()):
        matcher.keys.setdefault(row.link_id, {})[row.position] = row.value
    current = Link.objects.current().filter(pk__in=wanted).exclude(state=LinkState.REMOVED)
    matcher.links = {link.pk: link for link in current}
    matcher.separated = _separations(rules, matcher.links.values())
    matcher.references = load_references(rules, matcher.links.values())
    return matcher


Sought = Mapping[int, Mapping[int, str]]
"""Match values by position, by link."""


def _sought(keys: Sought) -> Iterator[tuple[Side, int, set[str]]]:
    """What is looked up in the index: once per side and position."""
    for position in {position for each in keys.values() for position in each}:
        values = {each[position] for each in keys.values() if position in each}
        yield from ((side, position, values) for side in Side)


def _crowds(rules: PairRules, keys: Sought) -> set[tuple[Side, int, str]]:
    return {
        (side, position, value)
        for side, position, values in _sought(keys)
        for value in crowds.among(rules.pair, side, position, values)
    }


def _holders(rules: PairRules, keys: Sought, crowded: set[tuple[Side, int, str]]) -> Iterator[MatchKey]:
    """Who has these values too, on either side."""
    for side, position, values in _sought(keys):
        few = {value for value in values if (side, position, value) not in crowded}
        yield from MatchKey.objects.filter(pair=rules.pair, side=side, position=position, value__in=few)


def _separations(rules: PairRules, links: Iterable[Link]) -> set[tuple[str, str]]:
    keys = [link.erp_key for link in links if link.erp_key]
    rows = Separation.objects.filter(pair=rules.pair, erp_key__in=keys)
    return set(rows.values_list("erp_key", "crm_key"))


def separated(link: Link, side: Side) -> set[str]:
    """Keys of that side's records of which a person said that they are not this link's."""
    own = {"pair": link.pair_id, f"{side.other}_key": link.get(side.other, "key")}
    return set(Separation.objects.filter(**own).values_list(f"{side}_key", flat=True))


HALF = ("key", "parent", "seen", "base", "stamps", "version", "updated_at", "by_hub", "scan", "missing_at")
"""What a link remembers of one side, and takes over from the link it absorbs."""


def join(keeper: Link, absorbed: Link, now: datetime) -> bool:
    """Make one link of two one-sided ones. False where either is leased, blocked or has changed meanwhile."""
    return bool(join_all([(keeper, absorbed)], now))


def join_all(couples: Sequence[tuple[Link, Link]], now: datetime) -> set[int]:
    """Make one link of every two one-sided ones: (the one that stays, the one it absorbs). Returns who stayed.

    Runs inside the caller's transaction. Absorbed rows stay, as history. Couples of which one is leased, blocked or
    has changed meanwhile are left as they are.
    """
    wanted = [link.pk for couple in couples for link in couple]
    locked = {row.pk: row for row in Link.objects.select_for_update().filter(pk__in=wanted).order_by("pk")}
    blocked = set(
        Intent.objects.filter(link_id__in=wanted, state__in=OPEN_INTENTS).values_list("link_id", flat=True)
    )
    joined = [
        (keeper, locked[other.pk])
        for keeper, other in couples
        if not {keeper.pk, other.pk} & blocked
        and _unmoved(locked[keeper.pk], keeper)
        and _free(locked[other.pk], keeper, now)
    ]
    absorb(joined, now)
    return {keeper.pk for keeper, _ in joined}


def absorb(joined: Sequence[tuple[Link, Link]], now: datetime) -> None:
    """Each first link takes over what the second, one-sided one remembers; that stays as history."""
    for keeper, other in joined:
        _take_over(keeper, other, now)
    update_rows([other for _, other in joined], ABSORBED_FIELDS)
    update_rows([keeper for keeper, _ in joined], KEEPER_FIELDS)
    heirs = {other.pk: keeper.pk for keeper, other in joined}
    keys = list(MatchKey.objects.filter(link_id__in=list(heirs)))
    for key in keys:
        key.link_id = heirs[key.link_id]
    update_rows(keys, ["link"])


ABSORBED_FIELDS = ("state", "merged_into", "due_at", "waiting", "lease_token", "lease_until")
KEEPER_FIELDS = (
    *(f"{side}_{name}" for side in Side for name in HALF), "state", "linked_at", "candidates", "problem",
)  # fmt: skip


def _take_over(keeper: Link, other: Link, now: datetime) -> None:
    side = Side.ERP if other.erp_key else Side.CRM
    keeper.put(side, **{name: other.get(side, name) for name in HALF})
    keeper.linked_at, keeper.candidates, keeper.problem = now, [], ""
    other.state, other.merged_into, other.due_at, other.waiting = LinkState.MERGED, keeper, None, False
    other.lease_token, other.lease_until = "", None


def _unmoved(now: Link, keeper: Link) -> bool:
    """Whether the one that stays is what it was when it was read: nobody has linked or paused it since."""
    return not now.linked and now.state == keeper.state


def _free(other: Link, keeper: Link, now: datetime) -> bool:
    leased = other.lease_until and other.lease_until > now and other.lease_token != keeper.lease_token
    return not (leased or other.linked or other.state not in (LinkState.ACTIVE, LinkState.EXCLUDED))


def wake_children(links: Sequence[Link], now: datetime) -> None:
    """Whoever waited for these parents is due now."""
    if not links:
        return
    pair = links[0].pair_id
    waiting = Link.objects.filter(pair__parent_id=pair, waiting=True)
    erp = [link.erp_key for link in links if link.erp_key]
    crm = [link.crm_key for link in links if link.crm_key]
    waiting.filter(Q(erp_parent__in=erp) | Q(crm_parent__in=crm)).update(
        due_at=now, waiting=False, reason="its parent is linked"
    )
