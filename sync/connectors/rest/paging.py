"""How a listing goes on: one class per kind, chosen by `paging.kind`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from requests.utils import parse_header_links

from sync.connectors.base import Nonsense
from sync.connectors.http.messages import Answer
from sync.connectors.rest.expressions import Expression
from sync.connectors.rest.section import Section

Query = dict[str, str]


class Paging(Protocol):
    """Tokens are texts of the kind's own making."""

    def query(self, base: Query, token: str | None) -> Query:
        """What to ask for: the listing's own query, and where in it to go on."""

    def following(self, answer: Answer, token: str | None, count: int) -> str | None:
        """The next page's token after an answer with `count` records; None at the end."""


@dataclass(frozen=True, kw_only=True)
class Whole:
    """Everything comes at once."""

    size: Query

    def query(self, base: Query, token: str | None) -> Query:  # noqa: ARG002 there is only one page
        return base | self.size

    def following(self, answer: Answer, token: str | None, count: int) -> None:
        """There is only one page."""


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """The answer says what to send for the next page."""

    size: Query
    param: str
    next: Expression

    def query(self, base: Query, token: str | None) -> Query:
        return base | self.size | ({self.param: token} if token else {})

    def following(self, answer: Answer, token: str | None, count: int) -> str | None:  # noqa: ARG002
        return _moved(self.next.text_of(answer.body), token)


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Pages by number, or rows by offset. Ends with an empty page; with a short one where that is configured."""

    size: Query
    param: str
    start: int
    rows: int
    """Rows in a full page."""
    by_offset: bool
    ends_short: bool

    def query(self, base: Query, token: str | None) -> Query:
        return base | self.size | {self.param: token or str(self.start)}

    def following(self, answer: Answer, token: str | None, count: int) -> str | None:  # noqa: ARG002
        if count == 0 or (self.ends_short and count < self.rows):
            return None
        return str(int(token or self.start) + (count if self.by_offset else 1))


@dataclass(frozen=True, kw_only=True)
class Linked:
    """The answer names the next page's address, in its body or in its Link header. Only its query is followed."""

    size: Query
    next: Expression | None

    def query(self, base: Query, token: str | None) -> Query:
        return dict(parse_qsl(token, keep_blank_values=True)) if token else base | self.size

    def following(self, answer: Answer, token: str | None, count: int) -> str | None:  # noqa: ARG002
        url = _link(answer) if self.next is None else self.next.text_of(answer.body)
        # Host and path stay ours: an answer must not be able to send the credentials somewhere else.
        return _moved(urlsplit(url).query, token) if url else None


def read_paging(section: Section | None) -> Paging:
    """The paging a document asks for; everything at once where it says nothing."""
    if section is None:
        return Whole(size={})
    kind = section.choice("kind", tuple(KINDS))
    paging: Paging = section.build(KINDS[kind])
    return paging


def _whole(section: Section) -> Whole:
    return Whole(size=_size(section))


def _cursor(section: Section) -> Cursor:
    return Cursor(size=_size(section), param=section.text("param", "cursor"), next=section.expression("next"))


def _by_page(section: Section) -> Counted:
    return _counted(section, "page", start=1, by_offset=False)


def _by_offset(section: Section) -> Counted:
    return _counted(section, "offset", start=0, by_offset=True)


def _counted(section: Section, param: str, *, start: int, by_offset: bool) -> Counted:
    return Counted(
        size=_size(section),
        param=section.text("param", param),
        start=section.number("start", start),
        rows=section.number("size", 0),
        by_offset=by_offset,
        ends_short=section.choice("stop", ("empty", "short_page"), "empty") == "short_page",
    )


def _next_url(section: Section) -> Linked:
    return Linked(size=_size(section), next=section.expression("next"))


def _link_header(section: Section) -> Linked:
    return Linked(size=_size(section), next=None)


KINDS: dict[str, Callable[[Section], Any]] = {
    "none": _whole,
    "cursor": _cursor,
    "page": _by_page,
    "offset": _by_offset,
    "next_url": _next_url,
    "link_header": _link_header,
}


def _size(section: Section) -> Query:
    size, param = section.number("size", 0, most=100_000), section.text("size_param", "limit")
    return {param: str(size)} if size else {}


def _link(answer: Answer) -> str:
    links = parse_header_links(answer.headers.get("Link") or "")
    return next((link["url"] for link in links if link.get("rel") == "next"), "")


def _moved(following: str, token: str | None) -> str | None:
    if following and following == token:
        raise Nonsense("The listing names the page just read as the next one: it would never end.")
    return following or None
