"""What a list request asks for, read from its query string."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.customerp import cursors
from sandbox.customerp.problems import Problem
from sandbox.customerp.rows import Row, value_at
from sandbox.customerp.schemas import LOOKUPS, SCHEMAS
from sandbox.customerp.stamps import parsed

DEFAULT_LIMIT, MAX_LIMIT = 50, 200
MAX_IDS = 100
COMMON = {"limit", "updatedSince", "includeInactive", "fields", "ids"}
MOST_SKIPPED = 1_000_000
ALWAYS_SHOWN = ("id", "version", "updatedAt")


@dataclass(frozen=True, kw_only=True)
class ListQuery:
    """One list request; `fields` None means all, `ids` None means a page."""

    limit: int
    place: tuple[str, str]
    skip: int
    """Rows before the page, where lists are counted."""
    since: datetime | None
    include_inactive: bool
    fields: tuple[str, ...] | None
    ids: tuple[str, ...] | None
    equals: dict[str, str] = field(default_factory=dict)
    """Field path to the value it must have."""


def list_query(entity: str, args: Mapping[str, str], *, paging: str = "cursor") -> ListQuery:
    """400 for a name or a value this list does not know. `paging` is also the name of what says where to go on."""
    unknown = set(args) - COMMON - {paging} - set(LOOKUPS[entity])
    if unknown:
        raise Problem(400, f"Unknown query parameter: {', '.join(sorted(unknown))}.")
    return ListQuery(
        limit=limit_of(args),
        skip=_skip(args, paging),
        place=cursors.parsed(args["cursor"]) if args.get("cursor") else cursors.START,
        since=moment_of(args, "updatedSince"),
        include_inactive=_yes_or_no(args.get("includeInactive", "false")),
        fields=fields_of(entity, args),
        ids=_ids_of(args),
        equals={path: args[name] for name, path in LOOKUPS[entity].items() if name in args},
    )


def limit_of(args: Mapping[str, str]) -> int:
    text = args.get("limit", str(DEFAULT_LIMIT))
    if not re.fullmatch("[0-9]{1,3}", text) or not 1 <= int(text) <= MAX_LIMIT:
        raise Problem(400, f"limit must be 1 to {MAX_LIMIT}.")
    return int(text)


def _skip(args: Mapping[str, str], paging: str) -> int:
    first = {"page": 1, "offset": 0}.get(paging)
    if first is None:
        return 0
    text = args.get(paging, str(first))
    if not re.fullmatch("[0-9]{1,7}", text) or not first <= int(text) <= MOST_SKIPPED:
        raise Problem(400, f"{paging} must be {first} or more.")
    return int(text) if paging == "offset" else (int(text) - 1) * limit_of(args)


def moment_of(args: Mapping[str, str], name: str) -> datetime | None:
    if not args.get(name):
        return None
    try:
        return parsed(args[name])
    except ValueError as error:
        raise Problem(400, f"{name} must be an RFC 3339 date-time with an offset.") from error


def fields_of(entity: str, args: Mapping[str, str]) -> tuple[str, ...] | None:
    """The names asked for; 400 for one the entity does not have."""
    if not args.get("fields"):
        return None
    names = tuple(name.strip() for name in args["fields"].split(","))
    unknown = [name for name in names if name not in SCHEMAS[entity]["properties"]]
    if unknown:
        raise Problem(400, f"Unknown field: {', '.join(unknown)}.")
    return names


def shown(row: Row, fields: tuple[str, ...] | None) -> Row:
    """The record, or only the fields asked for with its id, version and stamp."""
    if fields is None:
        return row
    return {name: value for name, value in row.items() if name in fields or name in ALWAYS_SHOWN}


def fits(row: Row, query: ListQuery, since: str) -> bool:
    """Whether the record belongs in this list; `since` as stamps are written, "" for always."""
    if row["isInactive"] and not query.include_inactive:
        return False
    return row["updatedAt"] >= since and all(
        value_at(row, path) == value for path, value in query.equals.items()
    )


def _ids_of(args: Mapping[str, str]) -> tuple[str, ...] | None:
    if "ids" not in args:
        return None
    ids = tuple(dict.fromkeys(key for key in args["ids"].split(",") if key))
    if len(ids) > MAX_IDS:
        raise Problem(400, f"ids takes at most {MAX_IDS} ids.")
    return ids


def _yes_or_no(text: str) -> bool:
    if text not in ("true", "false"):
        raise Problem(400, "includeInactive must be true or false.")
    return text == "true"
