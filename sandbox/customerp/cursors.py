"""Opaque cursors: a place in an order, in letters no client should read."""

from __future__ import annotations

import base64
import binascii
import json

from sandbox.customerp.problems import Problem

START = ("", "")


def written(place: tuple[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def parsed(cursor: str) -> tuple[str, str]:
    """The place a cursor pins; 400 for anything this server did not write."""
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        place = None
    if not (isinstance(place, list) and len(place) == 2 and all(isinstance(part, str) for part in place)):
        raise Problem(400, "The cursor is not one of ours.")
    return place[0], place[1]
