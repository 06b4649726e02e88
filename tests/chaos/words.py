"""The entities a person works in, the fields they change there, and how both systems call them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
DECIMAL = re.compile(r"-?[0-9]+\.[0-9]+")


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field that travels both ways; `made` spells a number as a value that was never there before."""

    erp: str
    crm: str
    made: Callable[[int], Any]

    def path(self, side: str) -> str:
        return self.erp if side == "erp" else self.crm


@dataclass(frozen=True, kw_only=True)
class Entity:
    """A pair of entities: webCRM's name, its key, where it keeps the ERP's key, and what travels."""

    name: str
    crm: str
    crm_key: str
    reference: str
    fields: tuple[Field, ...]

    def on(self, side: str) -> str:
        return self.name if side == "erp" else self.crm


def _text(pattern: str) -> Callable[[int], Any]:
    return pattern.format


ENTITIES = (
    Entity(
        name="customers",
        crm="Organisations",
        crm_key="OrganisationId",
        reference="OrganisationExtraCustom8",
        fields=(
            Field(erp="name", crm="OrganisationName", made=_text("Firma {} AS")),
            Field(erp="phone", crm="OrganisationTelephone", made=_text("+47 9{:07d}")),
            Field(erp="email", crm="OrganisationCustom2", made=_text("post{}@example.no")),
            Field(erp="description", crm="OrganisationCompanyDescription", made=_text("Merknad {}")),
            Field(erp="vatNumber", crm="OrganisationVatNumber", made=_text("NO{:09d}MVA")),
        ),
    ),
    Entity(
        name="contacts",
        crm="Persons",
        crm_key="PersonId",
        reference="PersonCustom5",
        fields=(
            Field(erp="firstName", crm="PersonFirstName", made=_text("Åse {}")),
            Field(erp="lastName", crm="PersonLastName", made=_text("Holm {}")),
            Field(erp="email", crm="PersonEmail", made=_text("person{}@example.no")),
            Field(erp="phoneWork", crm="PersonDirectPhone", made=_text("+47 5{:07d}")),
            Field(erp="title", crm="PersonTitle", made=_text("Leder {}")),
        ),
    ),
    Entity(
        name="products",
        crm="Products",
        crm_key="ProductId",
        reference="ProductCustom3",
        fields=(
            Field(erp="name", crm="ProductCustom2", made=_text("Vare {}")),
            Field(erp="description", crm="ProductMemo", made=_text("Tekst {}")),
            Field(erp="salesPrice", crm="ProductPrice", made=lambda number: number + 0.25),
        ),
    ),
)
BY_NAME = {entity.name: entity for entity in ENTITIES}


def essence(value: Any) -> str:
    """A value as far as its spelling does not matter. The hub keeps decimal numbers as texts."""
    text = "".join(str(value or "").split()).casefold()
    return f"{float(text):.4f}" if DECIMAL.fullmatch(text) else text
