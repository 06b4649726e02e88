"""Writing to webCRM in every doubtful mood, its limits, and what people configure wrongly."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from sync.connectors.base import (
    Gone,
    Misconfigured,
    NotNow,
    Unavailable,
    Unknown,
)
from sync.connectors.webcrm.connector import WebcrmConnector
from tests.connectors.operations import create, remove, update
from tests.connectors.stages import CrmStage, listed

FIRST = "1"


@pytest.mark.parametrize("said", ["id", "empty", "null"])
def test_an_update_is_acknowledged_in_every_way_there_is(crm: CrmStage, said: str):
    crm.turn(patch_update_result=said)
    (result,) = crm.connector.write("Organisations", [update(FIRST, OrganisationName="New AS")])
    assert (result.key, result.error) == (FIRST, None)


@pytest.mark.parametrize("returns", ["object", "integer", "text"])
def test_without_batches_the_new_id_is_read_in_every_form(crm: CrmStage, returns: str):
    crm.turn(post_organisation_returns=returns)
    (result,) = crm.opened(batches=False).write("Organisations", [create(OrganisationName="Single AS")])
    assert crm.values(result.key)["OrganisationName"] == "Single AS"


def test_a_create_that_does_not_say_its_id_is_unknown(crm: CrmStage):
    crm.turn(post_organisation_returns="empty")
    (result,) = crm.opened(batches=False).write("Organisations", [create(OrganisationName="Single AS")])
    assert isinstance(result.error, Unknown)


@pytest.mark.parametrize("style", ["envelope", "model_state"])
def test_without_batches_a_refusal_still_names_the_property(crm: CrmStage, style: str):
    crm.turn(error_style=style)
    single = crm.opened(batches=False)
    long, gone = single.write(
        "Organisations", [update(FIRST, OrganisationName="x" * 201), update("999", OrganisationName="A")]
    )
    assert list(long.error.fields) == ["OrganisationName"]
    assert isinstance(gone.error, Gone)


def test_a_passing_failure_of_one_row_is_not_its_fault(crm: CrmStage):
    crm.turn(id_clash_every=2)
    first, second = crm.connector.write(
        "Organisations", [create(OrganisationName="A AS"), create(OrganisationName="B AS")]
    )
    assert (first.error, type(second.error)) == (None, NotNow)


def test_prices_are_written_digit_for_digit(crm: CrmStage):
    values = {"ProductOrganisationId": 1, "ProductPrice": Decimal("8500.1"), "ProductCustom1": "70"}
    (made,) = crm.connector.write("Products", [create(**values)])
    held = crm.connector.read("Products", [made.key], paths=tuple(values))[made.key].values
    assert held == values


def test_only_products_are_removed(crm: CrmStage):
    (made,) = crm.connector.write("Products", [create(ProductOrganisationId=1)])
    gone, again = crm.connector.write("Products", [remove(made.key), remove(made.key)])
    assert (gone.error, type(again.error)) == (None, Gone)
    (refused,) = crm.connector.write("Persons", [remove("1")])
    assert "inactive" in str(refused.error)


def test_a_person_is_never_moved(crm: CrmStage):
    (person,) = crm.connector.write("Persons", [create(PersonLastName="Man", PersonOrganisationId=1)])
    crm.gate.calls.clear()
    (result,) = crm.connector.write("Persons", [update(person.key, PersonOrganisationId=2)])
    assert list(result.error.fields) == ["PersonOrganisationId"]
    assert crm.gate.calls == []


def test_a_date_is_cleared_and_reads_as_nothing(crm: CrmStage):
    (made,) = crm.connector.write(
        "Persons",
        [create(PersonLastName="Man", PersonOrganisationId=1, PersonBirthday="1980-02-29T00:00:00+00:00")],
    )
    assert (
        crm.connector.read("Persons", [made.key])[made.key].values["PersonBirthday"].startswith("1980-02-29")
    )
    crm.connector.write("Persons", [update(made.key, PersonBirthday=None)])
    assert crm.connector.read("Persons", [made.key])[made.key].values["PersonBirthday"] is None


def test_a_drop_down_without_a_choice_reads_as_nothing(crm: CrmStage):
    assert crm.connector.read("Organisations", [FIRST])[FIRST].values["OrganisationType"] is None


@pytest.mark.parametrize("entity", ["Organisations", "Persons", "Products"])
def test_everything_shown_is_described_and_no_secret_is_shown(crm: CrmStage, entity: str):
    crm.connector.write("Persons", [create(PersonLastName="Man", PersonOrganisationId=1)])
    crm.connector.write("Products", [create(ProductOrganisationId=1)])
    described = {known.path for known in crm.connector.fields(entity)}
    for record in listed(crm, entity):
        assert set(record.values) <= described
        assert not [path for path in record.values if re.search("password|history", path, re.IGNORECASE)]


def test_a_throttled_call_pauses_and_is_not_counted_against_the_write(crm: CrmStage):
    listed(crm)
    crm.turn(rate_limit_per_minute=1)
    (result,) = crm.connector.write("Organisations", [update(FIRST, OrganisationName="A AS")])
    assert isinstance(result.error, Unavailable)
    assert 1 <= result.error.retry_after <= 60
    assert crm.gate.pauses == [result.error.retry_after]


def test_every_request_is_admitted(crm: CrmStage):
    crm.server.calls.clear()
    listed(crm)
    crm.server.system.acts["forget_tokens"]({})
    crm.connector.read("Organisations", ["1", "2"])
    crm.connector.write("Organisations", [update(FIRST, OrganisationName="A AS")])
    assert len(crm.gate.calls) == crm.calls()


@pytest.mark.parametrize(
    ("config", "why"),
    [({"tokenname": "x"}, "tokenname"), ({"batches": "no"}, "true or false"), ({"token_name": 1}, "text")],
)
def test_a_wrong_configuration_is_a_sentence(crm: CrmStage, config, why):
    with pytest.raises(Misconfigured, match=why):
        crm.opened(**config)


def test_a_missing_token_says_where_to_make_one(crm: CrmStage):
    with pytest.raises(Misconfigured, match="Configuration > Integration"):
        crm.opened(token=" ")


def test_an_address_without_webcrm_is_said(crm: CrmStage):
    elsewhere = WebcrmConnector(crm.access(path="/elsewhere", config={}, auth_code="x"))
    with pytest.raises(Misconfigured, match="no webCRM at this address"):
        elsewhere.list("Organisations")
