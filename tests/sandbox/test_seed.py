"""The seed: always the same, realistic, partly overlapping, awkward on purpose."""

from __future__ import annotations

import re
from collections import Counter
from itertools import chain
from random import Random
from typing import Any

import pytest

from sandbox.seed import numbers, stamps
from sandbox.seed.world import OWN_ORGANISATION, World, make_world

CUSTOMERS, CONTACTS, PRODUCTS = 1000, 2500, 300


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(customers=CUSTOMERS, contacts=CONTACTS, products=PRODUCTS, seed=1)


def by_id(rows: list[dict[str, Any]], name: str) -> dict[Any, dict[str, Any]]:
    return {row[name]: row for row in rows}


def test_the_same_seed_makes_the_same_world(world: World) -> None:
    assert make_world(customers=CUSTOMERS, contacts=CONTACTS, products=PRODUCTS, seed=1) == world


def test_another_seed_makes_another_world(world: World) -> None:
    other = make_world(customers=CUSTOMERS, contacts=0, products=0, seed=2)
    assert other.erp["customers"] != world.erp["customers"]


def test_the_number_of_contacts_changes_no_customer(world: World) -> None:
    other = make_world(customers=CUSTOMERS, contacts=1, products=1, seed=1)
    assert other.erp["customers"] == world.erp["customers"]
    assert other.crm["Organisations"] == world.crm["Organisations"]


def test_counts_are_the_erps(world: World) -> None:
    assert {entity: len(rows) for entity, rows in world.erp.items()} == {
        "customers": CUSTOMERS,
        "contacts": CONTACTS,
        "products": PRODUCTS,
    }


@pytest.mark.parametrize(
    ("entity", "prefix"), [("customers", "cus_"), ("contacts", "con_"), ("products", "pro_")]
)
def test_erp_ids_are_prefixed_ulids_and_unique(world: World, entity: str, prefix: str) -> None:
    ids = [row["id"] for row in world.erp[entity]]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(prefix + "[0-9A-HJKMNP-TV-Z]{26}", key) for key in ids)


@pytest.mark.parametrize(
    ("entity", "name"),
    [("Organisations", "OrganisationId"), ("Persons", "PersonId"), ("Products", "ProductId")],
)
def test_crm_ids_count_from_one(world: World, entity: str, name: str) -> None:
    ids = [row[name] for row in world.crm[entity]]
    assert ids == list(range(1, len(ids) + 1))


def test_webcrm_itself_and_the_own_organisation_come_first(world: World) -> None:
    names = [row["OrganisationName"] for row in world.crm["Organisations"][:OWN_ORGANISATION]]
    assert names[0] == "webCRM"
    assert "OrganisationStatus" not in world.crm["Organisations"][OWN_ORGANISATION - 1]
    assert world.crm["Persons"][1]["PersonLastName"] == "Support"


def test_organisation_numbers_are_unique_and_as_long_as_their_country_writes_them(world: World) -> None:
    lengths = {"NO": 9, "DK": 8, "SE": 10, "FI": 8}
    rows = [row for row in world.erp["customers"] if row["organizationNumber"]]
    assert len({row["organizationNumber"] for row in rows}) == len(rows)
    for row in rows:
        assert len(row["organizationNumber"]) == lengths[row["postalAddress"]["countryCode"]]
        assert row["organizationNumber"].isdigit()


def test_norwegian_numbers_pass_the_modulus_check(world: World) -> None:
    for row in world.erp["customers"]:
        if row["organizationNumber"] and row["postalAddress"]["countryCode"] == "NO":
            weights = (*numbers.NO_WEIGHTS, 1)
            digits = map(int, row["organizationNumber"])
            assert sum(digit * weight for digit, weight in zip(digits, weights, strict=True)) % 11 == 0


def test_danish_numbers_pass_the_modulus_check() -> None:
    rng = Random(1)
    for _ in range(50):
        pairs = zip(numbers.danish(rng), (*numbers.DK_WEIGHTS, 1), strict=True)
        assert sum(int(digit) * weight for digit, weight in pairs) % 11 == 0


@pytest.mark.parametrize(("number", "valid"), [("5560360793", True), ("5560360794", False)])
def test_swedish_numbers_end_in_their_luhn_digit(number: str, valid: bool) -> None:
    assert (str(-numbers.luhn(number[:-1]) % 10) == number[-1]) is valid


def test_bar_codes_end_in_their_check_digit() -> None:
    rng = Random(1)
    for _ in range(50):
        code = numbers.gtin(rng)
        assert len(code) == 13
        assert sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(code)) % 10 == 0


