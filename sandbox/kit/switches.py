"""Reading and turning a system's switches by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import Field, asdict, fields, is_dataclass
from typing import Any

from sandbox.kit.system import Impossible, SwitchPanel

KINDS: dict[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "an object",
}


def shown(panel: SwitchPanel) -> dict[str, Any]:
    """Every switch and its position."""
    assert is_dataclass(panel)
    assert not isinstance(panel, type)
    return asdict(panel)


def turn(panel: SwitchPanel, positions: Mapping[str, Any]) -> None:
    """Turns several switches, all or none; Impossible for unknown names and values of the wrong kind."""
    known = _known(panel)
    for name, value in positions.items():
        if name not in known:
            raise Impossible(f"There is no switch {name}; there are {', '.join(sorted(known))}.")
        _demand_fitting(known[name], getattr(panel, name), value)
    for name, value in positions.items():
        setattr(panel, name, value)


def spelt(text: str) -> tuple[str, Any]:
    """A `NAME=VALUE` of the command line: the value as JSON where it is some, else as text."""
    name, equals, value = text.partition("=")
    if not equals:
        raise Impossible(f"{text} is not NAME=VALUE.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, {"on": True, "off": False}.get(value, value)


def _known(panel: SwitchPanel) -> dict[str, Field[Any]]:
    assert is_dataclass(panel)
    return {each.name: each for each in fields(panel)}


def _demand_fitting(field: Field[Any], present: Any, value: Any) -> None:
    allowed = field.metadata.get("one_of")
    if allowed is not None and value not in allowed:
        raise Impossible(f"{field.name} is one of {', '.join(map(str, allowed))}, not {value}.")
    if isinstance(present, float) and type(value) is int:
        return
    if type(value) is not type(present):
        raise Impossible(f"{field.name} takes {KINDS[type(present)]}, not {value!r}.")
