"""webCRM's organisations: some the ERP knows too, some only webCRM knows."""

from __future__ import annotations

from datetime import datetime
from random import Random

from sandbox.seed import erp, numbers, stamps, words
from sandbox.seed.erp import Row
from sandbox.seed.meeting import OVERLAP, Draw, Meeting, differ
from sandbox.seed.words import COUNTRIES

MAX_NAME = 200
STATUSES = ("Kunde", "Kunde", "Kunde", "Prospekt")
TYPES = ("A Kunde", "B Kunde", "B Kunde", None)


class Organisations:
    """Builds the rows one by one; ids count upwards from `first_id`."""

    def __init__(self, rng: Random, *, first_id: int) -> None:
        self.rows: list[Row] = []
        self.meetings: list[Meeting] = []
        self.strangers: list[int] = []
        self._rng = rng
        self._draw = Draw(rng)
        self._next_id = first_id
        self._numbers: set[str] = set()

    def consider(self, customer: Row) -> None:
        """Adds the customer's counterpart, or two, or none."""
        self._numbers.add(customer["organizationNumber"])
        if not self._draw.overlaps(OVERLAP):
            return
        kind = self._draw.kind()
        twins = [self._twin(customer, kind)]
        if kind == "ambiguous":
            twins.append(self._twin(customer, "near"))
        self.meetings.append(
            Meeting(
                erp_id=customer["id"],
                crm_ids=tuple(twin["OrganisationId"] for twin in twins),
                referenced=kind == "referenced",
                near=kind == "near",
            )
        )

    def add_strangers(self, count: int) -> None:
        """Adds organisations the ERP has never heard of: prospects, and suppliers."""
        for row in erp.customers(count, self._rng.randrange(10**6)):
            if row["organizationNumber"] in self._numbers:
                continue
            stranger = self._add(_shown(self._rng, row))
            stranger["OrganisationExtraCustom2"] = ""
            stranger["OrganisationStatus"] = "Prospekt"
            stranger["OrganisationType"] = self._rng.choice(("Leverandør", "B Kunde", None))
            self.strangers.append(stranger["OrganisationId"])

    def _twin(self, customer: Row, kind: str) -> Row:
        row = _shown(self._rng, customer)
        row["OrganisationStatus"] = self._rng.choice(STATUSES)
        row["OrganisationType"] = self._rng.choice(TYPES)
        if kind == "referenced":
            row["OrganisationExtraCustom8"] = customer["id"]
        else:
            _disguise(self._rng, row, customer)
        if kind == "near":
            row["OrganisationName"] = _misspelt(self._rng, row["OrganisationName"])
        return self._add(row)

    def _add(self, row: Row) -> Row:
        row["OrganisationId"] = self._next_id
        self._next_id += 1
        self.rows.append(row)
        return row


def own(crm_id: int, name: str) -> Row:
    """One of the organisations every webCRM begins with; no status, so outside every scope."""
    return {"OrganisationId": crm_id, "OrganisationName": name} | _stamped(stamps.EPOCH.replace(year=2015))


def _shown(rng: Random, customer: Row) -> Row:
    """The customer in webCRM's words, with a few differences."""
    country = COUNTRIES[customer["postalAddress"]["countryCode"]]
    address, delivery = customer["postalAddress"], customer["deliveryAddress"]
    row: Row = {
        "OrganisationName": customer["name"][:MAX_NAME],
        "OrganisationExtraCustom1": customer["organizationNumber"] or "",
        "OrganisationExtraCustom2": customer["customerNumber"] if rng.random() < 0.5 else "",
        "OrganisationVatNumber": (customer["vatNumber"] or "") if rng.random() < 0.3 else "",
        "OrganisationTelephone": customer["phone"] or "",
        "OrganisationAddress": _lines(address),
        "OrganisationPostCode": address["postalCode"],
        "OrganisationCity": address["city"],
        "OrganisationCountry": country.crm_name,
        "OrganisationWww": _bare(customer["website"] or ""),
        "OrganisationDeliveryAddress": _lines(delivery),
        "OrganisationDeliveryPostCode": delivery["postalCode"] or "",
        "OrganisationDeliveryCity": delivery["city"] or "",
        "OrganisationCompanyDescription": customer["description"] or "",
    }
    differ(rng, row, blank=("OrganisationTelephone", "OrganisationWww"), change=_changes(rng, country))
    created = stamps.created(rng)
    return row | _stamped(created, stamps.updated(rng, created))


def _changes(rng: Random, country: words.Country) -> Row:
    street = rng.choice(country.streets)
    return {
        "OrganisationTelephone": erp.telephone(rng, country),
        "OrganisationAddress": f"c/o Kontorfellesskapet\r\n{street} {rng.randrange(1, 99)}\r\n2. sal",
        "OrganisationWww": f"www.{erp.slug(street)}.{country.domain}",
        "OrganisationCompanyDescription": "Møtt på messe i Skien.\r\nVil ha tilbud – «snarest».",
    }


def _stamped(created: datetime, updated: datetime | None = None) -> Row:
    return {
        "OrganisationCreatedAt": stamps.crm_text(created),
        "OrganisationUpdatedAt": stamps.crm_text(updated or created),
    }


def _lines(address: Row) -> str:
    return "\r\n".join(filter(None, (address["addressLine1"], address["addressLine2"])))


def _bare(website: str) -> str:
    return website.removeprefix("https://").removeprefix("http://")


def _disguise(rng: Random, row: Row, customer: Row) -> None:
    """A third of the numbers are written with blanks or dashes."""
    if rng.random() < 1 / 3:
        code = customer["postalAddress"]["countryCode"]
        row["OrganisationExtraCustom1"] = numbers.spaced(code, customer["organizationNumber"])


def _misspelt(rng: Random, name: str) -> str:
    plain = name.replace("ø", "oe").replace("å", "aa").replace("æ", "ae")
    shorter = name.rpartition(" ")[0] or f"{name}."
    spelt = rng.choice((name.upper(), f"{plain} (hovedkontor)", name.replace(" ", "  "), shorter))[:MAX_NAME]
    return spelt if spelt != name else name[:-1]
