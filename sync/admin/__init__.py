"""The pages people work with: each parses, asks for the permission, calls one service, and shows."""

from sync.admin import audit, conflicts, links, pairs, people, runs, systems

__all__ = ["audit", "conflicts", "links", "pairs", "people", "runs", "systems"]
