"""Where "changed since" goes in a request, and how a moment is written there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from sync.connectors.rest.section import Section


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _iso_seconds(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _http(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def _unix(moment: datetime) -> str:
    return str(int(moment.timestamp()))


FORMATS: dict[str, Callable[[datetime], str]] = {
    "iso8601_utc": _iso,
    "iso8601_seconds": _iso_seconds,
    "http_date": _http,
    "unix": _unix,
}
"""Each cuts downwards: a moment too early repeats a record, one too late loses it."""


@dataclass(frozen=True, kw_only=True)
class Since:
    """One way to ask for changes only."""

    place: str
    param: str
    format: Callable[[datetime], str]
    granularity: int
    sorted: bool
    """Whether rows come in the order of their stamps, the oldest first."""

    def passes(self, start: datetime, last: datetime | None) -> bool:
        """Whether changes can be asked for from `last` on, and that is later than from `start` on."""
        return self.sorted and last is not None and self.format(last) != self.format(start) and last > start

    def query(self, moment: datetime | None) -> dict[str, str]:
        return {self.param: self.format(moment)} if moment and self.place == "query" else {}

    def headers(self, moment: datetime | None) -> dict[str, str]:
        return {self.param: self.format(moment)} if moment and self.place == "header" else {}


def read_since(section: Section) -> Since:
    return Since(
        place=section.choice("in", ("query", "header"), "query"),
        param=section.text("param"),
        format=FORMATS[section.choice("format", tuple(FORMATS), "iso8601_utc")],
        granularity=section.number("granularity_s", 1, least=0),
        sorted=section.choice("order", ("unknown", "oldest_first"), "unknown") == "oldest_first",
    )
