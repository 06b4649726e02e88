"""The merge as sentences: who moved, what is written, and why."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from sync.core.plan import Clash, Plan, Problem, Settled, SideState, Wait
from sync.core.records import Property
from sync.core.vocabulary import BlankRule, DataType, Direction, Policy, Side
from tests.core.build import NOON, applied, crm, erp, planned, rule, state, why

ADDRESS = [rule(name, group="address", policy=Policy.NEWEST) for name in ("street", "code", "city")]
BASE = {"street": "Storgata 1", "code": "0155", "city": "Oslo"}


class TestReasons:
    """Every write says why, in words a person reads in the audit."""

    def test_one_side_moved(self) -> None:
        assert why(planned([rule("f")], erp({"f": "a"}, f="b"), crm({"f": "a"}))) == "The ERP moved."
        assert why(planned([rule("f")], erp({"f": "a"}), crm({"f": "a"}, F="b"))) == "webCRM moved."

    def test_the_owner_puts_a_drifted_value_back(self) -> None:
        made = planned([rule("f", direction=Direction.TO_CRM)], erp({"f": "a"}), crm({"f": "a"}, F="b"))
        assert why(made) == "The ERP owns the field; the other side drifted."
        assert made.writes[0].overwrites == {"F": "b"}

    def test_the_newest_wins_and_the_loser_stands_in_the_plan(self) -> None:
        here = SideState(now={"f": "b"}, base={"f": "a"}, stamps={"f": NOON})
        there = SideState(now={"F": "c"}, base={"F": "a"}, stamps={"F": NOON + timedelta(minutes=1)})
        made = planned([rule("f")], here, there)
        assert why(made) == "Both sides moved; webCRM moved last."
        assert made.writes[0].overwrites == {"f": "b"}

    def test_a_protected_value_is_filled_again(self) -> None:
        made = planned([rule("f", blank=BlankRule.PROTECT)], erp({"f": "a"}, f=""), crm({"f": "a"}))
        assert why(made) == "Cleared on the other side; webCRM fills it again."
        assert made.values(Side.ERP) == {"f": "a"}

    def test_the_first_winner_decides(self) -> None:
        made = planned([rule("f")], state({"f": "a"}), state({"F": "b"}), first_winner=Side.CRM)
        assert why(made) == "First meeting: webCRM decides."

    def test_a_move_without_a_time_is_not_guessed_at(self) -> None:
        made = planned([rule("f")], erp({"f": "a"}, f="b"), crm({"f": "a"}, F="c"))
        assert made.clashes == (
            Clash(
                rule="f",
                erp={"f": "b"},
                crm={"F": "c"},
                why="Both sides moved, and it is not known who moved last.",
            ),
        )


class TestTargetsOwnSpelling:
    CITY = rule("city")

    def test_a_spelled_target_is_left_alone(self) -> None:
        assert (
            planned([self.CITY], erp({"city": "oslo"}), state({"City": "Oslo"}, {"City": "Oslo"})) == Plan()
        )

    def test_a_field_of_which_another_part_moved_is_left_alone(self) -> None:
        rules = [self.CITY, rule("code")]
        here = erp({"city": "oslo", "code": "0155"}, code="0156")
        made = planned(rules, here, state({"City": "Oslo", "Code": "0155"}, {"City": "Oslo", "Code": "0155"}))
        assert made.values(Side.CRM) == {"Code": "0156"}

    def test_a_change_behind_the_cut_settles_without_a_write(self) -> None:
        made = planned(
            [rule("f", transforms="cut(4)")], erp({"f": "Annabel"}, f="Annalise"), crm({"f": "Anna"})
        )
        assert not made.writes
        assert made.settled[0].erp == {"f": "Annalise"}


class TestGroup:
    def test_only_what_moved_is_written(self) -> None:
        made = planned(ADDRESS, erp(BASE, street="Storgata 2"), crm(BASE))
        assert made.values(Side.CRM) == {"Street": "Storgata 2"}

    def test_two_halves_from_two_sides_are_never_joined(self) -> None:
        here = SideState(now={**BASE, "street": "Storgata 2"}, base=BASE, stamps={"street": NOON})
        there = crm(BASE, City="Bergen")
        there = SideState(now=there.now, base=there.base, stamps={"City": NOON + timedelta(hours=1)})
        made = planned(ADDRESS, here, there)
        assert made.values(Side.ERP) == {"street": "Storgata 1", "city": "Bergen"}
        assert made.values(Side.CRM) == {}

    def test_a_clash_names_each_member_that_moved(self) -> None:
        made = planned(ADDRESS, erp(BASE, street="Storgata 2"), crm(BASE, City="Bergen"))
        assert [(it.rule, it.group) for it in made.clashes] == [("street", "address"), ("city", "address")]
        assert not made.writes

    def test_two_that_meet_take_one_address_whole(self) -> None:
        made = planned(
            ADDRESS,
            state({**BASE, "code": ""}),
            state({"Street": "Torget 9", "Code": "5003", "City": "Oslo"}),
        )
        assert made.values(Side.CRM) == {"Street": "Storgata 1", "Code": None}
        assert made.writes[1].overwrites == {"Code": "5003"}

    def test_what_only_one_side_knows_is_filled(self) -> None:
        made = planned(
            ADDRESS, state({**BASE, "code": ""}), state({path.title(): it for path, it in BASE.items()})
        )
        assert made.values(Side.ERP) == {"code": "0155"}

    def test_a_later_member_goes_with_the_others(self) -> None:
        here = state({**BASE, "street": "Storgata 2"}, {"street": "Storgata 1", "code": "0155"})
        there = state(
            {"Street": "Storgata 1", "Code": "0155", "City": "Bergen"},
            {"Street": "Storgata 1", "Code": "0155"},
        )
        made = planned(ADDRESS, here, there, first_winner=Side.CRM)
        assert made.values(Side.CRM) == {"Street": "Storgata 2", "City": "Oslo"}

    def test_a_member_that_cannot_travel_holds_a_contested_group(self) -> None:
        rules = [
            rule("street", group="address", policy=Policy.ERP),
            rule("country", group="address", policy=Policy.ERP, transforms="country"),
        ]
        base = {"street": "Storgata 1", "country": "NO"}
        there = state(
            {"Street": "Torget 9", "Country": "Norge"}, {"Street": "Storgata 1", "Country": "Norge"}
        )
        made = planned(rules, erp(base, country="Narnia"), there)
        assert not made.writes
        assert [it.rule for it in made.problems] == ["country"]

    def test_a_member_that_cannot_travel_holds_nobody_back_where_one_side_moved(self) -> None:
        rules = [rule("street", group="address"), rule("country", group="address", transforms="country")]
        base = {"street": "Storgata 1", "country": "NO"}
        there = state(*2 * ({"Street": "Storgata 1", "Country": "Norge"},))
        made = planned(rules, erp(base, street="Storgata 2", country="Narnia"), there)
        assert made.values(Side.CRM) == {"Street": "Storgata 2"}
        assert [it.rule for it in made.problems] == ["country"]

    def test_two_that_each_know_half_take_one_address_whole(self) -> None:
        made = planned(
            ADDRESS, state({**BASE, "city": ""}), state({"Street": "", "Code": "0155", "City": "Bergen"})
        )
        assert made.values(Side.CRM) == {"Street": "Storgata 1", "City": None}
        assert made.values(Side.ERP) == {}

    def test_values_cleared_on_two_sides_are_not_filled_crosswise(self) -> None:
        rules = [
            rule(name, group="g", policy=Policy.ERP, blank=BlankRule.PROTECT) for name in ("street", "city")
        ]
        base = {"street": "Storgata 1", "city": "Oslo"}
        made = planned(rules, erp(base, street=""), crm(base, City=""))
        assert (made.values(Side.ERP), made.values(Side.CRM)) == ({}, {"City": "Oslo"})

    def test_one_move_without_a_time_makes_the_whole_a_clash(self) -> None:
        here = SideState(now={**BASE, "street": "x", "code": "1"}, base=BASE, stamps={"street": NOON})
        there = crm(BASE, City="Bergen")
        there = SideState(now=there.now, base=there.base, stamps={"City": NOON + timedelta(hours=1)})
        assert len(planned(ADDRESS, here, there).clashes) == 3


class TestLines:
    RULE = rule(
        "a", transforms="lines", erp=(Property(path="a1"), Property(path="a2")), crm=(Property(path="A"),)
    )

    def test_only_the_line_that_changed_is_written_back(self) -> None:
        here = state(*2 * ({"a1": "Storgata 1", "a2": "4. etg."},))
        there = state({"A": "Storgata 1\r\n5. etg."}, {"A": "Storgata 1\r\n4. etg."})
        made = planned([self.RULE], here, there)
        assert made.values(Side.ERP) == {"a2": "5. etg."}
        assert planned([self.RULE], *applied(made, here, there)) == Plan()

    def test_a_line_that_is_there_already_only_moves_its_base(self) -> None:
        here = state({"a1": "Ny 1", "a2": "4. etg."}, {"a1": "Gml 1", "a2": "4. etg."})
        there = state({"A": "Ny 1\r\n5. etg."}, {"A": "Gml 1\r\n4. etg."})
        rules = [rule("a", transforms="lines", erp=self.RULE.erp, crm=self.RULE.crm, policy=Policy.CRM)]
        made = planned(rules, here, there)
        assert made.values(Side.ERP) == {"a2": "5. etg."}
        assert planned(rules, *applied(made, here, there)) == Plan()

    def test_one_line_moved_without_a_time_is_not_guessed_at(self) -> None:
        here = SideState(now={"a1": "x", "a2": "y"}, base={"a1": "a", "a2": "b"}, stamps={"a1": NOON})
        there = SideState(now={"A": "c"}, base={"A": "a\nb"}, stamps={"A": NOON + timedelta(hours=1)})
        assert planned([self.RULE], here, there).clashes


class TestOptions:
    RULE = rule("active", transforms="options(true=Resigned, false=Active)")

    def test_what_has_no_word_is_left_as_it_is(self) -> None:
        made = planned(
            [self.RULE], erp({"active": "false"}), state({"Active": "Guest"}, {"Active": "Active"})
        )
        assert [type(it) for it in (*made.settled, *made.writes)] == [Settled]

    def test_the_next_move_of_the_other_side_goes_through(self) -> None:
        there = state({"Active": "Guest"}, {"Active": "Guest"})
        made = planned([self.RULE], erp({"active": "false"}, active="true"), there)
        assert made.values(Side.CRM) == {"Active": "Resigned"}

    def test_two_that_meet_keep_what_has_no_word(self) -> None:
        made = planned([self.RULE], state({"active": "false"}), state({"Active": "Guest"}))
        assert not made.writes
        assert made.settled


class TestWhatCannotTravel:
    def test_a_problem_stops_its_own_field_only(self) -> None:
        rules = [rule("f", crm=(Property(path="F", max_length=2),)), rule("g")]
        made = planned(rules, erp({"f": "a", "g": "a"}, f="long", g="b"), crm({"f": "a", "g": "a"}))
        assert [it.rule for it in made.problems] == ["f"]
        assert made.values(Side.CRM) == {"G": "b"}

    def test_a_required_property_is_not_cleared(self) -> None:
        rules = [rule("f", crm=(Property(path="F", required=True),))]
        made = planned(rules, erp({"f": "a"}, f=""), crm({"f": "a"}))
        assert isinstance(made.problems[0], Problem)
        assert not made.writes

    def test_a_reference_waits_for_its_link(self) -> None:
        rules = [rule("f", transforms="ref(Customers)")]
        made = planned(rules, erp({"f": "a"}, f="b"), crm({"f": "7"}))
        assert made.waits == (Wait(rule="f", pair="Customers", side=Side.ERP, key="b"),)


def test_a_constant_is_put_back_when_it_drifts() -> None:
    owner = (Property(path="Owner", type=DataType.INTEGER),)
    rules = [rule("owner", transforms="const(2)", erp=(), crm=owner, direction=Direction.TO_CRM)]
    made = planned(rules, state({}), state({"Owner": Decimal(3)}, {"Owner": 2}))
    assert made.values(Side.CRM) == {"Owner": 2}
