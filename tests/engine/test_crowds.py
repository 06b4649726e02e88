"""Values that very many records share, such as a placeholder e-mail: nobody is loaded who is not looked at."""

from __future__ import annotations

import random
from typing import Any

import pytest

from sync.core.vocabulary import Side
from sync.engine import crowds
from sync.engine.pairing import Finding, Matcher, load_matcher
from sync.engine.rules import load
from sync.models.links import Link, LinkState, MatchKey, Separation
from sync.models.pairs import EntityPair, MatchRule
from tests.world import START, World

CROWD = 400
NUMBER, NAME, MAIL = 3, 9, 2
"""Positions of match rules: an organisation's number, its name (which only proposes), a contact's mail."""


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every row of links and match keys that is made an object of."""
    rows: list[Any] = []
    for model in (Link, MatchKey):

        def made(_model: type[Any], *arguments: Any, _make: Any = model.from_db) -> Any:
            rows.append(_make(*arguments))
            return rows[-1]

        monkeypatch.setattr(model, "from_db", classmethod(made))
    return rows


def several(pair: EntityPair, side: Side, number: int, keys: dict[int, str], **facts: Any) -> list[Link]:
    """One-sided links that share their match keys."""
    began = Link.objects.count()
    links = Link.objects.bulk_create(
        Link(pair=pair, **{f"{side}_key": f"{side}-{began + each}"}, **facts) for each in range(number)
    )
    MatchKey.objects.bulk_create(
        MatchKey(pair=pair, link=link, side=side, position=position, value=value)
        for link in links
        for position, value in keys.items()
    )
    return links


def one(pair: EntityPair, side: Side, keys: dict[int, str], **facts: Any) -> Link:
    return several(pair, side, 1, keys, **facts)[0]


def found(link: Link, side: Side = Side.ERP) -> Finding:
    return matcher(link).find(link, side)


def matcher(*links: Link) -> Matcher:
    return load_matcher(load(links[0].pair), links)


def separate(link: Link, others: list[Link]) -> None:
    Separation.objects.bulk_create(
        Separation(pair=link.pair, erp_key=link.erp_key, crm_key=other.crm_key, said_by="kari", said_at=START)
        for other in others
    )


def test_a_handful_is_loaded_of_those_who_share_a_value(world: World, loaded: list[Any]) -> None:
    several(world.customers, Side.CRM, CROWD, {NUMBER: "0"})
    several(world.customers, Side.ERP, CROWD, {NUMBER: "0"})
    batch = [one(world.customers, Side.ERP, {NUMBER: "0"}) for _ in range(3)]
    loaded.clear()
    desk = matcher(*batch)
    findings = [desk.find(link, Side.ERP) for link in batch]
    assert len(loaded) < CROWD / 4
    assert {finding.counterpart for finding in findings} == {None}
    assert [len(finding.candidates) for finding in findings] == [20, 20, 20]
    assert findings[0].why.startswith("More than 20 records share its OrgNumber.")


def test_among_a_crowd_the_one_under_its_own_parent_is_found(world: World, loaded: list[Any]) -> None:
    """However many come before it under other parents."""
    home = Link.objects.create(pair=world.customers, erp_key="home", crm_key="7")
    several(world.contacts, Side.CRM, CROWD, {MAIL: "post@example.no"}, crm_parent="8")
    mine = one(world.contacts, Side.CRM, {MAIL: "post@example.no"}, crm_parent="7")
    link = one(world.contacts, Side.ERP, {MAIL: "post@example.no"}, erp_parent=home.erp_key)
    loaded.clear()
    assert found(link).counterpart == mine
    assert len(loaded) < CROWD / 4


@pytest.mark.parametrize("left", [0, 1])
def test_those_it_is_separated_from_do_not_hide_the_others(world: World, left: int) -> None:
    crowd = several(world.customers, Side.CRM, 30, {NUMBER: "0"})
    link = one(world.customers, Side.ERP, {NUMBER: "0"})
    separate(link, crowd[: len(crowd) - left])
    assert found(link) == Finding(counterpart=crowd[-1] if left else None)


def test_the_removed_do_not_hide_the_others(world: World) -> None:
    several(world.customers, Side.CRM, 30, {NUMBER: "0"}, state=LinkState.REMOVED)
    there = one(world.customers, Side.CRM, {NUMBER: "0"})
    assert found(one(world.customers, Side.ERP, {NUMBER: "0"})).counterpart == there


@pytest.mark.parametrize("silent", [0, 1])
def test_those_a_stronger_key_contradicts_do_not_hide_the_others(world: World, silent: int) -> None:
    MatchRule.objects.create(pair=world.customers, position=NAME, by="name", propose=True)
    several(world.customers, Side.CRM, 30, {NUMBER: "1", NAME: "firma"})
    several(world.customers, Side.CRM, silent, {NAME: "firma"})
    link = one(world.customers, Side.ERP, {NUMBER: "2", NAME: "firma"})
    assert len(found(link).candidates) == silent


def test_a_crowd_that_wants_the_same_counterpart_waits(world: World) -> None:
    several(world.customers, Side.ERP, CROWD, {NUMBER: "0"})
    wanted = one(world.customers, Side.CRM, {NUMBER: "0"})
    finding = found(one(world.customers, Side.ERP, {NUMBER: "0"}))
    assert (finding.counterpart, finding.candidates) == (None, (wanted,))
    assert finding.why.startswith("More than 20 records want the same counterpart by OrgNumber.")


def test_among_a_crowd_a_namesake_that_is_there_is_found(world: World) -> None:
    several(world.customers, Side.CRM, 30, {NUMBER: "0"}, crm_missing_at=START)
    lost = one(world.customers, Side.CRM, {NUMBER: "0"}, crm_missing_at=START)
    assert matcher(lost).namesake(lost, Side.CRM) is None
    there = one(world.customers, Side.CRM, {NUMBER: "0"})
    assert matcher(lost).namesake(lost, Side.CRM) == there


@pytest.fixture
def anybody(world: World) -> random.Random:
    MatchRule.objects.create(pair=world.contacts, position=NAME, by="last", propose=True)
    for number in range(3):
        Link.objects.create(
            pair=world.customers, erp_key=f"e{number}", crm_key=f"c{number}" if number else None
        )
    return random.Random()


@pytest.mark.parametrize("seed", range(25))
def test_a_crowd_is_judged_like_a_few(
    world: World, anybody: random.Random, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Whichever way they are looked at, the answer is the same."""
    anybody.seed(seed)
    links = [_somebody(world, anybody) for _ in range(14)]
    for link in links:
        if link.erp_key:
            separate(link, [other for other in links if other.crm_key and anybody.random() < 0.2])
    answers = []
    for many in (1000, 1):
        monkeypatch.setattr(crowds, "MANY", many)
        desk = matcher(*links)
        answers.append([_answer(desk, link) for link in links if not link.linked])
    assert answers[0] == answers[1]


