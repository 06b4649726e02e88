"""What merge never does, whatever the rules and the values."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sync.core.mapping import Rule, differing, translate
from sync.core.plan import Plan, Ruling, SideState
from sync.core.records import Property
from sync.core.transforms.chain import parse
from sync.core.transforms.transform import Leave
from sync.core.vocabulary import BlankRule, DataType, Direction, Policy, Side
from tests.core.build import NOON, applied, nowhere, planned, rule, state

EXAMPLES = settings(max_examples=40, deadline=None)
CHAINS = [
    "",
    "trim",
    "lower",
    "trim | cut(3)",
    "phone",
    "dash",
    "options(a=A, b=B, *=C)",
    "number(1)",
    "upper",
    "url",
]
MIRRORED = ["", "trim", "lower", "upper", "phone", "url", "digits", "number(1)"]
WORDS = [
    None,
    "",
    "-",
    "a",
    "A",
    " a",
    "b",
    "B",
    "C",
    "abcd",
    "ABC",
    "abc",
    "12",
    "1 2",
    "1.25",
    "1.2",
    "http://a/",
]
POLICIES = {Policy.ERP: Policy.CRM, Policy.CRM: Policy.ERP}
WAYS = {Direction.TO_CRM: Direction.TO_ERP, Direction.TO_ERP: Direction.TO_CRM}

values = st.sampled_from(WORDS)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=10)


@st.composite
def mappings(draw: Any, chains: list[str] = CHAINS) -> list[Rule]:
    """One to four rules; those of the group share direction and policy, as the mapping's check demands."""
    shared = {
        "direction": draw(st.sampled_from(Direction)),
        "policy": draw(st.sampled_from(Policy)),
        "group": "g",
    }
    return [
        rule(
            f"f{index}",
            transforms=draw(st.sampled_from(chains)),
            blank=draw(st.sampled_from(BlankRule)),
            **(
                shared
                if draw(st.booleans())
                else {"direction": draw(st.sampled_from(Direction)), "policy": draw(st.sampled_from(Policy))}
            ),
        )
        for index in range(draw(st.integers(1, 4)))
    ]


@st.composite
def sides(draw: Any, rules: list[Rule], side: Side) -> SideState:
    """What one side says, said, and when it moved; some of it absent, much of it unmoved."""
    now, base, stamps = {}, {}, {}
    for path in (path for each in rules for path in each.paths(side)):
        now[path] = base[path] = draw(values)
        if draw(st.booleans()):
            base[path] = draw(values)
        if draw(st.integers(0, 5)) == 0:
            draw(st.sampled_from([now, base])).pop(path)
        if draw(st.booleans()):
            stamps[path] = NOON + timedelta(seconds=draw(st.integers(0, 9)))
    return state(now, base, stamps)


@st.composite
def scenes(draw: Any, chains: list[str] = CHAINS) -> tuple[list[Rule], SideState, SideState, Side]:
    rules = draw(mappings(chains))
    return rules, draw(sides(rules, Side.ERP)), draw(sides(rules, Side.CRM)), draw(st.sampled_from(Side))


def side_of(erp: SideState, crm: SideState, side: Side) -> SideState:
    return erp if side is Side.ERP else crm


@EXAMPLES
@given(scenes())
def test_never_writes_what_is_already_there(scene: Any) -> None:
    rules, erp, crm, first = scene
    by_name = {each.name: each for each in rules}
    for write in planned(rules, erp, crm, first_winner=first).writes:
        held = side_of(erp, crm, write.side).now
        assert set(differing(by_name[write.rule], write.side, write.values, held)) == set(write.values)


@EXAMPLES
@given(scenes())
def test_never_counts_an_absent_field(scene: Any) -> None:
    rules, erp, crm, first = scene
    seen = [
        each
        for each in rules
        if all(path in side_of(erp, crm, side).now for side in Side for path in each.paths(side))
    ]
    assert planned(rules, erp, crm, first_winner=first) == planned(seen, erp, crm, first_winner=first)


@EXAMPLES
@given(scenes())
def test_converges_in_one_step(scene: Any) -> None:
    rules, erp, crm, first = scene
    made = planned(rules, erp, crm, first_winner=first)
    again = planned(rules, *applied(made, erp, crm), first_winner=first)
    assert not again.writes
    assert not again.settled
    assert {each.rule for each in again.clashes} <= {each.rule for each in made.clashes}


@EXAMPLES
@given(scenes(MIRRORED))
def test_is_symmetric_under_swapping_sides(scene: Any) -> None:
    rules, erp, crm, first = scene
    swapped = [mirror(each) for each in rules]
    here = planned(rules, erp, crm, first_winner=first)
    there = planned(swapped, crm, erp, first_winner=first.other)
    assert writes(here) == {(side.other, *rest) for side, *rest in writes(there)}
    assert {item.rule for item in here.settled} == {item.rule for item in there.settled}
    assert {item.rule for item in here.clashes} == {item.rule for item in there.clashes}


def mirror(each: Rule) -> Rule:
    return replace(
        each,
        erp=each.crm,
        crm=each.erp,
        direction=WAYS.get(each.direction, each.direction),
        policy=POLICIES.get(each.policy, each.policy),
    )


def writes(made: Plan) -> set[Any]:
    return {(it.side, it.rule, tuple(it.values.items()), tuple(it.overwrites.items())) for it in made.writes}


