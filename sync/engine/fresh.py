"""The last look before a write: what a system says of a record right now, at the price of as few calls as possible."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from django.db import transaction

from sync.connectors.base import Gone, Nonsense, Refused
from sync.core.records import Record
from sync.core.vocabulary import Side
from sync.engine.observe import observe
from sync.engine.poll import poll
from sync.engine.slice import Slice
from sync.models.links import Link

CANARIES = 3
"""So many of the newest are asked for, and of the oldest, where some may have been removed together."""


OF_ONE = (Refused, Gone, Nonsense)
"""What a question may be answered with because of a single record."""
BELIEVED = 3
"""So many that cannot be asked for, each alone, and none that can: then it is no record's own trouble."""


class Blind(Nonsense):
    """A system that does not find what is there: it has lost its sight, and no record is to blame."""


def is_open(work: Slice, side: Side) -> bool:
    """Whether records are written here that no version protects: an edit since the last look would be overwritten."""
    return work.run.writes and not work.capabilities(side).conditional


def must_read(work: Slice, link: Link, side: Side) -> bool:
    """Whether a record is asked for by its key: suspects, and all where neither a version nor a change list helps.

    Some systems tell a version only of a record that is asked for by itself.
    """
    protected = work.capabilities(side).conditional and link.get(side, "version")
    listed = is_open(work, side) and work.capabilities(side).changed_since
    blind = work.run.writes and not (protected or listed)
    return bool(link.get(side, "key")) and bool(blind or link.reread or link.get(side, "missing_at"))


def look_again(work: Slice, side: Side, links: Sequence[Link]) -> bool:
    """Make sure that *seen* is what this side says now. False where the slice was over before all of it was read."""
    work.read_at[side] = work.ports.now()
    keys = [link.get(side, "key") for link in links if must_read(work, link, side)]
    if keys:
        _read(work, side, keys)
    reads_on = is_open(work, side) or (work.run.writes and side not in work.polled and _are_new(side, links))
    return not (reads_on and work.capabilities(side).changed_since) or poll(work, side, tail=True)


def _are_new(side: Side, links: Sequence[Link]) -> bool:
    """Whether records may be made here. A database that came back without its last commits may not know that they are
    there: once in a slice, its system is asked. Nobody outlives such a loss in the middle of one.
    """
    return any(not link.get(side, "key") for link in links)


def _read(work: Slice, side: Side, keys: Sequence[str]) -> None:
    """Read records by key; whoever is not there is missing.

    Where that would be news, some who were there a moment ago are asked for in the same breath: a system that finds
    none of those either has lost its sight, and nothing is believed of it.
    """
    found, canaries = _asked(work, side, keys, _canaries(work, side, keys))
    gone, astray = ([key for key in group if key not in found] for group in (keys, canaries))
    blind = bool(gone and astray) and len(astray) == len(canaries)
    with transaction.atomic():
        work.hold()
        now = work.ports.now()
        observe(work, side, list(found.values()), scan=None, now=now)
        _suspect(work, side, [] if blind else gone, missing_at=now)
        # Suspects themselves from now on, so that others are asked the next time.
        _suspect(work, side, astray, missing_at=now, due_at=now)
    if blind:
        raise Blind(
            f"{work.pair.system(side)} did not find {len(gone)} of {len(keys)} {work.pair.entity(side)}, nor any of "
            f"{len(astray)} that were there a moment ago. Nothing was changed. Check that the credentials still see "
            "these records."
        )


def _asked(
    work: Slice, side: Side, keys: Sequence[str], canaries: Sequence[str]
) -> tuple[dict[str, Record], Sequence[str]]:
    """What was found, and which canaries could be asked for: one that cannot be read must not spoil the question."""
    entity, paths = work.pair.entity(side), work.rules.paths[side]

    def read(some: Sequence[str]) -> dict[str, Record]:
        return work.connectors[side].read(entity, some, paths=paths)

    try:
        return read([*keys, *canaries]), canaries
    except OF_ONE:
        found = read(keys)
        others, silent = each_alone(lambda some: read(some).values(), canaries)
        return found | {other.key: other for other in others}, [it for it in canaries if it not in silent]


def each_alone(
    ask: Callable[[Sequence[str]], Iterable[Record]], names: Sequence[str]
) -> tuple[list[Record], dict[str, str]]:
    """All of them in one question. Where one of them may be what spoils it, each alone: it must not stop the others."""
    if not names:
        return [], {}
    silent: dict[str, str] = {}
    found: list[Record] = []
    try:
        return list(ask(names)), silent
    except OF_ONE:
        for name in names:
            try:
                found += ask([name])
            except OF_ONE as error:
                silent[name] = str(error)
                if len(silent) >= BELIEVED and not found:
                    raise
    return found, silent


def _suspect(
    work: Slice, side: Side, keys: Sequence[str], *, missing_at: datetime, **facts: datetime
) -> None:
    unseen = Link.objects.current().filter(**{"pair": work.pair, f"{side}_key__in": keys})
    unseen.filter(**{f"{side}_missing_at__isnull": True}).update(
        **{f"{side}_missing_at": missing_at}, **facts
    )


def _canaries(work: Slice, side: Side, keys: Sequence[str]) -> list[str]:
    """Some others that are there, as far as is known: the newest and the oldest, who are found without a search."""
    here = Link.objects.current().filter(
        **{"pair": work.pair, f"{side}_key__isnull": False, f"{side}_missing_at__isnull": True}
    )
    others = here.exclude(**{f"{side}_key__in": keys}).values_list(f"{side}_key", flat=True)
    if work.capabilities(side).bulk_read <= 1:
        return list(others.order_by("-pk")[:1])  # each is a call of its own
    return list(dict.fromkeys([*others.order_by("-pk")[:CANARIES], *others.order_by("pk")[:CANARIES]]))
