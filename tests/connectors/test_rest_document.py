"""A wrong configuration gives one sentence: where, what is wrong, what to do."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sync.connectors.base import Access, Misconfigured
from sync.connectors.registry import KINDS, open_connector
from sync.connectors.rest.presets import SHIPPED, laid_over
from sync.connectors.rest.reading import read_document
from tests.connectors.ports import FakeGate, FakeVault

GOOD: dict[str, Any] = yaml.safe_load(
    """
auth: {kind: bearer, value: "${secret.token}"}
resources:
  things:
    list: {path: /things, records: $.data, paging: {kind: cursor, next: $.next}}
    get: {path: "/things/{{ id }}"}
"""
)
THINGS = "resources.things"


def opened(config: dict[str, Any], kind: str = "rest", **credentials: str) -> None:
    open_connector(
        kind,
        Access(
            address="https://erp.example.com/api",
            config=config,
            credentials={"token": "s3cret"} | credentials,
            gate=FakeGate(),
            vault=FakeVault(),
        ),
    )


def changed(path: str, value: Any) -> dict[str, Any]:
    """The good document with one place changed; `...` takes it away."""
    document = copy.deepcopy(GOOD)
    *owners, name = path.split(".")
    place = document
    for owner in owners:
        place = place[owner]
    if value is ...:
        del place[name]
    else:
        place[name] = value
    return document


def test_the_good_document_opens():
    opened(GOOD)


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("resources", ..., "resources is missing or empty: describe at least one entity."),
        ("resources", [], "resources is a list, but must be a mapping"),
        (f"{THINGS}.list", ..., f"{THINGS}.list is missing: it must be a mapping."),
        (f"{THINGS}.get", ..., f"{THINGS}.get is missing: say how one record is read"),
        (f"{THINGS}.get.path", "/things", f"{THINGS}.get.path is '/things': it must contain {{id}} exactly."),
        (f"{THINGS}.get.path", "/things/{name}", "it must contain {id} exactly."),
        (f"{THINGS}.list.path", "things", f"{THINGS}.list.path is 'things', which is no path"),
        (f"{THINGS}.list.path", "/../admin", "which is no path"),
        (f"{THINGS}.list.path", "/things?x=1", "leave out ?, # and blanks"),
        (
            f"{THINGS}.list.records",
            "$.data[",
            f"{THINGS}.list.records is '$.data[', which is no path into an answer",
        ),
        (f"{THINGS}.list.records", 5, f"{THINGS}.list.records is a number, but must be a text"),
        (
            f"{THINGS}.list.method",
            "POST",
            f"{THINGS}.list.method is 'POST', which is not known: choose one of GET.",
        ),
        (
            f"{THINGS}.list.paging.kind",
            "magic",
            "paging.kind is 'magic', which is not known: choose one of none, ",
        ),
        (f"{THINGS}.list.paging.next", ..., f"{THINGS}.list.paging.next is missing"),
        (f"{THINGS}.list.paging.size", "many", "paging.size must be a whole number from 0 to 100000"),
        (f"{THINGS}.list.pagin", {}, f"{THINGS}.list.pagin is not known here: remove it, or choose one of "),
        (f"{THINGS}.lst", {}, f"{THINGS}.lst is not known here"),
        (f"{THINGS}.list.since", {"in": "query"}, f"{THINGS}.list.since.param is missing"),
        (
            f"{THINGS}.version",
            {"send": "If-Match"},
            f"{THINGS}.version.send is 'If-Match': write header:If-Match",
        ),
        (f"{THINGS}.lookup", {"a": {"path": "/x"}}, f"{THINGS}.lookup.a.param is missing"),
        (
            "auth.kind",
            "magic",
            "auth.kind is 'magic', which is not known: choose one of none, api_key, bearer",
        ),
        (
            "auth.value",
            "${secret.other}",
            "auth.value uses the credential 'other', which is not there: enter it.",
        ),
        ("auth.user", "kari", "auth.user is not known here"),
        (
            "errors",
            {"table": [{"status": "x", "kind": "gone"}]},
            "errors.table[0].status must be numbers like 409",
        ),
        (
            "errors",
            {"table": [{"status": 409, "kind": "odd"}]},
            "errors.table[0].kind is 'odd', which is not known",
        ),
        ("errors", {"table": {}}, "errors.table is a mapping, but must be a list"),
        (
            "errors",
            {"table": [{"status": 409, "code": "$.code", "kind": "stale"}]},
            "errors.table[0].is is missing: list the codes",
        ),
        (
            "errors",
            {"table": [{"status": 409, "is": ["busy"], "kind": "stale"}]},
            "errors.table[0].code is missing: say where the code stands",
        ),
        (
            "errors",
            {"table": [{"kind": "gone"}]},
            "errors.table[0].status is missing: name a status or a code",
        ),
        (f"{THINGS}.get.missing", [404, "gone"], f"{THINGS}.get.missing must be numbers like 409"),
        (
            f"{THINGS}.batch",
            {"path": "/b", "results": "$", "names": {"updaet": "x"}},
            f"{THINGS}.batch.names.updaet is not known here",
        ),
        (
            f"{THINGS}.list.query",
            {"limit": "{{ page_size }}"},
            f"{THINGS}.list.query.limit is '{{{{ page_size }}}}', which nobody fills in here",
        ),
        (
            f"{THINGS}.list.query",
            {"key": "${secret.token}"},
            f"{THINGS}.list.query.key is '${{secret.token}}'",
        ),
        (f"{THINGS}.list.paging.param", "${setting.x}", f"{THINGS}.list.paging.param is '${{setting.x}}'"),
        ("auth.value", "Key ${setting.x}", "auth.value is 'Key ${setting.x}', which nobody fills in here"),
        ("auth.value", "Key {{ token }}", "auth.value is 'Key {{ token }}', which nobody fills in here"),
        ("headers", {"X-Tenant": "${secret.other}"}, "headers.X-Tenant uses the credential 'other'"),
        ("limits", {"requests": 250}, "limits is not known here: remove it, or choose one of"),
        ("webhooks", {"register": {}}, "webhooks is not known here"),
        (f"{THINGS}.children", {"parent": "x"}, f"{THINGS}.children is not known here"),
        (f"{THINGS}.id", ["$.a", "$.b"], f"{THINGS}.id is a list, but must be a text"),
        (
            f"{THINGS}.update",
            {"path": "/things/{id}", "send": "mapped"},
            f"{THINGS}.update.send is not known here",
        ),
        (f"{THINGS}.list.since", {"in": "path", "param": "x"}, "since.in is 'path', which is not known"),
        ("auth.kind", "oauth2_refresh_token", "auth.kind is 'oauth2_refresh_token', which is not known"),
        ("headers", ["x"], "headers must be a mapping of names to texts"),
        ("identity", {"path": "/me"}, "identity.key is missing"),
        ("base_url", "https://x", "base_url is not known here"),
        ("preset", "nobody", "preset is 'nobody', which does not ship: choose one of customerp."),
    ],
)
def test_each_mistake_is_named_where_it_stands(path, value, sentence):
    with pytest.raises(Misconfigured) as caught:
        opened(changed(path, value))
    assert sentence in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_an_unknown_kind_of_system_is_a_sentence():
    with pytest.raises(
        Misconfigured, match="no connector of kind 'soap': choose one of memory, rest, webcrm"
    ):
        opened({}, kind="soap")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "memory"])
def test_each_kind_opens_by_its_name(kind):
    opened(GOOD if kind == "rest" else {}, kind=kind, auth_code="1234-5678")


@pytest.mark.parametrize("name", SHIPPED)
def test_what_ships_opens(name):
    opened({"preset": name}, client_id="hub", client_secret="hub-secret")


def test_a_preset_needs_its_credentials():
    with pytest.raises(Misconfigured, match=r"auth\.token\.body\.client_id uses the credential 'client_id'"):
        opened({"preset": "customerp"})


@pytest.mark.parametrize(
    ("base", "own", "merged"),
    [
        ({"a": {"b": 1, "c": 2}}, {"a": {"c": 3}}, {"a": {"b": 1, "c": 3}}),
        ({"a": {"kind": "x", "b": 1}}, {"a": {"kind": "y"}}, {"a": {"kind": "y"}}),
        ({"a": {"kind": "x", "b": 1}}, {"a": {"kind": "x"}}, {"a": {"kind": "x", "b": 1}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": {"b": 1}}, {"a": None}, {"a": None}),
        ({}, {"a": {"b": 1}}, {"a": {"b": 1}}),
    ],
)
def test_a_systems_own_configuration_lies_over_the_preset(base, own, merged):
    assert laid_over(base, own) == merged


ODD = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.just([])
    | st.just({})
    | st.just([{}])
)
SHIPPED_DOCUMENT = yaml.safe_load(SHIPPED["customerp"].read_text(encoding="utf-8"))


def places(node: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document, as the way that leads there."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    found = [(*before, name) for name, _ in inner]
    return found + [way for name, value in inner for way in places(value, (*before, name))]


@given(st.sampled_from(places(SHIPPED_DOCUMENT)), ODD)
def test_any_odd_value_anywhere_opens_or_is_a_sentence(way, value):
    document = json.loads(json.dumps(SHIPPED_DOCUMENT))
    place = document
    for name in way[:-1]:
        place = place[name]
    place[way[-1]] = value
    with suppress(Misconfigured):
        read_document(document, {"client_id": "hub", "client_secret": "hub-secret"})


def test_the_description_in_the_docs_is_one():
    """What people copy must be taken as it stands."""
    text = (Path(__file__).parents[2] / "docs" / "rest.md").read_text(encoding="utf-8")
    example = yaml.safe_load(text.partition("```yaml\n")[2].partition("```")[0])
    document = read_document(example, {"client_id": "one", "client_secret": "two"})
    assert list(document.resources) == ["customers"]


WRITTEN_OUT: list[tuple[dict[str, Any], str]] = [
    ({"kind": "bearer", "value": "0pen"}, "auth.value"),
    ({"kind": "api_key", "name": "X-Key", "value": "0pen"}, "auth.value"),
    ({"kind": "basic", "user": "kari", "password": "0pen"}, "auth.password"),
    ({"kind": "login_token", "token": {"path": "/login", "body": {"password": "0pen"}}}, "auth.token.body.password"),
]  # fmt: skip


@pytest.mark.parametrize(("auth", "place"), WRITTEN_OUT)
def test_a_credential_that_is_written_out_is_refused_and_not_repeated(
    auth: dict[str, Any], place: str
) -> None:
    """Whoever may look at a system sees its configuration, and so does whoever reads the audit or a dump."""
    with pytest.raises(Misconfigured) as refusal:
        opened(changed("auth", auth))
    sentence = str(refusal.value)
    assert sentence.startswith(f"{place} holds no credential: enter it as one of the system's credentials")
    assert "0pen" not in sentence


def test_either_half_of_a_basic_signature_may_be_the_credential() -> None:
    opened(changed("auth", {"kind": "basic", "user": "${secret.token}", "password": "x"}))
