"""Systems, pairs and mappings as one readable file. `load` reads it back to the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml
from django.db import models

from sync.core.vocabulary import Side
from sync.models.pairs import EntityPair, FieldMapping, MatchRule
from sync.models.systems import System
from sync.services.config.mappings import KEYS, MATCH_KEYS

PREFACE = """\
# Written by `config dump`. No secrets are in here: {env: NAME} is read from the environment (or from the file that
# NAME_FILE names) when this is loaded. Where NAME is not set, a hub that has the credential keeps it.
"""
WIDTH = 1_000


class Line(dict[str, Any]):
    """A mapping that is written on one line."""


class Dumper(yaml.SafeDumper):
    """Plain values; what is a `Line` stays on one."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the library's signature
        return True


def _one_line(dumper: yaml.SafeDumper, line: Line) -> yaml.Node:
    return dumper.represent_mapping("tag:yaml.org,2002:map", line.items(), flow_style=True)


Dumper.add_representer(Line, _one_line)


def dump() -> str:
    """The whole configuration as YAML."""
    pairs = EntityPair.objects.select_related("erp_system", "crm_system", "parent")
    related = pairs.prefetch_related("mappings", "match_rules")
    written = {
        "systems": {system.name: _system(system) for system in System.objects.all()},
        "pairs": {pair.name: _pair(pair, at) for at, pair in enumerate(related, start=1)},
    }
    return PREFACE + yaml.dump(written, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)


def variable(system: str, credential: str) -> str:
    """The environment variable a dump names for a credential: ERP_CLIENT_SECRET."""
    return re.sub(r"\W", "_", f"{system}_{credential}", flags=re.ASCII).upper()


def _system(system: System) -> dict[str, Any]:
    written = {
        "kind": system.kind,
        "address": system.address,
        "config": Line(system.config),
        "calls_per_minute": system.calls_per_minute,
        "credentials": Line(
            (name, Line(env=variable(system.name, name))) for name in sorted(system.credentials)
        ),
    }
    return {key: value for key, value in written.items() if value not in (None, {})}


def _pair(pair: EntityPair, place: int) -> dict[str, Any]:
    written: dict[str, Any] = {str(side): f"{pair.system(side)}.{pair.entity(side)}" for side in Side}
    written |= _unlike_default(pair, ("interval", "full_interval", "first_winner", "on_removal"))
    written |= {
        "position": pair.position if pair.position != place else None,
        "create": [str(side) for side in Side if pair.creates_in(side)],
        "label": _sides(pair.label(side) for side in Side),
        "parent": _parent(pair),
        "guard": _guard(pair),
        "inactive": _by_side(pair.inactive),
        "scope": _by_side(pair.scope),
        "mappings": [_mapping(row) for row in pair.mappings.all()],
        "match": [Line(_unlike_default(row, MATCH_KEYS)) for row in pair.match_rules.all()],
    }
    return {key: value for key, value in written.items() if value not in (None, {})}


def _sides(texts: Iterable[str]) -> Line:
    return Line((str(side), text) for side, text in zip(Side, texts, strict=True) if text)


def _parent(pair: EntityPair) -> Line:
    above = {"pair": pair.parent.name} if pair.parent else {}
    return Line({**above, **_sides(pair.parent_property(side) for side in Side)})


def _guard(pair: EntityPair) -> Line:
    own = _unlike_default(pair, ("guard_removals", "guard_changes", "guard_blanks"))
    return Line((name.removeprefix("guard_"), share) for name, share in own.items())


def _by_side(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept per side, each condition or mark on a line."""
    return {
        side: Line(value) if isinstance(value, dict) else [Line(row) for row in value]
        for side, value in settings.items()
    }


def _mapping(row: FieldMapping) -> Line:
    fields = {name: key for key, (name, _) in KEYS.items()}
    always = {"crm_property", "crm_type", "direction", "policy"}
    found = {name: getattr(row, name) for name in fields}
    unlike = _unlike_default(row, fields)
    return Line((fields[name], value) for name, value in found.items() if name in unlike or name in always)


def _unlike_default(row: EntityPair | FieldMapping | MatchRule, names: Iterable[str]) -> dict[str, Any]:
    """What a row says of itself beyond the defaults."""
    fields: dict[str, models.Field[Any, Any]] = {field.name: field for field in row._meta.fields}
    values = {name: getattr(row, name) for name in names}
    return {name: value for name, value in values.items() if value != fields[name].get_default()}
