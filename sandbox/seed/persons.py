"""webCRM's persons: some are the ERP's contacts, some only webCRM knows."""

from __future__ import annotations

from datetime import datetime
from random import Random

from sandbox.seed import erp, stamps, words
from sandbox.seed.erp import Row
from sandbox.seed.meeting import Draw, Meeting, differ

OVERLAP = 0.75
"""Of the contacts whose customer webCRM already knows."""

NORWAY = words.COUNTRIES["NO"]


class Persons:
    """Builds the rows one by one; ids count upwards from `first_id`."""

    def __init__(self, rng: Random, *, first_id: int) -> None:
        self.rows: list[Row] = []
        self.meetings: list[Meeting] = []
        self.strangers: list[int] = []
        self._rng = rng
        self._draw = Draw(rng)
        self._next_id = first_id

    def consider(self, contact: Row, organisation: int) -> None:
        """Adds the contact's counterpart, or two, or none; one without e-mail only by reference."""
        if not self._draw.overlaps(OVERLAP):
            return
        kind = self._draw.kind() if contact["email"] else "referenced"
        twins = [self._twin(contact, organisation, kind)]
        if kind == "ambiguous":
            twins.append(self._twin(contact, organisation, "near"))
        self.meetings.append(
            Meeting(
                erp_id=contact["id"],
                crm_ids=tuple(twin["PersonId"] for twin in twins),
                referenced=kind == "referenced",
                near=kind == "near",
            )
        )

    def add_strangers(self, count: int, homes: list[int]) -> None:
        """Adds persons the ERP has never heard of."""
        for at in range(count):
            first, last = self._rng.choice(words.GIVEN_NAMES), self._rng.choice(words.FAMILY_NAMES)
            row = _named(self._rng, first, last, f"{erp.slug(first)}{at}@prospekt.example")
            row["PersonOrganisationId"] = self._rng.choice(homes)
            self.strangers.append(self._add(row)["PersonId"])

    def add_elsewhere(self, contacts: list[Row], homes: list[int]) -> None:
        """Adds these contacts' e-mails under organisations the ERP does not know: the same e-mail, no match."""
        for contact in contacts:
            row = _named(self._rng, contact["firstName"] or "", contact["lastName"], contact["email"])
            row["PersonOrganisationId"] = self._rng.choice(homes)
            self.strangers.append(self._add(row)["PersonId"])

    def _twin(self, contact: Row, organisation: int, kind: str) -> Row:
        row = _named(self._rng, contact["firstName"] or "", contact["lastName"], contact["email"] or "")
        row |= {
            "PersonOrganisationId": organisation,
            "PersonDirectPhone": contact["phoneWork"] or "",
            "PersonMobilePhone": contact["phoneMobile"] or "",
            "PersonTitle": contact["title"] or "",
        }
        differ(self._rng, row, blank=("PersonDirectPhone", "PersonTitle"), change=_changes(self._rng))
        if kind == "referenced":
            row["PersonCustom5"] = contact["id"]
        if kind == "near":
            row["PersonEmail"] = row["PersonEmail"].title()
        return self._add(row)

    def _add(self, row: Row) -> Row:
        row["PersonId"] = self._next_id
        self._next_id += 1
        self.rows.append(row)
        return row


def support(crm_id: int, last_name: str) -> Row:
    """One of the persons every webCRM begins with."""
    moment = stamps.EPOCH.replace(year=2015)
    return {
        "PersonId": crm_id,
        "PersonOrganisationId": 1,
        "PersonFirstName": "webCRM",
        "PersonLastName": last_name,
        "PersonStatus": "Active",
    } | _stamped(moment, moment)


def _named(rng: Random, first: str, last: str, email: str) -> Row:
    created = stamps.created(rng)
    return {
        "PersonFirstName": first,
        "PersonLastName": last,
        "PersonEmail": email,
        "PersonStatus": "Active",
    } | _stamped(created, stamps.updated(rng, created))


def _changes(rng: Random) -> Row:
    return {
        "PersonDirectPhone": erp.telephone(rng, NORWAY),
        "PersonMobilePhone": erp.telephone(rng, NORWAY),
        "PersonTitle": rng.choice(("Innkjøpsansvarlig", "Adm. dir.", "Butikksjef  (vikar)")),
        "PersonLastName": rng.choice(words.FAMILY_NAMES),
    }


def _stamped(created: datetime, updated: datetime) -> Row:
    return {"PersonCreatedAt": stamps.crm_text(created), "PersonUpdatedAt": stamps.crm_text(updated)}
