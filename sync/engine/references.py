"""References between pairs, looked up for a whole batch at once: whose counterpart is whose."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from sync.core.vocabulary import Side
from sync.engine.rules import PairRules, pointing
from sync.models.links import Link
from sync.models.pairs import EntityPair

ReferenceKey = tuple[str, Side, str]


@dataclass(kw_only=True)
class References:
    """Counterparts by (pair name, side, key), as the core asks for them; and the parents themselves."""

    counterparts: dict[ReferenceKey, str] = field(default_factory=dict)
    parents: dict[tuple[Side, str], Link] = field(default_factory=dict)

    def __call__(self, pair: str, side: Side, key: str) -> str | None:
        return self.counterparts.get((pair, side, key))

    def add(self, more: References) -> None:
        self.counterparts.update(more.counterparts)
        self.parents.update(more.parents)

    def parent_of(self, link: Link, side: Side) -> Link | None:
        return self.parents.get((side, link.get(side, "parent")))


def load_references(rules: PairRules, links: Iterable[Link]) -> References:
    """Everything the given links point at: one query per pair and side."""
    found = References()
    for (pair, side), keys in _wanted(rules, links).items():
        _load(found, rules, pair, side, keys)
    return found


def _wanted(rules: PairRules, links: Iterable[Link]) -> dict[tuple[str, Side], set[str]]:
    wanted: dict[tuple[str, Side], set[str]] = defaultdict(set)
    pointers = list(pointing(rules.rules))
    for link in links:
        for side in Side:
            for rule, pair in pointers:
                wanted[pair, side].update(_keys(link, side, rule.paths(side)))
            if rules.pair.parent and link.get(side, "parent"):
                wanted[rules.pair.parent.name, side].add(link.get(side, "parent"))
    return wanted


def _keys(link: Link, side: Side, paths: Iterable[str]) -> list[str]:
    seen = link.get(side, "seen")
    return [str(seen[path]) for path in paths if seen.get(path) not in (None, "", 0, "0")]


def _load(found: References, rules: PairRules, pair: str, side: Side, keys: set[str]) -> None:
    target = EntityPair.objects.filter(name=pair).first()
    if target is None:
        return
    is_parent = rules.pair.parent_id == target.pk
    for link in Link.objects.current().filter(**{"pair": target, f"{side}_key__in": list(keys)}):
        key = link.get(side, "key")
        if link.linked and link.state in ("active", "paused"):
            found.counterparts[pair, side, key] = link.get(side.other, "key")
        if is_parent:
            found.parents[side, key] = link
