"""Named scenarios for the sweeps: what stands before, and what people do. Faults come at every point in turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sync.core.records import Value
from sync.models.links import Conflict, Link
from sync.models.pairs import EntityPair, FieldMapping
from tests.simulation.simulation import Simulation

Act = Callable[[Simulation], None]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """`acts` are done one after the other, each followed by a pass over both pairs. Faults come in the last one."""

    acts: tuple[Act, ...]
    rules: Act | None = None


def customer(key: str = "c1", **values: Value) -> Act:
    def act(on: Simulation) -> None:
        blank: dict[str, Value] = dict.fromkeys(("name", "number", "phone", "city", "zip", "reference"))
        given = {"id": key, "type": "company", "inactive": False, "name": f"Name {key}"}
        on.world.erp.create("customers", {**blank, **given, **values}, key=key)

    return act


def organisation(key: str = "1", **values: Value) -> Act:
    def act(on: Simulation) -> None:
        blank: dict[str, Value] = dict.fromkeys(
            ("OrgRef", "OrgName", "OrgNumber", "OrgPhone", "OrgCity", "OrgZip", "OrgStatus"), ""
        )
        on.world.crm.create("orgs", {**blank, "OrgId": key, "OrgName": f"Name {key}", **values}, key=key)

    return act


def contact(key: str = "p1", parent: str = "c1", **values: Value) -> Act:
    def act(on: Simulation) -> None:
        given: dict[str, Value] = {
            "id": key,
            "customer.id": parent,
            "last": f"Last {key}",
            "mail": None,
            "reference": None,
        }
        on.world.erp.create("contacts", {**given, **values}, key=key)

    return act


def person(key: str, parent: Callable[[Simulation], str], **values: Value) -> Act:
    def act(on: Simulation) -> None:
        given: dict[str, Value] = {
            "PersonId": key,
            "PersonOrgId": parent(on),
            "PersonRef": "",
            "PersonLast": key,
            "PersonMail": "",
        }
        on.world.crm.create("persons", {**given, **values}, key=key)

    return act


def edit(key: str = "c1", entity: str = "customers", **values: Value) -> Act:
    return lambda on: on.world.erp.edit(entity, key, values)


def counterpart(on: Simulation, key: str = "c1") -> str:
    """The organisation that carries a customer's key."""
    rows = on.world.crm.entity("orgs").stored.items()
    return next((org for org, row in rows if row.values.get("OrgRef") == key), "")


def edit_there(key: str = "c1", **values: Value) -> Act:
    return lambda on: on.world.crm.edit("orgs", counterpart(on, key), values)


def remove(key: str = "c1", entity: str = "customers") -> Act:
    return lambda on: on.world.erp.remove(entity, key)


def remove_there(key: str = "c1") -> Act:
    return lambda on: on.world.crm.remove("orgs", counterpart(on, key))


def both(*acts: Act) -> Act:
    def act(on: Simulation) -> None:
        for each in acts:
            each(on)

    return act


def rule(winner: str, value: Value = None) -> Act:
    def act(on: Simulation) -> None:
        if value is not None:
            on.truth.ruled.add(str(value))
        for row in Conflict.objects.filter(state="open"):
            if "(moved)" in row.field and winner == "erp":
                on.truth.replaced.add(str(row.link.crm_key))
            Conflict.objects.filter(pk=row.pk).update(
                state="ruled", winner=winner, value=value, resolved_by="somebody"
            )
            Link.objects.filter(pk=row.link_id).update(due_at=on.now())

    return act


def wait(seconds: float) -> Act:
    return lambda on: on.pass_time(seconds)


def policy(name: str) -> Act:
    return lambda _: [FieldMapping.objects.filter(direction="both").update(policy=name)][0] and None


def removal(name: str) -> Act:
    return lambda _: [EntityPair.objects.update(on_removal=name)][0] and None


def nothing(_: Simulation) -> None:
    """Only the pass that follows."""


LONG = "A name that is far too long for a field of forty letters"
APART = both(edit(name="Ours"), edit_there(OrgName="Theirs"))
GONE = (customer(), remove(), wait(90))
MANY = tuple(customer(f"c{number}", number=f"90{number}") for number in range(5))

