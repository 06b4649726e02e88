"""The switches `envelope` and `paging`: the same records as poorer or other ERPs hand them out."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.customerp_stage import Stage, customer

SOME = [customer(number) for number in range(1, 6)]


@pytest.fixture
def stage() -> Stage:
    return Stage(customers=SOME)


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["id"] for row in rows]


def turn(stage: Stage, **switches: str) -> None:
    answer = stage.control("PATCH", "/switches", switches)
    assert answer.status_code == 200, answer.text


def test_a_bare_list_names_the_next_page_in_its_header_only(stage: Stage) -> None:
    turn(stage, envelope="bare")
    answer = stage.get("/customers?limit=2")
    assert ids(answer.get_json()) == ["cus_001", "cus_002"]
    assert answer.headers["Link"].endswith('; rel="next"')
    assert "Link" not in stage.get("/customers?limit=5").headers


def test_odata_names_the_next_page_in_its_body(stage: Stage) -> None:
    turn(stage, envelope="odata")
    body = stage.get("/customers?limit=3").get_json()
    assert ids(body.pop("value")) == ["cus_001", "cus_002", "cus_003"]
    following = body.pop("@odata.nextLink")
    assert body == {}
    path = following.partition("/api/v1")[2]
    assert {name: ids(rows) for name, rows in stage.get(path).get_json().items()} == {
        "value": ["cus_004", "cus_005"]
    }


def test_tripletex_counts_what_it_gives_and_wraps_single_records(stage: Stage) -> None:
    turn(stage, envelope="tripletex", paging="offset")
    body = stage.get("/customers?limit=2&offset=3").get_json()
    assert ids(body.pop("values")) == ["cus_004", "cus_005"]
    assert body == {"fullResultSize": 5, "from": 3, "count": 2}
    assert stage.get("/customers/cus_001").get_json()["value"]["id"] == "cus_001"
    assert stage.post("/customers", {"name": "Ny AS"}).get_json()["value"]["name"] == "Ny AS"
    assert stage.patch("/customers/cus_001", {"name": "B"}).get_json()["value"]["name"] == "B"
    assert set(stage.get("/customers/cus_999").get_json()) == {"error"}


@pytest.mark.parametrize("envelope", ["bare", "odata", "tripletex"])
def test_bulk_reads_and_the_deleted_feed_come_in_the_same_envelope(stage: Stage, envelope: str) -> None:
    turn(stage, envelope=envelope)
    stage.call("DELETE", "/customers/cus_005", If_Match="*")
    for path, key in (("/customers?ids=cus_002", "cus_002"), ("/customers/deleted", "cus_005")):
        body = stage.get(path).get_json()
        rows = body if envelope == "bare" else body["value" if envelope == "odata" else "values"]
        assert ids(rows) == [key]


@pytest.mark.parametrize(
    ("paging", "pages"),
    [
        ("page", ["", "&page=2", "&page=3", "&page=4"]),
        ("offset", ["", "&offset=2", "&offset=4", "&offset=6"]),
    ],
)
def test_counted_pages_end_with_an_empty_one(stage: Stage, paging: str, pages: list[str]) -> None:
    turn(stage, paging=paging)
    found = [stage.get(f"/customers?limit=2{page}").get_json() for page in pages]
    assert [ids(body["data"]) for body in found] == [
        ["cus_001", "cus_002"],
        ["cus_003", "cus_004"],
        ["cus_005"],
        [],
    ]
    assert [body["paging"][paging] for body in found] == ([1, 2, 3, 4] if paging == "page" else [0, 2, 4, 6])


@pytest.mark.parametrize("paging", ["page", "offset"])
def test_a_record_removed_meanwhile_moves_counted_pages(stage: Stage, paging: str) -> None:
    turn(stage, paging=paging)
    stage.get("/customers?limit=2")
    stage.call("DELETE", "/customers/cus_001", If_Match="*")
    assert ids(stage.get(f"/customers?limit=2&{paging}=2").get_json()["data"]) == ["cus_004", "cus_005"]


@pytest.mark.parametrize(
    ("paging", "query"),
    [
        ("page", "page=0"),
        ("page", "cursor=x"),
        ("offset", "offset=-1"),
        ("offset", "page=2"),
        ("cursor", "offset=0"),
    ],
)
def test_the_other_kinds_of_paging_are_not_known(stage: Stage, paging: str, query: str) -> None:
    turn(stage, paging=paging)
    assert stage.get(f"/customers?{query}").status_code == 400
