"""Answers as values: status, body and headers, before they become HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.customerp.problems import Problem
from sandbox.customerp.rows import Row


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer; `body` None means no body at all."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


def refusal(problem: Problem, request_id: str, headers: dict[str, str] | None = None) -> Reply:
    return Reply(status=problem.status, body=problem.body(request_id), headers=headers or {})


def etag_of(row: Row) -> str:
    return f'"{row["version"]}"'


def tags(header: str) -> set[str]:
    """The versions named by an If-Match or If-None-Match header, without their quotes."""
    return {tag.strip().strip('"') for tag in header.split(",") if tag.strip()}
