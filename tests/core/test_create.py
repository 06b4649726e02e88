"""What a new record on the other side is made of."""

from __future__ import annotations

from typing import Any

from sync.core.merge import plan_create
from sync.core.plan import Plan
from sync.core.records import Property
from sync.core.vocabulary import DataType, Direction, Side
from tests.core.build import crm, erp, nowhere, planned, rule


class TestOnCreate:
    RULES = [
        rule("name", transforms="trim"),
        rule("last", transforms="dash"),
        rule("kind", direction=Direction.TO_CRM, only_on_create=True),
        rule("status", direction=Direction.TO_ERP),
        rule(
            "owner",
            transforms="const(2)",
            erp=(),
            crm=(Property(path="Owner", type=DataType.INTEGER),),
            direction=Direction.TO_CRM,
        ),
        rule("note"),
    ]

    def made(self, source: Side = Side.ERP, **values: Any) -> Plan:
        return plan_create(self.RULES, source=source, values=values, references=nowhere)

    def test_writes_what_there_is_to_say(self) -> None:
        made = self.made(name=" Ann ", last="", kind="Kunde", status="x", note=" ")
        assert made.values(Side.CRM) == {"Name": "Ann", "Last": "-", "Kind": "Kunde", "Owner": 2}
        assert [(it.rule, dict(it.erp)) for it in made.settled] == [("note", {"note": " "})]

    def test_leaves_out_what_is_unknown(self) -> None:
        assert self.made(name="Ann").values(Side.CRM) == {"Name": "Ann", "Owner": 2}

    def test_works_from_the_other_end_too(self) -> None:
        made = self.made(Side.CRM, Name="Ann", Last="-", Status="x", Owner=7)
        assert made.values(Side.ERP) == {"name": "Ann", "status": "x"}

    def test_a_required_property_without_a_value_is_a_problem(self) -> None:
        rules = [rule("f", crm=(Property(path="F", required=True),))]
        made = plan_create(rules, source=Side.ERP, values={"f": ""}, references=nowhere)
        assert [it.rule for it in made.problems] == ["f"]

    def test_is_never_compared_afterwards(self) -> None:
        made = planned([self.RULES[2]], erp({"kind": "a"}, kind="b"), crm({"kind": "a"}, Kind="c"))
        assert made == Plan()
