"""The three-way merge: what both sides say, against what each said when they were last in step, gives a plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sync.core.mapping import Rule, differing, is_empty, is_known, moved, picked, same, translate
from sync.core.plan import Clash, Item, Plan, Problem, Ruling, Settled, SideState, Wait, Write
from sync.core.policy import Choice, Field, choose, choose_first
from sync.core.records import Values
from sync.core.transforms.transform import Leave, References, Unlinked, Untranslatable
from sync.core.values import Unfit, coerce
from sync.core.vocabulary import Side

PERSON = "A person decided."


@dataclass(frozen=True, kw_only=True)
class Scene:
    """All a decision may look at."""

    erp: SideState
    crm: SideState
    first_winner: Side
    margin: timedelta
    references: References
    rulings: Mapping[str, Ruling]

    def side(self, side: Side) -> SideState:
        return self.erp if side is Side.ERP else self.crm

    def picked(self, rule: Rule, side: Side) -> Values:
        return picked(rule, side, self.side(side).now)


def plan(
    rules: Iterable[Rule],
    *,
    erp: SideState,
    crm: SideState,
    first_winner: Side,
    margin: timedelta,
    references: References,
    rulings: Mapping[str, Ruling],
) -> Plan:
    """What brings two linked records into step, group by group. An absent value decides nothing."""
    scene = Scene(
        erp=erp, crm=crm, first_winner=first_winner, margin=margin, references=references, rulings=rulings
    )
    groups = _groups(rule for rule in rules if not rule.only_on_create and _is_seen(rule, scene))
    return Plan.of(item for group in groups for item in _decided(group, scene))


def plan_create(rules: Iterable[Rule], *, source: Side, values: Values, references: References) -> Plan:
    """What a new record on the other side is made of. Blanks are left out, unless that side insists on a value."""
    able = [rule for rule in rules if rule.direction.writes(source.other) and is_known(rule, source, values)]
    return Plan.of(_created(rule, values, source=source, references=references) for rule in able)


def _created(rule: Rule, values: Values, *, source: Side, references: References) -> Item:
    found = _attempt(rule, values, source=source, references=references)
    if isinstance(found, Wait | Problem):
        return found
    filled = {} if isinstance(found, Leave) else {path: it for path, it in found.items() if it is not None}
    said = picked(rule, source, values)
    if filled:
        return Write(
            rule=rule.name,
            side=source.other,
            values=filled,
            source=said,
            overwrites={},
            why="The record is new.",
        )
    erp, crm = (said, {}) if source is Side.ERP else ({}, said)
    return Settled(rule=rule.name, erp=erp, crm=crm, why="The record is new, and this is blank.")


def _groups(rules: Iterable[Rule]) -> list[list[Rule]]:
    """Rules that win or lose together; one without a group stands alone."""
    found: dict[tuple[str, str], list[Rule]] = {}
    for rule in rules:
        found.setdefault((rule.group, "" if rule.group else rule.name), []).append(rule)
    return list(found.values())


def _decided(group: Sequence[Rule], scene: Scene) -> Iterator[Item]:
    touched = [it for rule in group if (it := _look(rule, scene))]
    yield from (_settled(it.rule, scene, "Both sides say the same.") for it in touched if it.is_same)
    met = [it for it in touched if it.is_met and not it.is_same]
    new = [it for it in touched if not it.is_met and not it.is_same]
    rulings = _standing(met, scene)
    if any(ruling.winner is None for ruling in rulings):
        for it, ruling in zip(met, rulings, strict=True):
            yield from _dictated(it.rule, ruling, scene)
        return
    choice = _ruled(rulings) or (choose(met, margin=scene.margin) if met else None)
    yield from _all_carried(met, choice, scene)
    yield from _first_met(new, choice, scene)


def _is_seen(rule: Rule, scene: Scene) -> bool:
    return all(is_known(rule, side, scene.side(side).now) for side in Side)


def _look(rule: Rule, scene: Scene) -> Field | None:
    """How a rule's two sides stand; None where both say what they said when last in step."""
    states = {side: scene.side(side) for side in Side}
    shifts = {side: differing(rule, side, state.now, state.base) for side, state in states.items()}
    is_met = all(is_known(rule, side, state.base) for side, state in states.items())
    if is_met and not any(shifts.values()):
        return None
    return Field(
        rule=rule,
        is_met=is_met,
        is_same=same(rule, scene.erp.now, scene.crm.now, references=scene.references),
        moved=frozenset(side for side in Side if shifts[side]),
        empty=frozenset(side for side, state in states.items() if is_empty(rule, side, state.now)),
        moved_at={side: _last(state.stamps, shifts[side]) for side, state in states.items()},
    )


def _last(stamps: Mapping[str, datetime], paths: Sequence[str]) -> datetime | None:
    """When the last of these values moved; None when one of them has no time."""
    times = [stamps[path] for path in paths if path in stamps]
    return max(times) if times and len(times) == len(paths) else None


def _settled(rule: Rule, scene: Scene, why: str) -> Settled:
    return Settled(
        rule=rule.name, erp=scene.picked(rule, Side.ERP), crm=scene.picked(rule, Side.CRM), why=why
    )


def _all_carried(fields: Sequence[Field], choice: Choice | None, scene: Scene) -> list[Item]:
    """The fields of a group by one choice. In a contested group one that cannot travel holds the others back,
    for the loser's fields would win next time and the record be neither side's."""
    if choice is None:
        return []
    items = [item for it in fields for item in _carried(it.rule, choice, scene)]
    stuck: list[Item] = [item for item in items if isinstance(item, Wait | Problem)]
    return stuck if stuck and choice.is_contested else items


