"""The small SQL of `/Queries`: what it finds, in which order, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.webcrm import where
from sandbox.webcrm.fields import SHAPES
from sandbox.webcrm.rows import Rows
from sandbox.webcrm.sql import Compare, Condition, Several, read
from sandbox.webcrm.switches import Switches
from sandbox.webcrm.where import Conditions
from tests.sandbox.webcrm_stage import Stage


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage()


@pytest.fixture
def own_stage() -> Stage:
    """For tests that turn switches."""
    return Stage()


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("OrganisationId = 2", [2]),
        ("OrganisationId = '2'", [2]),
        ("OrganisationId <> 2", [1, 3]),
        ("OrganisationId > 1 AND OrganisationId < 3", [2]),
        ("OrganisationId >= 2", [2, 3]),
        ("OrganisationId <= 2", [1, 2]),
        ("OrganisationId = 1 OR OrganisationId = 3 OR OrganisationId = 77", [1, 3]),
        ("OrganisationId IN (3, 1)", [1, 3]),
        ("(OrganisationId = 1 OR OrganisationId = 2) AND OrganisationCity = 'Bodø'", [2]),
        ("OrganisationId = 1 OR OrganisationId = 2 AND OrganisationCity = 'x'", [1]),
        ("OrganisationId = -1", []),
        ("OrganisationId = 1.5", []),
        ("Organisation.OrganisationId = 2", [2]),
        ("organisationid = 2", [2]),
        ("OrganisationName = 'akkurat as'", [1]),
        ("OrganisationName = 'O''Hara''s Blomster'", [2]),
        ("OrganisationName = 'ØDEGÅRD BYGG'", [3]),
        ("OrganisationName LIKE 'o%''s%'", [2]),
        ("OrganisationName LIKE '%BYGG'", [3]),
        ("OrganisationName LIKE 'Akkurat_AS'", [1]),
        ("OrganisationName LIKE 'Akkurat'", []),
        ("OrganisationName < 'b'", [1]),
        ("OrganisationCity = ''", [1, 3]),
        ("OrganisationCity <> ''", [2]),
        ("OrganisationExtraCustom8 = 'CUS_1'", [1]),
        ("OrganisationExtraCustom8 = ''", [2, 3]),
        ("OrganisationExtraCustom8 = 'cus_1' OR OrganisationExtraCustom8 = 'cus_2'", [1]),
        ("OrganisationStatus = 'Kunde' OR OrganisationStatus = 'Prospekt'", [1, 2]),
        ("OrganisationStatus = '-- vælg --'", [3]),
        ("OrganisationNoAds = 0", [1, 2, 3]),
        ("OrganisationOwner = 0", [1, 2, 3]),
        ("OrganisationUpdatedAt >= '2026-01-12T10:00:00.0000000Z'", [2, 3]),
        ("OrganisationUpdatedAt > '2026-01-12T10:00:00Z'", [3]),
        ("OrganisationUpdatedAt >= '2026-01-12T10:00:00.5Z'", [3]),
        ("OrganisationUpdatedAt >= '2026-01-12T11:00:00+01:00'", [2, 3]),
        ("OrganisationUpdatedAt >= '2026-01-12T10:00:00'", [2, 3]),
        ("OrganisationUpdatedAt < '2026-01-12'", [1]),
        ("OrganisationUpdatedAt = '2026-01-12T10:00:00Z'", [2]),
        ("OrganisationXDate1 = '0001-01-01T00:00:00'", [1, 2, 3]),
    ],
)
def test_a_condition_finds(stage: Stage, condition: str, found: list[int]) -> None:
    assert ids(stage.ask(f"SELECT * FROM Organisation WHERE {condition}")) == found


def test_columns_come_as_they_were_asked_for(stage: Stage) -> None:
    script = "SELECT PersonEmail, PersonId FROM person WHERE PersonEmail = 'bat@akkurat.NO'"
    assert stage.ask(script) == [{"PersonEmail": "Bat@Akkurat.no", "PersonId": 1}]


def test_words_and_blanks_are_free(stage: Stage) -> None:
    script = "select  PersonId\nfrom PERSON where(PersonId=1)or(PersonId = 2)order by PersonId desc"
    assert [row["PersonId"] for row in stage.ask(script)] == [2, 1]


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("", [1, 2, 3]),
        (" ORDER BY OrganisationId DESC", [3, 2, 1]),
        (" ORDER BY OrganisationName", [1, 2, 3]),
        (" ORDER BY OrganisationUpdatedAt DESC", [3, 2, 1]),
        (" ORDER BY OrganisationCity ASC, OrganisationId DESC", [3, 1, 2]),
    ],
)
def test_order(stage: Stage, order: str, found: list[int]) -> None:
    assert ids(stage.ask(f"SELECT * FROM Organisation{order}")) == found


def test_answers_are_paged_like_lists(stage: Stage) -> None:
    script = "SELECT OrganisationId FROM Organisation ORDER BY OrganisationId"
    assert ids(stage.ask(script, Page=2, Size=2)) == [3]
    assert stage.ask(script, page=3, size=2) == []
    assert stage.refused("GET", "/Queries", script=script, Size=1001)[0] == 400


def test_a_star_shows_the_record_and_raw_columns_too(stage: Stage) -> None:
    (row,) = stage.ask("SELECT * FROM Person WHERE PersonId = 1")
    raw = {name for name in row if not name.startswith("Person")}
    assert raw == {
        "RowNumber",
        "p_lastUpdatedById",
        "p_reportFilterMatch",
        "p_marketDataProviderId",
        "p_lastLogin",
        "p_memDate",
    }
    assert {name: value for name, value in row.items() if name not in raw} == stage.get("/Persons/1")
    assert stage.ask("SELECT * FROM Organisation", Page=2, Size=2)[0]["RowNumber"] == 3


def test_plus_fields_are_numbers_unless_formatted(stage: Stage) -> None:
    for script in ("SELECT OrganisationPlus1", "SELECT *"):
        script += " FROM Organisation WHERE OrganisationId = 1"
        assert stage.ask(script)[0]["OrganisationPlus1"] == 0
        assert stage.ask(script, formatCustomFields="true")[0]["OrganisationPlus1"] == "0"


def test_a_join_has_the_columns_of_both_tables(stage: Stage) -> None:
    script = (
        "SELECT * FROM Person JOIN Organisation ON (Person.PersonOrganisationId = Organisation.OrganisationId)"
        " WHERE OrganisationStatus = 'Prospekt'"
    )
    (row,) = stage.ask(script)
    assert (row["PersonId"], row["OrganisationName"]) == (2, "O'Hara's Blomster")
    swapped = script.replace(
        "Person.PersonOrganisationId = Organisation.OrganisationId", "OrganisationId = PersonOrganisationId"
    )
    assert stage.ask(swapped) == [row]


def test_a_question_may_be_too_long(own_stage: Stage) -> None:
    long = " OR ".join(f"OrganisationId = {number}" for number in range(2, 200))
    script = f"SELECT OrganisationId FROM Organisation WHERE OrganisationId = 1 OR {long}"
    assert len(own_stage.ask(script)) > 0
    own_stage.turn(longest_query=2048)
    assert own_stage.refused("GET", "/Queries", script=script)[0] == 404
    assert len(own_stage.ask(script.partition(" OR ")[0])) == 1


def test_products_can_be_asked_for_unless_the_system_does_not_know_them(own_stage: Stage) -> None:
    script = "SELECT ProductId FROM Product"
    assert own_stage.ask(script) == [{"ProductId": 1}]
    own_stage.turn(queries="no_product")
    assert own_stage.refused("GET", "/Queries", script=script)[0] == 400
    own_stage.turn(queries="off")
    assert own_stage.refused("GET", "/Queries", script=script)[0] == 404


@pytest.mark.parametrize("table", ["Delivery", "Opportunity", "Activity", "LinkedData"])
def test_other_tables_are_there_but_empty(stage: Stage, table: str) -> None:
    assert stage.ask(f"SELECT * FROM {table} WHERE {table}Id = 1") == []


def test_a_system_of_2019_does_not_know_newer_columns(own_stage: Stage) -> None:
    own_stage.turn(legacy_2019=True)
    script = "SELECT OrganisationDeliveryCity FROM Organisation"
    assert own_stage.refused("GET", "/Queries", script=script)[0] == 400


@pytest.mark.parametrize(
    "script",
    [
        "",
        "DROP TABLE Person",
        "SELECT FROM Person",
        "SELECT * FROM Invoice",
        "SELECT * FROM Person WHERE",
        "SELECT * FROM Person WHERE Shoe = 1",
        "SELECT * FROM Person WHERE PersonId = 'x'",
        "SELECT * FROM Person WHERE PersonUpdatedAt > 'soon'",
        "SELECT * FROM Person WHERE PersonId = PersonOrganisationId",
        "SELECT * FROM Person WHERE PersonId IN ()",
        "SELECT * FROM Person WHERE PersonId BETWEEN 1 AND 2",
        "SELECT * FROM Person WHERE PersonTitle IS NULL",
        "SELECT * FROM Person WHERE NOT PersonId = 1",
        "SELECT * FROM Person WHERE (PersonId = 1",
        "SELECT * FROM Person WHERE PersonLastName = 'open",
        "SELECT * FROM Person WHERE OrganisationId = 1",
        "SELECT * FROM Person JOIN Organisation ON (PersonId = PersonId)",
        "SELECT * FROM Person; SELECT * FROM Person",
        "SELECT COUNT(*) FROM Person",
        "SELECT TOP 10 * FROM Person",
        "SELECT * FROM Person LIMIT 5",
        "SELECT * FROM Person WHERE " + "(" * 2000 + "PersonId = 1" + ")" * 2000,
    ],
)
def test_anything_else_is_refused(stage: Stage, script: str) -> None:
    answer = stage.call("GET", "/Queries", script=script)
    assert answer.status_code == 400
    assert answer.json["Type"] == "QueryException"
    assert answer.json["Message"].startswith("Query error: ")


def test_two_hundred_terms_are_one_look_up_each() -> None:
    rows = [{"OrganisationId": at, "OrganisationName": f"Firma {at}"} for at in range(1, 501)]
    stage = Stage({"Organisations": rows})
    terms = " OR ".join(f"OrganisationId = {at}" for at in range(400, 600))
    assert ids(stage.ask(f"SELECT * FROM Organisation WHERE {terms}", Size=1000)) == list(range(400, 501))


NAMES = st.sampled_from(("", "a", "B", "cus_1", "cus_2"))
TERMS = st.one_of(
    st.builds(
        Compare,
        st.sampled_from(("OrganisationId", "organisationid")),
        st.sampled_from(("=", "IN", "<>", ">")),
        st.tuples(st.integers(0, 5)),
    ),
    st.builds(
        Compare,
        st.sampled_from(("OrganisationExtraCustom8", "OrganisationCity")),
        st.sampled_from(("=", "IN", "<>", ">=")),
        st.tuples(NAMES),
    ),
    st.builds(
        Compare,
        st.just("OrganisationUpdatedAt"),
        st.sampled_from((">", ">=", "<")),
        st.tuples(st.integers(1, 4).map("2026-01-0{}T00:00:00Z".format)),
    ),
)
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    TERMS,
    lambda inner: st.builds(
        Several, st.sampled_from(("AND", "OR")), st.lists(inner, min_size=2, max_size=4).map(tuple)
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(CONDITIONS)
def test_a_short_cut_never_loses_a_row(condition: Condition) -> None:
    table = small_table()
    judged = Conditions(SHAPES["Organisations"].by_lower_name, Switches())
    test = judged.test(condition)
    keys = judged.candidates(condition, table)
    found = [key for key in (table.ids if keys is None else keys) if test(table.by_id[key])]
    assert sorted(found) == [key for key in table.ids if naive(condition, table.by_id[key])]


def naive(condition: Condition, row: dict[str, Any]) -> bool:
    """What a condition means, one comparison after the other."""
    if isinstance(condition, Several):
        return {"AND": all, "OR": any}[condition.word](naive(part, row) for part in condition.parts)
    name = {"organisationid": "OrganisationId"}.get(condition.column, condition.column)
    (wanted,) = condition.literals
    if name == "OrganisationUpdatedAt":
        wanted = str(wanted).replace("Z", "+00:00")
    held = row.get(name, "")
    if isinstance(wanted, str):
        held, wanted = held.casefold(), wanted.casefold()
    if condition.operator in ("=", "IN"):
        return bool(held == wanted)
    return (
        bool(held != wanted)
        if condition.operator == "<>"
        else where.ORDERED[condition.operator](held, wanted)
    )


def small_table() -> Rows:
    """Four stored rows: names that differ in case only, blanks, and one row a day."""
    table = Rows(SHAPES["Organisations"])
    for at, text, city in ((1, "cus_1", "a"), (2, "CUS_2", ""), (3, "", "b"), (4, "B", "A")):
        given = {"OrganisationExtraCustom8": text, "OrganisationCity": city}
        stored = {name: value for name, value in given.items() if value}
        table.put({"OrganisationId": at, "OrganisationUpdatedAt": f"2026-01-0{at}T00:00:00+00:00"} | stored)
    return table


def test_a_script_is_read_into_plain_values() -> None:
    select = read("SELECT A, B FROM T WHERE X = 'it''s' AND (Y > 1 OR Z IN (2, 3.5)) ORDER BY A DESC, B")
    assert (select.columns, select.table, select.join) == (("A", "B"), "T", None)
    assert select.where == Several(
        "AND",
        (
            Compare("X", "=", ("it's",)),
            Several("OR", (Compare("Y", ">", (1,)), Compare("Z", "IN", (2, 3.5)))),
        ),
    )
    assert [(order.column, order.descending) for order in select.order] == [("A", True), ("B", False)]


def ids(rows: list[dict[str, Any]]) -> list[int]:
    return [row["OrganisationId"] for row in rows]