@pytest.mark.parametrize(
    ("country", "number", "spelt"),
    [
        ("NO", "924618094", "924 618 094"),
        ("DK", "12345678", "12 34 56 78"),
        ("SE", "5566778899", "556677-8899"),
        ("FI", "12345678", "1234567-8"),
    ],
)
def test_numbers_are_spelt_as_people_do(country: str, number: str, spelt: str) -> None:
    assert numbers.spaced(country, number) == spelt


@pytest.mark.parametrize("entity", ["customers", "contacts", "products"])
def test_stamps_lie_in_the_two_years_before_the_epoch(world: World, entity: str) -> None:
    for row in world.erp[entity]:
        assert "2023-12-31" < row["createdAt"] <= row["updatedAt"] < stamps.erp_text(stamps.EPOCH)


def test_many_rows_share_the_stamp_of_one_import(world: World) -> None:
    shared = Counter(row["updatedAt"] for row in world.erp["customers"]).most_common(1)[0]
    assert shared[0] == stamps.erp_text(stamps.IMPORTED_AT)
    assert shared[1] >= 10


def test_about_two_in_five_customers_are_known_to_webcrm(world: World) -> None:
    expected = world.expected["customers"]
    known = len(expected.pairs) + len(expected.ambiguous)
    assert 0.33 <= known / CUSTOMERS <= 0.45
    assert 0.3 <= len(expected.by_reference) / known <= 0.5


@pytest.mark.parametrize("entity", ["customers", "contacts", "products"])
def test_every_kind_of_meeting_occurs(world: World, entity: str) -> None:
    expected = world.expected[entity]
    kinds = (expected.by_reference, expected.by_key, expected.near, expected.ambiguous, expected.crm_only)
    assert all(kinds)
    assert expected.out_of_scope


@pytest.mark.parametrize("entity", ["customers", "contacts", "products"])
def test_nothing_stands_in_two_kinds(world: World, entity: str) -> None:
    expected = world.expected[entity]
    crm_ids = (
        [crm for _, crm in expected.pairs] + list(chain(*expected.ambiguous.values())) + expected.crm_only
    )
    erp_ids = [erp for erp, _ in expected.pairs] + list(expected.ambiguous) + expected.out_of_scope
    assert len(set(crm_ids)) == len(crm_ids)
    assert len(set(erp_ids)) == len(erp_ids)


def test_the_truth_covers_every_webcrm_row(world: World) -> None:
    for entity, rows in zip(("customers", "contacts", "products"), world.crm.values(), strict=True):
        expected = world.expected[entity]
        known = len(expected.pairs) + sum(map(len, expected.ambiguous.values())) + len(expected.crm_only)
        assert known == len(rows)


@pytest.mark.parametrize(
    ("entity", "rows", "key", "reference"),
    [
        ("customers", "Organisations", "OrganisationId", "OrganisationExtraCustom8"),
        ("contacts", "Persons", "PersonId", "PersonCustom5"),
        ("products", "Products", "ProductId", "ProductCustom3"),
    ],
)
def test_references_stand_on_referenced_pairs_only(
    world: World, entity: str, rows: str, key: str, reference: str
) -> None:
    carried = {(row[reference], row[key]) for row in world.crm[rows] if row.get(reference)}
    assert carried == set(world.expected[entity].by_reference)


def test_organisations_found_by_key_carry_the_number_now_and_then_with_blanks(world: World) -> None:
    customers = by_id(world.erp["customers"], "id")
    organisations = by_id(world.crm["Organisations"], "OrganisationId")
    written = [
        (organisations[crm]["OrganisationExtraCustom1"], customers[erp]["organizationNumber"])
        for erp, crm in world.expected["customers"].by_key
    ]
    assert all(re.sub(r"\D", "", there) == here for there, here in written)
    assert any(" " in there for there, _ in written)


def test_no_stranger_shares_a_business_key_with_the_erp(world: World) -> None:
    known = {row["organizationNumber"] for row in world.erp["customers"]}
    customer_numbers = {row["customerNumber"] for row in world.erp["customers"]}
    strangers = set(world.expected["customers"].crm_only)
    for row in world.crm["Organisations"]:
        if row["OrganisationId"] in strangers and row.get("OrganisationExtraCustom1"):
            assert row["OrganisationExtraCustom1"] not in known
            assert row["OrganisationExtraCustom2"] not in customer_numbers
            assert row["OrganisationStatus"] == "Prospekt"


def test_near_organisations_are_spelt_differently(world: World) -> None:
    customers = by_id(world.erp["customers"], "id")
    organisations = by_id(world.crm["Organisations"], "OrganisationId")
    for erp, crm in world.expected["customers"].near:
        assert organisations[crm]["OrganisationName"] != customers[erp]["name"]


