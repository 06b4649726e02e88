"""A rule: this ERP field is that webCRM field. What it makes of values, and when two of them say the same."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass

from sync.core.records import Property, Value, Values
from sync.core.transforms.transform import (
    LEAVE,
    Leave,
    Parts,
    Passage,
    References,
    Step,
    Transform,
    Unlinked,
    Untranslatable,
    leave,
)
from sync.core.values import coerce, meaning
from sync.core.vocabulary import BlankRule, DataType, Direction, Policy, Side

Essence = tuple[Hashable, ...]

SYSTEMS = {Side.ERP: "The ERP", Side.CRM: "webCRM"}
CONVERTING = frozenset({"const", "country", "date", "number", "options", "prefix", "ref", "text", "yesno"})
_DAYS = (DataType.DATE, DataType.DATETIME)
_NUMBERS = (DataType.INTEGER, DataType.NUMBER)
UNLIKE = frozenset(
    {frozenset({DataType.BOOLEAN, other}) for other in (DataType.STRING, *_NUMBERS, *_DAYS)}
    | {frozenset({number, day}) for number in _NUMBERS for day in _DAYS}
)
"""Data types of which no value of one is a value of the other."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One row of a pair's mapping, as the core works with it."""

    name: str
    """Stable and unique within the pair."""
    erp: tuple[Property, ...]
    """Several only with `lines`; none with `const`."""
    crm: tuple[Property, ...]
    direction: Direction = Direction.BOTH
    transforms: tuple[Transform, ...] = ()
    policy: Policy = Policy.NEWEST
    blank: BlankRule = BlankRule.CLEAR
    group: str = ""
    only_on_create: bool = False
    """Written when the record is made, never afterwards, never compared."""

    def ends(self, side: Side) -> tuple[Property, ...]:
        return self.erp if side is Side.ERP else self.crm

    def paths(self, side: Side) -> tuple[str, ...]:
        return tuple(end.path for end in self.ends(side))

    def carries_edits_to(self, side: Side) -> bool:
        """Whether what is edited on the other side is written to `side`, and not only what a record is made with."""
        return self.direction.writes(side) and not self.only_on_create

    def has_way_to(self, side: Side) -> bool:
        """Whether a value can be translated for `side` at all."""
        return side is Side.CRM or all(step.back is not None for step in self.transforms)


def is_known(rule: Rule, side: Side, values: Values) -> bool:
    """Whether these values say something, be it blank, of every property the rule has on that side."""
    return all(path in values for path in rule.paths(side))


def picked(rule: Rule, side: Side, values: Values) -> dict[str, Value]:
    """What the rule sees of one side's values."""
    return {path: values[path] for path in rule.paths(side) if path in values}


def translate(rule: Rule, values: Values, *, source: Side, references: References) -> Values | Leave:
    """The other side's values by path, as its properties want them; LEAVE where there is nothing to say.

    Raises `Untranslatable`, `Unlinked` or `Unfit`.
    """
    if not is_known(rule, source, values):
        return LEAVE
    targets = rule.ends(source.other)
    parts = _convert(rule, values, source=source, references=references)
    if isinstance(parts, Leave):
        return LEAVE
    return {end.path: coerce(part, end) for end, part in zip(targets, parts, strict=True)}


def essence(rule: Rule, side: Side, values: Values) -> Essence:
    """The form in which the rule compares one side's values; a blank part is None."""
    return tuple(_essence(rule, end, values.get(end.path)) for end in rule.ends(side))


def is_empty(rule: Rule, side: Side, values: Values) -> bool:
    """Whether one side says nothing for this rule. A constant always says something."""
    return bool(rule.ends(side)) and all(part is None for part in essence(rule, side, values))


def differing(rule: Rule, side: Side, now: Values, other: Values) -> tuple[str, ...]:
    """The rule's paths on that side whose meaning differs, among those present in both."""
    return tuple(
        end.path
        for end in rule.ends(side)
        if end.path in now
        and end.path in other
        and _differs(rule, end, one=now[end.path], other=other[end.path])
    )


def moved(rule: Rule, side: Side, now: Values, base: Values) -> bool:
    """Whether one side says something else than its base, in its own words. Absent paths never count."""
    return bool(differing(rule, side, now, base))


def same(rule: Rule, erp_values: Values, crm_values: Values, *, references: References) -> bool:
    """Whether both sides mean the same: seen from either end is enough, for a cut or a table loses something."""
    return _reaches(rule, erp_values, held=crm_values, source=Side.ERP, references=references) or (
        rule.has_way_to(Side.ERP)
        and bool(rule.erp)
        and _reaches(rule, crm_values, held=erp_values, source=Side.CRM, references=references)
    )


def crm_essence(rule: Rule, side: Side, values: Values, *, references: References) -> Essence | None:
    """What one side says, in webCRM's words, as compared; None where it is unknown or cannot be said there."""
    return (
        _essence_at(rule, values, target=Side.CRM, source=side, references=references)
        if is_known(rule, side, values)
        else None
    )


def _reaches(rule: Rule, values: Values, *, held: Values, source: Side, references: References) -> bool:
    """Whether what `source` says, translated, is what the other side holds."""
    return _essence_at(rule, values, target=source.other, source=source, references=references) == essence(
        rule, source.other, held
    )


