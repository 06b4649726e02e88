"""The webCRM connector against a webCRM in every doubtful mood: logging in, listing, reading, finding."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sync.connectors.base import (
    Misconfigured,
    Refused,
    Unauthorized,
    Unavailable,
)
from tests.connectors.conftest import ORGANISATIONS
from tests.connectors.operations import create, update
from tests.connectors.stages import CrmStage, listed

FIRST = "1"


def endpoints(crm: CrmStage) -> list[str]:
    return [call for call in crm.gate.calls if "Auth" not in call]


# Logging in


def test_one_login_serves_many_calls_and_connectors(crm: CrmStage):
    listed(crm)
    crm.connector = crm.opened()
    listed(crm)
    assert crm.gate.calls.count("POST /Auth/ApiLogin") == 1


def test_a_token_that_ended_early_is_renewed_and_the_call_repeated(crm: CrmStage):
    listed(crm)
    crm.server.system.acts["forget_tokens"]({})
    assert len(listed(crm)) == len(ORGANISATIONS)
    assert crm.gate.calls.count("POST /Auth/ApiLogin") == 2


def test_a_write_refused_for_its_token_is_repeated_once(crm: CrmStage):
    listed(crm)
    crm.server.system.acts["forget_tokens"]({})
    (result,) = crm.connector.write("Organisations", [create(OrganisationName="Once AS")])
    assert result.error is None
    assert [row["OrganisationName"] for row in crm.server.system.state("Organisations")].count("Once AS") == 1


def test_a_token_another_worker_renewed_is_used_without_a_login(crm: CrmStage):
    listed(crm)
    crm.server.system.acts["forget_tokens"]({})
    other = crm.opened()
    other.list("Organisations")
    listed(crm)
    assert crm.gate.calls.count("POST /Auth/ApiLogin") == 2


@pytest.mark.parametrize("as_200", [False, True])
def test_a_wrong_token_is_unauthorized_however_it_is_said(crm: CrmStage, as_200: bool):
    crm.turn(bad_login_as_200=as_200)
    wrong = crm.opened(token="11111111-2222-3333-4444-555555555555")
    with pytest.raises(Unauthorized, match=r"does not accept .* Enter its credentials anew") as caught:
        wrong.list("Organisations")
    assert "11111111" not in str(caught.value)


def test_a_write_with_a_wrong_token_is_told_per_operation(crm: CrmStage):
    wrong = crm.opened(token="11111111-2222-3333-4444-555555555555")
    results = wrong.write(
        "Organisations", [update(FIRST, OrganisationName="A"), update("2", OrganisationName="B")]
    )
    assert [type(result.error) for result in results] == [Unauthorized, Unauthorized]


def test_a_read_only_token_is_refused_with_a_sentence(crm: CrmStage):
    reader = crm.opened(token="00000000-0000-0000-0000-000000000002")
    (result,) = reader.write("Organisations", [update(FIRST, OrganisationName="A")])
    assert isinstance(result.error, Refused)


def test_the_system_says_who_it_is(crm: CrmStage):
    first = crm.connector.identity()
    crm.turn(system_id=1)
    assert (first.key, crm.connector.identity(fresh=True).key) == ("webcrm:39329", "webcrm:1")


def test_who_gave_the_token_in_use_is_known_without_a_call(crm: CrmStage):
    crm.connector.list("Organisations")
    crm.gate.calls.clear()
    assert crm.opened().identity().key == "webcrm:39329"
    assert crm.gate.calls == []


def test_a_token_that_nobody_says_the_giver_of_is_not_used(crm: CrmStage):
    """As hubs kept them before: taken for nobody's, it would look like another system."""
    crm.connector.list("Organisations")
    for name, (text, until) in crm.vault.tokens.items():
        crm.vault.tokens[name] = (text.split()[0] if text.strip() else text, until)
    other = crm.opened()
    assert other.identity().key == "webcrm:39329"
    assert other.list("Organisations").records


def test_a_token_that_was_withdrawn_is_noticed_where_it_is_asked_for(crm: CrmStage):
    crm.connector.list("Organisations")
    crm.server.calls.clear()
    crm.connector.identity(fresh=True)
    assert crm.calls() == 1


