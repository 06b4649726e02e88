"""What the seed makes true of both systems, and how to count it in them."""

from __future__ import annotations

from typing import Any

from sandbox.seed.world import World
from tests.e2e.control import Control

PAIRS = {
    "customers": ("Organisations", "OrganisationId", "OrganisationExtraCustom8"),
    "contacts": ("Persons", "PersonId", "PersonCustom5"),
    "products": ("Products", "ProductId", "ProductCustom3"),
}
"""Per ERP entity: webCRM's entity, its key, and where it keeps the ERP's key."""


def wanted(world: World, entity: str) -> list[str]:
    """The ERP's records in scope that no person has to be asked about."""
    expected, held = world.expected[entity], set(world.expected["customers"].ambiguous)
    out = {*expected.out_of_scope, *expected.orphaned, *expected.ambiguous}
    return [
        row["id"]
        for row in world.erp[entity]
        if row["id"] not in out and row.get("customer", {}).get("id") not in held
    ]


def counterparts(crm: Control, entity: str) -> dict[str, dict[str, Any]]:
    """webCRM's records by the ERP key they carry."""
    name, _, reference = PAIRS[entity]
    return {row[reference]: row for row in crm.state(name) if row[reference]}
