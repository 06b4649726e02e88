"""Match values that very many records share, such as a placeholder e-mail: the database looks, a few are loaded."""

from __future__ import annotations

from collections.abc import Mapping, Set

from django.db.models import Count, Exists, OuterRef

from sync.core.match import MatchKey as MatchRule
from sync.core.vocabulary import Side
from sync.models.links import Link, LinkQuerySet, LinkState, MatchKey, Separation
from sync.models.pairs import EntityPair

MANY = 20
"""A value that more records of one side share is a crowd's. Nobody chooses among more of them than that."""


def among(pair: EntityPair, side: Side, position: int, values: Set[str]) -> set[str]:
    """Which of these values are a crowd's."""
    bearing = MatchKey.objects.filter(pair=pair, side=side, position=position, value__in=values)
    counted = bearing.values("value").annotate(number=Count("pk")).order_by()
    return set(counted.filter(number__gt=MANY).values_list("value", flat=True))


def hits(
    link: Link, side: Side, rule: MatchRule, own: Mapping[int, str], *, parent: Link | None
) -> list[Link]:
    """Who of the other side may be the counterpart of a link of that side; of more than many, one more than that.

    `own`: the link's match values by position. Every condition is asked of the database: a limit that came before
    one would hide those who meet it.
    """
    found = _bearing(link, side.other, rule.position, own[rule.position]).exclude(
        **{f"{side.other}_key__in": _separated(link, side)}
    )
    if rule.within_parent:
        found = _under(found, side.other, parent)
    if rule.propose:
        found = _not_contradicted(found, side.other, {at: own[at] for at in own if at < rule.position})
    return list(found[: MANY + 1])


def rivals(link: Link, side: Side, rule: MatchRule, value: str, *, parent: Link | None) -> list[int]:
    """Who else of that side, and not linked either, bears the value; of more than many, one more than that."""
    found = _bearing(link, side, rule.position, value).filter(**{f"{side.other}_key__isnull": True})
    if rule.within_parent:
        found = _under(found, side, parent)
    return list(found.exclude(pk=link.pk).values_list("pk", flat=True)[: MANY + 1])


def somebody(link: Link, side: Side, position: int, value: str) -> Link | None:
    """Another record of that side, there to be read, that bears the value."""
    there = _bearing(link, side, position, value).filter(**{f"{side}_missing_at__isnull": True})
    return there.exclude(pk=link.pk).first()


def _bearing(link: Link, side: Side, position: int, value: str) -> LinkQuerySet:
    here = Link.objects.current().exclude(state=LinkState.REMOVED).order_by("pk")
    return here.filter(
        pair_id=link.pair_id, match_keys__side=side, match_keys__position=position, match_keys__value=value
    )


def _separated(link: Link, side: Side) -> list[str]:
    own = {"pair": link.pair_id, f"{side}_key": link.get(side, "key")}
    return list(Separation.objects.filter(**own).values_list(f"{side.other}_key", flat=True))


def _under(found: LinkQuerySet, side: Side, parent: Link | None) -> LinkQuerySet:
    if parent is None or parent.get(side, "key") is None:
        return found.none()
    return found.filter(**{f"{side}_parent": parent.get(side, "key")})


def _not_contradicted(found: LinkQuerySet, side: Side, stronger: Mapping[int, str]) -> LinkQuerySet:
    """Those that no stronger match rule knows to be another one."""
    for position, value in stronger.items():
        theirs = MatchKey.objects.filter(link=OuterRef("pk"), side=side, position=position)
        found = found.exclude(Exists(theirs.exclude(value=value)))
    return found
