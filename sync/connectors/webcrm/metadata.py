"""A webCRM system's own words for its properties, laid over what is known of them anyway."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sync.connectors.webcrm.facts import HIDDEN, Facts
from sync.core.records import Property


def described(facts: Facts, rows: list[dict[str, Any]]) -> tuple[Property, ...]:
    """All properties of the entity: newer ones only where the system names them."""
    said = {name: row for row in rows if (name := _name(facts, row))}
    known = facts.properties()
    taken = {
        path: p for path, p in known.items() if path not in facts.newer_paths or path.split(".")[0] in said
    }
    added = {name: Property(path=name) for name in said if name not in taken and not _has_parts(name, known)}
    return tuple(_labelled(p, said.get(path.split(".")[0], {})) for path, p in (taken | added).items())


def _name(facts: Facts, row: Mapping[str, Any]) -> str:
    for field in ("FieldMetadataFriendlyFieldName", "FieldMetadataDbFieldName"):
        name = row.get(field)
        if isinstance(name, str) and name.startswith(facts.prefix) and not HIDDEN.search(name):
            return name
    return ""


def _has_parts(name: str, known: Mapping[str, Property]) -> bool:
    return any(path.startswith(f"{name}.") for path in known)


def _labelled(known: Property, row: Mapping[str, Any]) -> Property:
    label, length = row.get("FieldMetadataLabel"), row.get("FieldMetadataTextFieldMaxLength")
    usable = isinstance(length, int) and not isinstance(length, bool) and length > 0
    return replace(
        known,
        label=label if isinstance(label, str) else known.label,
        max_length=length if usable else known.max_length,
        options=known.options or _options(row.get("FieldMetadataDropdownListData")),
    )


def _options(choices: Any) -> tuple[str, ...]:
    """The texts of a drop-down: webCRM stores and takes the text, not the value behind it."""
    if not isinstance(choices, list):
        return ()
    texts = (choice.get("Text") for choice in choices if isinstance(choice, Mapping))
    return tuple(text for text in texts if isinstance(text, str) and text)
