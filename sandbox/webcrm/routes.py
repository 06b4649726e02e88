"""The addresses of the API, in lower case as every path is read."""

from __future__ import annotations

import re
from typing import Final

from werkzeug.routing import Map, Rule

ENTITY: Final = "/<any(organisations,persons,products):name>"
LINKED: Final = "/<any(organisations,persons,products,quotationlines):name>/linkeddata"

ROUTES: Final = Map(
    [
        Rule("/auth/apilogin", methods=["POST"], endpoint="login"),
        Rule("/auth/apirefresh", methods=["POST"], endpoint="refresh"),
        Rule("/auth", methods=["GET"], endpoint="identity"),
        Rule(ENTITY, methods=["GET"], endpoint="list"),
        Rule(ENTITY, methods=["POST"], endpoint="create"),
        Rule(ENTITY, methods=["PATCH"], endpoint="batch"),
        Rule(f"{ENTITY}/<int:key>", methods=["GET"], endpoint="read"),
        Rule(f"{ENTITY}/<int:key>", methods=["PUT"], endpoint="update"),
        Rule("/<any(products):name>/<int:key>", methods=["DELETE"], endpoint="remove"),
        Rule(
            "/<any(organisations):name>/findby<any(update,create):rest>dates/<start>/<end>",
            methods=["GET"],
            endpoint="find_by_dates",
        ),
        Rule("/organisations/<int:key>/<any(persons,products):name>", methods=["GET"], endpoint="belonging"),
        Rule("/<any(persons):name>/byorganisation/<int:key>", methods=["GET"], endpoint="by_organisation"),
        Rule(
            "/<any(organisations):name>/<int:key>/<any(relations,revenues,events,supportcases):rest>",
            methods=["GET"],
            endpoint="nothing",
        ),
        Rule("/<any(persons):name>/<int:key>/<any(relations):rest>", methods=["GET"], endpoint="nothing"),
        Rule(f"{ENTITY}/linkedsetup", methods=["GET"], endpoint="linked_setup"),
        Rule(LINKED, methods=["GET"], endpoint="linked_list"),
        Rule(LINKED, methods=["POST"], endpoint="linked_create"),
        Rule(LINKED, methods=["DELETE"], endpoint="linked_wipe"),
        Rule(f"{LINKED}/<int:key>", methods=["GET"], endpoint="linked_read"),
        Rule(f"{LINKED}/<int:key>", methods=["PUT"], endpoint="linked_update"),
        Rule(f"{LINKED}/<int:key>", methods=["DELETE"], endpoint="linked_remove"),
        Rule(f"{ENTITY}/hooks", methods=["GET"], endpoint="hook_list"),
        Rule(f"{ENTITY}/hooks", methods=["POST"], endpoint="hook_create"),
        Rule(f"{ENTITY}/hooks/<int:key>", methods=["GET"], endpoint="hook_read"),
        Rule(f"{ENTITY}/hooks/<int:key>", methods=["PUT"], endpoint="hook_update"),
        Rule(f"{ENTITY}/hooks/<int:key>", methods=["DELETE"], endpoint="hook_remove"),
        Rule("/fieldsmetadata", methods=["GET"], endpoint="metadata"),
        Rule("/fieldsmetadata/<rest>", methods=["GET"], endpoint="metadata"),
        Rule("/queries", methods=["GET"], endpoint="queries"),
        Rule("/users", methods=["GET"], endpoint="users"),
        Rule("/users/allactive", methods=["GET"], endpoint="active_users"),
    ],
    strict_slashes=False,
)

WORDS: Final = (
    "Auth",
    "ApiLogin",
    "ApiRefresh",
    "Organisations",
    "Persons",
    "Products",
    "QuotationLines",
    "LinkedData",
    "LinkedSetup",
    "Hooks",
    "FieldsMetadata",
    "Organisation",
    "Person",
    "Product",
    "All",
    "Queries",
    "Users",
    "AllActive",
    "ByOrganisation",
    "FindByUpdateDates",
    "FindByCreateDates",
    "Relations",
    "Revenues",
    "Events",
    "SupportCases",
)
SPELT: Final = {word.lower(): word for word in WORDS}
ID: Final = re.compile(r"\d+")
DATE: Final = re.compile(r"\d{4}-\d\d-\d\d.*")


def template(path: str) -> str:
    """The path as the documentation spells it, ids and dates struck out."""
    return "/".join(_segment(each) for each in path.rstrip("/").split("/")) or "/"


def _segment(text: str) -> str:
    if ID.fullmatch(text):
        return "{id}"
    return "{date}" if DATE.fullmatch(text) else SPELT.get(text.lower(), text)
