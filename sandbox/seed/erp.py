"""What CustomERP holds: customers, contacts and products in the shape its API shows."""

from __future__ import annotations

import unicodedata
from random import Random
from typing import Any

from sandbox.seed import numbers, stamps, words
from sandbox.seed.words import COUNTRIES, Country

Row = dict[str, Any]
"""One record, as its API shows it."""

AWKWARD_EVERY = 60
"""One customer in so many bears a name that breaks careless code."""


def customers(count: int, seed: int) -> list[Row]:
    """`count` customers; about one in thirty is a private person, one in thirty inactive."""
    rng = Random(f"{seed}:customers")
    taken: set[str] = set()
    return [_customer(rng, at, taken) for at in range(count)]


def contacts(count: int, seed: int, owners: list[Row]) -> list[Row]:
    """`count` contacts spread unevenly over the customers; an e-mail stands once per customer."""
    rng = Random(f"{seed}:contacts")
    taken: set[tuple[str, str]] = set()
    return [_contact(rng, rng.choice(owners), taken) for _ in range(count)]


def products(count: int, seed: int) -> list[Row]:
    """`count` products with numbers of their own; prices with two, now and then four decimals."""
    rng = Random(f"{seed}:products")
    return [_product(rng, at) for at in range(count)]


def slug(text: str) -> str:
    """Lower-case ASCII letters and digits only, for addresses."""
    plain = text.replace("ø", "o").replace("Ø", "O").replace("æ", "ae").replace("Æ", "Ae")
    folded = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode().lower()
    return "".join(letter for letter in folded if letter.isalnum())


def maybe(rng: Random, chance: float, value: Any) -> Any:
    """`value` with this chance, else None."""
    return value if rng.random() < chance else None


def telephone(rng: Random, country: Country) -> str:
    return numbers.telephone(rng, country.dial, country.phone_digits)


def _customer(rng: Random, at: int, taken: set[str]) -> Row:
    weights = words.COUNTRY_WEIGHTS
    country = COUNTRIES[rng.choices(list(weights), list(weights.values()))[0]]
    private = rng.random() < 1 / 30
    name = _person_name(rng) if private else _company_name(rng, at, country)
    domain = f"{slug(name)[:24] or 'firma'}{at}.{country.domain}"
    number = None if private or rng.random() < 0.02 else _free_number(rng, country.code, taken)
    row = _head(rng, "cus_") | {
        "customerNumber": str(10000 + at),
        "name": name,
        "organizationNumber": number,
        "vatNumber": numbers.vat_number(country.code, number) if number else None,
        "type": "person" if private else "company",
    }
    return row | _reach(rng, country, domain) | _terms(rng, country)


def _reach(rng: Random, country: Country, domain: str) -> Row:
    """How to get hold of a customer: mail, telephone, addresses."""
    return {
        "email": maybe(rng, 0.9, f"post@{domain}"),
        "invoiceEmail": maybe(rng, 0.5, f"faktura@{domain}"),
        "phone": maybe(rng, 0.9, telephone(rng, country)),
        "mobile": maybe(rng, 0.2, telephone(rng, country)),
        "website": maybe(rng, 0.6, rng.choice(("https://", "http://www.", "https://www.")) + domain),
        "postalAddress": _address(rng, country),
        "deliveryAddress": _address(rng, country) if rng.random() < 0.3 else _blank_address(),
    }


def _terms(rng: Random, country: Country) -> Row:
    return {
        "currency": country.currency,
        "paymentTermsDays": rng.choice(words.TERMS),
        "creditLimit": maybe(rng, 0.2, round(rng.uniform(5_000, 500_000), 2)),
        "customerGroup": rng.choice(words.GROUPS),
        "language": country.language,
        "accountManagerEmail": maybe(rng, 0.3, f"{slug(rng.choice(words.GIVEN_NAMES))}@example.no"),
        "description": maybe(rng, 0.2, "Kjøper mest om våren.\nRing før levering – spør etter Åse."),
        "isInactive": rng.random() < 1 / 30,
        "externalReference": None,
    }


