"""The whole seed: what each system holds, and what a matcher must make of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from sandbox.seed import erp, goods, organisations, persons
from sandbox.seed.erp import Row
from sandbox.seed.meeting import Meeting

OWN_ORGANISATION = 3
"""webCRM's id of the company's own organisation, the one that owns the products."""

Pair = tuple[str, int]
"""An ERP id and the webCRM id of the same thing."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """The truth about one ERP entity and its counterpart in webCRM, for tests to count against."""

    by_reference: list[Pair] = field(default_factory=list)
    """The same thing, and webCRM's record carries the ERP id."""
    by_key: list[Pair] = field(default_factory=list)
    """The same thing, found only by business keys."""
    near: list[Pair] = field(default_factory=list)
    """Those of `by_key` whose name, or e-mail, is spelt differently in webCRM."""
    ambiguous: dict[str, list[int]] = field(default_factory=dict)
    """ERP id to the several webCRM ids its business key fits."""
    out_of_scope: list[str] = field(default_factory=list)
    """ERP ids of inactive records and of private persons."""
    orphaned: list[str] = field(default_factory=list)
    """ERP ids of active contacts whose customer is out of scope."""
    crm_only: list[int] = field(default_factory=list)
    """webCRM ids nothing in the ERP stands for."""

    @property
    def pairs(self) -> list[Pair]:
        """Every true pair a matcher can find without asking a person."""
        return self.by_reference + self.by_key


@dataclass(frozen=True, kw_only=True)
class World:
    """Both systems' records by entity; `expected` by ERP entity."""

    erp: dict[str, list[Row]]
    crm: dict[str, list[Row]]
    expected: dict[str, Expected]


def make_world(*, customers: int, contacts: int, products: int, seed: int) -> World:
    """The same arguments always make the same world; the counts are the ERP's."""
    erp_customers = erp.customers(customers, seed)
    erp_rows = {
        "customers": erp_customers,
        "contacts": erp.contacts(contacts, seed, erp_customers) if erp_customers else [],
        "products": erp.products(products, seed),
    }
    expected = {entity: Expected(out_of_scope=list(_out_of_scope(rows))) for entity, rows in erp_rows.items()}
    crm_rows = {
        "Organisations": _own(expected) + _organisations(erp_customers, seed, expected["customers"]),
        "Persons": _support() + _persons(erp_rows["contacts"], seed, expected),
        "Products": _products(erp_rows["products"], seed, expected),
    }
    return World(erp=erp_rows, crm=crm_rows, expected=expected)


def _out_of_scope(rows: list[Row]) -> Iterator[str]:
    return (row["id"] for row in rows if row["isInactive"] or row.get("type") == "person")


def _own(expected: dict[str, Expected]) -> list[Row]:
    """webCRM itself, its support, and the company whose system this is."""
    names = ("webCRM", "webCRM Support", "Vår egen virksomhet AS")
    expected["customers"].crm_only.extend((1, 2, OWN_ORGANISATION))
    return [organisations.own(at, name) for at, name in enumerate(names, start=1)]


def _support() -> list[Row]:
    return [persons.support(1, "Administrator"), persons.support(2, "Support")]


def _organisations(customers: list[Row], seed: int, expected: Expected) -> list[Row]:
    maker = organisations.Organisations(Random(f"{seed}:organisations"), first_id=OWN_ORGANISATION + 1)
    excluded = set(expected.out_of_scope)
    for row in customers:
        if row["id"] not in excluded and row["organizationNumber"]:
            maker.consider(row)
    maker.add_strangers(len(customers) // 10)
    _note(expected, maker.meetings, maker.strangers)
    return maker.rows


def _persons(contacts: list[Row], seed: int, expected: dict[str, Expected]) -> list[Row]:
    homes = dict(expected["customers"].pairs)
    excluded = set(expected["customers"].out_of_scope)
    inactive = set(expected["contacts"].out_of_scope)
    maker = persons.Persons(Random(f"{seed}:persons"), first_id=3)
    for row in contacts:
        owner = row["customer"]["id"]
        if row["id"] in inactive:
            continue
        if owner in excluded:
            expected["contacts"].orphaned.append(row["id"])
        elif owner in homes:
            maker.consider(row, homes[owner])
    lonely = expected["customers"].crm_only[OWN_ORGANISATION:] or [OWN_ORGANISATION]
    maker.add_strangers(len(contacts) // 10, [*lonely, *homes.values()])
    maker.add_elsewhere([row for row in contacts[:: len(contacts) // 10 or 1] if row["email"]], lonely)
    _note(expected["contacts"], maker.meetings, [1, 2, *maker.strangers])
    return maker.rows


def _products(products: list[Row], seed: int, expected: dict[str, Expected]) -> list[Row]:
    inactive = set(expected["products"].out_of_scope)
    maker = goods.Products(Random(f"{seed}:goods"), owner=OWN_ORGANISATION)
    for row in products:
        if row["id"] not in inactive:
            maker.consider(row)
    customers = [crm_id for _, crm_id in expected["customers"].pairs]
    maker.add_strangers(len(products) // 10, customers)
    _note(expected["products"], maker.meetings, maker.strangers)
    return maker.rows


def _note(expected: Expected, meetings: list[Meeting], strangers: list[int]) -> None:
    for meeting in meetings:
        if len(meeting.crm_ids) > 1:
            expected.ambiguous[meeting.erp_id] = list(meeting.crm_ids)
            continue
        pair = (meeting.erp_id, meeting.crm_ids[0])
        (expected.by_reference if meeting.referenced else expected.by_key).append(pair)
        if meeting.near:
            expected.near.append(pair)
    expected.crm_only.extend(strangers)
