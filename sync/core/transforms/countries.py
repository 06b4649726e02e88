"""Countries by code and by the names webCRM's languages have for them."""

from __future__ import annotations

from functools import lru_cache

import pycountry

LANGUAGES = ("da", "nb", "sv", "fi", "de", "en")

# One row a country: its code, then its name in each of LANGUAGES. Others go by their English name.
NAMES = """
DK Danmark|Danmark|Danmark|Tanska|Dänemark|Denmark
NO Norge|Norge|Norge|Norja|Norwegen|Norway
SE Sverige|Sverige|Sverige|Ruotsi|Schweden|Sweden
FI Finland|Finland|Finland|Suomi|Finnland|Finland
IS Island|Island|Island|Islanti|Island|Iceland
FO Færøerne|Færøyene|Färöarna|Färsaaret|Färöer|Faroe Islands
GL Grønland|Grønland|Grönland|Grönlanti|Grönland|Greenland
AX Åland|Åland|Åland|Ahvenanmaa|Åland|Åland Islands
DE Tyskland|Tyskland|Tyskland|Saksa|Deutschland|Germany
AT Østrig|Østerrike|Österrike|Itävalta|Österreich|Austria
CH Schweiz|Sveits|Schweiz|Sveitsi|Schweiz|Switzerland
NL Holland|Nederland|Nederländerna|Alankomaat|Niederlande|Netherlands
BE Belgien|Belgia|Belgien|Belgia|Belgien|Belgium
LU Luxembourg|Luxembourg|Luxemburg|Luxemburg|Luxemburg|Luxembourg
GB Storbritannien|Storbritannia|Storbritannien|Iso-Britannia|Vereinigtes Königreich|United Kingdom
IE Irland|Irland|Irland|Irlanti|Irland|Ireland
FR Frankrig|Frankrike|Frankrike|Ranska|Frankreich|France
ES Spanien|Spania|Spanien|Espanja|Spanien|Spain
PT Portugal|Portugal|Portugal|Portugali|Portugal|Portugal
IT Italien|Italia|Italien|Italia|Italien|Italy
GR Grækenland|Hellas|Grekland|Kreikka|Griechenland|Greece
PL Polen|Polen|Polen|Puola|Polen|Poland
CZ Tjekkiet|Tsjekkia|Tjeckien|Tšekki|Tschechien|Czechia
SK Slovakiet|Slovakia|Slovakien|Slovakia|Slowakei|Slovakia
HU Ungarn|Ungarn|Ungern|Unkari|Ungarn|Hungary
RO Rumænien|Romania|Rumänien|Romania|Rumänien|Romania
BG Bulgarien|Bulgaria|Bulgarien|Bulgaria|Bulgarien|Bulgaria
HR Kroatien|Kroatia|Kroatien|Kroatia|Kroatien|Croatia
SI Slovenien|Slovenia|Slovenien|Slovenia|Slowenien|Slovenia
EE Estland|Estland|Estland|Viro|Estland|Estonia
LV Letland|Latvia|Lettland|Latvia|Lettland|Latvia
LT Litauen|Litauen|Litauen|Liettua|Litauen|Lithuania
UA Ukraine|Ukraina|Ukraina|Ukraina|Ukraine|Ukraine
TR Tyrkiet|Tyrkia|Turkiet|Turkki|Türkei|Turkey
MT Malta|Malta|Malta|Malta|Malta|Malta
CY Cypern|Kypros|Cypern|Kypros|Zypern|Cyprus
US USA|USA|USA|Yhdysvallat|USA|United States
CA Canada|Canada|Kanada|Kanada|Kanada|Canada
AU Australien|Australia|Australien|Australia|Australien|Australia
NZ New Zealand|New Zealand|Nya Zeeland|Uusi-Seelanti|Neuseeland|New Zealand
CN Kina|Kina|Kina|Kiina|China|China
JP Japan|Japan|Japan|Japani|Japan|Japan
IN Indien|India|Indien|Intia|Indien|India
BR Brasilien|Brasil|Brasilien|Brasilia|Brasilien|Brazil
ZA Sydafrika|Sør-Afrika|Sydafrika|Etelä-Afrikka|Südafrika|South Africa
"""

ALIASES = {
    "nederlandene": "NL", "the netherlands": "NL", "england": "GB", "uk": "GB", "great britain": "GB",
    "noreg": "NO", "østrike": "AT", "den tjekkiske republik": "CZ", "czech republic": "CZ",
    "amerikas forenede stater": "US", "united states of america": "US", "großbritannien": "GB",
    "letland": "LV", "türkiye": "TR",
}  # fmt: skip


def code_of(text: str) -> str | None:
    """The two-letter code of a country given by code or by name; None when nobody is called that."""
    wanted = text.strip().casefold()
    return _codes().get(wanted)


def name_of(code: str, language: str) -> str:
    """The country's name in one of LANGUAGES; in English where the table has none."""
    names = _table().get(code)
    return names[LANGUAGES.index(language)] if names else _english(code)


def _english(code: str) -> str:
    found = pycountry.countries.get(alpha_2=code)
    return str(getattr(found, "common_name", None) or getattr(found, "name", code))


@lru_cache(maxsize=1)
def _table() -> dict[str, tuple[str, ...]]:
    rows = (row.partition(" ") for row in NAMES.strip().splitlines())
    return {code: tuple(names.split("|")) for code, _, names in rows}


@lru_cache(maxsize=1)
def _codes() -> dict[str, str]:
    """Every code and name, case folded. Where one name means two countries, the table's wins."""
    found: dict[str, str] = {}
    for country in pycountry.countries:
        words = (country.alpha_2, country.alpha_3, country.name, _english(country.alpha_2))
        found.update(dict.fromkeys((word.casefold() for word in words), country.alpha_2))
    for code, names in _table().items():
        found.update(dict.fromkeys((name.casefold() for name in names), code))
    return {**found, **ALIASES}