def _essence_at(
    rule: Rule, values: Values, *, target: Side, source: Side, references: References
) -> Essence | None:
    if source is target:
        return essence(rule, source, values)
    try:
        parts = _convert(rule, values, source=source, references=references)
    except (Untranslatable, Unlinked):
        return None
    if isinstance(parts, Leave):
        return None
    return essence(rule, target, dict(zip(rule.paths(target), parts, strict=True)))


def _convert(rule: Rule, values: Values, *, source: Side, references: References) -> Parts | Leave:
    """The other side's parts, not yet in its properties' form."""
    passage = Passage(source=source, targets=rule.ends(source.other), references=references)
    parts: Parts | Leave = tuple(values.get(path) for path in rule.paths(source))
    for step in _steps(rule, source):
        if isinstance(parts, Leave):
            return parts
        parts = step(parts, passage)
    return parts


def _steps(rule: Rule, source: Side) -> list[Step]:
    if source is Side.ERP:
        return [step.forward for step in rule.transforms]
    return [step.back or leave for step in reversed(rule.transforms)]


def _differs(rule: Rule, end: Property, *, one: Value, other: Value) -> bool:
    if type(one) is type(other) and one == other:
        return False
    return _essence(rule, end, one) != _essence(rule, end, other)


def _essence(rule: Rule, end: Property, value: Value) -> Hashable:
    for step in rule.transforms:
        value = step.essence(value)
    return meaning(value, end.type)


def check_rules(rules: Iterable[Rule]) -> list[tuple[str, str]]:
    """What cannot work in a mapping: (rule name, sentence). Empty when all is well."""
    known = list(rules)
    alone = [(rule.name, sentence) for rule in known for check in _CHECKS for sentence in check(rule)]
    return alone + _doubles(known) + _mixed_groups(known)


def _written_ends(rule: Rule) -> Iterator[tuple[Side, Property]]:
    return ((side, end) for side in Side if rule.direction.writes(side) for end in rule.ends(side))


def _shape_faults(rule: Rule) -> Iterator[str]:
    names = {step.name for step in rule.transforms}
    if len(rule.crm) != 1:
        yield "It names no webCRM property. Choose one."
    if not rule.erp and "const" not in names:
        yield "It names no ERP property. Choose one, or give a constant with 'const(…)'."
    if rule.erp and "const" in names:
        yield "'const' needs no ERP property, for it never reads one. Leave the ERP property empty."
    if len(rule.erp) > 1 and "lines" not in names:
        yield "Several ERP properties become one webCRM text with 'lines' only. Add it, or name one property."


def _way_faults(rule: Rule) -> Iterator[str]:
    stuck = [step.name for step in rule.transforms if step.back is None]
    if stuck and rule.direction.writes(Side.ERP):
        yield f"'{stuck[0]}' has no way back to the ERP. Make the field one-way to webCRM, or use another transform."


def _read_only_faults(rule: Rule) -> Iterator[str]:
    for side, end in _written_ends(rule):
        if end.read_only:
            yield f"{SYSTEMS[side]} keeps '{end.path}' itself. Turn the direction round, or choose another property."


def _option_faults(rule: Rule) -> Iterator[str]:
    for end in rule.crm if rule.direction.writes(Side.CRM) else ():
        for word in sorted(_fixed_words(rule) - set(end.options)) if end.options else ():
            yield f"webCRM's '{end.path}' has no option '{word}'. Add it in webCRM, or correct the transform."


def _fixed_words(rule: Rule) -> set[str]:
    """The texts that reach webCRM as they stand in the mapping, where the chain ends with them."""
    last = rule.transforms[-1] if rule.transforms else None
    return set(last.words) if last else set()


def _type_faults(rule: Rule) -> Iterator[str]:
    if any(step.name in CONVERTING for step in rule.transforms):
        return
    for erp in rule.erp:
        for crm in rule.crm:
            if frozenset({erp.type, crm.type}) in UNLIKE:
                yield (
                    f"'{erp.path}' is {erp.type} and '{crm.path}' is {crm.type}, and nothing turns one into the "
                    "other. Add a transform such as 'yesno', 'date' or 'options', or choose another property."
                )


_CHECKS = (_shape_faults, _way_faults, _read_only_faults, _option_faults, _type_faults)


def _doubles(rules: Iterable[Rule]) -> list[tuple[str, str]]:
    taken: set[tuple[Side, str]] = set()
    found = []
    for rule in rules:
        for side, end in _written_ends(rule):
            if (side, end.path) in taken:
                sentence = (
                    f"{SYSTEMS[side]}'s '{end.path}' is written by another row already. Remove one of them."
                )
                found.append((rule.name, sentence))
            taken.add((side, end.path))
    return found


def _mixed_groups(rules: Iterable[Rule]) -> list[tuple[str, str]]:
    first: dict[str, Rule] = {}
    found = []
    for rule in rules:
        leader = first.setdefault(rule.group, rule) if rule.group else rule
        if (leader.direction, leader.policy) != (rule.direction, rule.policy):
            sentence = (
                f"The fields of group '{rule.group}' win together. Give all the same direction and policy."
            )
            found.append((rule.name, sentence))
    return found