def _company_name(rng: Random, at: int, country: Country) -> str:
    if at % AWKWARD_EVERY == 7:
        return words.AWKWARD_NAMES[at // AWKWARD_EVERY % len(words.AWKWARD_NAMES)]
    if at % AWKWARD_EVERY == 23:
        return (words.LONG_NAME, words.VERY_LONG_NAME)[at // AWKWARD_EVERY % 2] + f" {at}"
    joint = rng.choice((" ", " ", " & ", "", "-"))
    stem = rng.choice(words.FIRST_PARTS) + joint + rng.choice(words.SECOND_PARTS)
    tail = f" {rng.choice(country.cities)[1]}" if rng.random() < 0.4 else ""
    return f"{stem}{tail} {rng.choice(country.forms)}"


def _person_name(rng: Random) -> str:
    return f"{rng.choice(words.GIVEN_NAMES)} {rng.choice(words.FAMILY_NAMES)}"


def _free_number(rng: Random, country: str, taken: set[str]) -> str:
    while (number := numbers.organisation_number(rng, country)) in taken:
        continue
    taken.add(number)
    return number


def _address(rng: Random, country: Country) -> Row:
    code, city = rng.choice(country.cities)
    house = f"{rng.randrange(1, 180)}{rng.choice(('', '', 'B', ' C'))}"
    return {
        "addressLine1": f"{rng.choice(country.streets)} {house}",
        "addressLine2": maybe(rng, 0.15, rng.choice(("Postboks 12", "c/o Ødegård", "3. etg., oppg. B"))),
        "postalCode": code,
        "city": city,
        "state": None,
        "countryCode": country.code,
    }


def _blank_address() -> Row:
    return dict.fromkeys(("addressLine1", "addressLine2", "postalCode", "city", "state", "countryCode"))


def _contact(rng: Random, owner: Row, taken: set[tuple[str, str]]) -> Row:
    first, last = rng.choice(words.GIVEN_NAMES), rng.choice(words.FAMILY_NAMES)
    country = COUNTRIES[owner["postalAddress"]["countryCode"]]
    return _head(rng, "con_") | {
        "customer": {"id": owner["id"]},
        "firstName": maybe(rng, 0.97, first),
        "lastName": last,
        "email": maybe(rng, 0.92, _free_email(rng, owner, (first, last), taken)),
        "phoneWork": maybe(rng, 0.7, telephone(rng, country)),
        "phoneMobile": maybe(rng, 0.6, telephone(rng, country)),
        "title": rng.choice(words.TITLES) or None,
        "department": rng.choice(words.DEPARTMENTS),
        "isPrimary": rng.random() < 0.3,
        "birthDate": maybe(rng, 0.1, f"19{rng.randrange(50, 99)}-{rng.randrange(1, 13):02d}-17"),
        "note": maybe(rng, 0.1, 'Liker kaffe ☕ og "korte" møter.'),
        "isInactive": rng.random() < 0.02,
        "externalReference": None,
    }


def _free_email(rng: Random, owner: Row, name: tuple[str, str], taken: set[tuple[str, str]]) -> str:
    """An address nobody else at this customer has."""
    domain = f"kunde{owner['customerNumber']}.{owner['postalAddress']['countryCode'].lower()}"
    local = ".".join(slug(part) for part in name)
    while (owner["id"], local) in taken:
        local += str(rng.randrange(10))
    taken.add((owner["id"], local))
    return f"{local}@{domain}"


def _product(rng: Random, at: int) -> Row:
    code, group, kind = rng.choice(words.PRODUCT_KINDS)
    cost = round(rng.uniform(0.5, 9_000), rng.choice((0, 2, 2, 2, 4)))
    row = _head(rng, "pro_") | {
        "productNumber": rng.choice((f"{70 + at}", f"{code}-{1000 + at}", f"0{at:05d}")),
        "name": f"{rng.choice(words.PRODUCT_WORDS)} {kind} {at}",
        "description": maybe(rng, 0.4, f'{group}: 1½ års garanti.\nLeveres samlet – "klar til bruk".'),
        "gtin": maybe(rng, 0.8, numbers.gtin(rng)),
        "unit": rng.choice(words.UNITS),
        "productGroup": maybe(rng, 0.9, {"code": code, "name": group}),
        "costPrice": maybe(rng, 0.95, cost),
        "salesPrice": round(cost * rng.uniform(1.1, 2.0), 2),
    }
    return row | _stock(rng, row["updatedAt"])


def _stock(rng: Random, at: str) -> Row:
    quantity = float(rng.randrange(0, 500))
    available = max(0.0, quantity - rng.randrange(0, 20))
    return {
        "currency": "NOK",
        "vatCode": rng.choice(("3", "3", "31", "33", "5")),
        "vatRate": 25.0,
        "isStockItem": True,
        "stock": {"quantity": quantity, "available": available, "updatedAt": at},
        "isInactive": rng.random() < 0.03,
        "externalReference": None,
    }


def _head(rng: Random, prefix: str) -> Row:
    created = stamps.created(rng)
    return {
        "id": prefix + numbers.ulid(rng, created),
        "createdAt": stamps.erp_text(created),
        "updatedAt": stamps.erp_text(stamps.updated(rng, created)),
    }
