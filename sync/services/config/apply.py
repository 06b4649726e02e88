"""A checked configuration file is carried out: rows by name, each change with its audit row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.forms import model_to_dict

from sync.core.vocabulary import Side
from sync.models.pairs import EntityPair, FieldMapping
from sync.models.systems import System
from sync.services.config.pairs import SETTINGS, PairDraft
from sync.services.config.systems import SETTINGS as SYSTEM_SETTINGS
from sync.services.config.systems import SystemDraft
from sync.services.pairs import rules_changed, snapshot
from sync.services.systems import enter_credentials, settings_changed


def apply_systems(drafts: Mapping[str, SystemDraft], *, by: str) -> list[str]:
    """Make or change the systems; one sentence for each."""
    return [_apply_system(name, draft, by) for name, draft in drafts.items()]


def _apply_system(name: str, draft: SystemDraft, by: str) -> str:
    found = System.objects.filter(name=name).first() or System(name=name)
    is_new = found.pk is None
    before = {} if is_new else _described(found)
    for setting in SYSTEM_SETTINGS:
        setattr(found, setting, getattr(draft.system, setting))
    if is_new:
        found.save()
    else:
        found.save(update_fields=SYSTEM_SETTINGS)
    settings_changed(found, before, _described(found), by=by)
    entered = dict(found.credentials) != draft.system.credentials
    if entered:
        enter_credentials(found, draft.system.credentials, by=by)
    return f"system '{name}': {_word(is_new, changed=entered or before != _described(found))}"


def _described(system: System) -> dict[str, object]:
    return model_to_dict(system, fields=["name", *SYSTEM_SETTINGS])


def apply_pairs(drafts: Mapping[str, PairDraft], *, by: str, reason: str) -> list[str]:
    """Make or change the pairs; one sentence for each. New ones observe."""
    existing = {pair.name: pair for pair in EntityPair.objects.filter(name__in=drafts)}
    before = {name: snapshot(pair) for name, pair in existing.items()}
    systems = {system.name: system for system in System.objects.all()}
    for name, draft in drafts.items():
        _save(existing.setdefault(name, EntityPair(name=name)), draft, systems)
    pairs = {pair.name: pair for pair in EntityPair.objects.all()}
    for name, draft in drafts.items():
        EntityPair.objects.filter(name=name).update(parent=pairs.get(draft.parent))
        _replace_mappings(pairs[name], draft)
        _replace_match_rules(pairs[name], draft)
    return [_audit(name, before.get(name), by, reason) for name in drafts]


def _audit(name: str, before: list[dict[str, Any]] | None, by: str, reason: str) -> str:
    pair = EntityPair.objects.get(name=name)
    changed = rules_changed(pair, before=before or [], by=by, reason=reason)
    number = pair.mappings.count()
    return f"pair '{name}': {_word(before is None, changed=changed)}, {number} mapping{'' if number == 1 else 's'}"


def _word(is_new: bool, *, changed: bool) -> str:
    return "new" if is_new else "changed" if changed else "unchanged"


def _save(pair: EntityPair, draft: PairDraft, systems: Mapping[str, System]) -> None:
    for setting in SETTINGS:
        setattr(pair, setting, getattr(draft.pair, setting))
    pair.erp_system, pair.crm_system = (systems[draft.ends[side][0]] for side in Side)
    if pair.pk is None:
        pair.save()
    else:
        pair.save(update_fields=[*SETTINGS, "erp_system", "crm_system"])


def _replace_mappings(pair: EntityPair, draft: PairDraft) -> None:
    """Rows are known by their two properties, so that a conflict and a finding keep the mapping they are about."""
    kept = {(row.erp_property, row.crm_property): row.pk for row in pair.mappings.all()}
    wanted = {(row.erp_property, row.crm_property) for row in draft.mappings}
    FieldMapping.objects.filter(pk__in=[pk for couple, pk in kept.items() if couple not in wanted]).delete()
    for row in draft.mappings:
        row.pair, row.pk = pair, kept.get((row.erp_property, row.crm_property))
        row.save()


def _replace_match_rules(pair: EntityPair, draft: PairDraft) -> None:
    rows = {row.position: row.pk for row in pair.match_rules.all()}
    pair.match_rules.exclude(position__in=[row.position for row in draft.match_rules]).delete()
    for row in draft.match_rules:
        row.pair, row.pk = pair, rows.get(row.position)
        row.save()
