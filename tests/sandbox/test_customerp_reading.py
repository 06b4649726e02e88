"""Lists, pages, look-ups, bulk reads, single reads, the deleted feed, schemas."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.customerp.schemas import SCHEMAS
from sandbox.customerp.stamps import written
from sandbox.seed.world import make_world
from tests.sandbox.customerp_stage import START, Stage, contact, customer


@pytest.fixture
def stage() -> Stage:
    rows = [customer(number) for number in range(1, 8)]
    rows[6]["isInactive"] = True
    rows[2]["organizationNumber"] = "924618094"
    return Stage(
        customers=rows, contacts=[contact(1, "cus_001", email="bat@akkurat.no"), contact(2, "cus_002")]
    )


def walk(stage: Stage, path: str, **between: Any) -> list[str]:
    """Every id of a list, page by page; `between` is called after each page."""
    found: list[str] = []
    cursor = ""
    while True:
        page = stage.get(f"{path}&cursor={cursor}").get_json()
        found += [row["id"] for row in page["data"]]
        cursor = page["paging"]["next"]
        if not cursor:
            return found
        for act in between.values():
            act()


def test_a_page_has_data_paging_and_meta(stage: Stage) -> None:
    answer = stage.get("/customers?limit=2")
    body = answer.get_json()
    assert [row["id"] for row in body["data"]] == ["cus_001", "cus_002"]
    assert body["paging"]["limit"] == 2
    assert body["meta"] == {"serverTime": "2026-03-01T08:00:00.000Z"}
    assert body["paging"]["next"]
    assert answer.headers["Link"].endswith('; rel="next"')
    assert body["paging"]["next"] in answer.headers["Link"]


def test_the_last_page_has_no_next(stage: Stage) -> None:
    answer = stage.get("/customers?limit=6")
    assert answer.get_json()["paging"]["next"] is None
    assert "Link" not in answer.headers


def test_fifty_is_the_default() -> None:
    stage = Stage(customers=[customer(number) for number in range(60)])
    assert len(stage.ids("/customers")) == 50
    assert len(stage.ids("/customers?limit=200")) == 60


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=x",
        "limit=²",
        "limit=99999999999",
        "cursor=nonsense",
        "cursor=W10",
        "updatedSince=yesterday",
        "updatedSince=2026-03-01T08:00:00",
        "includeInactive=1",
        "fields=name,colour",
        "page=2",
    ],
)
def test_a_list_refuses_what_it_does_not_know(stage: Stage, query: str) -> None:
    assert stage.get(f"/customers?{query}").status_code == 400


def test_inactive_records_are_listed_only_when_asked_for(stage: Stage) -> None:
    assert "cus_007" not in stage.ids("/customers")
    assert "cus_007" in stage.ids("/customers?includeInactive=true")


@pytest.mark.parametrize(
    ("since", "first"),
    [
        ("2026-02-28T08:00:05.000Z", "cus_005"),
        ("2026-02-28T09:00:05%2B01:00", "cus_005"),
        ("2026-02-28T08:00:05.001Z", "cus_006"),
    ],
)
def test_updated_since_is_inclusive_and_reads_any_offset(stage: Stage, since: str, first: str) -> None:
    assert stage.ids(f"/customers?updatedSince={since}")[0] == first


def test_the_order_is_updated_at_then_id(stage: Stage) -> None:
    stage.patch("/customers/cus_001", {"phone": "1"})
    assert stage.ids("/customers")[-1] == "cus_001"


def test_a_record_that_changes_during_the_walk_is_seen_again_and_none_is_skipped(stage: Stage) -> None:
    def edit() -> None:
        if stage.erp.store.read("customers", "cus_001")["version"] == 1:
            stage.patch("/customers/cus_001", {"phone": "1"})

    found = walk(stage, "/customers?limit=2", edit=edit)
    assert set(found) == {f"cus_00{number}" for number in range(1, 7)}
    assert found.count("cus_001") == 2


def test_a_record_removed_during_the_walk_shifts_no_page(stage: Stage) -> None:
    def remove() -> None:
        stage.call("DELETE", "/customers/cus_003", If_Match="*")

    assert walk(stage, "/customers?limit=3", remove=remove) == [f"cus_00{number}" for number in range(1, 7)]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 3), max_size=25), st.integers(1, 7))
def test_pages_hold_every_record_once_however_many_share_a_stamp(seconds: list[int], limit: int) -> None:
    rows = [
        customer(at, updatedAt=written(START.replace(second=second))) for at, second in enumerate(seconds)
    ]
    stage = Stage(customers=rows)
    expected = sorted((row["updatedAt"], row["id"]) for row in rows)
    assert walk(stage, f"/customers?limit={limit}") == [key for _, key in expected]


def test_the_page_order_can_be_the_id(stage: Stage) -> None:
    stage.erp.switches.page_order = "id"
    stage.patch("/customers/cus_001", {"phone": "1"})
    assert walk(stage, "/customers?limit=2") == [f"cus_00{number}" for number in range(1, 7)]
    since = "2026-02-28T08:00:05.000Z"
    assert walk(stage, f"/customers?limit=1&updatedSince={since}") == ["cus_001", "cus_005", "cus_006"]


def test_fields_narrow_the_rows_but_keep_id_version_and_stamp(stage: Stage) -> None:
    row = stage.get("/customers?fields=name,phone&limit=1").get_json()["data"][0]
    assert set(row) == {"id", "version", "updatedAt", "name", "phone"}
    assert set(stage.get("/customers/cus_001?fields=name").get_json()) == {
        "id",
        "version",
        "updatedAt",
        "name",
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("/customers?organizationNumber=924618094", ["cus_003"]),
        ("/customers?organizationNumber=92461809", []),
        ("/customers?customerNumber=1004", ["cus_004"]),
        ("/contacts?email=bat@akkurat.no", ["con_001"]),
        ("/contacts?email=bat@akkurat.no&customerId=cus_002", []),
        ("/contacts?customerId=cus_002", ["con_002"]),
    ],
)
def test_look_ups_match_exactly(stage: Stage, query: str, found: list[str]) -> None:
    assert stage.ids(query) == found


def test_a_look_up_follows_changes(stage: Stage) -> None:
    stage.patch("/customers/cus_003", {"organizationNumber": None})
    stage.patch("/customers/cus_004", {"organizationNumber": "924618094"})
    assert stage.ids("/customers?organizationNumber=924618094") == ["cus_004"]


def test_look_ups_page_too() -> None:
    stage = Stage(customers=[customer(1)], contacts=[contact(at, "cus_001") for at in range(5)])
    assert walk(stage, "/contacts?customerId=cus_001&limit=2") == [f"con_00{at}" for at in range(5)]


def test_bulk_reads_give_versions_and_leave_out_what_is_missing(stage: Stage) -> None:
    body = stage.get("/customers?ids=cus_007,cus_nobody,cus_001").get_json()
    assert [(row["id"], row["version"]) for row in body["data"]] == [("cus_007", 1), ("cus_001", 1)]
    assert set(body) == {"data"}


def test_bulk_reads_take_a_hundred_ids(stage: Stage) -> None:
    hundred = ",".join(f"x{at}" for at in range(100))
    assert stage.get(f"/customers?ids={hundred}").status_code == 200
    assert stage.get(f"/customers?ids={hundred},y").status_code == 400


def test_bulk_reads_can_be_missing(stage: Stage) -> None:
    stage.erp.switches.bulk_read = False
    assert stage.get("/customers?ids=cus_001").status_code == 400


def test_a_record_is_read_with_its_etag(stage: Stage) -> None:
    answer = stage.get("/customers/cus_001")
    assert answer.headers["ETag"] == '"1"'
    assert answer.get_json()["version"] == 1


@pytest.mark.parametrize(
    ("known", "status"), [('"1"', 304), ('W/"1"', 304), ("*", 304), ('"2"', 200), ('"0", "1"', 304)]
)
def test_if_none_match(stage: Stage, known: str, status: int) -> None:
    answer = stage.get("/customers/cus_001", If_None_Match=known)
    assert answer.status_code == status
    assert bool(answer.data) == (status == 200)


def test_without_etags_none_is_sent_and_none_is_heeded(stage: Stage) -> None:
    stage.erp.switches.etag = False
    answer = stage.get("/customers/cus_001", If_None_Match='"1"')
    assert answer.status_code == 200
    assert "ETag" not in answer.headers


def test_a_deleted_record_is_gone_for_thirty_days_then_unknown(stage: Stage) -> None:
    stage.call("DELETE", "/customers/cus_003", If_Match='"1"')
    answer = stage.get("/customers/cus_003")
    assert answer.status_code == 410
    assert answer.get_json()["error"]["code"] == "gone"
    assert answer.get_json()["deletedAt"] == "2026-03-01T08:00:00.000Z"
    stage.clock.pass_by(days=30, seconds=1)
    assert stage.get("/customers/cus_003").status_code == 404


def test_the_feed_lists_deletions_page_by_page(stage: Stage) -> None:
    for number in (5, 3, 4):
        stage.call("DELETE", f"/customers/cus_00{number}", If_Match="*")
        stage.clock.pass_by(seconds=1)
    assert walk(stage, "/customers/deleted?limit=2") == ["cus_005", "cus_003", "cus_004"]
    row = stage.get("/customers/deleted?since=2026-03-01T08:00:02Z").get_json()["data"]
    assert row == [{"id": "cus_004", "deletedAt": "2026-03-01T08:00:02.000Z", "mergedInto": None}]


def test_the_feed_forgets_after_ninety_days(stage: Stage) -> None:
    stage.call("DELETE", "/customers/cus_003", If_Match="*")
    stage.clock.pass_by(days=91)
    assert stage.ids("/customers/deleted") == []
    answer = stage.get("/customers/deleted?since=2026-03-01T08:00:00Z")
    assert answer.status_code == 410
    assert answer.get_json()["error"]["code"] == "feed_expired"


def test_the_feed_can_be_missing(stage: Stage) -> None:
    stage.erp.switches.deleted_feed = False
    assert stage.get("/customers/deleted").status_code == 404


@pytest.mark.parametrize("entity", ["customers", "contacts", "products"])
def test_the_schema_describes_every_field_a_record_has(entity: str) -> None:
    world = make_world(customers=5, contacts=5, products=5, seed=1)
    stage = Stage(**world.erp)
    schema = stage.get(f"/schema/{entity}").get_json()
    assert schema == SCHEMAS[entity]
    row = stage.get(f"/{entity}?limit=1&includeInactive=true").get_json()["data"][0]
    assert set(row) == set(schema["properties"])
    assert all("title" in field for field in schema["properties"].values())


def test_the_schema_tells_lengths_formats_choices_and_what_is_kept(stage: Stage) -> None:
    fields = stage.get("/schema/customers").get_json()["properties"]
    assert fields["name"]["maxLength"] == 255
    assert fields["externalReference"]["maxLength"] == 64
    assert fields["email"]["format"] == "email"
    assert fields["type"]["enum"] == ["company", "person"]
    assert fields["version"]["readOnly"] is True
    assert fields["postalAddress"]["properties"]["city"]["type"] == ["string", "null"]
    assert stage.get("/schema/customers").get_json()["required"] == ["name"]


def test_twenty_thousand_customers_are_walked_completely() -> None:
    world = make_world(customers=20_000, contacts=0, products=0, seed=1)
    stage = Stage(**world.erp)
    found = walk(stage, "/customers?limit=200&includeInactive=true")
    assert len(found) == len(set(found)) == 20_000
