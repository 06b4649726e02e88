"""How the pretend company has set its webCRM up: labels, drop-down lists, custom and plus fields, users."""

from __future__ import annotations

from typing import Any, Final

LABELS: Final = {
    "OrganisationName": "Firmanavn",
    "OrganisationTelephone": "Telefon",
    "OrganisationAddress": "Adresse",
    "OrganisationPostCode": "Postnr.",
    "OrganisationCity": "By",
    "OrganisationCountry": "Land",
    "OrganisationStatus": "Status",
    "OrganisationType": "Type",
    "OrganisationWww": "Hjemmeside",
    "OrganisationVatNumber": "Momsnummer",
    "OrganisationExtraCustom1": "CVR/Org.nr",
    "OrganisationExtraCustom2": "Debitornr",
    "OrganisationExtraCustom8": "ERP-id",
    "OrganisationCustom1": "Leveringssted",
    "OrganisationCustom2": "E-mail",
    "OrganisationCustom3": "Betalingsbetingelser",
    "OrganisationPlus1": "Antal ansatte",
    "PersonFirstName": "Fornavn",
    "PersonLastName": "Efternavn",
    "PersonEmail": "E-mail",
    "PersonDirectPhone": "Direkte telefon",
    "PersonMobilePhone": "Mobil",
    "PersonTitle": "Titel",
    "PersonStatus": "Status",
    "PersonCustom4": "Primær kontakt",
    "PersonCustom5": "ERP-id",
    "ProductCustom1": "Varenummer",
    "ProductCustom2": "Navn",
    "ProductCustom3": "ERP-id",
    "ProductCustom4": "Enhed",
    "ProductCustom5": "GTIN",
    "ProductMemo": "Beskrivelse",
    "ProductPrice": "Pris",
    "ProductCostPrice": "Kostpris",
    "ProductQuantity": "Antal",
    "ProductVatCode": "Momskode",
}
"""What the users call a field; every other field bears its own name without the entity."""

COUNTRIES: Final = {
    "Danmark": "DK",
    "Norge": "NO",
    "Sverige": "SE",
    "Finland": "FI",
    "Island": "IS",
    "Færøerne": "FO",
    "Grønland": "GL",
    "Tyskland": "DE",
    "Holland": "NL",
    "Belgien": "BE",
    "Frankrig": "FR",
    "Spanien": "ES",
    "Italien": "IT",
    "Polen": "PL",
    "Østrig": "AT",
    "Schweiz": "CH",
    "Storbritannien": "GB",
    "Irland": "IE",
    "Estland": "EE",
    "Letland": "LV",
    "Litauen": "LT",
    "USA": "US",
}

DROPDOWNS: Final = {
    "OrganisationStatus": ("Kunde", "Prospekt", "Inaktiv"),
    "OrganisationType": ("A Kunde", "B Kunde", "C Kunde", "Leverandør", "Partner"),
    "OrganisationIndustry": ("Bygg og anlegg", "Handel", "Industri", "Landbruk", "Offentlig", "Transport"),
    "OrganisationCountry": tuple(COUNTRIES),
    "OrganisationCustom3": ("00: Kontant", "07: 7 dage", "14: 14 dage", "30: 30 dage", "60: 60 dage"),
    "PersonSalutation": ("Hr.", "Fru"),
}
"""Fields that hold one of these texts, or show the placeholder."""

BLANKS: Final[dict[str, str]] = {"OrganisationPlus1": "0", "PersonCustom4": "No", "PersonStatus": "Active"}
"""What else than nothing an untouched field shows: a number that is set up, a check box, a status."""

DISPLAY_TYPES: Final = {"OrganisationCustom2": "EMA", "PersonEmail": "EMA", "PersonEmail2": "EMA"}

USERS: Final[list[dict[str, Any]]] = [
    {"UserId": 1, "UserName": "webCRM Support", "UserEmail": "support@webcrm.example", "UserIsActive": False},
    {"UserId": 2, "UserName": "Kari Nordmann", "UserEmail": "kari@example.no", "UserIsActive": True},
    {"UserId": 3, "UserName": "Åse Ødegård", "UserEmail": "aase@example.no", "UserIsActive": True},
    {"UserId": 4, "UserName": "Jens Hansen", "UserEmail": "jens@example.no", "UserIsActive": True},
]
"""The names of these fields are assumed, but for `UserId`."""

SYSTEM_NAME: Final = "Nordisk Handel"
