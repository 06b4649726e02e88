"""From the rows an admin edits to the frozen values the core works with."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from sync.core.mapping import Rule, check_rules
from sync.core.match import MatchKey
from sync.core.records import Property, Value, Values
from sync.core.scope import Condition, parse_conditions
from sync.core.transforms.chain import parse
from sync.core.transforms.transform import BadTransform, Transform
from sync.core.vocabulary import BlankRule, DataType, Direction, Policy, Side
from sync.models.pairs import EntityPair, FieldMapping, MatchRule
from sync.models.systems import EntitySchema, System

JOINER = "+"


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A mapping that cannot work as it stands; the others go on."""

    mapping: str
    message: str


@dataclass(frozen=True, kw_only=True)
class PairRules:
    """Everything that says how one pair's records meet."""

    pair: EntityPair
    rules: tuple[Rule, ...]
    match: tuple[MatchKey, ...]
    references: Mapping[Side, Rule]
    """Per side the rule that writes the other system's key there, where a match rule says so."""
    scope: Mapping[Side, tuple[Condition, ...]]
    problems: tuple[Problem, ...] = ()
    mapped: Mapping[Side, Collection[str]]
    """What is mapped on each side, by mappings that cannot work just now too."""

    @cached_property
    def by_name(self) -> dict[str, Rule]:
        return {rule.name: rule for rule in self.rules}

    @cached_property
    def compared(self) -> tuple[Rule, ...]:
        """The rules whose values are compared after a record was made, too."""
        return tuple(rule for rule in self.rules if not rule.only_on_create)

    def together(self, names: Collection[str]) -> set[str]:
        """These rules, and what stands in a group with one of them: half an address is nobody's."""
        groups = {self.by_name[name].group for name in names if name in self.by_name} - {""}
        return {*names, *(rule.name for rule in self.rules if rule.group in groups)}

    def reference_end(self, side: Side) -> Property | None:
        """The property of this side that keeps the other system's key, if there is one."""
        rule = self.references.get(side)
        return rule.ends(side)[0] if rule else None

    def reference_path(self, side: Side) -> str | None:
        """Its name."""
        end = self.reference_end(side)
        return end.path if end else None

    @cached_property
    def types(self) -> dict[Side, dict[str, DataType]]:
        return {side: {p.path: p.type for rule in self.rules for p in rule.ends(side)} for side in Side}

    @cached_property
    def paths(self) -> dict[Side, tuple[str, ...]]:
        """The properties of each side that the hub needs to see."""
        return {side: tuple(dict.fromkeys(self._wanted(side))) for side in Side}

    def _wanted(self, side: Side) -> Iterable[str]:
        yield from self.types[side]
        yield from (condition.path for condition in self.scope[side])
        yield from filter(None, (self.pair.parent_property(side), *parts(self.pair.label(side))))
        yield from self.inactive(side)

    def inactive(self, side: Side) -> dict[str, Value]:
        """The values that mark a record of this side inactive."""
        return dict(self.pair.inactive.get(side, {}))

    def wanted(self, side: Side, values: Values) -> dict[str, Value]:
        """Only what the hub needs of a record, as JSON keeps it: numbers with a fraction are text."""
        found = {path: values[path] for path in self.paths[side] if path in values}
        return {path: str(value) if isinstance(value, Decimal) else value for path, value in found.items()}

    def label(self, side: Side, values: Values) -> str:
        words = (str(values.get(path) or "") for path in parts(self.pair.label(side)))
        return " ".join(filter(None, words))[:300]


def parts(text: str) -> tuple[str, ...]:
    """The properties named in `a + b`."""
    return tuple(part.strip() for part in text.split(JOINER) if part.strip())


def property_names(mapping: FieldMapping, side: Side) -> tuple[str, ...]:
    """The properties a mapping names on one side: several on the ERP's where lines are joined, none for a constant."""
    return parts(mapping.erp_property) if side is Side.ERP else (mapping.crm_property,)


def known_properties(system: System, entity: str) -> dict[str, Property]:
    """The properties of an entity as last read from its system; empty when never asked."""
    schema = EntitySchema.objects.filter(system=system, entity=entity).first()
    return {row["path"]: property_of(row) for row in schema.properties} if schema else {}


def property_of(row: Mapping[str, object]) -> Property:
    values = dict(row)
    options = values.pop("options", ()) or ()
    assert isinstance(options, list | tuple)
    return Property(**{**values, "type": DataType(str(values["type"])), "options": tuple(options)})  # type: ignore[arg-type]


