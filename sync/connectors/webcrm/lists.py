"""Listing webCRM: pages of a thousand, by list, by question, or by update dates where neither serves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sync.connectors.base import Misconfigured, Nonsense, Page, Refused, Vault
from sync.connectors.http.messages import Request
from sync.connectors.http.session import Session
from sync.connectors.webcrm import sql
from sync.connectors.webcrm.facts import Facts
from sync.connectors.webcrm.reading import Reader, moment, rows_of

SIZE = 1000
FULL = "full"
EVERYTHING = "SELECT *"
REMEMBERED = timedelta(hours=1)
ZONES = timedelta(hours=15)
"""Nobody says in which zone webCRM reads a date without one: this covers them all."""
REFUSED = frozenset({400, 404, 405, 414, 501})


class Queries:
    """`/Queries`, and whether this system understands it, entity by entity; the vault remembers for an hour."""

    def __init__(self, session: Session, vault: Vault, mark: str) -> None:
        self._session = session
        self._vault = vault
        self._mark = mark
        self._short = f"questions-{mark}"
        self._works: dict[str, bool] = {}

    def work(self, facts: Facts) -> bool:
        """Asks, where nobody has in the last hour, with a question that has no rows."""
        known = self._known(facts)
        return self._probed(facts) if known is None else known

    def rows(self, facts: Facts, script: str, *, page: int = 1) -> list[dict[str, Any]] | None:
        """One page of rows; None where the system has no `/Queries`. Refused where it is only this question."""
        if self._known(facts) is False:
            return None
        rows = self._asked(script, page, SIZE)
        if rows is None and not script.startswith(EVERYTHING):
            # One column this system does not have spoils the whole question: all columns cannot.
            rows = self._asked(EVERYTHING + script[script.index(" FROM ") :], page, SIZE)
        if rows is None and self._probed(facts):
            raise Refused(f"webCRM does not take a question about {facts.entity}: {script[:80]}")
        if rows is not None:
            self._works[facts.entity] = True
        return rows

    @property
    def longest(self) -> int:
        """How many letters a question may have, as far as is known."""
        return sql.SHORT if self._vault.get(self._short) else sql.LONGEST

    def shorten(self) -> bool:
        """A long question was not taken: ask short ones for an hour. False where they are short already."""
        was_long = self.longest > sql.SHORT
        self._vault.put(self._short, "short", datetime.now(UTC) + REMEMBERED)
        return was_long

    def _probed(self, facts: Facts) -> bool:
        script = f"SELECT {facts.key} FROM {facts.prefix} WHERE {facts.key} = 0"  # noqa: S608 our own names
        works = self._asked(script, 1, 1) is not None
        self._works[facts.entity] = works
        self._vault.put(self._name(facts), "on" if works else "off", datetime.now(UTC) + REMEMBERED)
        return works

    def _known(self, facts: Facts) -> bool | None:
        if facts.entity not in self._works:
            kept = self._vault.get(self._name(facts))
            if kept is None:
                return None
            self._works[facts.entity] = kept[0] == "on"
        return self._works[facts.entity]

    def _name(self, facts: Facts) -> str:
        return f"queries-{facts.prefix}-{self._mark}"

    def _asked(self, script: str, page: int, size: int) -> list[dict[str, Any]] | None:
        query = {"script": script, "Page": str(page), "Size": str(size), "formatCustomFields": "true"}
        answer = self._session.call(Request(method="GET", template="/Queries", query=query))
        return None if answer.status in REFUSED else rows_of(answer, "GET /Queries")


class Lists:
    """Pages of one entity. A page's token says how to go on:

    `after|<id>|full`, `list|2|<last id>`, `query|<since>|2`, `dates|<from>|<to>|2`.
    """

    def __init__(self, session: Session, queries: Queries, reader: Reader) -> None:
        self._session = session
        self._queries = queries
        self._reader = reader
        self._facts = reader.facts

    def page(self, since: datetime | None, token: str | None, paths: Sequence[str]) -> Page:
        kind, _, rest = (token or "").partition("|")
        if kind == "query" or (not kind and since is not None):
            return self._changed(*_started(rest, since), paths)
        if kind == "dates":
            start, end, number = rest.split("|")
            return self._between((start, end), int(number), paths)
        number, _, after = (rest or "0").partition("|")
        if kind == "list":
            return self._counted(int(number), after, paths)
        return self._all(int(number), paths, after_full=after == FULL)

    def _all(self, last: int, paths: Sequence[str], *, after_full: bool = False) -> Page:
        """Goes on behind the last id, not from a page number: a row removed meanwhile would move the pages.

        A complete listing ends with an empty page only: a list that was cut short must not look complete. An empty
        page right after a full one is asked for twice: it is rarely the end, and often a hiccup.
        """
        script = sql.behind(self._facts, last, paths)
        rows = self._queries.rows(self._facts, script)
        if rows == [] and after_full:
            rows = self._queries.rows(self._facts, script)
        if rows is None:
            return self._counted(1, "", paths)
        keys = [self._reader.key(row) for row in rows]
        if keys != sorted({key for key in keys if key > last}):
            raise Nonsense(
                f"webCRM did not give {self._facts.entity} in the order asked for: nothing is sure."
            )
        following = f"after|{keys[-1]}|{FULL if len(rows) >= SIZE else ''}" if keys else None
        return self._page(rows, paths, following)

    def _counted(self, number: int, last: str, paths: Sequence[str]) -> Page:
        """The same by page numbers. `last` is the id that ended the page before, where that was full.

        Where that row stands elsewhere by now, others have slipped into the page before: it is read once more.
        """
        rows = self._listed(number) or (self._listed(number) if last else [])
        slipped = self._listed(number - 1) if last and not self._stands((number - 1) * SIZE, last) else []
        ended = self._reader.key(rows[-1]) if len(rows) >= SIZE else ""
        return self._page([*slipped, *rows], paths, f"list|{number + 1}|{ended}" if rows else None)

    def _stands(self, place: int, key: str) -> bool:
        return [str(self._reader.key(row)) for row in self._listed(place, 1)] == [key]

    def _listed(self, number: int, size: int = SIZE) -> list[dict[str, Any]]:
        query = {"Page": str(number), "Size": str(size)}
        answer = self._session.call(Request(method="GET", template=f"/{self._facts.entity}", query=query))
        return rows_of(answer, f"GET /{self._facts.entity}")

    def _changed(self, since: datetime, number: int, paths: Sequence[str]) -> Page:
        """Goes on from the last stamp seen, not from a page number: edits meanwhile would move the pages."""
        rows = self._queries.rows(self._facts, sql.changed(self._facts, since, paths), page=number)
        if rows is None:
            return self._without_queries(since, paths)
        following = self._following(rows, since, number) if len(rows) >= SIZE else None
        return self._page(rows, paths, following)

    def _following(self, rows: list[dict[str, Any]], since: datetime, number: int) -> str:
        last = moment(rows[-1].get(f"{self._facts.prefix}UpdatedAt"))
        if last is None or last <= since:
            return f"query|{since.isoformat()}|{number + 1}"
        return f"query|{last.isoformat()}|1"

    def _without_queries(self, since: datetime, paths: Sequence[str]) -> Page:
        if self._facts.entity != "Organisations":
            return self._counted(1, "", paths)
        start, end = since.astimezone(UTC) - ZONES, datetime.now(UTC) + ZONES
        return self._between((_zoneless(start), _zoneless(end)), 1, paths)

    def _between(self, span: tuple[str, str], number: int, paths: Sequence[str]) -> Page:
        start, end = span
        request = Request(
            method="GET",
            template="/Organisations/FindByUpdateDates/{start}/{end}",
            segments={"start": start, "end": end},
            query={"Page": str(number), "Size": str(SIZE)},
        )
        rows = rows_of(self._session.call(request), request.endpoint)
        return self._page(rows, paths, f"dates|{start}|{end}|{number + 1}" if len(rows) >= SIZE else None)

    def _page(self, rows: list[dict[str, Any]], paths: Sequence[str], following: str | None) -> Page:
        return Page(records=tuple(self._reader.record(row, paths) for row in rows), next=following)


def _started(rest: str, since: datetime | None) -> tuple[datetime, int]:
    if rest:
        stamp, _, number = rest.partition("|")
        return datetime.fromisoformat(stamp), int(number)
    if since is None:
        raise Misconfigured("A page of changes was asked for without saying since when.")
    return since.replace(microsecond=0), 1


def _zoneless(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S")