SCENARIOS: dict[str, Scenario] = {
    "create in webCRM": Scenario(acts=(customer(city="Oslo"),)),
    "create in the ERP": Scenario(acts=(organisation(OrgCity="Oslo"),)),
    "create both ways at once": Scenario(acts=(both(customer(), organisation("7", OrgName="Other")),)),
    "a batch of creates": Scenario(acts=(both(*MANY),)),
    "a batch of updates": Scenario(
        acts=(both(*MANY), both(*(edit(f"c{n}", city="Bergen") for n in range(5))))
    ),
    "update to webCRM": Scenario(acts=(customer(), edit(name="Newer"))),
    "update to the ERP": Scenario(acts=(customer(), edit_there(OrgName="Newer"))),
    "two fields cross": Scenario(acts=(customer(), both(edit(name="Newer"), edit_there(OrgCity="Oslo")))),
    "edited to the same": Scenario(acts=(customer(), both(edit(name="Same"), edit_there(OrgName="Same")))),
    "cleared in the ERP": Scenario(acts=(customer(city="Oslo"), edit(city=None))),
    "cleared in webCRM": Scenario(acts=(customer(city="Oslo"), edit_there(OrgCity=""))),
    "a name that is cut": Scenario(acts=(customer(name=LONG),)),
    "an edit behind the cut": Scenario(acts=(customer(name=LONG), edit(name=LONG + " indeed"))),
    "an edit of the cut": Scenario(acts=(customer(name=LONG), edit_there(OrgName="Short"))),
    "there and back": Scenario(acts=(customer(name="A"), edit(name="B"), edit_there(OrgName="A"))),
    "edited twice": Scenario(acts=(customer(name="A"), edit(name="B"), edit(name="C"))),
    "an address moves together": Scenario(
        acts=(customer(city="Oslo", zip="1"), edit(city="Bergen", zip="2"))
    ),
    "newest wins": Scenario(
        acts=(customer(), both(edit(name="Older"), wait(60), edit_there(OrgName="Newer")))
    ),
    "newest wins in the ERP": Scenario(
        acts=(customer(), both(edit_there(OrgName="Older"), wait(60), edit(name="Newer")))
    ),
    "the ERP wins": Scenario(acts=(customer(), APART), rules=policy("erp")),
    "webCRM wins": Scenario(acts=(customer(), APART), rules=policy("crm")),
    "a conflict opens": Scenario(acts=(customer(), APART), rules=policy("ask")),
    "a conflict in which one was later": Scenario(
        acts=(customer(), both(edit(name="Older"), wait(60), edit_there(OrgName="Newer"))),
        rules=policy("ask"),
    ),
    "a conflict ruled for the ERP": Scenario(acts=(customer(), APART, rule("erp")), rules=policy("ask")),
    "a conflict ruled for webCRM": Scenario(acts=(customer(), APART, rule("crm")), rules=policy("ask")),
    "a conflict ruled otherwise": Scenario(
        acts=(customer(), APART, rule("other", "Third")), rules=policy("ask")
    ),
    "a ruling on old values": Scenario(
        acts=(customer(), APART, both(rule("crm"), edit(name="Newest"))), rules=policy("ask")
    ),
    "a conflict that ends itself": Scenario(
        acts=(customer(), APART, edit(name="Theirs")), rules=policy("ask")
    ),
    "join by number": Scenario(acts=(both(customer(number="9001"), organisation(OrgNumber="9001")),)),
    "join, and differ": Scenario(
        acts=(both(customer(number="9001", city="A"), organisation(OrgNumber="9001", OrgCity="B")),)
    ),
    "join by reference": Scenario(acts=(both(customer(), organisation(OrgRef="c1")),)),
    "several candidates": Scenario(
        acts=(
            both(
                customer(number="9001"),
                organisation("1", OrgNumber="9001"),
                organisation("2", OrgNumber="9001"),
            ),
        )
    ),
    "a contact with its customer": Scenario(acts=(both(customer(), contact()),)),
    "a contact after its customer": Scenario(acts=(customer(), contact())),
    "a contact edited": Scenario(
        acts=(both(customer(), contact()), nothing, edit("p1", "contacts", last="Newer"))
    ),
    "a contact moved": Scenario(
        acts=(
            both(customer(), customer("c2"), contact()),
            nothing,
            edit("p1", "contacts", **{"customer.id": "c2"}),
        )
    ),
    "a moved contact is replaced": Scenario(
        acts=(
            both(customer(), customer("c2"), contact()),
            nothing,
            edit("p1", "contacts", **{"customer.id": "c2"}),
            both(rule("erp"), edit("p1", "contacts", last="Newer")),
            nothing,
        )
    ),
    "a person made in webCRM": Scenario(acts=(customer(), person("9", counterpart))),
    "a customer out of scope": Scenario(acts=(both(customer(type="private"), contact()),)),
    "a customer comes into scope": Scenario(acts=(customer(type="private"), edit(type="company"))),
    "a removal marks inactive": Scenario(acts=(*GONE, nothing)),
    "a removal is carried over": Scenario(
        acts=(customer(), remove_there(), wait(90), nothing), rules=removal("delete")
    ),
    "a removal only unlinks": Scenario(acts=(*GONE, nothing), rules=removal("unlink")),
    "a removal asks": Scenario(acts=(*GONE, nothing), rules=removal("ask")),
    "a removal, and an edit": Scenario(
        acts=(customer(), both(remove(), edit_there(OrgName="Wanted")), wait(90), nothing)
    ),
    "removed on both sides": Scenario(acts=(customer(), both(remove_there(), remove()), wait(90), nothing)),
}
