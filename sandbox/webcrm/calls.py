"""One call as the handlers see it, and the answer they give."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from werkzeug.wrappers import Request

from sandbox.webcrm.access import Application
from sandbox.webcrm.checks import demand_object
from sandbox.webcrm.fields import SHAPES, Shape
from sandbox.webcrm.problems import bad_request, invalid

PROPER: Final = {
    "organisations": "Organisations",
    "persons": "Persons",
    "products": "Products",
    "quotationlines": "QuotationLines",
}
"""Entities as they are written; addresses are read in any case."""

DEFAULT_SIZE: Final = 50
LARGEST_SIZE: Final = 1000
LAST_PAGE: Final = 1_000_000


@dataclass(frozen=True)
class Answer:
    """What a call is answered with; no body means an empty one."""

    body: Any = None
    status: int = 200


@dataclass(frozen=True, kw_only=True)
class Call:
    """A recognised application's request, with the parts of its path."""

    request: Request
    application: Application
    name: str = ""
    key: int = 0
    rest: str = ""
    start: str = ""
    end: str = ""

    @property
    def entity(self) -> str:
        return PROPER[self.name]

    @property
    def shape(self) -> Shape:
        return SHAPES[self.entity]

    @property
    def page(self) -> tuple[int, int]:
        """Page from 1 and size; 400 when out of range."""
        return self._count("Page", 1, LAST_PAGE), self._count("Size", DEFAULT_SIZE, LARGEST_SIZE)

    def query(self, name: str) -> str:
        """A query parameter, its name in any case; empty when it is missing."""
        return next((v for k, v in self.request.args.items() if k.lower() == name.lower()), "")

    def json(self) -> Any:
        """The request's body; 400 when it is not JSON."""
        try:
            return json.loads(self.request.get_data())
        except ValueError as error:
            raise bad_request("The request body is not valid JSON.") from error

    def object(self) -> dict[str, Any]:
        return demand_object(self.json())

    def _count(self, name: str, default: int, largest: int) -> int:
        text = self.query(name)
        if not text:
            return default
        if not text.isdecimal() or not 1 <= int(text) <= largest:
            raise invalid(name, f"The field {name} must be between 1 and {largest}.")
        return int(text)