def test_another_system_met_in_the_middle_is_not_written_to(crm: CrmStage):
    assert crm.connector.identity().key == "webcrm:39329"
    crm.turn(system_id=40000)
    crm.server.system.acts["forget_tokens"]({})
    (result,) = crm.connector.write("Organisations", [update(FIRST, OrganisationName="Wrong AS")])
    assert isinstance(result.error, Unavailable)
    assert "40000" in str(result.error)
    assert crm.values(FIRST)["OrganisationName"] == "Kunde 1 AS"
    with pytest.raises(Unavailable):
        crm.connector.list("Organisations")
    assert crm.opened().identity(fresh=True).key == "webcrm:40000"


def test_an_older_system_is_known_by_its_token(crm: CrmStage):
    crm.turn(legacy_2019=True)
    key = crm.connector.identity().key
    assert key.startswith("token:")
    assert "00000000-0000" not in key


# Who edited


def test_the_token_name_is_learnt_once(crm: CrmStage):
    crm.connector.write("Organisations", [update(FIRST, OrganisationName="Hub AS")])
    for _ in range(3):
        crm.connector = crm.opened()
        assert crm.connector.read("Organisations", [FIRST])[FIRST].by_hub
    assert crm.gate.calls.count("GET /Auth") == 1


def test_the_token_name_can_be_given(crm: CrmStage):
    crm.connector.write("Organisations", [update(FIRST, OrganisationName="Hub AS")])
    given = crm.opened(token_name="somebody else")
    assert not given.read("Organisations", [FIRST])[FIRST].by_hub
    assert "GET /Auth" not in crm.gate.calls


# Listing


@pytest.mark.parametrize("queries", ["on", "off"])
def test_changes_are_found_with_and_without_queries(crm: CrmStage, queries: str):
    crm.turn(queries=queries)
    began = datetime.now(UTC) - timedelta(minutes=1)
    crm.edit("3", OrganisationName="Moved AS")
    shown = {record.key: record.values["OrganisationName"] for record in listed(crm, since=began)}
    assert shown["3"] == "Moved AS"
    assert len(shown) < len(ORGANISATIONS)
    assert crm.connector.capabilities("Organisations").changed_since


@pytest.mark.parametrize(
    ("queries", "entity", "since", "bulk"),
    [
        ("on", "Persons", True, 150),
        ("on", "Products", True, 150),
        ("no_product", "Persons", True, 150),
        ("no_product", "Products", False, 0),
        ("off", "Persons", False, 0),
        ("off", "Organisations", True, 0),
    ],
)
def test_what_a_system_can_do_is_found_out(crm: CrmStage, queries, entity, since, bulk):
    crm.turn(queries=queries)
    found = crm.connector.capabilities(entity)
    assert (found.changed_since, found.bulk_read) == (since, bulk)


def test_what_was_found_out_is_remembered(crm: CrmStage):
    for _ in range(3):
        crm.opened().capabilities("Persons")
    assert crm.gate.calls.count("GET /Queries") == 1


def test_a_column_an_older_system_does_not_have_spoils_nothing(crm: CrmStage):
    crm.turn(legacy_2019=True)
    began = datetime(2020, 1, 1, tzinfo=UTC)
    paths = ("OrganisationName", "OrganisationDeliveryCity")
    assert len(listed(crm, since=began, paths=paths)) == len(ORGANISATIONS)
    assert crm.connector.capabilities("Organisations").bulk_read


def test_a_long_list_of_changes_goes_on_from_the_last_stamp(crm: CrmStage):
    names = [f"Many {number} AS" for number in range(2_200)]
    crm.connector.write("Organisations", [create(OrganisationName=name) for name in names])
    crm.gate.calls.clear()
    records = listed(crm, since=datetime(2020, 1, 1, tzinfo=UTC), paths=("OrganisationName",))
    assert {record.values["OrganisationName"] for record in records} >= set(names)
    assert 3 <= len(endpoints(crm)) <= 5


def test_a_row_edited_between_two_pages_hides_no_other(crm: CrmStage):
    crm.connector.write(
        "Organisations", [create(OrganisationName=f"Many {number} AS") for number in range(1_100)]
    )
    since = datetime(2020, 1, 1, tzinfo=UTC)
    page = crm.connector.list("Organisations", since=since)
    for key in ("1", "2", "3", "4", "5"):
        crm.edit(key, OrganisationName="Moved AS")
    keys = [record.key for record in page.records]
    while page.next is not None:
        page = crm.connector.list("Organisations", since=since, page=page.next)
        keys += [record.key for record in page.records]
    assert set(keys) == set(crm.keys())


