"""The whole way: two systems, the default configuration, real HTTP. Counted in the systems, never in the hub."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.seed.world import World, make_world
from tests.e2e import harness
from tests.e2e.harness import Hub, Systems
from tests.e2e.truth import PAIRS, counterparts, wanted

pytestmark = pytest.mark.e2e

SIZE = {"customers": 120, "contacts": 250, "products": 60, "seed": 3}
EDITS: dict[str, list[tuple[str, Any, str, Any]]] = {
    "customers": [
        ("organizationNumber", "974760673", "OrganisationExtraCustom1", "974760673"),
        ("vatNumber", "NO974760673MVA", "OrganisationVatNumber", "NO974760673MVA"),
        ("name", "Ærlig & Sønner «Ny» AS 🧊", "OrganisationName", "Ærlig & Sønner «Ny» AS 🧊"),
        ("phone", "+47 99 11 22 33", "OrganisationTelephone", "+47 99 11 22 33"),
        ("email", "ny@example.no", "OrganisationCustom2", "ny@example.no"),
        ("website", "https://ny.example.no", "OrganisationWww", "https://ny.example.no"),
        ("postalAddress.addressLine1", "O'Connells vei 7", "OrganisationAddress", "O'Connells vei 7"),
        ("postalAddress.postalCode", "5003", "OrganisationPostCode", "5003"),
        ("postalAddress.city", "Bergen", "OrganisationCity", "Bergen"),
        ("postalAddress.state", "Vestland", "OrganisationState", "Vestland"),
        ("description", "Endret\nav en person", "OrganisationCompanyDescription", "Endret\nav en person"),
    ],
    "contacts": [
        ("firstName", "Åse", "PersonFirstName", "Åse"),
        ("lastName", "Sørensen-D'Arcy", "PersonLastName", "Sørensen-D'Arcy"),
        ("email", "ase.sorensen@example.no", "PersonEmail", "ase.sorensen@example.no"),
        ("phoneWork", "+47 55 11 22 33", "PersonDirectPhone", "+47 55 11 22 33"),
        ("phoneMobile", "+47 95 11 22 33", "PersonMobilePhone", "+47 95 11 22 33"),
        ("title", "Driftsleder", "PersonTitle", "Driftsleder"),
        ("isInactive", True, "PersonStatus", "Resigned"),
    ],
    "products": [
        ("name", "Dampvasker «Ny»", "ProductCustom2", "Dampvasker «Ny»"),
        ("description", "Ny tekst", "ProductMemo", "Ny tekst"),
        ("costPrice", 812.3456, "ProductCostPrice", 812.3456),
        ("salesPrice", 1234.5, "ProductPrice", 1234.5),
        ("vatCode", "5", "ProductVatCode", "5"),
    ],
}
"""Every mapped two-way field: the ERP's property and a new value, webCRM's and how it says the same."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("in-step")


@pytest.fixture(scope="module")
def systems(place: Path) -> Iterator[Systems]:
    with harness.sandbox(place, **SIZE) as found:
        yield found


@pytest.fixture(scope="module")
def hub(place: Path, systems: Systems) -> Iterator[Hub]:
    """A hub after its first full sync, through the ordinary door."""
    with harness.hub(place, systems) as ours:
        ours.load_defaults()
        ours.go_live()
        ours.sync()
        yield ours


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(**SIZE)


def erp_record(systems: Systems, entity: str, key: str) -> dict[str, Any]:
    return next(row for row in systems.erp.state(entity) if row["id"] == key)


def at(record: dict[str, Any], path: str) -> Any:
    for name in path.split("."):
        record = record[name]
    return record


def as_change(record: dict[str, Any], edits: list[tuple[str, Any]]) -> dict[str, Any]:
    """Nested values for a person's edit: the owner object's other members as they were."""
    change: dict[str, Any] = {}
    for path, value in edits:
        owner, _, name = path.rpartition(".")
        if owner:
            change.setdefault(owner, dict(record[owner]))[name] = value
        else:
            change[name] = value
    return change


def unlinked_words(text: Any) -> Any:
    """webCRM keeps CRLF between lines."""
    return text.replace("\r\n", "\n") if isinstance(text, str) else text


@pytest.mark.parametrize("entity", PAIRS)
def test_everybody_in_scope_has_a_counterpart_exactly_once(
    hub: Hub, systems: Systems, world: World, entity: str
) -> None:
    name, _, reference = PAIRS[entity]
    found = Counter(row[reference] for row in systems.crm.state(name) if row[reference])
    assert {key: found[key] for key in wanted(world, entity)} == dict.fromkeys(wanted(world, entity), 1)
    assert max(found.values()) == 1


