"""What can be turned on and off in a running CustomERP."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.customerp.access import TOKEN_SECONDS


@dataclass(kw_only=True)
class Switches:
    """The defaults are the contract; every other position imitates a poorer ERP."""

    rate_limit_per_minute: int = 120
    bulk_read: bool = True
    """`GET /x?ids=…` is understood."""
    page_order: str = field(default="updatedAt", metadata={"one_of": ("updatedAt", "id")})
    """Order of lists: `updatedAt` (then id) or `id`."""
    envelope: str = field(default="data", metadata={"one_of": ("data", "bare", "odata", "tripletex")})
    """What lists come in; `tripletex` wraps single records too."""
    paging: str = field(default="cursor", metadata={"one_of": ("cursor", "page", "offset")})
    """How a list goes on: by opaque cursor, by page from 1, or by offset from 0. The deleted feed keeps its cursor."""
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
