"""What only shows once the whole file is read: names that must exist, rules that must fit together."""

from __future__ import annotations

from collections.abc import Mapping

from sync.connectors.base import Connector, Misconfigured
from sync.core.records import Property
from sync.core.vocabulary import Side
from sync.engine.rules import compile_rules, known_properties
from sync.models.pairs import EntityPair
from sync.models.systems import System
from sync.services.config.pairs import PairDraft
from sync.services.config.places import unknown
from sync.services.config.systems import SystemDraft, check_secrets, credentials_after
from sync.services.ends import line, moved_ends, moved_kind
from sync.services.opening import opened
from sync.services.pairs import match_problems_of

Connectors = Mapping[str, Connector]


def check_systems(drafts: Mapping[str, SystemDraft], stored: Mapping[str, System]) -> dict[str, Connector]:
    """Hold each system's address and config to its connector, without a call. The connectors that could be made."""
    connectors: dict[str, Connector] = {}
    for name, draft in drafts.items():
        check_secrets(draft, stored.get(name))
        _check_kind(draft, stored.get(name))
        if draft.system.kind and draft.system.address:
            _open(name, draft, stored.get(name), connectors)
    return connectors


def _check_kind(draft: SystemDraft, stored: System | None) -> None:
    sentence = moved_kind(stored, draft.system.kind) if stored and draft.system.kind else ""
    if sentence:
        draft.spot.children()["kind"].say(f"kind: {sentence}")


def _open(name: str, draft: SystemDraft, stored: System | None, connectors: dict[str, Connector]) -> None:
    draft.system.credentials = credentials_after(draft, stored)
    try:
        connectors[name] = opened(draft.system)
    except Misconfigured as error:
        draft.spot.say(str(error))


def check_pairs(
    drafts: Mapping[str, PairDraft],
    *,
    systems: Mapping[str, System],
    connectors: Connectors,
    stored: Mapping[str, EntityPair],
) -> None:
    """Hold every pair to the systems it joins, to its parent and to its own rules."""
    for name, draft in drafts.items():
        _check_ends(draft, systems, connectors)
        _check_parent(draft, {**stored, **{key: it.pair for key, it in drafts.items()}})
        _check_same_records(draft, stored.get(name))
        _check_rules(draft, systems)
    _check_circles(drafts, stored)


def _check_ends(draft: PairDraft, systems: Mapping[str, System], connectors: Connectors) -> None:
    for side, (system, entity) in draft.ends.items():
        spot = draft.spot.children()[side]
        if system not in systems:
            spot.say(f"{side}: {unknown('system', system, systems)}")
        elif system in connectors and entity not in connectors[system].entities():
            spot.say(f"{side}: {unknown('entity', entity, connectors[system].entities())}")


def _check_parent(draft: PairDraft, pairs: Mapping[str, EntityPair]) -> None:
    if draft.parent and draft.parent not in pairs:
        draft.spot.children()["parent"].say(f"parent: {unknown('pair', draft.parent, pairs)}")


def _check_circles(drafts: Mapping[str, PairDraft], stored: Mapping[str, EntityPair]) -> None:
    above = {name: pair.parent.name for name, pair in stored.items() if pair.parent}
    above |= {name: draft.parent for name, draft in drafts.items()}
    for name, draft in drafts.items():
        if name in line(name, above):
            draft.spot.children()["parent"].say("parent: a pair cannot be above itself.")


def _check_same_records(draft: PairDraft, stored: EntityPair | None) -> None:
    for side, sentence in (moved_ends(stored, draft.ends) if stored else {}).items():
        draft.spot.children()[side].say(f"{side}: {sentence}")


def _check_rules(draft: PairDraft, systems: Mapping[str, System]) -> None:
    active = [row for row in draft.mappings if row.active]
    compiled = compile_rules(draft.pair, active, draft.match_rules, _known(draft, systems))
    for problem in compiled.problems:
        draft.mapping_spots[int(problem.mapping) - 1].say(problem.message)
    for place, sentences in match_problems_of(draft.match_rules, draft.mappings).items():
        for sentence in sentences:
            draft.match_spots[place].say(f"by: {sentence}")


def _known(draft: PairDraft, systems: Mapping[str, System]) -> dict[Side, dict[str, Property]]:
    """What the systems said of their properties when they were last asked; nothing for a new one."""
    found: dict[Side, dict[str, Property]] = {side: {} for side in Side}
    for side, (name, entity) in draft.ends.items():
        system = systems.get(name)
        if system is not None and system.pk:
            found[side] = known_properties(system, entity)
    return found
