"""The last look before a write: what a system says of a record right now, at the price of as few calls as possible."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from sync.connectors.base import Nonsense
from sync.core.vocabulary import Side
from sync.engine.observe import observe
from sync.engine.poll import poll
from sync.engine.slice import Slice
from sync.models.links import Link


class Blind(Nonsense):
    """A system that does not find what is there: it has lost its sight, and no record is to blame."""


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
    """Read records by key; whoever is not there is missing.

    Where that would be news, somebody who was there a moment ago is asked for in the same breath: a system that does
    not find that one either has lost its sight, and nothing is believed of it.
    """
    canary = _canary(work, side, keys)
    asked = [*keys, canary] if canary else keys
    found = work.connectors[side].read(work.pair.entity(side), asked, paths=work.rules.paths[side])
    gone = [key for key in keys if key not in found]
    blind = bool(gone) and canary is not None and canary not in found
    with transaction.atomic():
        work.hold()
        now = work.ports.now()
        observe(work, side, list(found.values()), scan=None, now=now)
        # The one who was asked beside them is a suspect itself then, so that another is asked the next time.
        unseen = {"pair": work.pair, f"{side}_key__in": [canary] if blind else gone}
        news = Link.objects.current().filter(**unseen, **{f"{side}_missing_at__isnull": True})
        news.update(**{f"{side}_missing_at": now, "due_at": now} if blind else {f"{side}_missing_at": now})
    if blind:
        raise Blind(
            f"{work.pair.system(side)} did not find {len(gone)} of {len(keys)} {work.pair.entity(side)}, nor one that "
            "was there a moment ago. Nothing was changed. Check that the credentials still see these records."
        )


def _canary(work: Slice, side: Side, keys: Sequence[str]) -> str | None:
    """Somebody else that is there, as far as is known: the newest, who is found without a search."""
    here = Link.objects.current().filter(
        **{"pair": work.pair, f"{side}_key__isnull": False, f"{side}_missing_at__isnull": True}
    )
    others = here.exclude(**{f"{side}_key__in": keys}).order_by("-pk")
    return others.values_list(f"{side}_key", flat=True).first()