@pytest.mark.parametrize("queries", ["on", "off"])
def test_a_row_removed_between_two_pages_hides_no_other(crm: CrmStage, queries: str):
    crm.turn(queries=queries)
    crm.connector.write(
        "Organisations", [create(OrganisationName=f"Many {number} AS") for number in range(2_100)]
    )
    page = crm.connector.list("Organisations")
    keys = [record.key for record in page.records]
    while page.next is not None:
        crm.remove(crm.keys()[0])
        page = crm.connector.list("Organisations", page=page.next)
        keys += [record.key for record in page.records]
    assert set(keys) >= set(crm.keys())


def test_a_full_listing_of_a_system_without_queries_looks_once_behind_each_full_page(crm: CrmStage):
    crm.turn(queries="off")
    crm.connector.write(
        "Organisations", [create(OrganisationName=f"Many {number} AS") for number in range(1_100)]
    )
    crm.connector.capabilities("Organisations")
    crm.gate.calls.clear()
    assert len(listed(crm)) == len(crm.keys())
    assert endpoints(crm) == ["GET /Organisations"] * 4


@pytest.mark.parametrize(
    ("queries", "called"), [("on", ["GET /Queries"] * 2), ("off", ["GET /Organisations"] * 2)]
)
def test_a_complete_listing_ends_with_an_empty_page_only(crm: CrmStage, queries: str, called: list[str]):
    crm.turn(queries=queries)
    crm.connector.capabilities("Organisations")
    crm.gate.calls.clear()
    listed(crm)
    assert endpoints(crm) == called


# Reading and finding


@pytest.mark.parametrize("switches", [{"queries": "off"}, {"queries": "off", "missing_as_204": True}])
def test_records_are_read_one_by_one_where_there_are_no_queries(crm: CrmStage, switches):
    crm.turn(**switches)
    found = crm.connector.read("Organisations", ["1", "999", "2"])
    assert sorted(found) == ["1", "2"]


def test_questions_become_short_where_long_ones_are_refused(crm: CrmStage):
    crm.turn(longest_query=2048)
    crm.connector.write(
        "Organisations", [create(OrganisationName=f"Nr {number} AS") for number in range(200)]
    )
    keys = crm.keys()
    assert len(crm.connector.read("Organisations", keys, paths=("OrganisationName",))) == len(keys)
    names = [f"Nr {number} AS" for number in range(200)]
    assert len(crm.connector.find("Organisations", "OrganisationName", names)) == len(names)
    crm.gate.calls.clear()
    assert len(crm.opened().read("Organisations", keys, paths=("OrganisationName",))) == len(keys)
    assert set(endpoints(crm)) == {"GET /Queries"}
    assert len(endpoints(crm)) <= 6


def test_finding_without_queries_reads_everything(crm: CrmStage):
    crm.turn(queries="off")
    (found,) = crm.connector.find("Organisations", "OrganisationName", ["kunde 3 as"])
    assert found.key == "3"


@pytest.mark.parametrize("value", ["x' OR '1'='1", "'; DELETE FROM Organisation --", "x') OR (1=1", "%", "*"])
def test_a_hostile_value_finds_nothing(crm: CrmStage, value: str):
    assert crm.connector.find("Organisations", "OrganisationName", [value]) == []
    assert len(crm.keys()) == len(ORGANISATIONS)


@pytest.mark.parametrize(
    "path", ["PersonEmail", "name", "OrganisationName = 'x' OR OrganisationId", "OrganisationX--"]
)
def test_a_hostile_path_is_no_property(crm: CrmStage, path: str):
    with pytest.raises(Misconfigured, match="no property"):
        crm.connector.find("Organisations", path, ["x"])


def test_a_number_is_looked_up_as_one(crm: CrmStage):
    (person,) = crm.connector.write("Persons", [create(PersonLastName="Man", PersonOrganisationId=1)])
    found = crm.connector.find("Persons", "PersonOrganisationId", ["1", "2"])
    assert [record.key for record in found] == [person.key]
    with pytest.raises(Refused):
        crm.connector.find("Persons", "PersonOrganisationId", ["1 OR 1"])


@pytest.mark.parametrize("key", ["abc", "1 OR 1=1", "../2", "", "１"])
def test_what_is_no_id_is_not_there(crm: CrmStage, key: str):
    assert crm.connector.read("Organisations", [key]) == {}