def test_persons_hang_under_the_counterpart_of_their_customer(world: World) -> None:
    homes = dict(world.expected["customers"].pairs)
    contacts, persons = by_id(world.erp["contacts"], "id"), by_id(world.crm["Persons"], "PersonId")
    for erp, crm in world.expected["contacts"].pairs:
        assert persons[crm]["PersonOrganisationId"] == homes[contacts[erp]["customer"]["id"]]


def test_an_e_mail_stands_once_per_customer_and_its_case_differs_sometimes(world: World) -> None:
    seen = Counter((row["customer"]["id"], row["email"]) for row in world.erp["contacts"] if row["email"])
    assert max(seen.values()) == 1
    contacts, persons = by_id(world.erp["contacts"], "id"), by_id(world.crm["Persons"], "PersonId")
    spelt = [
        (persons[crm]["PersonEmail"], contacts[erp]["email"])
        for erp, crm in world.expected["contacts"].by_key
    ]
    assert all(there.lower() == here for there, here in spelt)
    assert any(there != here for there, here in spelt)


def test_some_strangers_share_an_e_mail_but_never_the_organisation(world: World) -> None:
    organisations = {erp: {crm} for erp, crm in world.expected["customers"].pairs}
    organisations |= {erp: set(crm) for erp, crm in world.expected["customers"].ambiguous.items()}
    strangers = set(world.expected["contacts"].crm_only)
    homes = {
        row["PersonEmail"]: row["PersonOrganisationId"]
        for row in world.crm["Persons"]
        if row["PersonId"] in strangers and row.get("PersonEmail")
    }
    elsewhere = [row for row in world.erp["contacts"] if row["email"] in homes]
    assert len(elsewhere) >= 5
    for row in elsewhere:
        assert homes[row["email"]] not in organisations.get(row["customer"]["id"], set())


def test_some_strangers_live_in_organisations_the_erp_knows(world: World) -> None:
    known = {crm for _, crm in world.expected["customers"].pairs}
    strangers = set(world.expected["contacts"].crm_only)
    homes = [row["PersonOrganisationId"] for row in world.crm["Persons"] if row["PersonId"] in strangers]
    assert 0 < sum(home in known for home in homes) < len(homes)


def test_own_products_hang_under_the_own_organisation(world: World) -> None:
    products = by_id(world.crm["Products"], "ProductId")
    owners = {products[crm]["ProductOrganisationId"] for _, crm in world.expected["products"].pairs}
    assert owners == {OWN_ORGANISATION}
    assert any(row["ProductOrganisationId"] != OWN_ORGANISATION for row in world.crm["Products"])


def test_product_numbers_are_unique_in_the_erp(world: World) -> None:
    assert len({row["productNumber"] for row in world.erp["products"]}) == PRODUCTS


def test_names_are_awkward(world: World) -> None:
    names = " ".join(row["name"] for row in world.erp["customers"])
    for sign in ("'", '"', "&", "<b>", "🍦", "株", "  ", "Æ", "é"):
        assert sign in names
    lengths = [len(row["name"]) for row in world.erp["customers"]]
    assert any(50 < length <= 200 for length in lengths)
    assert any(200 < length <= 255 for length in lengths)
    assert max(lengths) <= 255


def test_webcrm_holds_no_name_or_address_it_could_not(world: World) -> None:
    for row in world.crm["Organisations"]:
        assert len(row["OrganisationName"]) <= 200
        assert len(row.get("OrganisationAddress", "")) <= 250
        assert len(row.get("OrganisationWww", "")) <= 50


def test_addresses_have_two_lines_and_webcrm_breaks_them_with_crlf(world: World) -> None:
    assert any(row["postalAddress"]["addressLine2"] for row in world.erp["customers"])
    assert any("\r\n" in row.get("OrganisationAddress", "") for row in world.crm["Organisations"])


def test_telephones_are_spelt_in_many_ways(world: World) -> None:
    shapes = {re.sub(r"\d", "9", row["phone"]) for row in world.erp["customers"] if row["phone"]}
    assert len(shapes) >= 8


def test_some_fields_are_blank_on_either_side(world: World) -> None:
    assert any(row["phone"] is None for row in world.erp["customers"])
    assert any(row.get("OrganisationTelephone") == "" for row in world.crm["Organisations"])


def test_prices_have_at_most_four_decimals(world: World) -> None:
    prices = [row["costPrice"] for row in world.erp["products"] if row["costPrice"] is not None]
    assert all(round(price, 4) == price for price in prices)
    assert any(round(price, 2) != price for price in prices)


def test_a_tiny_world_is_a_world() -> None:
    empty = make_world(customers=0, contacts=5, products=0, seed=1)
    assert empty.erp == {"customers": [], "contacts": [], "products": []}
    assert [row["OrganisationId"] for row in empty.crm["Organisations"]] == [1, 2, OWN_ORGANISATION]
