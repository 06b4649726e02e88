"""What can be turned on and off in a running CustomERP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.customerp.access import TOKEN_SECONDS
from sandbox.customerp.problems import Problem


@dataclass(kw_only=True)
class Switches:
    """The defaults are the contract; every other position imitates a poorer ERP."""

    rate_limit_per_minute: int = 120
    bulk_read: bool = True
    """`GET /x?ids=…` is understood."""
    page_order: str = "updatedAt"
    """Order of lists: `updatedAt` (then id) or `id`."""
    etag: bool = True
    """ETags are sent and If-Match is demanded."""
    idempotency: bool = True
    deleted_feed: bool = True
    webhooks: bool = True
    token_ttl: int = TOKEN_SECONDS
    """Seconds an access token lives."""
    company_id: str = "com_1"
    """Who is behind this address: another id is another tenant."""
    latency_ms: int = 0


ON_OFF = {True: True, False: False, "on": True, "off": False}
ORDERS = ("updatedAt", "id")
LEAST = {"rate_limit_per_minute": 1, "token_ttl": 1, "latency_ms": 0}


def checked(switches: Switches, values: dict[str, Any]) -> dict[str, Any]:
    """The values as they will be set; 400 for a switch or a position there is not."""
    return {name: _checked(name, getattr(switches, name, None), value) for name, value in values.items()}


def _checked(name: str, current: Any, value: Any) -> Any:
    if isinstance(current, bool) and isinstance(value, bool | str) and value in ON_OFF:
        return ON_OFF[value]
    if isinstance(current, int) and _is_count(name, value):
        return value
    if isinstance(current, str) and isinstance(value, str) and (name != "page_order" or value in ORDERS):
        return value
    raise Problem(400, f"There is no switch {name} with a position {value!r}.")


def _is_count(name: str, value: Any) -> bool:
    return type(value) is int and value >= LEAST.get(name, value + 1)
