"""A configuration file taken apart with its line numbers, so that every mistake is named where it stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

import yaml

from sync.core.values import UNWRITABLE

DEEPEST = 20
LONGEST = 1_000_000
LARGEST = 2_147_483_647
LARGEST_SMALL = 32_767

BOOLEAN = "tag:yaml.org,2002:bool"
DECIMAL = "tag:yaml.org,2002:float"
MERGE = "tag:yaml.org,2002:merge"
NOTHING = "tag:yaml.org,2002:null"
TEXT = "tag:yaml.org,2002:str"
WHOLE = "tag:yaml.org,2002:int"


class Wrong(ValueError):
    """What is wrong with one value, in a sentence."""


class Loader(yaml.SafeLoader):
    """YAML without its traps: `no` is a country, `0155` a postcode, and neither is an hour."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}


Loader.add_implicit_resolver(BOOLEAN, re.compile(r"(true|True|TRUE|false|False|FALSE)\Z"), list("tTfF"))
Loader.add_implicit_resolver(WHOLE, re.compile(r"-?(0|[1-9][0-9]{0,17})\Z"), list("-0123456789"))
Loader.add_implicit_resolver(DECIMAL, re.compile(r"-?[0-9]{1,17}\.[0-9]{1,17}\Z"), list("-0123456789"))
Loader.add_implicit_resolver(NOTHING, re.compile(r"(~|null|Null|NULL|)\Z"), ["~", "n", "N", ""])

SCALARS: dict[str, Callable[[str], Any]] = {
    BOOLEAN: lambda text: text.lower() == "true",
    DECIMAL: float,
    NOTHING: lambda _: None,
    TEXT: str,
    WHOLE: int,
}


@dataclass(kw_only=True)
class Report:
    """Everything that is wrong with one file."""

    file: str
    found: list[tuple[int, str]] = field(default_factory=list)

    def say(self, line: int, sentence: str) -> None:
        self.found.append((line, f"{self.file} line {line}: {sentence}"))

    @property
    def sentences(self) -> list[str]:
        """In the order of the file, each once."""
        return list(dict.fromkeys(sentence for _, sentence in sorted(self.found)))


@dataclass(frozen=True, kw_only=True)
class Spot:
    """One node of the file: what it is called, and where to say what is wrong with it."""

    node: yaml.Node
    report: Report
    where: str = ""
    line: int = 1

    def say(self, sentence: str) -> None:
        self.report.say(self.line, f"{self.where}: {sentence}" if self.where else sentence)

    def named(self, where: str) -> Spot:
        """The same node under the name a reader knows it by."""
        return replace(self, where=where)

    def children(self) -> dict[str, Spot]:
        """The values by their keys. A key written twice is named; the last one counts."""
        if not isinstance(self.node, yaml.MappingNode):
            raise Wrong("Names and values belong here, as in 'name: value'.")
        found: dict[str, Spot] = {}
        for key, value in self.node.value:
            name = text(replace(self, node=key))
            if name in found:
                replace(self, line=_line(key)).say(f"'{name}' stands here twice. Leave one out.")
            found[name] = replace(self, node=value, line=_line(key))
        return found

    def items(self) -> list[Spot]:
        if not isinstance(self.node, yaml.SequenceNode):
            raise Wrong("A list belongs here: lines that begin with '-', or [a, b].")
        return [replace(self, node=node, line=_line(node)) for node in self.node.value]


Reader = Callable[[Spot], Any]


