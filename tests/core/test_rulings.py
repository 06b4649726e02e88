"""What a person said about a conflict, and for how long it holds."""

from __future__ import annotations

from typing import Any

import pytest

from sync.core.plan import Plan, Ruling
from sync.core.records import Property
from sync.core.vocabulary import BlankRule, Direction, Policy, Side
from tests.core.build import applied, crm, erp, planned, rule, state, why


class TestRuling:
    HERE, THERE = erp({"f": "a"}, f="b"), crm({"f": "a"}, F="c")

    def rule_on(self, winner: Side | None, value: Any = None, **saw: Any) -> Plan:
        ruling = Ruling(
            rule="f", winner=winner, value=value, erp={"f": saw.get("f", "b")}, crm={"F": saw.get("F", "c")}
        )
        return planned([rule("f", policy=Policy.ASK)], self.HERE, self.THERE, rulings={"f": ruling})

    @pytest.mark.parametrize(("winner", "written"), [(Side.ERP, {"F": "b"}), (Side.CRM, {"f": "c"})])
    def test_the_person_decides(self, winner: Side, written: dict[str, str]) -> None:
        made = self.rule_on(winner)
        assert made.values(winner.other) == written
        assert why(made) == "A person decided."

    def test_another_value_goes_to_both_sides(self) -> None:
        made = self.rule_on(None, "d")
        assert (made.values(Side.ERP), made.values(Side.CRM)) == ({"f": "d"}, {"F": "d"})
        assert {it.side: it.overwrites for it in made.writes} == {Side.ERP: {"f": "b"}, Side.CRM: {"F": "c"}}
        assert planned([rule("f", policy=Policy.ASK)], *applied(made, self.HERE, self.THERE)) == Plan()

    def test_half_a_success_is_finished_later(self) -> None:
        ruling = Ruling(rule="f", winner=None, value="d", erp={"f": "b"}, crm={"F": "c"})
        there = state({"F": "d"}, {"F": "d"})
        made = planned([rule("f", policy=Policy.ASK)], self.HERE, there, rulings={"f": ruling})
        assert (made.values(Side.ERP), made.values(Side.CRM)) == ({"f": "d"}, {})

    def test_a_value_that_does_not_fit_is_a_problem(self) -> None:
        ruling = Ruling(rule="f", winner=None, value="long", erp={"f": "b"}, crm={"F": "c"})
        rules = [rule("f", policy=Policy.ASK, crm=(Property(path="F", max_length=2),))]
        made = planned(rules, self.HERE, self.THERE, rulings={"f": ruling})
        assert [it.rule for it in made.problems] == ["f"]

    @pytest.mark.parametrize("saw", [{"f": "older"}, {"F": "older"}])
    @pytest.mark.parametrize("winner", [Side.ERP, None])
    def test_what_moved_since_is_asked_again(self, winner: Side | None, saw: dict[str, str]) -> None:
        made = self.rule_on(winner, "d", **saw)
        assert not made.writes
        assert [it.rule for it in made.clashes] == ["f"]

    def test_a_blank_that_a_person_chose_clears(self) -> None:
        ruling = Ruling(rule="f", winner=Side.ERP, erp={"f": ""}, crm={"F": "c"})
        rules = [rule("f", policy=Policy.ASK, blank=BlankRule.KEEP)]
        made = planned(rules, erp({"f": "a"}, f=""), self.THERE, rulings={"f": ruling})
        assert made.values(Side.CRM) == {"F": None}

    def test_a_one_way_field_obeys_its_owner(self) -> None:
        ruling = Ruling(rule="f", winner=Side.CRM, erp={"f": "b"}, crm={"F": "c"})
        rules = [rule("f", direction=Direction.TO_CRM)]
        made = planned(rules, self.HERE, self.THERE, rulings={"f": ruling})
        assert (made.values(Side.ERP), made.values(Side.CRM)) == ({}, {"F": "b"})

    def test_a_group_waits_for_a_word_on_each_of_its_clashes(self) -> None:
        rules = [rule("f", group="g", policy=Policy.ASK), rule("h", group="g", policy=Policy.ASK)]
        base = {"f": "a", "h": "a"}
        here, there = erp(base, f="b", h="b"), crm(base, F="c", H="c")
        word = {
            name: Ruling(rule=name, winner=Side.ERP, erp={name: "b"}, crm={name.title(): "c"})
            for name in "fh"
        }
        assert len(planned(rules, here, there, rulings={"f": word["f"]}).clashes) == 2
        assert planned(rules, here, there, rulings=word).values(Side.CRM) == {"F": "b", "H": "b"}
