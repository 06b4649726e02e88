"""Systems in a configuration file: what they are, where they are, and where their secrets come from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from django.core.exceptions import ValidationError
from django.db import models

from sync.models.systems import System
from sync.services.config.places import Spot, Wrong, one_of, plain, take, text, whole

PLACEHOLDER = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
SETTINGS = ("kind", "address", "config", "calls_per_minute")


@dataclass(frozen=True, kw_only=True)
class SystemDraft:
    """A system as the file wants it, not yet in the database."""

    spot: Spot
    system: System
    secrets: Mapping[str, Secret] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class Secret:
    """A credential by reference. Without a value its variable is not set."""

    spot: Spot
    variable: str
    value: str | None = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Environment:
    """The variables a file may refer to. `X_FILE` names a file that holds X."""

    variables: Mapping[str, str] = field(repr=False)

    def get(self, name: str) -> str | None:
        path = self.variables.get(f"{name}_FILE")
        if path is None:
            return self.variables.get(name)
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except (OSError, ValueError):
            raise Wrong(f"the file that {name}_FILE names cannot be read.") from None


def read_systems(spot: Spot, environment: Environment) -> dict[str, SystemDraft]:
    children = spot.named("systems").children()
    return {name: _read(name, child, environment) for name, child in children.items()}


def _read(name: str, child: Spot, environment: Environment) -> SystemDraft:
    spot = child.named(f"system '{name}'")
    readers = {
        "kind": one_of(System.Kind.values),
        "address": lambda it: _address(it, environment),
        "config": _settings,
        "calls_per_minute": lambda it: None if plain(it) is None else whole(it),
        "credentials": lambda it: _secrets(it, environment),
    }
    found = take(spot, readers, required=("kind", "address"))
    secrets = found.pop("credentials", {})
    system = System(name=name, **found)
    check_model(spot, system, skip=["id", *(key for key in ("kind", "address") if key not in found)])
    return SystemDraft(spot=spot, system=system, secrets=secrets)


def check_model(
    spot: Spot, row: models.Model, *, skip: Iterable[str], keys: Mapping[str, str] | None = None
) -> None:
    """Hold a row to its model's own limits. What is wrong is said at its key; `keys` are by field of the model."""
    try:
        row.full_clean(exclude=list(skip), validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        children = spot.children()
        for name, messages in error.message_dict.items():
            key = (keys or {}).get(name, name)
            children.get(key, spot).say(f"{key}: {' '.join(messages)}")


def _settings(spot: Spot) -> dict[str, object]:
    value = plain(spot)
    if not isinstance(value, dict):
        raise Wrong("Names and values belong here, as in {preset: customerp}.")
    return value


def _address(spot: Spot, environment: Environment) -> str:
    """An address as it stands, with `${NAME:-otherwise}` filled in, or wholly from `{env: NAME}`."""
    if isinstance(plain(spot), dict):
        return _secret(spot, environment, required=True).value or ""
    return PLACEHOLDER.sub(lambda found: _filled(found, environment), text(spot))


def _filled(found: re.Match[str], environment: Environment) -> str:
    name, otherwise = found.groups()
    value = environment.get(name) or otherwise
    if value is None:
        raise Wrong(f"The environment variable {name} is not set. Set it, or write ${{{name}:-…}}.")
    return value


def _secrets(spot: Spot, environment: Environment) -> dict[str, Secret]:
    return {name: _secret(child, environment) for name, child in spot.children().items()}


def _secret(spot: Spot, environment: Environment, *, required: bool = False) -> Secret:
    children = spot.children() if isinstance(plain(spot), dict) else {}
    if list(children) != ["env"]:
        # The value itself is never repeated: it may be a secret that somebody typed here.
        raise Wrong("Secrets do not belong into a file. Name an environment variable: {env: NAME}.")
    name = text(children["env"])
    value = environment.get(name)
    if required and not value:
        raise Wrong(f"The environment variable {name} is not set.")
    return Secret(spot=spot, variable=name, value=value or None)


def kept_credentials(draft: SystemDraft, stored: System | None) -> dict[str, str]:
    """What the hub has already: for that very address, and what the file still names or says nothing of."""
    if stored is None or stored.address != draft.system.address:
        return {}
    named = draft.secrets or stored.credentials
    return {name: value for name, value in stored.credentials.items() if name in named}


def credentials_after(draft: SystemDraft, stored: System | None) -> dict[str, str]:
    """The credentials the system has once the file is carried out."""
    given = {name: secret.value for name, secret in draft.secrets.items() if secret.value is not None}
    return {**kept_credentials(draft, stored), **given}


def check_secrets(draft: SystemDraft, stored: System | None) -> None:
    """A variable that is not set is fine where the hub has that credential for that address already."""
    kept = kept_credentials(draft, stored)
    for name, secret in draft.secrets.items():
        if secret.value is None and name not in kept:
            secret.spot.say(f"credential '{name}': the environment variable {secret.variable} is not set.")
