"""No value becomes a part of a question, and no question is too long to be asked."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.connectors.base import Refused
from sync.connectors.webcrm import sql
from sync.connectors.webcrm.facts import ORGANISATIONS, PERSONS

CORPUS = [
    "x' OR '1'='1", "'; DELETE FROM Organisation --", "''", "'", "a''b", "x') OR (1=1", "/* */", "--", ";",
    "%", "_", "O'Brien", "Ærø", "𝒳", "\u2019", "\u02bc", "x' UNION SELECT PersonPassword FROM Person --",
    "{{7*7}}", "\\", "\\\\'", "a\\b", "' || '", "NULL",
]  # fmt: skip


def literal_ends(text: str) -> int:
    """Where a reader of SQL, who knows no escape but the doubled quote, sees the literal end."""
    return re.match(r"'(?:[^']|'')*'", text).end()


@pytest.mark.parametrize("value", CORPUS)
def test_no_value_leaves_its_literal(value):
    try:
        literal = sql.text(value)
    except Refused:
        return
    assert literal_ends(literal + " OR 'x'") == len(literal)
    assert literal[1:-1].replace("''", "'") == value


@given(st.text())
def test_no_text_at_all_leaves_its_literal(value):
    try:
        literal = sql.text(value)
    except Refused:
        return
    assert literal_ends(literal) == len(literal)
    assert literal[1:-1].replace("''", "'") == value


@pytest.mark.parametrize("value", ["a\x00b", "a\nb", "a\rb", "\\'", "ends\\", "\x7f"])
def test_what_no_literal_can_hold_is_refused(value):
    with pytest.raises(Refused):
        sql.text(value)


def test_a_moment_is_asked_for_in_utc_and_whole_seconds():
    moment_ = datetime.fromisoformat("2018-05-16T12:00:00.900+02:00")
    assert sql.changed(PERSONS, moment_, ["PersonEmail"]) == (
        "SELECT PersonId, PersonUpdatedAt, PersonUpdatedBy, PersonEmail FROM Person "
        "WHERE PersonUpdatedAt >= '2018-05-16T10:00:00.0000000Z' ORDER BY PersonUpdatedAt ASC"
    )


@pytest.mark.parametrize("paths", [(), ("OrganisationCountryData.CodeISO",), ("x; DROP",), ("PersonName",)])
def test_what_cannot_be_selected_by_name_selects_everything(paths):
    assert sql.columns(ORGANISATIONS, paths) == "*"


def test_questions_stay_short_enough_for_an_address():
    keys = [str(900_000 + n) for n in range(400)]
    paths = [f"PersonCustom{n}" for n in range(1, 16)]
    scripts = list(sql.by_literals(PERSONS, "PersonId", keys, paths=paths))
    assert max(len(quote_plus(script)) for script in scripts) < 6_000
    assert [key for script in scripts for key in re.findall(r"PersonId = (\d+)", script)] == keys