def open_file(text: str, report: Report) -> Spot | None:
    """The whole file, or None when it cannot be read as YAML: then the report says why."""
    if len(text) > LONGEST:
        report.say(1, f"The file is too long: {LONGEST} characters is the most.")
        return None
    try:
        if not _is_plain(text, report):
            return None
        node = yaml.compose(text, Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "it holds a character that no text has"
        report.say(mark.line + 1 if mark else 1, f"This is not YAML: {problem}.")
        return None
    if node is None:
        report.say(1, "The file is empty.")
    return Spot(node=node, report=report, line=_line(node)) if node else None


def _is_plain(text: str, report: Report) -> bool:
    """Whether nothing repeats an earlier part and nothing is nested beyond reason: both can swell without end."""
    depth = 0
    for event in yaml.parse(text, Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent):
            report.say(_line(event), f"'*{event.anchor}' repeats an earlier part. Write it out.")
            return False
        if depth > DEEPEST:
            report.say(_line(event), f"This is nested too deeply: {DEEPEST} levels is the most.")
            return False
    return True


def _line(found: yaml.Event | yaml.Node) -> int:
    return found.start_mark.line + 1 if found.start_mark else 1


def take(spot: Spot, readers: Mapping[str, Reader], *, required: Iterable[str] = ()) -> dict[str, Any]:
    """The values of the keys that stand there, read; unknown, missing and unreadable ones are reported."""
    children = _children(spot)
    found: dict[str, Any] = {}
    for key, child in children.items():
        if key not in readers:
            child.say(unknown("key", key, readers))
            continue
        try:
            found[key] = readers[key](child)
        except Wrong as wrong:
            child.say(f"{key}: {wrong}")
    for key in required:
        if key not in children:
            spot.say(f"'{key}' is missing.")
    return found


def _children(spot: Spot) -> dict[str, Spot]:
    try:
        return spot.children()
    except Wrong as wrong:
        spot.say(str(wrong))
        return {}


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """A sentence about a name nobody knows, with the nearest one that is known."""
    words = list(known)
    near = get_close_matches(name, words, n=1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    return f"unknown {kind} '{name}'.{hint} Known: {', '.join(words) or 'none'}."


def plain(spot: Spot) -> Any:
    """The node as what JSON can hold."""
    if isinstance(spot.node, yaml.MappingNode):
        return {name: plain(child) for name, child in spot.children().items()}
    if isinstance(spot.node, yaml.SequenceNode):
        return [plain(child) for child in spot.items()]
    if spot.node.tag not in SCALARS or UNWRITABLE.search(spot.node.value):
        raise Wrong(f"'{spot.node.value}' cannot be used here. Write a text, a number, true, false or null.")
    try:
        return SCALARS[spot.node.tag](spot.node.value)
    except ValueError:
        raise Wrong(f"'{spot.node.value}' is not what its tag says.") from None


def text(spot: Spot) -> str:
    if not isinstance(spot.node, yaml.ScalarNode):
        raise Wrong("A single text belongs here.")
    return "" if plain(spot) is None else str(spot.node.value)


def whole(spot: Spot) -> int:
    """A whole number; the database's own limits are checked with its row, where it has any."""
    value = plain(spot)
    if isinstance(value, bool) or not isinstance(value, int) or not -LARGEST <= value <= LARGEST:
        raise Wrong(f"A whole number of at most {LARGEST} belongs here.")
    return value


def small(spot: Spot) -> int:
    value = whole(spot)
    if value > LARGEST_SMALL:
        raise Wrong(f"{LARGEST_SMALL} is the most.")
    return value


def flag(spot: Spot) -> bool:
    value = plain(spot)
    if not isinstance(value, bool):
        raise Wrong("Write true or false.")
    return value


def one_of(choices: Iterable[str]) -> Reader:
    """A reader of one word out of a closed set."""
    known = [str(choice) for choice in choices]

    def read(spot: Spot) -> str:
        word = text(spot)
        if word not in known:
            raise Wrong(unknown("value", word, known))
        return word

    return read


def some_of(choices: Iterable[str]) -> Reader:
    """A reader of a list of words out of a closed set."""
    one = one_of(choices)
    return lambda spot: [one(item) for item in spot.items()]


def parts(readers: Mapping[str, Reader]) -> Reader:
    """A reader of a small mapping with keys of its own."""
    return lambda spot: take(spot, readers)