@pytest.mark.parametrize("entity", PAIRS)
def test_records_that_were_the_same_were_linked_and_not_doubled(
    hub: Hub, systems: Systems, world: World, entity: str
) -> None:
    key = PAIRS[entity][1]
    linked = {reference: row[key] for reference, row in counterparts(systems.crm, entity).items()}
    sure = [(erp, crm) for erp, crm in world.expected[entity].pairs if erp in set(wanted(world, entity))]
    assert len(sure) > 10
    assert {erp: linked[erp] for erp, _ in sure} == dict(sure)


def test_ambiguous_matches_wait_for_a_person(hub: Hub, systems: Systems, world: World) -> None:
    ambiguous = world.expected["customers"].ambiguous
    assert ambiguous
    assert not set(ambiguous) & set(counterparts(systems.crm, "customers"))


def test_another_run_writes_nothing(hub: Hub, systems: Systems) -> None:
    hub.sync()
    before = len(systems.crm.writes()), len(systems.erp.writes())
    runs = hub.sync("--full")
    assert (len(systems.crm.writes()), len(systems.erp.writes())) == before
    assert [set(run["counts"]) & {"written", "failed", "unknown", "conflict"} for run in runs] == [set()] * 3


@pytest.mark.parametrize("entity", PAIRS)
def test_an_edit_in_the_erp_arrives_in_webcrm_field_by_field(
    hub: Hub, systems: Systems, world: World, entity: str
) -> None:
    key = wanted(world, entity)[7]
    record = erp_record(systems, entity, key)
    systems.erp.edit(entity, key, **as_change(record, [(path, value) for path, value, _, _ in EDITS[entity]]))
    hub.sync(entity)
    found = counterparts(systems.crm, entity)[key]
    lines = {"OrganisationAddress": lambda text: text.split("\r\n")[0]}
    assert {path: lines.get(path, unlinked_words)(found[path]) for _, _, path, _ in EDITS[entity]} == {
        path: value for _, _, path, value in EDITS[entity]
    }


@pytest.mark.parametrize("entity", PAIRS)
def test_an_edit_in_webcrm_arrives_in_the_erp_field_by_field(
    hub: Hub, systems: Systems, world: World, entity: str
) -> None:
    name, id_, _ = PAIRS[entity]
    key = wanted(world, entity)[11]
    other = "974760711" if entity == "customers" else None
    edits = {path: value for _, _, path, value in EDITS[entity]}
    expected = {path: value for path, value, _, _ in EDITS[entity]}
    if other:
        edits["OrganisationExtraCustom1"] = expected["organizationNumber"] = other
    systems.crm.edit(name, counterparts(systems.crm, entity)[key][id_], **edits)
    hub.sync(entity)
    record = erp_record(systems, entity, key)
    assert {path: unlinked_words(at(record, path)) for path in expected} == expected


def test_edits_of_two_fields_on_two_sides_both_survive(hub: Hub, systems: Systems, world: World) -> None:
    key = wanted(world, "customers")[13]
    systems.erp.edit("customers", key, phone="+47 90 90 90 90")
    found = counterparts(systems.crm, "customers")[key]
    systems.crm.edit("Organisations", found["OrganisationId"], OrganisationVatNumber="NO999999999MVA")
    hub.sync("customers")
    assert counterparts(systems.crm, "customers")[key]["OrganisationTelephone"] == "+47 90 90 90 90"
    assert erp_record(systems, "customers", key)["vatNumber"] == "NO999999999MVA"


@pytest.mark.parametrize("habit", ["reject", "cut"])
def test_a_name_that_webcrm_cannot_hold_never_shortens_the_erps(
    hub: Hub, systems: Systems, world: World, habit: str
) -> None:
    key = wanted(world, "customers")[17]
    systems.crm.turn(over_long=habit, max_name=50)
    long = f"Internasjonale Handelshus og Sønner {habit} " * 3
    systems.erp.edit("customers", key, name=long.strip())
    hub.sync("customers", check=False)
    hub.sync("customers", "--full", check=False)
    systems.crm.turn(over_long="reject", max_name=200)
    assert erp_record(systems, "customers", key)["name"] == long.strip()


def test_a_removed_product_is_marked_and_not_made_again(hub: Hub, systems: Systems, world: World) -> None:
    key = wanted(world, "products")[5]
    product = counterparts(systems.crm, "products")[key]["ProductId"]
    systems.crm.remove("Products", product)
    hub.sync("products", "--full")
    hub.ask(LATER)
    hub.sync("products")
    assert key not in counterparts(systems.crm, "products")
    assert erp_record(systems, "products", key)["isInactive"] is True


LATER = """
from datetime import timedelta
from django.db.models import F
from sync.models.links import Link
from django.utils import timezone
gone = Link.objects.filter(crm_missing_at__isnull=False, state="active")
answer = gone.update(crm_missing_at=F("crm_missing_at") - timedelta(minutes=5), due_at=timezone.now())
"""
"""As if the time that must pass between the two looks at a missing record were over."""
