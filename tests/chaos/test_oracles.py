"""The oracles of chaos: they see what was lost and doubled, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.chaos.oracles import Case, Verdict, doubles, judge_edits, lost_records
from tests.chaos.person import Edit, Made
from tests.chaos.words import BY_NAME, essence

AT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
CUSTOMERS = BY_NAME["customers"]
PHONE = next(field for field in CUSTOMERS.fields if field.erp == "phone")


def edit(number: int, side: str, value: str) -> Edit:
    key = {"erp": "cus_1", "crm": "7"}[side]
    at = AT + timedelta(seconds=number)
    return Edit(number=number, at=at, side=side, entity="customers", key=key, field=PHONE, value=value)


def case(*edits: Edit, erp: str = "", crm: str = "", writes: list[dict[str, Any]] | None = None) -> Case:
    """One couple, cus_1 and 7, with these telephones now."""
    nothing: dict[str, Any] = {"contacts": {}, "products": {}}
    return Case(
        erp=nothing | {"customers": {"cus_1": {"id": "cus_1", "phone": erp}}},
        crm=nothing | {"customers": {"7": {CUSTOMERS.reference: "cus_1", PHONE.crm: crm}}},
        writes={"erp": [], "crm": writes or []},
        couples={"customers": [("cus_1", "7")], "contacts": [], "products": []},
        edits=list(edits),
        kept=set(),
        in_conflict=set(),
    )


def wrote(key: str, seconds: float, **values: str) -> dict[str, Any]:
    at = (AT + timedelta(seconds=seconds)).isoformat()
    return {"at": at, "entity": "Organisations", "key": key, "values": values}


def found(judged: Case) -> Verdict:
    verdict = Verdict()
    judge_edits(judged, verdict)
    return verdict


def test_an_edit_that_arrived_is_not_lost() -> None:
    verdict = found(case(edit(1, "erp", "22 00 00 01"), erp="22 00 00 01", crm="22000001"))
    assert (verdict.lost, verdict.apart) == ([], [])


def test_an_edit_that_was_overtaken_is_not_lost() -> None:
    verdict = found(case(edit(1, "erp", "1"), edit(2, "crm", "2"), erp="2", crm="2"))
    assert (verdict.lost, verdict.apart) == ([], [])


def test_a_last_edit_that_neither_side_holds_is_lost() -> None:
    verdict = found(case(edit(1, "crm", "1"), edit(2, "erp", "2"), erp="1", crm="1"))
    assert len(verdict.lost) == 1


def test_sides_that_differ_are_apart_unless_the_field_waits_for_a_person() -> None:
    judged = case(edit(1, "erp", "1"), erp="1", crm="0")
    assert len(found(judged).apart) == 1
    assert found(replace(judged, in_conflict={("customers", "cus_1")})).apart == []


def test_an_edit_that_gave_way_to_what_nobody_typed_is_lost() -> None:
    judged = case(edit(1, "erp", "1"), erp="9", crm="9")
    assert len(found(replace(judged, kept={("customers", "erp", "1")})).lost) == 1


def test_a_loser_that_stands_in_the_audit_is_not_lost() -> None:
    judged = case(edit(1, "erp", "1"), edit(2, "crm", "2"), erp="1", crm="1")
    verdict = found(replace(judged, kept={("customers", "crm", "2")}))
    assert verdict.lost == []
    assert verdict.figures["edits overruled, and kept in the audit"] == 1


def test_only_a_write_right_after_the_edit_is_the_window() -> None:
    edits = (edit(1, "erp", "1"), edit(2, "crm", "2"))
    soon = case(*edits, erp="1", crm="1", writes=[wrote("7", 4, **{PHONE.crm: "1"})])
    late = case(*edits, erp="1", crm="1", writes=[wrote("7", 60, **{PHONE.crm: "1"})])
    assert (len(found(soon).lost), len(found(late).lost)) == (0, 1)


def test_a_reference_in_two_records_is_a_double_even_when_one_is_gone() -> None:
    assert list(doubles(case())) == []
    assert len(list(doubles(case(writes=[wrote("8", 1, **{CUSTOMERS.reference: "cus_1"})])))) == 1


def test_a_record_without_counterpart_is_lost() -> None:
    made = Made(at=AT, side="crm", entity="customers", key="7")
    assert list(lost_records(case(), [made])) == []
    assert len(list(lost_records(case(), [replace(made, key="8")]))) == 1


def test_a_number_is_the_same_however_it_is_kept() -> None:
    assert essence(100453.25) == essence("100453.25") == essence("100453.2500")
    assert essence("100453.26") != essence(100453.25)
