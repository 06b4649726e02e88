"""Configurations that ship with the hub, and laying a system's own over them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from sync.connectors.base import Misconfigured

SHIPPED = {path.stem: path for path in sorted(Path(__file__).parent.glob("*.yaml"))}


def configured(config: Mapping[str, Any]) -> dict[str, Any]:
    """The whole document: the one `preset` names with the rest of the configuration laid over it."""
    own = {name: value for name, value in config.items() if name != "preset"}
    preset = config.get("preset")
    if preset is None:
        return own
    if preset not in SHIPPED:
        raise Misconfigured(f"preset is '{preset}', which does not ship: choose one of {', '.join(SHIPPED)}.")
    return laid_over(yaml.safe_load(SHIPPED[preset].read_text(encoding="utf-8")), own)


def laid_over(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Mappings are merged, all else is replaced; a section of another kind replaces the whole section."""
    merged = dict(base)
    for name, value in own.items():
        below = base.get(name)
        merged[name] = value
        if isinstance(below, Mapping) and isinstance(value, Mapping) and _same_kind(below, value):
            merged[name] = laid_over(below, value)
    return merged


def _same_kind(below: Mapping[str, Any], value: Mapping[str, Any]) -> bool:
    return "kind" not in value or value["kind"] == below.get("kind")
