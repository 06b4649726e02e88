"""A chain of transforms as an admin types it."""

from __future__ import annotations

import pytest

from sync.core.transforms.chain import parse
from sync.core.transforms.transform import BadTransform

BAD = [
    ("an unknown name", "shout"),
    ("no name", "trim | | lower"),
    ("a bracket never closed", "cut(5"),
    ("a quote never closed", 'const("a)'),
    ("too many arguments", "trim(5)"),
    ("too few arguments", "ref"),
    ("a length of nothing", "cut(0)"),
    ("a length of words", "cut(many)"),
    ("too many decimals", "number(99)"),
    ("an option without its value", "options(a)"),
    ("an option twice", "options(a=A, a=B)"),
    ("only a default", "options(*=A)"),
    ("an unknown language", "country(tlh)"),
]


@pytest.mark.parametrize("chain", [row[1] for row in BAD], ids=[row[0] for row in BAD])
def test_refuses_to_parse_and_says_what_to_do(chain: str) -> None:
    with pytest.raises(BadTransform, match=r"^.+\. .+\.$"):
        parse(chain)


def test_parses_as_an_admin_types() -> None:
    chain = parse(' trim|Lower | cut( 50 ) | prefix("a|b, ")')
    assert [(step.name, step.arguments) for step in chain] == [
        ("trim", ()),
        ("lower", ()),
        ("cut", ("50",)),
        ("prefix", ("a|b, ",)),
    ]
    assert parse("  ") == ()
