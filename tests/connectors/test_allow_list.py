"""Whatever a connector is made to ask for: what leaves is on its list, and nothing else."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from hypothesis import example, given, settings
from hypothesis import strategies as st
from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter

from sync.connectors.base import Access, Misconfigured, Refused, Unavailable, Unknown
from sync.connectors.http.messages import Request
from sync.connectors.http.session import Session
from sync.connectors.rest.presets import configured
from sync.connectors.rest.reading import read_document
from sync.connectors.webcrm.connector import ROUTES
from sync.connectors.webcrm.writing import ID
from tests.connectors.ports import FakeGate, FakeVault

PLACE = "systems.example.com:80"
ENTITIES = "(Organisations|Persons|Products)"
TO_WEBCRM = re.compile(
    rf"POST /Auth/ApiLogin|GET /Auth|GET /Queries|GET /FieldsMetadata/[\w.:~-]+|DELETE /Products/\d+"
    rf"|GET /Organisations/FindByUpdateDates/[\w.:~-]+/[\w.:~-]+"
    rf"|(GET|POST|PATCH) /{ENTITIES}|(GET|PUT) /{ENTITIES}/\d+",
    re.ASCII,
)
THINGS = "(customers|contacts|products)"
RECORD = rf"{THINGS}/(?!batch$|deleted$)[\w.:~-]+"
TO_CUSTOMERP = re.compile(
    rf"POST /oauth/token|GET /me|GET /schema/{THINGS}|(GET|POST) /{THINGS}|POST /{THINGS}/batch"
    rf"|GET /{THINGS}/deleted|(GET|PATCH|DELETE) /{RECORD}",
    re.ASCII,
)
PRESET = read_document(configured({"preset": "customerp"}), {"client_id": "hub", "client_secret": "s3cret-9"})
WORDS = st.sampled_from(
    [
        "LinkedData",
        "linkeddata",
        "Hooks",
        "batch",
        "deleted",
        "..",
        ".",
        "%2e%2e",
        "1/LinkedData",
        "1?x=1",
        "1;a",
        "",
    ]
)
KEYS = WORDS | st.integers().map(str) | st.from_regex("cus_[0-9A-Z]{4}", fullmatch=True) | st.text()
METHODS = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "get", "HEAD", "OPTIONS"]) | st.text()


class Recorder(BaseAdapter):
    """Sends nothing; notes method and path."""

    def __init__(self) -> None:
        super().__init__()
        self.left: list[str] = []

    def send(self, request: PreparedRequest, *args: Any, **more: Any) -> Response:
        self.left.append(f"{request.method} {urlsplit(request.url or '').path}")
        raise OSError

    def close(self) -> None:
        """Nothing is open."""


def left(routes: frozenset[tuple[str, str]], request: Request, **more: Any) -> list[str]:
    """What leaves where a connector makes this request."""
    access = Access(
        address=f"http://{PLACE}",
        credentials={},
        allow_hosts=(PLACE,),
        gate=FakeGate(),
        vault=FakeVault(),
    )
    speaking, recorder = Session(access, routes, sleep=lambda _seconds: None, **more), Recorder()
    speaking._http.mount("http://", recorder)
    try:
        speaking.call(request)
    except (Misconfigured, Refused):
        assert recorder.left == []
    except (Unavailable, Unknown):
        assert recorder.left != []
    return recorder.left


def requests(routes: frozenset[tuple[str, str]]) -> st.SearchStrategy[Request]:
    """Half of them for what is on the list, filled in by anybody; half for something else."""
    known = sorted(template for _, template in routes)
    endings = st.sampled_from(["/", "/LinkedData", "/{id}", "/.."])
    twisted = st.builds("{}{}".format, st.sampled_from(known), endings)
    others = st.sampled_from(known) | twisted | st.sampled_from(known).map(str.lower) | st.text()
    segments = st.fixed_dictionaries(dict.fromkeys(("id", "entity", "start", "end"), KEYS))

    def request(route: tuple[str, str], segments: dict[str, str], writes: bool) -> Request:
        return Request(method=route[0], template=route[1], segments=segments, writes=writes)

    pairs = st.sampled_from(sorted(routes)) | st.tuples(METHODS, others)
    return st.builds(request, pairs, segments, st.booleans())


@settings(max_examples=300)
@given(requests(ROUTES))
def test_nothing_else_leaves_for_webcrm(request: Request):
    for call in left(ROUTES, request, key=ID):
        assert TO_WEBCRM.fullmatch(call)


@settings(max_examples=300)
@given(requests(PRESET.routes()))
@example(Request(method="PATCH", template="/customers/{id}", segments={"id": "batch"}))
@example(Request(method="DELETE", template="/customers/{id}", segments={"id": "deleted"}))
def test_nothing_else_leaves_for_customerp(request: Request):
    for call in left(PRESET.routes(), request):
        assert TO_CUSTOMERP.fullmatch(call)


@given(st.sampled_from(sorted(ROUTES)), st.integers(1, 10**9).map(str))
def test_what_is_on_the_list_leaves(route: tuple[str, str], key: str):
    method, template = route
    segments = dict.fromkeys(("id", "entity", "start", "end"), key)
    assert left(ROUTES, Request(method=method, template=template, segments=segments, writes=True), key=ID)
