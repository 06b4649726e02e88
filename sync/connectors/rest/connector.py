"""The connector to any JSON REST API that a configuration describes."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sync.connectors.base import (
    Access,
    Capabilities,
    ConnectorError,
    Identity,
    Misconfigured,
    Nonsense,
    Operation,
    Page,
    Records,
    Removed,
    RemovedPage,
    Results,
)
from sync.connectors.http.messages import Answer, Request
from sync.connectors.http.session import Session
from sync.connectors.rest.document import Bulk, Endpoint, Feed, Listing, Resource
from sync.connectors.rest.paging import Counted
from sync.connectors.rest.presets import configured
from sync.connectors.rest.reading import read_document
from sync.connectors.rest.records import moment, record_of, rows_of
from sync.connectors.rest.shapes import properties_of, properties_seen
from sync.connectors.rest.writes import Writer
from sync.core.records import Property, Record

KEY = re.compile(r"(?!\.+$)[A-Za-z0-9_.:~-]+")
"""What may stand in an address as it is."""


class RestConnector:
    """Speaks to one system. The configuration is the document, or `preset` and what differs from it."""

    def __init__(self, access: Access, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._document = read_document(configured(access.config), access.credentials)
        self._session = Session(access, self._document.routes(), sleep=sleep)
        self._session.message_of = self._document.errors.message_of
        self._document.auth.hide(self._session.secrets)
        self._session.signature = self._document.auth.sign(self._session, access.vault)
        self._no_bulk: set[str] = set()

    def identity(self, *, fresh: bool = False) -> Identity:  # noqa: ARG002 it always asks
        """Who the document's `identity` call says is there; without one, the address itself."""
        if self._document.identity is None:
            return Identity(key=self._session.address.base)
        answer = self._call(self._document.identity)
        key = self._document.identity_key.text_of(answer.body)
        if answer.status >= 400 or not key:
            raise Nonsense(
                f"{self._document.identity.path} does not say who answers (status {answer.status})."
            )
        return Identity(key=key, name=self._document.identity_name.text_of(answer.body))

    def entities(self) -> tuple[str, ...]:
        return tuple(self._document.resources)

    def capabilities(self, entity: str) -> Capabilities:
        resource = self._resource(entity)
        since = resource.listing.since
        return Capabilities(
            changed_since=since is not None,
            bulk_read=resource.bulk.most if resource.bulk else 0,
            bulk_write=resource.batch.most if resource.batch else 0,
            conditional=resource.version.sent,
            idempotent=bool(resource.token_header) and (not resource.batch or bool(resource.batch.token)),
            creates=resource.create is not None,
            removes=resource.remove is not None,
            removed_feed=resource.feed is not None,
            names_editor=bool(resource.hub),
            resolution=float(since.granularity) if since else 1.0,
            fixed=resource.fixed,
        )

    def fields(self, entity: str) -> tuple[Property, ...]:
        """From the JSON Schema the system publishes; without one, from the first records it lists."""
        resource = self._resource(entity)
        if resource.schema is None:
            seen = {
                path: value for record in self.list(entity).records for path, value in record.values.items()
            }
            return properties_seen(seen)
        answer = self._call(resource.schema)
        found = properties_of(answer.body) if isinstance(answer.body, Mapping) and answer.status < 400 else ()
        if not found:
            raise Nonsense(f"{resource.schema.path} describes no properties (status {answer.status}).")
        return found

    def list(
        self,
        entity: str,
        *,
        since: datetime | None = None,
        page: str | None = None,
        paths: Sequence[str] = (),
    ) -> Page:
        resource = self._resource(entity)
        rows, following = self._page(resource.listing, since, page)
        records = tuple(record_of(resource, row, paths=paths) for row in rows)
        return Page(records=records, next=_by_stamp(resource.listing, records, following))

    def read(self, entity: str, keys: Sequence[str], *, paths: Sequence[str] = ()) -> dict[str, Record]:
        """A key that cannot be part of an address is looked for in the list: not to ask is not to find it missing."""
        asked = [key for key in dict.fromkeys(keys) if KEY.fullmatch(key)]
        others = set(keys) - set(asked)
        listed = self._every_record(entity, paths) if others else ()
        return self._read(self._resource(entity), asked, paths) | {
            record.key: record for record in listed if record.key in others
        }

    def _read(self, resource: Resource, asked: Sequence[str], paths: Sequence[str]) -> dict[str, Record]:
        if resource.bulk is None or resource.name in self._no_bulk:
            return self._read_singly(resource, asked, paths)
        records: dict[str, Record] = {}
        for start in range(0, len(asked), resource.bulk.most):
            chunk = asked[start : start + resource.bulk.most]
            rows = self._bulk(resource, resource.bulk, chunk)
            if rows is None:
                return self._read_singly(resource, asked, paths)
            found = (record_of(resource, row, paths=paths) for row in rows)
            records |= {record.key: record for record in found if record.key in chunk}
        return records

    def find(self, entity: str, path: str, values: Sequence[str], *, paths: Sequence[str] = ()) -> Records:
        """By the document's `lookup` where it has one for the path; else by reading everything."""
        resource = self._resource(entity)
        if path not in resource.lookups:
            return self._found_by_listing(entity, path, values, paths=paths)
        endpoint, param = resource.lookups[path]
        found: Records = []
        for value in dict.fromkeys(values):
            query = {**endpoint.query, param: value}
            listing = Listing(
                endpoint=Endpoint(method=endpoint.method, path=endpoint.path, query=query),
                records=resource.listing.records,
                paging=resource.listing.paging,
                since=None,
            )
            found += [record_of(resource, row, paths=paths) for row in self._every_row(listing)]
        return found

    def removed(self, entity: str, *, since: datetime, page: str | None = None) -> RemovedPage:
        """Gone where the feed does not reach back that far: then only a complete listing tells."""
        feed = self._resource(entity).feed
        if feed is None:
            raise Misconfigured(
                f"{entity} has no removal feed in this configuration: add `deleted`, or do without."
            )
        rows, following = self._page(feed.listing, since, page)
        return RemovedPage(entries=tuple(_removed(feed, row) for row in rows), next=following)

    def write(self, entity: str, operations: Sequence[Operation]) -> Results:
        resource = self._resource(entity)
        writer = Writer(self._session, resource, errors=self._document.errors, call=self._call)
        return writer.write(operations)

    def _resource(self, entity: str) -> Resource:
        known = self._document.resources
        if entity not in known:
            raise Misconfigured(
                f"The configuration has no entity '{entity}': choose one of {', '.join(known)}."
            )
        return known[entity]

    def _call(
        self,
        endpoint: Endpoint,
        *,
        key: str | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Answer:
        return self._session.call(
            Request(
                method=endpoint.method,
                template=endpoint.path,
                segments={} if key is None else {"id": key},
                query={**endpoint.query, **(query or {})},
                headers={**self._document.headers, **(headers or {})},
                body=body,
                writes=endpoint.method != "GET",
            )
        )

    def _page(
        self, listing: Listing, since: datetime | None, page: str | None
    ) -> tuple[Sequence[dict[str, Any]], str | None]:
        """One page's rows, and the next page's token: it carries `since`, so that every page asks alike."""
        token, stamp = json.loads(page) if page else (None, since.isoformat() if since else None)
        answer, rows = self._listed(listing, stamp, token)
        if not rows and token is not None and isinstance(listing.paging, Counted):
            # An empty page behind another is the end, or a hiccup: then everybody behind it would be made anew.
            answer, rows = self._listed(listing, stamp, token)
        following = listing.paging.following(answer, token, len(rows))
        return rows, None if following is None else json.dumps([following, stamp])

    def _listed(
        self, listing: Listing, stamp: str | None, token: str | None
    ) -> tuple[Answer, Sequence[dict[str, Any]]]:
        after = datetime.fromisoformat(stamp) if stamp else None
        how = listing.since
        query = {**listing.endpoint.query, **(how.query(after) if how else {})}
        answer = self._call(
            Endpoint(method=listing.endpoint.method, path=listing.endpoint.path),
            query=listing.paging.query(query, token),
            headers=how.headers(after) if how else {},
        )
        if answer.status >= 400:
            raise self._error(answer)
        return answer, rows_of(answer, listing.records, f"GET {listing.endpoint.path}")

    def _every_row(self, listing: Listing) -> Sequence[dict[str, Any]]:
        rows, following = self._page(listing, None, None)
        while following is not None:
            more, following = self._page(listing, None, following)
            rows = [*rows, *more]
        return rows

    def _bulk(self, resource: Resource, bulk: Bulk, keys: Sequence[str]) -> Sequence[dict[str, Any]] | None:
        """None where this system does not read in bulk after all."""
        answer = self._call(bulk.endpoint, query={bulk.param: bulk.separator.join(keys)})
        if answer.status >= 400:
            self._no_bulk.add(resource.name)
            return None
        return rows_of(answer, bulk.records, f"GET {bulk.endpoint.path}")

    def _read_singly(
        self, resource: Resource, keys: Sequence[str], paths: Sequence[str]
    ) -> dict[str, Record]:
        if resource.get is None:
            raise Misconfigured(
                f"{resource.name}: the configuration does not say how one record is read: add `get`."
            )
        records: dict[str, Record] = {}
        for key in keys:
            answer = self._call(resource.get, key=key)
            if str(answer.status) in resource.missing:
                continue
            if answer.status >= 400:
                raise self._error(answer)
            shown = resource.record.of(answer.body)
            if not isinstance(shown, Mapping):
                raise Nonsense(
                    f"GET {resource.get.path} was not answered with a record (status {answer.status})."
                )
            records[key] = record_of(resource, shown, paths=paths, headers=answer.headers)
        return records

    def _found_by_listing(
        self, entity: str, path: str, values: Sequence[str], *, paths: Sequence[str]
    ) -> Records:
        wanted, shown = set(values), (*paths, path) if paths else ()
        every = self._every_record(entity, shown)
        return [record for record in every if str(record.values.get(path)) in wanted]

    def _every_record(self, entity: str, paths: Sequence[str]) -> Iterator[Record]:
        page = self.list(entity, paths=paths)
        yield from page.records
        while page.next is not None:
            page = self.list(entity, page=page.next, paths=paths)
            yield from page.records

    def _error(self, answer: Answer) -> ConnectorError:
        said = self._session.quote(answer)
        return self._document.errors.error(answer.status, answer.body, said, record_of=lambda _body: None)


def _by_stamp(listing: Listing, records: Sequence[Record], following: str | None) -> str | None:
    """The token of the next page. Changes go on from the last stamp seen: edits meanwhile would move counted pages."""
    stamp = json.loads(following)[1] if following else None
    if not (stamp and records and listing.since and isinstance(listing.paging, Counted)):
        return following
    last = records[-1].updated_at
    goes_on = listing.since.passes(datetime.fromisoformat(stamp), last)
    return json.dumps([None, last.isoformat()]) if last and goes_on else following


def _removed(feed: Feed, row: Mapping[str, Any]) -> Removed:
    key = feed.id.text_of(row)
    if not key:
        raise Nonsense(f"An entry of the removal feed has no id at {feed.id.text}.")
    return Removed(
        key=key, removed_at=moment(feed.at.text_of(row)), merged_into=feed.merged_into.text_of(row) or None
    )
