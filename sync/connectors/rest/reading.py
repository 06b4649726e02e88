"""Reading a configuration into a document: once, completely, and complaining precisely."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sync.connectors.rest.document import Batch, Bulk, Document, Endpoint, Feed, Listing, Resource, Version
from sync.connectors.rest.errors import read_errors
from sync.connectors.rest.expressions import Expression
from sync.connectors.rest.paging import read_paging
from sync.connectors.rest.section import Section
from sync.connectors.rest.signatures import read_auth
from sync.connectors.rest.since import read_since


def read_document(raw: Mapping[str, Any], credentials: Mapping[str, str]) -> Document:
    """The document, checked from end to end; Misconfigured says where it is wrong."""
    document: Document = Section(raw, "", credentials).build(_document)
    return document


def _document(section: Section) -> Document:
    identity = section.maybe_section("identity")
    document = Document(
        headers=section.texts("headers", secret=True),
        auth=read_auth(section.maybe_section("auth")),
        identity=endpoint(identity) if identity else None,
        identity_key=identity.expression("key") if identity else Expression("@"),
        identity_name=identity.expression("name", "''") if identity else Expression("@"),
        errors=read_errors(section.maybe_section("errors")),
        resources={
            name: inner.build(_named(name)) for name, inner in section.named_sections("resources").items()
        },
    )
    if identity:
        identity.done()
    if not document.resources:
        section.wrong("resources", "is missing or empty", "describe at least one entity")
    return document


def endpoint(section: Section, *names: str, method: str = "GET") -> Endpoint:
    """The call a section describes; `names` are what its path must be filled with."""
    methods = ("GET",) if method == "GET" else ("POST", "PUT", "PATCH", "DELETE")
    return Endpoint(
        method=section.choice("method", methods, method),
        path=section.route("path", *names),
        query=section.texts("query"),
    )


def _named(name: str) -> Any:
    def resource(section: Section) -> Resource:
        create, lookups = section.maybe_section("create"), section.named_sections("lookup")
        made = Resource(
            name=name,
            record=section.expression("record", "$"),
            id=section.expression("id", "$.id"),
            updated_at=section.expression("updated_at", "$.updatedAt"),
            **_updated_by(section.maybe_section("updated_by")),
            version=_version(section.maybe_section("version")),
            listing=section.section("list").build(_listing),
            **_get(section.maybe_section("get")),
            bulk=_maybe(section, "bulk", _bulk),
            lookups={path: inner.build(_lookup) for path, inner in lookups.items()},
            feed=_maybe(section, "deleted", _feed),
            **_create(create),
            update=_maybe(section, "update", _update),
            remove=_maybe(section, "delete", _remove),
            batch=_maybe(section, "batch", _batch),
            schema=_maybe(section, "schema", endpoint),
            fixed=section.names("fixed"),
        )
        if made.get is None and made.bulk is None:
            section.wrong("get", "is missing", "say how one record is read, or several with `bulk`")
        return made

    return resource


NAMES = {"create": "create", "update": "update", "remove": "delete"}


def _names(section: Section) -> dict[str, str]:
    return {kind: section.text(kind, usual) for kind, usual in NAMES.items()}


def _maybe(section: Section, name: str, make: Any) -> Any:
    inner = section.maybe_section(name)
    return inner.build(make) if inner else None


def _updated_by(section: Section | None) -> dict[str, Any]:
    if section is None:
        return {"updated_by": Expression("@"), "hub": ""}
    found = {"updated_by": section.expression("path"), "hub": section.secret_or_nothing("hub")}
    section.done()
    return found


def _version(section: Section | None) -> Version:
    if section is None:
        return Version(body=None, header="", send_header="", send_path="")
    sends = section.text("send", "none")
    kind, _, name = sends.partition(":")
    if sends != "none" and (kind not in ("header", "body") or not name):
        section.wrong("send", f"is '{sends}'", "write header:If-Match, body:version or none")
    found = Version(
        body=section.maybe_expression("body"),
        header=section.text("header", "ETag"),
        send_header=name if kind == "header" else "",
        send_path=name if kind == "body" else "",
    )
    section.done()
    return found


def _get(section: Section | None) -> dict[str, Any]:
    if section is None:
        return {"get": None, "missing": ()}
    found = {"get": endpoint(section, "id"), "missing": section.statuses("missing") or ("404", "410", "204")}
    section.done()
    return found


def _create(section: Section | None) -> dict[str, Any]:
    if section is None:
        return {"create": None, "new_id": Expression("@"), "token_header": ""}
    found = {
        "create": endpoint(section, method="POST"),
        "new_id": section.expression("id", "$.id"),
        "token_header": section.text("idempotency_header", ""),
    }
    section.done()
    return found


def _update(section: Section) -> Endpoint:
    return endpoint(section, "id", method="PATCH")


def _remove(section: Section) -> Endpoint:
    return endpoint(section, "id", method="DELETE")


def _listing(section: Section) -> Listing:
    return Listing(
        endpoint=endpoint(section),
        records=section.expression("records"),
        paging=read_paging(section.maybe_section("paging")),
        since=_maybe(section, "since", read_since),
    )


def _bulk(section: Section) -> Bulk:
    return Bulk(
        endpoint=endpoint(section),
        records=section.expression("records"),
        param=section.text("param", "ids"),
        separator=section.text("separator", ","),
        most=section.number("max", 50, least=1, most=1000),
    )


def _lookup(section: Section) -> tuple[Endpoint, str]:
    return endpoint(section), section.text("param")


def _feed(section: Section) -> Feed:
    return Feed(
        listing=_listing(section),
        id=section.expression("id", "$.id"),
        at=section.expression("at", "$.deletedAt"),
        merged_into=section.expression("merged_into", "$.mergedInto"),
    )


def _batch(section: Section) -> Batch:
    return Batch(
        endpoint=endpoint(section, method="POST"),
        most=section.number("max", 50, least=1, most=1000),
        operations=section.text("operations", "operations"),
        op=section.text("op", "op"),
        names=_maybe(section, "names", _names) or NAMES,
        id=section.text("id", "id"),
        body=section.text("body", "body"),
        version=section.text("version", ""),
        token=section.text("idempotency_key", ""),
        results=section.expression("results"),
        status=section.expression("status", "$.status"),
        result_id=section.expression("result_id", "$.id"),
        result_version=section.expression("result_version", "$.etag"),
        error=section.expression("error", "$.error"),
    )
