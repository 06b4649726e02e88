"""The shape of each entity as JSON Schema: what the API shows, and what it holds requests to."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def text(title: str, length: int, **more: Any) -> Schema:
    return {"title": title, "type": ["string", "null"], "maxLength": length, **more}


def money(title: str) -> Schema:
    """Zero or more, at most four decimals."""
    return {"title": title, "type": ["number", "null"], "minimum": 0, "multipleOf": 0.0001}


def flag(title: str, *, default: bool = False) -> Schema:
    return {"title": title, "type": "boolean", "default": default}


def kept(title: str, kind: str = "string", **more: Any) -> Schema:
    """A field the server keeps."""
    return {"title": title, "type": kind, "readOnly": True, **more}


def nested(title: str, properties: dict[str, Schema], **more: Any) -> Schema:
    return {
        "title": title,
        "type": ["object", "null"],
        "properties": properties,
        "additionalProperties": False,
        **more,
    }


def address(title: str) -> Schema:
    return nested(
        title,
        {
            "addressLine1": text("Address line 1", 255),
            "addressLine2": text("Address line 2", 255),
            "postalCode": text("Postal code", 20),
            "city": text("City", 100),
            "state": text("State", 100),
            "countryCode": text("Country", 2, format="iso-3166-1-alpha-2"),
        },
    )


def entity(title: str, properties: dict[str, Schema], required: list[str]) -> Schema:
    """An entity's schema: its own properties between the id and the kept ones all entities share."""
    tail = {
        "isInactive": flag("Inactive"),
        "externalReference": text("External reference", 64),
        "createdAt": kept("Created at", format="date-time"),
        "updatedAt": kept("Updated at", format="date-time"),
        "updatedBy": kept("Updated by"),
        "version": kept("Version", "integer"),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "properties": {"id": kept("Id"), **properties, **tail},
        "required": required,
        "additionalProperties": False,
    }


CUSTOMER = entity(
    "Customer",
    {
        "customerNumber": text("Customer number", 30),
        "name": {"title": "Name", "type": "string", "maxLength": 255},
        "organizationNumber": text("Organisation number", 20),
        "vatNumber": text("VAT number", 30),
        "type": {"title": "Type", "type": "string", "enum": ["company", "person"], "default": "company"},
        "email": text("E-mail", 254, format="email"),
        "invoiceEmail": text("Invoice e-mail", 254, format="email"),
        "phone": text("Telephone", 50),
        "mobile": text("Mobile", 50),
        "website": text("Website", 255),
        "postalAddress": address("Postal address"),
        "deliveryAddress": address("Delivery address"),
        "currency": text("Currency", 3),
        "paymentTermsDays": {"title": "Payment terms, days", "type": ["integer", "null"], "minimum": 0},
        "creditLimit": money("Credit limit"),
        "customerGroup": text("Customer group", 100),
        "language": text("Language", 5),
        "accountManagerEmail": text("Account manager's e-mail", 254, format="email"),
        "description": text("Description", 4000),
    },
    ["name"],
)

CONTACT = entity(
    "Contact",
    {
        "customer": {
            "title": "Customer",
            "type": "object",
            "properties": {"id": {"title": "Customer id", "type": "string"}},
            "required": ["id"],
            "additionalProperties": False,
        },
        "firstName": text("First name", 100),
        "lastName": {"title": "Last name", "type": "string", "maxLength": 100},
        "email": text("E-mail", 254, format="email"),
        "phoneWork": text("Work telephone", 50),
        "phoneMobile": text("Mobile telephone", 50),
        "title": text("Title", 100),
        "department": text("Department", 100),
        "isPrimary": flag("Primary contact"),
        "birthDate": text("Birth date", 10, format="date"),
        "note": text("Note", 4000),
    },
    ["customer", "lastName"],
)

PRODUCT = entity(
    "Product",
    {
        "productNumber": text("Product number", 30),
        "name": {"title": "Name", "type": "string", "maxLength": 255},
        "description": text("Description", 4000),
        "gtin": text("GTIN", 14),
        "unit": text("Unit", 20),
        "productGroup": nested(
            "Product group", {"code": text("Group code", 20), "name": text("Group name", 100)}
        ),
        "costPrice": money("Cost price"),
        "salesPrice": money("Sales price"),
        "currency": text("Currency", 3),
        "vatCode": text("VAT code", 10),
        "vatRate": {"title": "VAT rate", "type": ["number", "null"], "minimum": 0, "maximum": 100},
        "isStockItem": flag("Stock item"),
        "stock": nested(
            "Stock",
            {
                "quantity": kept("Quantity", "number"),
                "available": kept("Available", "number"),
                "updatedAt": kept("Stock updated at", format="date-time"),
            },
            readOnly=True,
        ),
    },
    ["name"],
)

SCHEMAS = {"customers": CUSTOMER, "contacts": CONTACT, "products": PRODUCT}

SINGULAR = {"customers": "customer", "contacts": "contact", "products": "product"}
"""The word an event's type begins with: `customer.updated`."""

PREFIXES = {"customers": "cus_", "contacts": "con_", "products": "pro_"}

NUMBERED = {"customers": "customerNumber", "products": "productNumber"}
"""The human number the server assigns when it is absent."""

UNIQUE = {
    "customers": ("customerNumber", "organizationNumber", "externalReference"),
    "contacts": ("externalReference",),
    "products": ("productNumber", "externalReference"),
}

LOOKUPS = {
    "customers": {"organizationNumber": "organizationNumber", "customerNumber": "customerNumber"},
    "contacts": {"email": "email", "customerId": "customer.id"},
    "products": {"productNumber": "productNumber", "gtin": "gtin"},
}
"""Query name to the field it must equal."""

ADDRESSES = ("postalAddress", "deliveryAddress")
