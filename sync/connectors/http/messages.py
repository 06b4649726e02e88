"""What is asked in one call, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sync.connectors.http.json_text import write


@dataclass(frozen=True, kw_only=True)
class Request:
    """One call. `template` is the path with `{names}` for what `segments` fills in."""

    method: str
    template: str
    segments: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Any = None
    form: Mapping[str, str] | None = field(default=None, repr=False)
    writes: bool = False
    """Whether it changes something: then it is sent once, and an outcome nobody saw is Unknown."""
    signed: bool = True

    @property
    def endpoint(self) -> str:
        return f"{self.method} {self.template}"

    def content(self) -> Any:
        if self.form is not None:
            return dict(self.form)
        return None if self.body is None else write(self.body).encode()

    def content_type(self) -> dict[str, str]:
        return {} if self.body is None else {"Content-Type": "application/json"}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back. `body` is the parsed JSON; None also where there was nothing (`empty`) or no JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any
    text: str
    empty: bool
