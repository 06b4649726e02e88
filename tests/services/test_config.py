"""Configuration files: what they hold, and that they come back the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from sync.models.links import Link
from sync.models.pairs import EntityPair, FieldMapping
from sync.models.runs import Act
from sync.models.systems import EntitySchema, System
from sync.services.config.dump import dump
from sync.services.config.load import BadConfiguration, load
from tests.services.config_stage import (
    CONTACTS,
    WHOLE,
    changed,
    line_of,
    refusal,
    system,
    take,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_memory")]


def test_everything_the_file_says_stands_in_the_database() -> None:
    take(WHOLE)
    pair = EntityPair.objects.get(name="customers")
    assert (pair.mode, pair.position, pair.creates_in_crm, pair.creates_in_erp) == ("observe", 1, True, False)
    assert (pair.guard_removals, pair.guard_changes, pair.erp_label) == (5, 10, "name")
    assert pair.inactive == {"crm": {"OrgStatus": "Inactive"}}
    assert pair.scope == {"erp": [{"path": "type", "operator": "in", "values": ["company"]}]}
    assert [row.erp_property for row in pair.mappings.filter(active=True)] == ["id", "name"]
    assert [(row.position, row.by, row.reference) for row in pair.match_rules.all()] == [
        (1, "id", True),
        (2, "name", False),
    ]
    assert System.objects.get(name="crm").address == "memory://crm"
    contacts = EntityPair.objects.get(name="contacts")
    assert (contacts.parent, contacts.erp_parent_property) == (pair, "customer.id")


@pytest.mark.parametrize(
    ("said", "stands"),
    [("removals: 5", (5, 10, 10)), ("removals: 5, changes: 20", (5, 20, 10)), ("blanks: 3", (2, 10, 3))],
)
def test_what_the_file_leaves_out_of_the_guard_stays_the_default(
    said: str, stands: tuple[int, int, int]
) -> None:
    take(changed(WHOLE, "guard: {removals: 5}", f"guard: {{{said}}}"))
    pair = EntityPair.objects.get(name="customers")
    assert (pair.guard_removals, pair.guard_changes, pair.guard_blanks) == stands
    assert f"guard: {{{said}}}" in dump()


def test_loading_twice_changes_nothing_and_says_so() -> None:
    assert take(WHOLE) == [
        "system 'erp': new",
        "system 'crm': new",
        "pair 'customers': new, 3 mappings",
        "pair 'contacts': new, 1 mapping",
    ]
    acts, versions = Act.objects.count(), list(EntityPair.objects.values_list("rules_version"))
    assert {line.partition(": ")[2].partition(",")[0] for line in take(WHOLE)} == {"unchanged"}
    assert Act.objects.count() == acts
    assert list(EntityPair.objects.values_list("rules_version")) == versions


def test_what_is_dumped_loads_to_the_same() -> None:
    take(WHOLE)
    first = dump()
    assert {line.partition(": ")[2].partition(",")[0] for line in take(first)} == {"unchanged"}
    assert dump() == first


def test_a_dump_makes_an_empty_hub_the_same() -> None:
    take(WHOLE)
    first = dump()
    EntityPair.objects.update(parent=None)
    FieldMapping.objects.all().delete()
    for row in EntityPair.objects.all():
        row.name = f"old-{row.name}"
        row.save()
    take(first)
    again = yaml.safe_load(dump())["pairs"]
    assert {name: again[name]["mappings"] for name in ("customers", "contacts")} == {
        name: pair["mappings"] for name, pair in yaml.safe_load(first)["pairs"].items()
    }


def test_a_dump_tells_no_secret_and_names_the_variables() -> None:
    take(WHOLE)
    written = dump()
    assert "a very secret key" not in written
    assert "credentials: {key: {env: ERP_KEY}}" in written


def test_secrets_are_sealed_and_kept_where_their_variable_is_not_set() -> None:
    take(WHOLE)
    load(WHOLE, file="hub.yaml", variables={}, by="kari")
    assert dict(System.objects.get(name="erp").credentials) == {"key": "a very secret key"}


def test_a_file_that_says_nothing_of_secrets_leaves_them() -> None:
    take(WHOLE)
    assert take(changed(WHOLE, ", credentials: {key: {env: ERP_KEY}}", ""))[0] == "system 'erp': unchanged"
    assert dict(System.objects.get(name="erp").credentials) == {"key": "a very secret key"}


def test_a_secret_that_is_another_now_is_sealed_anew() -> None:
    take(WHOLE)
    assert take(WHOLE, ERP_KEY="another key")[0] == "system 'erp': changed"
    assert dict(System.objects.get(name="erp").credentials) == {"key": "another key"}
    take(changed(WHOLE, "{key: {env: ERP_KEY}}", "{token: {env: ERP_KEY}}"))
    assert dict(System.objects.get(name="erp").credentials) == {"token": "a very secret key"}


def test_a_secret_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from a file\n")
    load(WHOLE, file="hub.yaml", variables={"ERP_KEY_FILE": str(tmp_path / "key")}, by="kari")
    assert dict(System.objects.get(name="erp").credentials) == {"key": "from a file"}


def test_a_new_address_does_not_get_the_old_secrets() -> None:
    take(WHOLE)
    elsewhere = system("elsewhere", "customers", "contacts")
    moved = changed(WHOLE, "memory://erp", "memory://elsewhere")
    with pytest.raises(BadConfiguration, match="ERP_KEY is not set"):
        load(moved, file="hub.yaml", variables={}, by="kari")
    take(moved)
    assert dict(System.objects.get(name="erp").credentials) == {"key": "a very secret key"}
    assert elsewhere.name == "elsewhere"


def test_mappings_keep_their_ids_and_a_changed_pair_observes_again() -> None:
    take(WHOLE)
    EntityPair.objects.update(mode="live", approved_version=2)
    ids = dict(FieldMapping.objects.values_list("crm_property", "id"))
    said = take(changed(WHOLE, "trim | cut(40)", "trim | cut(30)"))
    assert said[2:] == ["pair 'customers': changed, 3 mappings", "pair 'contacts': unchanged, 1 mapping"]
    assert dict(FieldMapping.objects.values_list("crm_property", "id")) == ids
    assert dict(EntityPair.objects.values_list("name", "mode")) == {
        "customers": "observe",
        "contacts": "live",
    }


def test_a_mapping_that_is_left_out_goes() -> None:
    take(WHOLE)
    take(re.sub(r".*OrgCity.*\n", "", WHOLE))
    assert list(EntityPair.objects.get(name="customers").mappings.values_list("crm_property", flat=True)) == [
        "OrgRef",
        "OrgName",
    ]


def test_the_audit_names_who_and_which_file() -> None:
    take(WHOLE)
    acts = Act.objects.filter(pair__name="customers")
    assert [(act.verb, act.actor, act.reason) for act in acts] == [("mapping", "kari", "hub.yaml loaded")]
    assert {act.verb for act in Act.objects.filter(pair=None)} == {"system", "credentials"}
    assert "secret" not in str(list(Act.objects.values()))


def test_a_property_that_its_system_does_not_have_is_named() -> None:
    take(WHOLE)
    erp = System.objects.get(name="erp")
    row = {"path": "id", "type": "string"}
    EntitySchema.objects.create(system=erp, entity="customers", properties=[row], read_at="2026-11-23T12:00Z")
    assert refusal(WHOLE) == [
        f"hub.yaml line {line_of(WHOLE, 'crm: OrgName, type')}: pair 'customers', mapping 2: The ERP has no property "
        "'name' here. Choose one that its page of properties lists."
    ]


def test_a_pair_with_links_keeps_its_entities() -> None:
    take(WHOLE)
    Link.objects.create(pair=EntityPair.objects.get(name="customers"), erp_key="cus_1")
    assert "has links to crm.orgs already" in refusal(changed(WHOLE, "crm: crm.orgs", "crm: crm.persons"))[0]


def test_a_system_with_linked_records_keeps_its_kind() -> None:
    take(WHOLE)
    Link.objects.create(pair=EntityPair.objects.get(name="customers"), erp_key="cus_1")
    other = changed(
        WHOLE, 'kind: memory, address: "memory://erp"', 'kind: rest, address: "https://erp.example/"'
    )
    line = line_of(other, "kind: rest")
    said = [sentence for sentence in refusal(other) if "another kind" in sentence]
    assert said == [
        f"hub.yaml line {line}: system 'erp': kind: There are links to records of this system as 'memory'. "
        "Make a new system for another kind."
    ]


def test_a_file_may_speak_of_one_pair_only() -> None:
    take(WHOLE)
    take(changed("pairs:\n" + CONTACTS, "customer.id", "company.id"))
    assert EntityPair.objects.get(name="contacts").erp_parent_property == "company.id"
    assert EntityPair.objects.count() == 2