def _somebody(world: World, chance: random.Random) -> Link:
    keys = {position: chance.choice("ab") for position in (1, MAIL, NAME) if chance.random() < 0.6}
    sides = chance.choice([(Side.ERP,), (Side.ERP,), (Side.CRM,), (Side.CRM,), tuple(Side)])
    facts: dict[str, Any] = {}
    for side in sides:
        facts[f"{side}_parent"] = f"{str(side)[0]}{chance.randrange(3)}"
        facts[f"{side}_missing_at"] = START if chance.random() < 0.3 else None
    state = chance.choice([LinkState.ACTIVE] * 4 + [LinkState.REMOVED])
    link = one(world.contacts, sides[0], keys, state=state, **facts)
    for side in sides[1:]:
        Link.objects.filter(pk=link.pk).update(**{f"{side}_key": f"{side}-of-{link.pk}"})
        for position, value in keys.items():
            MatchKey.objects.create(pair=link.pair, link=link, side=side, position=position, value=value)
    link.refresh_from_db()
    return link


def _answer(desk: Matcher, link: Link) -> tuple[Any, ...]:
    """What follows for a link: of several, that there are some."""
    side = Side.ERP if link.erp_key else Side.CRM
    finding = desk.find(link, side)
    return finding.counterpart, bool(finding.candidates), desk.namesake(link, side) is not None
