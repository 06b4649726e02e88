"""The small word lists the pretend companies, people and goods are made of."""

from __future__ import annotations

from dataclasses import dataclass


def _listed(words: str) -> tuple[str, ...]:
    return tuple(words.split())


@dataclass(frozen=True, kw_only=True)
class Country:
    """One Nordic country: its codes, its words and how its numbers are written."""

    code: str
    crm_name: str
    currency: str
    language: str
    dial: str
    phone_digits: int
    domain: str
    forms: tuple[str, ...]
    cities: tuple[tuple[str, str], ...]
    streets: tuple[str, ...]


COUNTRIES = {
    "NO": Country(
        code="NO",
        crm_name="Norge",
        currency="NOK",
        language="nb",
        dial="+47",
        phone_digits=8,
        domain="no",
        forms=("AS", "ASA", "ANS", "DA"),
        cities=(
            ("0155", "Oslo"),
            ("5003", "Bergen"),
            ("7011", "Trondheim"),
            ("4006", "Stavanger"),
            ("9008", "Tromsø"),
            ("1607", "Fredrikstad"),
            ("6003", "Ålesund"),
            ("8006", "Bodø"),
            ("2317", "Hamar"),
            ("3211", "Sandefjord"),
        ),
        streets=("Storgata", "Kirkegata", "Bjørnsons vei", "Sjøgata", "Havnegata", "Åsveien", "Møllergata"),
    ),
    "DK": Country(
        code="DK",
        crm_name="Danmark",
        currency="DKK",
        language="da",
        dial="+45",
        phone_digits=8,
        domain="dk",
        forms=("A/S", "ApS", "I/S", "P/S"),
        cities=(
            ("1050", "København K"),
            ("8000", "Aarhus C"),
            ("5000", "Odense C"),
            ("9000", "Aalborg"),
            ("6700", "Esbjerg"),
            ("4600", "Køge"),
            ("3700", "Rønne"),
        ),
        streets=("Nørregade", "Østerbrogade", "Vestergade", "Søndergade", "Åboulevarden", "Lærkevej"),
    ),
    "SE": Country(
        code="SE",
        crm_name="Sverige",
        currency="SEK",
        language="sv",
        dial="+46",
        phone_digits=9,
        domain="se",
        forms=("AB", "HB", "KB"),
        cities=(
            ("111 22", "Stockholm"),
            ("411 06", "Göteborg"),
            ("211 19", "Malmö"),
            ("903 26", "Umeå"),
            ("702 10", "Örebro"),
        ),
        streets=("Drottninggatan", "Kungsgatan", "Ågatan", "Västra Hamngatan", "Björkvägen"),
    ),
    "FI": Country(
        code="FI",
        crm_name="Finland",
        currency="EUR",
        language="fi",
        dial="+358",
        phone_digits=9,
        domain="fi",
        forms=("Oy", "Oyj", "Ky"),
        cities=(("00100", "Helsinki"), ("20100", "Turku"), ("33100", "Tampere"), ("15110", "Lahti")),
        streets=("Mannerheimintie", "Hämeenkatu", "Itäinen Pitkäkatu", "Yliopistonkatu"),
    ),
}
"""The countries customers come from, most of them Norwegian or Danish (`COUNTRY_WEIGHTS`)."""

COUNTRY_WEIGHTS = {"NO": 55, "DK": 28, "SE": 12, "FI": 5}

FIRST_PARTS = _listed(
    "Akkurat Nord Fjord Bryggen Sjø Havn Ærlig Østkyst Grønn Blå Fjell Elv Skog Storm Måne Sol Vinter Tind"
    " Lyng Bjørk Kvikk Søster Trygg Ren Vik Dal Foss Eng Hav Strand Ås Lund Krone Anker Kompas Fyr"
)
SECOND_PARTS = _listed(
    "Bygg Elektro Transport Kaffe Fisk Data Regnskap Møbler Papir Maskin Helse Bakeri Energi Tekstil Reklame"
    " Optik Musik Maling Rør Tømmer Konsult Logistik Gartneri Smed Verksted Trykk Renhold Arkitekter"
)
GIVEN_NAMES = _listed(
    "Kari Ola Ingrid Bjørn Åse Søren Mette Lærke Jørgen Astrid Håkon Sigrid Erik Linnéa Göran Åke Päivi Väinö"
    " Anne-Marie Jens Freja Tor Nina Øyvind Renée Ida Magnus Solveig Torbjørn Zoë Chloé Siân"
)
FAMILY_NAMES = _listed(
    "Hansen Nielsen Andersson Virtanen Ødegård Sørensen Åberg Lindström Kjær Bjørnstad Næss Østby Mäkinen"
    " Dahl-Olsen Holm O'Brien D'Angelo Müller Håkansson Grønlund Rasmussen Solberg Moen Vik"
)
TITLES = ("CEO", "Daglig leder", "Innkjøper", "Økonomichef", "Salgssjef", "Projektleder", "IT", "")
DEPARTMENTS = ("Salg", "Innkjøp", "Økonomi", "Drift", None)
GROUPS = ("Retail", "Wholesale", "Public", "Export", None)
TERMS = (8, 14, 14, 30, 30, 45)

PRODUCT_WORDS = _listed(
    "Steam Compact Super Eco Heavy Silent Nordic Classic Turbo Mini Kraftig Lett Stille Blå Rask"
)
PRODUCT_KINDS = (
    ("WM", "Washing machines", "washer"),
    ("VA", "Verktøy & anlegg", "bormaskin"),
    ("KO", "Kontorrekvisita", "ringperm"),
    ("BE", "Belysning", 'pære 12"'),
    ("RE", "Reservedele", "pakning Ø12"),
)
UNITS = ("pcs", "stk", "m", "kg", "time")

AWKWARD_NAMES = (
    "Café Crème Brûlée & Søn's Blåbærhus AS",
    "O'Brien's \"Pub\" DA",
    "Is-Kiosken 🍦🌊 AS",
    "Nord  Vik   Handel AS",
    "Łódź Żółć Import AS",
    "<b>Fet</b> & Tynn AS",
    "株式会社 Nordlys AS",
    "100% Rent; Vask, Tørk | Stryk AS",
    "E\u0301clair AS",
    "Æ",
)
"""Names that break careless code: quotes, emoji, double blanks, markup, a combining accent, a lone letter."""

LONG_NAME = (
    "Interesseorganisasjonen for Nordiske Håndverkere, Tømrere, Malere, Rørleggere og Elektrikere i Øvre "
    "Østfold og Omegn med Tilhørende Pensjonskasse og Sykehjelpsfond"
)
"""Longer than 50, shorter than 200 characters."""

VERY_LONG_NAME = LONG_NAME + ", Avdeling for Særlig Lange Navn, Underavdeling Æ, Ø og Å, Bjørnsons Minde"
"""Longer than the 200 characters webCRM takes, shorter than the 255 CustomERP takes."""