def load(pair: EntityPair) -> PairRules:
    """A pair's rules as they stand in the database. A mapping that cannot work is left out and named."""
    known = {side: known_properties(pair.system(side), pair.entity(side)) for side in Side}
    return compile_rules(pair, list(pair.mappings.filter(active=True)), list(pair.match_rules.all()), known)


def compile_rules(
    pair: EntityPair,
    mappings: list[FieldMapping],
    match_rules: list[MatchRule],
    known: Mapping[Side, Mapping[str, Property]],
) -> PairRules:
    rules, problems = [], []
    for mapping in mappings:
        try:
            rules.append(rule_of(mapping, known))
        except BadTransform as error:
            problems.append(Problem(mapping=str(mapping.pk), message=str(error)))
    found = [*unknown_properties(rules, known), *check_rules(rules)]
    problems += [Problem(mapping=name, message=message) for name, message in found]
    broken = {problem.mapping for problem in problems}
    sound = tuple(rule for rule in rules if rule.name not in broken)
    return PairRules(
        pair=pair,
        rules=sound,
        match=tuple(match_key(row, sound) for row in match_rules if _usable(row, sound)),
        references=_references(match_rules, sound),
        scope={side: parse_conditions(pair.scope.get(side, [])) for side in Side},
        problems=tuple(problems),
        mapped={
            side: {path for mapping in mappings for path in property_names(mapping, side)} for side in Side
        },
    )


def unknown_properties(
    rules: list[Rule], known: Mapping[Side, Mapping[str, Property]]
) -> Iterable[tuple[str, str]]:
    for rule in rules:
        for side in Side:
            for end in rule.ends(side):
                if known[side] and end.path not in known[side]:
                    where = "The ERP" if side is Side.ERP else "webCRM"
                    yield (
                        rule.name,
                        (
                            f"{where} has no property '{end.path}' here. Choose one that its page of properties lists."
                        ),
                    )


def rule_of(mapping: FieldMapping, known: Mapping[Side, Mapping[str, Property]]) -> Rule:
    crm = _property(mapping.crm_property, known[Side.CRM], DataType(mapping.crm_type))
    return Rule(
        name=str(mapping.pk),
        erp=tuple(_property(path, known[Side.ERP], None) for path in parts(mapping.erp_property)),
        crm=(crm,),
        direction=Direction(mapping.direction),
        transforms=parse(mapping.transforms),
        policy=Policy(mapping.policy),
        blank=BlankRule(mapping.blank),
        group=mapping.group,
        only_on_create=mapping.only_on_create,
    )


def _property(path: str, known: Mapping[str, Property], type_: DataType | None) -> Property:
    found = known.get(path, Property(path=path))
    if type_ is None or type_ is found.type:
        return found
    return Property(
        path=path,
        label=found.label,
        type=type_,
        max_length=found.max_length,
        options=found.options,
        required=found.required,
        read_only=found.read_only,
    )


def match_key(row: MatchRule, rules: tuple[Rule, ...]) -> MatchKey:
    return MatchKey(
        position=row.position,
        by=tuple(rule.name for path in parts(row.by) for rule in _by_erp(path, rules)),
        within_parent=row.within_parent,
        propose=row.propose,
    )


def _by_erp(path: str, rules: tuple[Rule, ...]) -> list[Rule]:
    return [rule for rule in rules if rule.erp and rule.erp[0].path == path][:1]


def _usable(row: MatchRule, rules: tuple[Rule, ...]) -> bool:
    return all(_by_erp(path, rules) for path in parts(row.by))


def _references(rows: list[MatchRule], rules: tuple[Rule, ...]) -> dict[Side, Rule]:
    """The one-way rules by which each side keeps the other's key."""
    found: dict[Side, Rule] = {}
    for row in rows:
        for rule in _by_erp(row.by, rules) if row.reference else []:
            if rule.direction is not Direction.BOTH:
                found[Side.CRM if rule.direction is Direction.TO_CRM else Side.ERP] = rule
    return found


def pointed_at(transforms: Iterable[Transform]) -> set[str]:
    """The names of the pairs in which a chain looks its references up."""
    return {step.arguments[0] for step in transforms if step.name == "ref"}


def pointing(rules: Iterable[Rule]) -> Iterable[tuple[Rule, str]]:
    """The rules that point at another pair, and its name."""
    return ((rule, pair) for rule in rules for pair in pointed_at(rule.transforms))
