"""A REST system as its configuration describes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sync.connectors.rest.errors import ErrorTable
from sync.connectors.rest.expressions import Expression
from sync.connectors.rest.paging import Paging
from sync.connectors.rest.signatures import Auth
from sync.connectors.rest.since import Since

Route = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One call: how it is asked and where its answer stands."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def route(self) -> Route:
        return self.method, self.path


@dataclass(frozen=True, kw_only=True)
class Listing:
    endpoint: Endpoint
    records: Expression
    paging: Paging
    since: Since | None


@dataclass(frozen=True, kw_only=True)
class Bulk:
    """Several records by their keys in one call."""

    endpoint: Endpoint
    records: Expression
    param: str
    separator: str
    most: int


@dataclass(frozen=True, kw_only=True)
class Feed:
    """What was removed."""

    listing: Listing
    id: Expression
    at: Expression
    merged_into: Expression


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Several writes in one call: the words of the request, and the paths into one result."""

    endpoint: Endpoint
    most: int
    operations: str
    op: str
    names: Mapping[str, str]
    """What create, update and remove are called."""
    id: str
    body: str
    version: str
    token: str
    results: Expression
    status: Expression
    result_id: Expression
    result_version: Expression
    error: Expression


@dataclass(frozen=True, kw_only=True)
class Version:
    """Where a record's version stands, and how it is sent: `header:If-Match`, `body:version` or `none`."""

    body: Expression | None
    header: str
    send_header: str
    send_path: str

    @property
    def sent(self) -> bool:
        return bool(self.send_header or self.send_path)


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One entity."""

    name: str
    record: Expression
    """Where the record stands in an answer that shows one."""
    id: Expression
    updated_at: Expression
    updated_by: Expression
    hub: str
    version: Version
    listing: Listing
    get: Endpoint | None
    missing: tuple[str, ...]
    bulk: Bulk | None
    lookups: Mapping[str, tuple[Endpoint, str]]
    feed: Feed | None
    create: Endpoint | None
    new_id: Expression
    token_header: str
    update: Endpoint | None
    remove: Endpoint | None
    batch: Batch | None
    schema: Endpoint | None
    fixed: tuple[str, ...]

    def endpoints(self) -> Iterator[Endpoint]:
        """Every call this entity needs: nothing else is allowed to leave."""
        yield self.listing.endpoint
        if self.feed:
            yield self.feed.listing.endpoint
        yield from (endpoint for endpoint, _ in self.lookups.values())
        several = (self.bulk, self.batch)
        yield from (each.endpoint for each in several if each)
        single = (self.get, self.create, self.update, self.remove, self.schema)
        yield from (endpoint for endpoint in single if endpoint)


@dataclass(frozen=True, kw_only=True)
class Document:
    """One system."""

    headers: Mapping[str, str]
    auth: Auth
    identity: Endpoint | None
    identity_key: Expression
    identity_name: Expression
    errors: ErrorTable
    resources: Mapping[str, Resource]

    def routes(self) -> frozenset[Route]:
        found = {endpoint.route for resource in self.resources.values() for endpoint in resource.endpoints()}
        more = {self.identity.route} if self.identity else set()
        return frozenset(found | more | set(self.auth.routes()))
