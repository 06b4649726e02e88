"""The last look before a write: what a system says of a record right now, at the price of as few calls as possible."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from sync.core.vocabulary import Side
from sync.engine.observe import observe
from sync.engine.poll import poll
from sync.engine.slice import Slice
from sync.models.links import Link


def is_open(work: Slice, side: Side) -> bool:
    """Whether records are written here that no version protects: an edit since the last look would be overwritten."""
    return work.run.writes and not work.capabilities(side).conditional


def must_read(work: Slice, link: Link, side: Side) -> bool:
    """Whether a record is asked for by its key: suspects, and all where neither a version nor a change list helps."""
    blind = is_open(work, side) and not work.capabilities(side).changed_since
    return bool(link.get(side, "key")) and bool(blind or link.reread or link.get(side, "missing_at"))


def look_again(work: Slice, side: Side, links: Sequence[Link]) -> bool:
    """Make sure that *seen* is what this side says now. False where the slice was over before all of it was read."""
    work.read_at[side] = work.ports.now()
    keys = [link.get(side, "key") for link in links if must_read(work, link, side)]
    if keys:
        _read(work, side, keys)
    reads_on = is_open(work, side) and work.capabilities(side).changed_since
    return not reads_on or poll(work, side, tail=True)


def _read(work: Slice, side: Side, keys: Sequence[str]) -> None:
    """Read records by key; whoever is not there is missing."""
    found = work.connectors[side].read(work.pair.entity(side), keys, paths=work.rules.paths[side])
    with transaction.atomic():
        work.hold()
        now = work.ports.now()
        observe(work, side, list(found.values()), scan=None, now=now)
        gone = [key for key in keys if key not in found]
        unseen = {"pair": work.pair, f"{side}_key__in": gone, f"{side}_missing_at__isnull": True}
        Link.objects.current().filter(**unseen).update(**{f"{side}_missing_at": now})
