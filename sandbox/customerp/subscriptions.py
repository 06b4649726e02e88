"""Webhook subscriptions: who wants to hear what, proved by a challenge, signed with a secret."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sandbox.customerp.problems import Detail, invalid
from sandbox.customerp.schemas import SINGULAR

EVENTS = frozenset(
    f"{word}.{happened}" for word in SINGULAR.values() for happened in ("created", "updated", "deleted")
)
SHORTEST_SECRET = 32
ACTIVE_SECRETS = 2
FIELDS = {"url", "events", "secret"}

ACTIVE, PENDING, DISABLED = "active", "pending", "disabled_too_many_errors"


@dataclass(kw_only=True)
class Subscription:
    """One registered address. The newest secret comes first; an older one stays valid beside it."""

    id: str
    client: str
    url: str
    events: list[str]
    secrets: list[str]
    created_at: str
    status: str = PENDING
    failures: int = 0
    """Failed deliveries in a row."""

    def shown(self) -> dict[str, Any]:
        """As the API shows it: never with its secrets."""
        return {
            "id": self.id,
            "url": self.url,
            "events": self.events,
            "status": self.status,
            "failures": self.failures,
            "createdAt": self.created_at,
        }

    def change(self, body: Mapping[str, Any]) -> None:
        """Takes over what the (checked) body names; a new secret joins the one before it."""
        self.url = body.get("url", self.url)
        self.events = body.get("events", self.events)
        if "secret" in body:
            self.secrets = [body["secret"], *self.secrets][:ACTIVE_SECRETS]

    def signature(self, timestamp: str, body: bytes) -> str:
        """One `v1=<hex>` per active secret, over `<timestamp>.<raw body>`."""
        signed = timestamp.encode() + b"." + body
        return ",".join(
            "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in self.secrets
        )


def check(body: Mapping[str, Any], *, required: frozenset[str]) -> None:
    """422 with a detail for each wrong field."""
    details = [Detail(name, "required", f"{name} is required.") for name in sorted(required - set(body))]
    details += [Detail(name, "unknown_field", f"There is no field {name}.") for name in set(body) - FIELDS]
    for name, fine in (("url", _is_url), ("events", _are_events), ("secret", _is_secret)):
        if name in body and not fine(body[name]):
            details.append(Detail(name, "invalid_format", RULES[name]))
    if details:
        raise invalid(details)


RULES = {
    "url": "url must be an http or https address.",
    "events": f"events must be a list of {', '.join(sorted(EVENTS))}.",
    "secret": f"secret must have at least {SHORTEST_SECRET} characters.",
}


def _is_url(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    parts = urlsplit(value)
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _are_events(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(name in EVENTS for name in map(str, value))


def _is_secret(value: Any) -> bool:
    return isinstance(value, str) and len(value) >= SHORTEST_SECRET