def _carried(rule: Rule, choice: Choice, scene: Scene) -> Iterator[Item]:
    """A field by its group's choice: the winner's value goes over, or stays at home, or both wait for a person."""
    source = choice.winner
    if source is None:
        erp, crm = scene.picked(rule, Side.ERP), scene.picked(rule, Side.CRM)
        yield Clash(rule=rule.name, group=rule.group, erp=erp, crm=crm, why=choice.why)
    elif is_empty(rule, source, scene.side(source).now) and not choice.clears(rule.blank):
        yield _settled(rule, scene, "Blank on one side; the other keeps its value.")
    else:
        yield from _translated(rule, scene, source=source, why=choice.why)


def _translated(rule: Rule, scene: Scene, *, source: Side, why: str) -> Iterator[Item]:
    values = _attempt(rule, scene.side(source).now, source=source, references=scene.references)
    if isinstance(values, Wait | Problem):
        yield values
    elif isinstance(values, Leave):
        yield _settled(rule, scene, "One side has no word for the other's value; both keep theirs.")
    else:
        yield from _written(rule, scene, target=source.other, values=values, why=why)


def _attempt(
    rule: Rule, values: Values, *, source: Side, references: References
) -> Values | Leave | Wait | Problem:
    """The other side's values, or what keeps this field from travelling."""
    try:
        return translate(rule, values, source=source, references=references)
    except Unlinked as error:
        return Wait(rule=rule.name, pair=error.pair, side=error.side, key=error.key)
    except (Untranslatable, Unfit) as error:
        return Problem(rule=rule.name, message=str(error))


def _written(rule: Rule, scene: Scene, *, target: Side, values: Values, why: str) -> Iterator[Item]:
    """Only what the target does not hold yet is written; what it holds already becomes its base."""
    state = scene.side(target)
    apart = differing(rule, target, values, state.now)
    held = {path: state.now[path] for path in values if path not in apart}
    if not apart:
        yield _settled(rule, scene, "Already there.")
        return
    yield Write(
        rule=rule.name,
        side=target,
        values={path: values[path] for path in apart},
        source=scene.picked(rule, target.other),
        overwrites={path: state.now[path] for path in apart},
        why=why,
    )
    if any(path not in state.base or state.base[path] != value for path, value in held.items()):
        erp, crm = (held, {}) if target is Side.ERP else ({}, held)
        yield Settled(rule=rule.name, erp=erp, crm=crm, why="Already there.")


def _first_met(fields: Sequence[Field], choice: Choice | None, scene: Scene) -> Iterator[Item]:
    """Fields without a base. Where older fields of their group are being decided, these go with them."""
    if choice is None:
        silent = [it for it in fields if it.owner is None and _is_speechless(it.rule, scene)]
        yield from (
            _settled(it.rule, scene, "One side has no word for it; both keep theirs.") for it in silent
        )
        fields = [it for it in fields if it not in silent]
        choice = choose_first(fields, first_winner=scene.first_winner) if fields else None
    if choice and choice.winner:
        yield from _all_carried(fields, choice, scene)


def _is_speechless(rule: Rule, scene: Scene) -> bool:
    found = (_attempt(rule, scene.side(side).now, source=side, references=scene.references) for side in Side)
    return any(isinstance(each, Leave) for each in found)


# What a person said


def _standing(fields: Sequence[Field], scene: Scene) -> list[Ruling]:
    """A group's rulings: none, unless there is one for each of its fields, all hold, and all say the same."""
    found = [scene.rulings[it.rule.name] for it in fields if it.rule.name in scene.rulings]
    is_whole = len(found) == len(fields) and len({ruling.winner for ruling in found}) == 1
    return found if is_whole and all(map(_holds, fields, found, [scene] * len(found))) else []


def _holds(field: Field, ruling: Ruling, scene: Scene) -> bool:
    """Whether each side still says what the person saw, or already what the person said."""
    if field.owner:
        return False
    saw = {Side.ERP: ruling.erp, Side.CRM: ruling.crm}
    said = _dictate(field.rule, ruling, scene) if ruling.winner is None else {}
    ruled = said if isinstance(said, dict) else {}
    return all(_says(field.rule, scene, side=side, choices=(saw[side], ruled.get(side, {}))) for side in Side)


def _says(rule: Rule, scene: Scene, *, side: Side, choices: Iterable[Values]) -> bool:
    now = scene.side(side).now
    return any(is_known(rule, side, values) and not moved(rule, side, now, values) for values in choices)


def _ruled(rulings: Sequence[Ruling]) -> Choice | None:
    return Choice(winner=rulings[0].winner, why=PERSON, is_final=True) if rulings else None


def _dictate(rule: Rule, ruling: Ruling, scene: Scene) -> dict[Side, Values] | Problem | Wait:
    """What a person's own value, in webCRM's words, is on either side."""
    try:
        crm = {end.path: coerce(ruling.value, end) for end in rule.crm}
    except Unfit as error:
        return Problem(rule=rule.name, message=str(error))
    erp = _attempt(rule, crm, source=Side.CRM, references=scene.references)
    if isinstance(erp, Wait | Problem):
        return erp
    return {Side.ERP: {} if isinstance(erp, Leave) else erp, Side.CRM: crm}


def _dictated(rule: Rule, ruling: Ruling, scene: Scene) -> Iterator[Item]:
    """A person's own value to both sides; each base moves with its own write, so half a success is finished later."""
    ruled = _dictate(rule, ruling, scene)
    if isinstance(ruled, Wait | Problem):
        yield ruled
        return
    apart = [side for side in Side if differing(rule, side, ruled[side], scene.side(side).now)]
    for side in apart:
        for item in _written(rule, scene, target=side, values=ruled[side], why=PERSON):
            yield replace(item, source={}) if isinstance(item, Write) and len(apart) > 1 else item
    if not apart:
        yield _settled(rule, scene, PERSON)
