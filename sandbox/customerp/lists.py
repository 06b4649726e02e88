"""Pages of records and of deletions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from sandbox.customerp import cursors
from sandbox.customerp.graves import Graves, feed_expired
from sandbox.customerp.problems import Problem
from sandbox.customerp.queries import ListQuery, fits, limit_of, moment_of, shown
from sandbox.customerp.rows import Row, Rows
from sandbox.customerp.stamps import written

FEED_PARAMETERS = {"since", "cursor", "limit"}

Page = tuple[list[dict[str, Any]], str | None]
"""The rows of a page, and the cursor of the next one."""


def bulk(rows: Rows, query: ListQuery) -> list[Row]:
    """The records with these ids, in the order asked for; missing ones are absent."""
    found = (rows.by_id.get(key) for key in query.ids or ())
    return [shown(row, query.fields) for row in found if row is not None]


def counted(rows: Rows, query: ListQuery, *, by_id: bool) -> tuple[list[dict[str, Any]], int]:
    """One page counted from the beginning, and how many rows there are in all."""
    fitting = list(_fitting(rows, query, by_id=by_id))
    kept = fitting[query.skip : query.skip + query.limit]
    return [shown(row, query.fields) for row in kept], len(fitting)


def page(rows: Rows, query: ListQuery, *, by_id: bool) -> Page:
    """One page in order of (updatedAt, id), or of id alone."""
    found = list(islice(_fitting(rows, query, by_id=by_id), query.limit + 1))
    kept = found[: query.limit]
    more = len(found) > query.limit
    return [shown(row, query.fields) for row in kept], _cursor(kept[-1]) if more else None


def deletions(graves: Graves, args: Mapping[str, str], now: datetime) -> tuple[Page, int]:
    """One page of the deleted feed and its limit; 410 when `since` lies before what is kept."""
    unknown = set(args) - FEED_PARAMETERS
    if unknown:
        raise Problem(400, f"Unknown query parameter: {', '.join(sorted(unknown))}.")
    since, limit = moment_of(args, "since"), limit_of(args)
    if since and feed_expired(since, now):
        raise Problem(410, "Deletions are kept for 90 days: read everything.", code="feed_expired")
    start = cursors.parsed(args["cursor"]) if args.get("cursor") else cursors.START
    found = graves.after(max(start, (written(since) if since else "", "")), now)
    kept = found[:limit]
    following = cursors.written((kept[-1].deleted_at, kept[-1].id)) if len(found) > limit else None
    return ([grave.shown() for grave in kept], following), limit


def _fitting(rows: Rows, query: ListQuery, *, by_id: bool) -> Iterator[Row]:
    since = written(query.since) if query.since else ""
    start = query.place if by_id else max(query.place, (since, ""))
    candidates = _matching(rows, query, by_id=by_id) if query.equals else rows.after(start, by_id=by_id)
    return (row for row in candidates if fits(row, query, since))


def _matching(rows: Rows, query: ListQuery, *, by_id: bool) -> Iterator[Row]:
    """The records a look-up's index names, behind the cursor and in page order."""
    keys = set.intersection(*(set(rows.having(path, value)) for path, value in query.equals.items()))
    found = [rows.by_id[key] for key in keys]
    if by_id:
        return iter(sorted((row for row in found if row["id"] > query.place[1]), key=lambda row: row["id"]))
    return iter(sorted((row for row in found if _place(row) > query.place), key=_place))


def _place(row: Row) -> tuple[str, str]:
    return (row["updatedAt"], row["id"])


def _cursor(row: Row) -> str:
    return cursors.written(_place(row))
