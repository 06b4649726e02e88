"""webCRM's products: rows under the company's own organisation, and customers' own ones."""

from __future__ import annotations

from random import Random

from sandbox.seed import erp, stamps
from sandbox.seed.erp import Row
from sandbox.seed.meeting import OVERLAP, Draw, Meeting, differ


class Products:
    """Builds the rows one by one; ids count upwards from 1; `owner` is the company's own organisation."""

    def __init__(self, rng: Random, *, owner: int) -> None:
        self.rows: list[Row] = []
        self.meetings: list[Meeting] = []
        self.strangers: list[int] = []
        self._rng = rng
        self._draw = Draw(rng)
        self._owner = owner

    def consider(self, product: Row) -> None:
        """Adds the product's counterpart, or two, or none."""
        if not self._draw.overlaps(OVERLAP):
            return
        kind = self._draw.kind()
        twins = [self._twin(product, kind)]
        if kind == "ambiguous":
            twins.append(self._twin(product, "near"))
        self.meetings.append(
            Meeting(
                erp_id=product["id"],
                crm_ids=tuple(twin["ProductId"] for twin in twins),
                referenced=kind == "referenced",
                near=kind == "near",
            )
        )

    def add_strangers(self, count: int, customers: list[int]) -> None:
        """Adds products the ERP does not sell, half of them things that stand at a customer's."""
        for row in erp.products(count, self._rng.randrange(10**6)):
            stranger = self._add(_shown(self._rng, row))
            stranger["ProductCustom1"] = f"X{stranger['ProductCustom1']}"
            if customers and self._rng.random() < 0.5:
                stranger["ProductOrganisationId"] = self._rng.choice(customers)
            self.strangers.append(stranger["ProductId"])

    def _twin(self, product: Row, kind: str) -> Row:
        row = _shown(self._rng, product)
        if kind == "referenced":
            row["ProductCustom3"] = product["id"]
        if kind == "near":
            row["ProductCustom2"] = row["ProductCustom2"].upper()
        return self._add(row)

    def _add(self, row: Row) -> Row:
        row["ProductId"] = len(self.rows) + 1
        row["ProductOrganisationId"] = self._owner
        self.rows.append(row)
        return row


def _shown(rng: Random, product: Row) -> Row:
    """The product in webCRM's slots (number, name, -, unit, gtin), with a few differences."""
    created = stamps.created(rng)
    row: Row = {
        "ProductCustom1": product["productNumber"],
        "ProductCustom2": product["name"],
        "ProductCustom4": product["unit"],
        "ProductCustom5": product["gtin"] or "",
        "ProductMemo": (product["description"] or "").replace("\n", "\r\n"),
        "ProductCostPrice": product["costPrice"] or 0.0,
        "ProductPrice": product["salesPrice"],
        "ProductQuantity": product["stock"]["available"],
        "ProductVatCode": product["vatCode"],
        "ProductCreatedAt": stamps.crm_text(created),
        "ProductUpdatedAt": stamps.crm_text(stamps.updated(rng, created)),
    }
    price = round(product["salesPrice"] * 1.05, 2)
    changes = {"ProductPrice": price, "ProductMemo": "Utgår til høsten.", "ProductQuantity": 1.0}
    differ(rng, row, blank=("ProductMemo", "ProductCustom5"), change=changes)
    return row
