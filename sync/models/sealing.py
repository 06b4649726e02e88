"""Credentials at rest: sealed with the first key of `HUB_KEYS`, opened with any of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models

CLOSED = (
    "The stored credentials cannot be opened with the keys in HUB_KEYS. "
    "Add the key they were sealed with, or enter the credentials again."
)


class Sealed(dict[str, str]):
    """Opened secrets by name. Printing it shows the names only."""

    closed = ""
    """The sealed text itself where no key fits: it is kept, for the key may come back. There are no secrets then."""

    def __repr__(self) -> str:
        return f"Sealed({', '.join(self)})"

    __str__ = __repr__


def seal(secrets: dict[str, str]) -> str:
    """Secrets as one opaque text that only `HUB_KEYS` can open."""
    return _keys().encrypt(json.dumps(secrets).encode()).decode() if secrets else ""


def unseal(text: str) -> Sealed:
    """What `seal` was given; empty and `closed` when none of the keys fits: pages must open, to mend it."""
    if not text:
        return Sealed()
    try:
        return Sealed(json.loads(_keys().decrypt(text.encode())))
    except InvalidToken:
        found = Sealed()
        found.closed = text
        return found


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.HUB_KEYS])


if TYPE_CHECKING:
    TextField = models.TextField[Any, Sealed]
else:
    TextField = models.TextField


class SealedField(TextField):
    """A `Sealed` mapping in Python, an opaque text in the database."""

    _pyi_private_set_type: Any
    _pyi_private_get_type: Sealed  # type: ignore[assignment]

    def from_db_value(self, value: str | None, *_: object) -> Sealed:
        return unseal(value or "")

    def to_python(self, value: Any) -> Any:
        return unseal(value) if isinstance(value, str) else Sealed(value or {})

    def get_prep_value(self, value: Any) -> str:
        if isinstance(value, Sealed) and value.closed:
            return value.closed
        return value if isinstance(value, str) else seal(dict(value or {}))

    def value_to_string(self, obj: models.Model) -> str:  # noqa: ARG002 - Django's signature
        return ""