@EXAMPLES
@given(scenes())
def test_a_group_never_mixes_winners(scene: Any) -> None:
    rules, erp, crm, first = scene
    grouped = {each.name for each in rules if each.group}
    assert (
        len({it.side for it in planned(rules, erp, crm, first_winner=first).writes if it.rule in grouped})
        <= 1
    )


@EXAMPLES
@given(scenes())
def test_writes_only_what_the_other_side_says_and_names_what_it_overwrites(scene: Any) -> None:
    rules, erp, crm, first = scene
    by_name = {each.name: each for each in rules}
    for write in planned(rules, erp, crm, first_winner=first).writes:
        each, said = by_name[write.rule], side_of(erp, crm, write.side.other).now
        meant = translate(each, said, source=write.side.other, references=nowhere)
        assert not isinstance(meant, Leave)
        assert dict(write.values) == {path: meant[path] for path in write.values}
        held = side_of(erp, crm, write.side).now
        assert dict(write.overwrites) == {path: held[path] for path in write.values}
        assert each.direction.writes(write.side)


@EXAMPLES
@given(scenes())
def test_no_edit_is_lost_in_silence(scene: Any) -> None:
    """Whoever moved and does not agree is written, overwritten on the record, settled, or named in what is left."""
    rules, erp, crm, first = scene
    made = planned(rules, erp, crm, first_winner=first)
    named = {it.rule for kind in (made.writes, made.settled, made.clashes, made.problems) for it in kind}
    stuck = {by.group for by in rules if by.group and by.name in {it.rule for it in made.problems}}
    for each in rules:
        known = all(path in side_of(erp, crm, side).now for side in Side for path in each.paths(side))
        shifted = any(
            differing(each, side, side_of(erp, crm, side).now, side_of(erp, crm, side).base) for side in Side
        )
        met = all(path in side_of(erp, crm, side).base for side in Side for path in each.paths(side))
        if known and shifted and met:
            assert each.name in named or each.group in stuck


SPELLINGS = [
    str.upper,
    str.lower,
    str.title,
    str.strip,
    lambda text: text[:2],
    lambda text: " ".join(text.split()),
]


@EXAMPLES
@given(st.sampled_from(["", "trim", "cut(4)", "phone", "lower"]), texts, st.sampled_from(SPELLINGS))
def test_a_spelled_value_never_travels_back(chain: str, text: str, spell: Any) -> None:
    each = rule(transforms=chain)
    erp, crm = applied(
        *_planned(each, state({"name": text}, {"name": "old"}), state({"Name": "old"}, {"Name": "old"}))
    )
    held = {"Name": spell(crm.now["Name"] or "")}
    assert planned([each], erp, replace(crm, now=held, base=held)) == Plan()


def _planned(each: Rule, erp: SideState, crm: SideState) -> tuple[Plan, SideState, SideState]:
    return planned([each], erp, crm), erp, crm


@EXAMPLES
@given(texts)
def test_a_name_cut_before_they_met_stays_long_in_the_erp(text: str) -> None:
    each = rule(transforms="trim | cut(4)")
    cut = translate(each, {"name": text}, source=Side.ERP, references=nowhere)
    assert not isinstance(cut, Leave)
    assert not planned([each], state({"name": text}), state(cut), first_winner=Side.CRM).writes


TYPED: dict[DataType, list[Any]] = {
    DataType.NUMBER: ["1.10", "1.1", "-0.0", "0", "9007199254740993", None],
    DataType.BOOLEAN: [True, "true", "Yes", False, "0", None],
    DataType.DATE: ["2018-06-28", "20180628", "2018-06-28T00:00:00+02:00", "0001-01-01T00:00:00+00:00", None],
    DataType.DATETIME: ["2018-06-28T10:00:00Z", "2018-06-28T12:00:00+02:00", "2018-06-28T10:00:00", None],
}


@EXAMPLES
@given(st.data(), st.sampled_from(list(TYPED)))
def test_typed_values_converge_in_one_step(data: Any, kind: DataType) -> None:
    choice = st.sampled_from(TYPED[kind])
    each = Rule(
        name="f",
        erp=(Property(path="f", type=kind),),
        crm=(Property(path="F", type=kind),),
        transforms=parse(""),
    )
    erp = state({"f": data.draw(choice)}, {"f": data.draw(choice)})
    crm = state({"F": data.draw(choice)}, {"F": data.draw(choice)})
    again = planned([each], *applied(planned([each], erp, crm), erp, crm))
    assert not again.writes
    assert not again.settled


@EXAMPLES
@given(scenes(), st.sampled_from([Side.ERP, Side.CRM, None]), values)
def test_what_a_person_rules_is_done_in_one_step(scene: Any, winner: Side | None, value: Any) -> None:
    rules, erp, crm, first = scene
    clashes = planned(rules, erp, crm, first_winner=first).clashes
    rulings = {
        it.rule: Ruling(rule=it.rule, winner=winner, value=value, erp=it.erp, crm=it.crm) for it in clashes
    }
    made = planned(rules, erp, crm, first_winner=first, rulings=rulings)
    again = planned(rules, *applied(made, erp, crm), first_winner=first, rulings=rulings)
    assert not {it.rule for it in again.writes} & set(rulings)
    assert not made.clashes
