"""Numbers that look right and check out: organisation numbers, bar codes, telephones, ids."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from random import Random

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
NO_WEIGHTS = (3, 2, 7, 6, 5, 4, 3, 2)
DK_WEIGHTS = (2, 7, 6, 5, 4, 3, 2)
FI_WEIGHTS = (7, 9, 10, 5, 8, 4, 2)


def ulid(rng: Random, moment: datetime) -> str:
    """26 characters: ten of the moment in milliseconds, sixteen of chance."""
    milliseconds = int(moment.timestamp() * 1000)
    head = "".join(CROCKFORD[(milliseconds >> shift) & 31] for shift in range(45, -1, -5))
    return head + "".join(rng.choices(CROCKFORD, k=16))


def organisation_number(rng: Random, country: str) -> str:
    """A number with valid check digits, digits only: 9 in Norway, 8 in Denmark and Finland, 10 in Sweden."""
    return MAKERS[country](rng)


def norwegian(rng: Random) -> str:
    return _modulo_11(rng, first="89", weights=NO_WEIGHTS)


def danish(rng: Random) -> str:
    return _modulo_11(rng, first="1234", weights=DK_WEIGHTS)


def finnish(rng: Random) -> str:
    return _modulo_11(rng, first="0123", weights=FI_WEIGHTS)


def swedish(rng: Random) -> str:
    body = "556" + _digits(rng, 6)
    return body + str(-luhn(body) % 10)


MAKERS = {"NO": norwegian, "DK": danish, "SE": swedish, "FI": finnish}


def vat_number(country: str, number: str) -> str:
    """The organisation number as tax offices write it: `NO924618094MVA`, `DK12345678`."""
    return {"NO": f"NO{number}MVA", "SE": f"SE{number}01"}.get(country, country + number)


def spaced(country: str, number: str) -> str:
    """As people type it: `924 618 094`, `12 34 56 78`, `556677-8899`, `1234567-8`."""
    if country == "NO":
        return f"{number[:3]} {number[3:6]} {number[6:]}"
    if country == "DK":
        return " ".join(number[at : at + 2] for at in range(0, 8, 2))
    return f"{number[:-4]}-{number[-4:]}" if country == "SE" else f"{number[:-1]}-{number[-1]}"


def gtin(rng: Random, prefix: str = "703") -> str:
    """Thirteen digits, the last one the check digit."""
    body = prefix + _digits(rng, 9)
    total = sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(body))
    return body + str(-total % 10)


def telephone(rng: Random, dial: str, digits: int) -> str:
    """One number in one of the spellings people use."""
    return spell_telephone(rng, dial, rng.choice("23456789") + _digits(rng, digits - 1))


def spell_telephone(rng: Random, dial: str, number: str) -> str:
    """The same number in a spelling picked by chance."""
    pairs = " ".join(number[at : at + 2] for at in range(0, len(number), 2))
    spellings = (
        f"{dial} {pairs}",
        f"{dial}{number}",
        f"00{dial[1:]} {number}",
        f"({dial}) {number[:3]} {number[3:5]} {number[5:]}",
        f"{dial} {number[:4]}-{number[4:]}",
        f"{dial} {number[:3]}.{number[3:]}",
    )
    return rng.choice(spellings)


def _digits(rng: Random, count: int) -> str:
    return "".join(rng.choices("0123456789", k=count))


def _modulo_11(rng: Random, *, first: str, weights: Sequence[int]) -> str:
    """Draws until the check digit exists: a remainder of 1 has none."""
    while True:
        body = rng.choice(first) + _digits(rng, len(weights) - 1)
        check = -sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11
        if check < 10:
            return body + str(check)


def luhn(body: str) -> int:
    """The weighted sum of the digits before the check digit."""
    doubled = (int(digit) * (2 - at % 2) for at, digit in enumerate(body))
    return sum(value - 9 if value > 9 else value for value in doubled)
