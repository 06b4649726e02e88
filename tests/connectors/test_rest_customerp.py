"""The REST connector with CustomERP's configuration, against the poorer ERPs its switches imitate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from sync.connectors.base import (
    Gone,
    Misconfigured,
    Nonsense,
    Refused,
    Unauthorized,
    Unavailable,
)
from sync.core.vocabulary import DataType
from tests.connectors.operations import create, remove, update
from tests.connectors.stages import ErpStage, listed


def test_one_token_serves_many_calls_and_connectors(erp: ErpStage):
    listed(erp)
    erp.connector = erp.opened()
    listed(erp)
    assert erp.gate.calls.count("POST /oauth/token") == 1


def test_a_token_that_ended_early_is_renewed(erp: ErpStage):
    listed(erp)
    erp.server.system.acts["forget_tokens"]({})
    (result,) = erp.connector.write("customers", [create(name="Once AS")])
    assert result.error is None
    assert erp.gate.calls.count("POST /oauth/token") == 2


def test_an_api_key_does_instead_of_a_token(erp: ErpStage):
    auth = {"kind": "api_key", "in": "header", "name": "X-Api-Key", "value": "${secret.client_secret}"}
    keyed = erp.opened(client_secret="key-hub", auth=auth)
    assert len(keyed.list("customers").records) == 7
    assert "POST /oauth/token" not in erp.gate.calls


def test_wrong_credentials_are_unauthorized_and_stay_secret(erp: ErpStage):
    with pytest.raises(Unauthorized) as caught:
        erp.opened(client_secret="not-the-secret").list("customers")
    assert "not-the-secret" not in str(caught.value)


def test_the_company_is_the_identity(erp: ErpStage):
    identity = erp.connector.identity()
    erp.turn(company_id="com_2")
    assert (identity.key, erp.connector.identity().key) == ("com_1", "com_2")
    assert identity.name


@pytest.mark.parametrize("order", ["updatedAt", "id"])
def test_a_listing_of_many_pages_is_complete(erp: ErpStage, order: str):
    erp.turn(page_order=order)
    erp.connector.write(
        "customers", [create(f"t-{number}", name=f"Many {number} AS") for number in range(450)]
    )
    keys = [record.key for record in listed(erp, paths=("name",))]
    assert sorted(keys) == sorted(erp.keys())
    assert len(keys) == len(set(keys)) == 457


def test_inactive_customers_are_listed_too(erp: ErpStage):
    erp.edit("cus_001", isInactive=True)
    assert "cus_001" in [record.key for record in listed(erp)]
    assert erp.connector.find("customers", "customerNumber", ["101"])[0].values["isInactive"] is True


def test_reading_falls_back_to_single_records(erp: ErpStage):
    erp.turn(bulk_read=False)
    found = erp.connector.read("customers", ["cus_001", "cus_999", "cus_002"])
    assert sorted(found) == ["cus_001", "cus_002"]
    assert found["cus_001"].version == "1"


def test_a_key_that_is_none_is_not_there(erp: ErpStage):
    assert erp.connector.read("customers", ["../me", "a,b", "", "x y"]) == {}


@pytest.mark.parametrize("path", ["customerNumber", "organizationNumber", "name"])
def test_finding_by_look_up_or_by_reading_everything(erp: ErpStage, path: str):
    erp.edit("cus_003", organizationNumber="924618094")
    value = erp.values("cus_003")[path]
    found = erp.connector.find("customers", path, [value, "nothing-like-it"], paths=(path,))
    assert [record.key for record in found] == ["cus_003"]


def test_the_owners_other_members_are_untouched(erp: ErpStage):
    erp.edit("cus_001", **{"postalAddress.city": "Oslo", "postalAddress.postalCode": "0155"})
    (result,) = erp.connector.write("customers", [update("cus_001", **{"postalAddress.city": "Bergen"})])
    assert result.record.values["postalAddress.postalCode"] == "0155"
    assert erp.values("cus_001")["postalAddress.city"] == "Bergen"


def test_what_lies_in_an_object_that_is_null_is_blank(erp: ErpStage):
    erp.edit("cus_001", postalAddress=None)
    record = erp.connector.read("customers", ["cus_001"], paths=("name", "postalAddress.city"))["cus_001"]
    assert record.values["postalAddress.city"] is None


def test_a_reference_is_a_property_like_any_other(erp: ErpStage):
    values = {"customer.id": "cus_001", "lastName": "Man", "email": "bat@akkurat.no"}
    (made,) = erp.connector.write("contacts", [create(**values)])
    assert made.record.values["customer.id"] == "cus_001"
    found = erp.connector.find("contacts", "customer.id", ["cus_001"], paths=tuple(values))
    assert [dict(record.values) for record in found] == [values]


def test_prices_keep_their_digits(erp: ErpStage):
    (made,) = erp.connector.write("products", [create(name="Washer", salesPrice=Decimal("8500.1001"))])
    held = erp.connector.read("products", [made.key], paths=("salesPrice",))[made.key]
    assert held.values == {"salesPrice": Decimal("8500.1001")}


def test_a_refusal_names_every_property(erp: ErpStage):
    values = {"name": "", "postalAddress.countryCode": "XX"}
    alone, *rest = (
        erp.connector.write("customers", [update("cus_001", **values)] * count) for count in (1, 2)
    )
    for result in (*alone, *rest[0]):
        assert isinstance(result.error, Refused)
        assert set(result.error.fields) == {"name", "postalAddress.countryCode"}


def test_a_double_is_refused_with_a_sentence(erp: ErpStage):
    (result,) = erp.connector.write("customers", [create(name="A", customerNumber="101")])
    assert isinstance(result.error, Refused)
    assert str(result.error).startswith("The system answered 409: ")


def test_a_key_used_for_another_body_is_refused(erp: ErpStage):
    first, second = (erp.connector.write("customers", [create("same", name=name)])[0] for name in ("A", "B"))
    assert (first.error, type(second.error)) == (None, Refused)


def test_without_versions_writes_go_through(erp: ErpStage):
    erp.turn(etag=False)
    (result,) = erp.connector.write("customers", [update("cus_001", name="New AS")])
    assert result.error is None


def test_a_removal_needs_the_version_it_was_seen_with(erp: ErpStage):
    record = erp.connector.read("customers", ["cus_001"])["cus_001"]
    gone, again = (erp.connector.write("customers", [remove("cus_001", record.version)])[0] for _ in range(2))
    assert (gone.error, type(again.error)) == (None, Gone)


def test_a_merged_customer_names_its_survivor(erp: ErpStage):
    erp.server.system.acts["merge"]({"entity": "customers", "key": "cus_001", "mergedInto": "cus_002"})
    page = erp.connector.removed("customers", since=datetime.now(UTC) - timedelta(days=1))
    assert [(entry.key, entry.merged_into) for entry in page.entries] == [("cus_001", "cus_002")]


def test_a_feed_that_does_not_reach_back_says_so(erp: ErpStage):
    with pytest.raises(Gone):
        erp.connector.removed("customers", since=datetime.now(UTC) - timedelta(days=100))


def test_a_system_without_a_feed_is_configured_without_one(erp: ErpStage):
    resources = {entity: {"deleted": None} for entity in ("customers", "contacts", "products")}
    without = erp.opened(resources=resources)
    assert not without.capabilities("customers").removed_feed
    with pytest.raises(Misconfigured, match="no removal feed"):
        without.removed("customers", since=datetime.now(UTC))


@pytest.mark.parametrize(
    ("entity", "path", "kind", "length", "required", "read_only"),
    [
        ("customers", "name", DataType.STRING, 255, True, False),
        ("customers", "postalAddress.city", DataType.STRING, 100, False, False),
        ("customers", "paymentTermsDays", DataType.INTEGER, None, False, False),
        ("customers", "isInactive", DataType.BOOLEAN, None, False, False),
        ("customers", "updatedAt", DataType.DATETIME, None, False, True),
        ("contacts", "customer.id", DataType.STRING, None, True, False),
        ("contacts", "birthDate", DataType.DATE, 10, False, False),
        ("products", "salesPrice", DataType.NUMBER, None, False, False),
        ("products", "stock.available", DataType.NUMBER, None, False, True),
    ],
)
def test_properties_come_from_the_published_schema(
    erp: ErpStage, entity, path, kind, length, required, read_only
):
    known = next(known for known in erp.connector.fields(entity) if known.path == path)
    assert (known.type, known.max_length, known.required, known.read_only) == (
        kind,
        length,
        required,
        read_only,
    )


def test_choices_come_from_the_published_schema(erp: ErpStage):
    known = next(known for known in erp.connector.fields("customers") if known.path == "type")
    assert known.options == ("company", "person")


def test_without_a_schema_properties_are_told_from_records(erp: ErpStage):
    resources = {entity: {"schema": None} for entity in ("customers", "contacts", "products")}
    known = {known.path: known.type for known in erp.opened(resources=resources).fields("customers")}
    assert (known["name"], known["isInactive"], known["version"]) == (
        DataType.STRING, DataType.BOOLEAN, DataType.INTEGER,
    )  # fmt: skip


def test_a_throttled_call_says_how_long_to_wait(erp: ErpStage):
    listed(erp)
    erp.turn(rate_limit_per_minute=1)
    results = [erp.connector.write("customers", [create(f"t-{n}", name="A AS")])[0] for n in range(3)]
    throttled = [result.error for result in results if isinstance(result.error, Unavailable)]
    assert throttled
    assert erp.gate.pauses == [error.retry_after for error in throttled]


def test_every_request_is_admitted(erp: ErpStage):
    erp.server.calls.clear()
    listed(erp)
    erp.server.system.acts["forget_tokens"]({})
    erp.connector.write("customers", [create("a", name="A AS"), create("b", name="B AS")])
    erp.connector.identity()
    assert len(erp.gate.calls) == erp.calls()


def test_a_wrong_path_is_not_an_empty_list(erp: ErpStage):
    resources = {"customers": {"list": {"records": "$.nothing"}}}
    with pytest.raises(Nonsense, match="not answered with a list"):
        erp.opened(resources=resources).list("customers")
