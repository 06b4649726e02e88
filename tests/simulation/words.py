"""What counts as the same, by the simulation's own lights: it asks nothing of the engine it judges."""

from __future__ import annotations

from sync.core.records import Value

FIELDS = {
    "customers": (
        ("name", "OrgName"), ("number", "OrgNumber"), ("phone", "OrgPhone"), ("city", "OrgCity"), ("zip", "OrgZip"),
    ),
    "contacts": (("last", "PersonLast"), ("mail", "PersonMail")),
}  # fmt: skip
"""Fields that travel both ways, by pair."""

ENTITIES = {"customers": ("customers", "orgs"), "contacts": ("contacts", "persons")}
REFERENCE = {"customers": "OrgRef", "contacts": "PersonRef"}
"""Where webCRM keeps the ERP's key."""

IDENTITY = {"customers": "number", "orgs": "OrgNumber", "contacts": "mail", "persons": "PersonMail"}
"""What two records share that nobody has linked yet."""

PAIR = {entity: pair for pair, entities in ENTITIES.items() for entity in entities}
PARTNER = {
    (side, path): (other, partner)
    for fields in FIELDS.values()
    for erp, crm in fields
    for side, path, other, partner in (("erp", erp, "crm", crm), ("crm", crm, "erp", erp))
}


def digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())


def forward(path: str, value: Value) -> str:
    """An ERP value in webCRM's words."""
    text = str(value or "")
    forms = {
        "name": lambda: text.strip()[:40].strip(), "number": lambda: digits(text), "phone": lambda: digits(text),
        "mail": lambda: text.strip().lower(),
    }  # fmt: skip
    return forms.get(path, lambda: text)()


def essence(path: str, value: Value) -> str:
    """A value of either side as far as its spelling does not matter."""
    text = " ".join(str(value or "").split())
    if path in ("phone", "OrgPhone", "number", "OrgNumber"):
        return digits(text)
    return text.lower() if path in ("mail", "PersonMail") else text


def bare(value: Value) -> str:
    return " ".join(str(value or "").split()).casefold()


def akin(one: Value, other: Value) -> bool:
    """Whether one value may be the other, spelled by a system or a transform."""
    first, second = (bare(value) for value in (one, other))
    if not first or not second:
        return first == second
    numbers = (
        digits(first) == digits(second) and bool(digits(first)) and not any(map(str.isalpha, first + second))
    )
    return first.startswith(second) or second.startswith(first) or numbers
