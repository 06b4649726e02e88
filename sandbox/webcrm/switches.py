"""What can be turned on and off in a running webCRM: one switch for every doubt about the real one."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Switches:
    """The defaults are what is most likely today."""

    rate_limit_per_minute: int = 250
    token_ttl: int = 3600
    """Seconds an access token lives."""
    system_id: int = 39329
    """Who is behind this address: another id is another tenant."""
    post_organisation_returns: str = field(
        default="object", metadata={"one_of": ("object", "integer", "text", "empty")}
    )
    missing_as_204: bool = False
    bad_login_as_200: bool = False
    patch_update_result: str = field(default="id", metadata={"one_of": ("id", "empty", "null")})
    error_style: str = field(default="envelope", metadata={"one_of": ("envelope", "model_state")})
    hook_payload: str = field(default="json", metadata={"one_of": ("json", "bare_string", "form")})
    timezone: str = "Europe/London"
    dropdown_placeholder: str = "-- vælg --"
    strict_dropdowns: bool = True
    """A text that is not in the drop-down's list is refused."""
    unique_fields: list[str] = field(default_factory=lambda: ["OrganisationExtraCustom8"])
    legacy_2019: bool = False
    """Without everything the swagger of 2019 does not know."""
    over_long: str = field(default="reject", metadata={"one_of": ("reject", "cut")})
    max_name: int = 200
    """Longest OrganisationName; 50 on old systems."""
    queries: str = field(default="on", metadata={"one_of": ("on", "off", "no_product")})
    longest_query: int = 0
    """Letters a query string may have: 2048 where a web server was left as it comes; 0 is no limit."""
    spelling: bool = False
    """Blanks collapsed, cities title-cased, prices rounded: changes nobody announced."""
    organisation_move: str = field(default="ignore", metadata={"one_of": ("ignore", "reject")})
    """What becomes of a write that would move a person to another organisation."""
    id_clash_every: int = 0
    """Every so manieth create fails once; 0 means never."""
    latency_ms: int = 0
