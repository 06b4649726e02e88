"""Configuration files: what they hold, what is refused and where, and that they come back the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sync.connectors.base import Capabilities
from sync.connectors.memory_rows import MemoryEntity
from sync.connectors.memory_system import MemorySystem
from sync.core.records import Property
from sync.models.links import Link
from sync.models.pairs import EntityPair, FieldMapping
from sync.models.runs import Act
from sync.models.systems import EntitySchema, System
from sync.services.config.dump import dump
from sync.services.config.load import BadConfiguration, load
from sync.services.config.places import Report, open_file, plain

pytestmark = pytest.mark.django_db

SYSTEMS = """\
systems:
  erp: {kind: memory, address: "memory://erp", calls_per_minute: 110, credentials: {key: {env: ERP_KEY}}}
  crm: {kind: memory, address: "memory://${CRM:-crm}"}
"""
CUSTOMERS = """\
pairs:
  customers:
    erp: erp.customers
    crm: crm.orgs
    label: {erp: name, crm: OrgName}
    create: [crm]
    guard: {removals: 5}
    inactive: {crm: {OrgStatus: Inactive}}
    scope:
      erp:
        - {path: type, operator: in, values: [company]}
    mappings:
      - {erp: id, crm: OrgRef, type: string, direction: to_crm, transforms: text, policy: erp}
      - {erp: name, crm: OrgName, type: string, direction: both, transforms: trim | cut(40), policy: newest}
      - {erp: city, crm: OrgCity, type: string, direction: both, policy: newest, active: false}
    match:
      - {by: id, reference: true}
      - {by: name, propose: true}
"""
CONTACTS = """\
  contacts:
    erp: erp.contacts
    crm: crm.persons
    parent: {pair: customers, erp: customer.id, crm: PersonOrgId}
    mappings:
      - {erp: last, crm: PersonLast, type: string, direction: both, policy: newest}
"""
WHOLE = SYSTEMS + CUSTOMERS + CONTACTS
ENVIRONMENT = {"ERP_KEY": "a very secret key"}


@pytest.fixture(autouse=True)
def systems() -> list[MemorySystem]:
    """Both ends, in memory: somebody must hold them while a test runs."""
    return [_system("erp", "customers", "contacts"), _system("crm", "orgs", "persons")]


def _system(name: str, *entities: str) -> MemorySystem:
    room = MemoryEntity(properties=(Property(path="id"),), capabilities=Capabilities())
    return MemorySystem(name, dict.fromkeys(entities, room))


def take(text: str, **variables: str) -> list[str]:
    return load(text, file="hub.yaml", variables={**ENVIRONMENT, **variables}, by="kari")


def refusal(text: str, **variables: str) -> list[str]:
    with pytest.raises(BadConfiguration) as caught:
        take(text, **variables)
    return caught.value.problems


def changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


def line_of(text: str, word: str) -> int:
    return next(at for at, line in enumerate(text.splitlines(), start=1) if word in line)


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


def test_loading_twice_changes_nothing_and_says_so() -> None:
    assert take(WHOLE) == [
        "system 'erp': new",
        "system 'crm': new",
        "pair 'customers': new, 3 mappings",
        "pair 'contacts': new, 1 mappings",
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


def test_a_new_address_does_not_get_the_old_secrets(systems: list[MemorySystem]) -> None:
    take(WHOLE)
    elsewhere = _system("elsewhere", "customers", "contacts")
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
    assert said[2:] == ["pair 'customers': changed, 3 mappings", "pair 'contacts': unchanged, 1 mappings"]
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


MISTAKES = [
    ("kind: memory, address: \"memory://erp\"", "kind: memori", "kind: unknown value 'memori'. Did you mean 'memory'?"),
    ("address: \"memory://erp\", ", "", "'address' is missing."),
    ("memory://erp", "memory://nowhere", "nowhere"),
    ("${CRM:-crm}", "${CRM}", "address: The environment variable CRM is not set."),
    ("{env: ERP_KEY}", "hunter2", "credentials: Secrets do not belong into a file."),
    ("{env: ERP_KEY}", "{env: OTHER}", "credential 'key': the environment variable OTHER is not set."),
    ("calls_per_minute: 110", "calls_per_minute: 0", "calls_per_minute: Ensure this value is greater than or"),
    ("calls_per_minute: 110", "calls_per_minute: many", "calls_per_minute: A whole number of at most"),
    ("erp: erp.customers", "erp: erp.custmers", "erp: unknown entity 'custmers'. Did you mean 'customers'?"),
    ("erp: erp.customers", "erp: customers", "erp: Name a system and one of its entities"),
    ("crm: crm.orgs", "crm: webcrm.orgs", "crm: unknown system 'webcrm'."),
    ("create: [crm]", "create: [webcrm]", "create: unknown value 'webcrm'."),
    ("create: [crm]", "creates: [crm]", "unknown key 'creates'. Did you mean 'create'?"),
    ("create: [crm]", "mode: live", "mode: A mode is not configuration"),
    ("create: [crm]", "interval: 5", "interval: Ensure this value is greater than or equal to 60."),
    ("guard: {removals: 5}", "guard: {removals: -5}", "guard: Ensure this value"),
    ("guard: {removals: 5}", "guard: {removal: 5}", "unknown key 'removal'."),
    ("{OrgStatus: Inactive}", "[OrgStatus]", "inactive: crm: name properties"),
    ("operator: in,", "operator: among,", "scope: 'among' on 'type' is no operator."),
    ("operator: in,", "opperator: in,", "scope: A condition is {path: …, operator: …, values: […]}"),
    ("trim | cut(40)", "trimm | cut(40)", "mapping 2: transforms: There is no transform 'trimm'."),
    ("type: string, direction: both, transforms: trim", "type: text, direction: both, transforms: trim",
     "mapping 2: type: unknown value 'text'."),
    ("erp: name, crm: OrgName,", "erp: name, blank: keep,", "mapping 2: 'crm' is missing."),
    ("erp: name, crm: OrgName,", "erp: name, crm: OrgRef,", "'OrgRef'"),
    ("erp: city, crm: OrgCity,", "erp: name, crm: OrgName, blank: keep,", "mapping 3: name · OrgName stands"),
    ("active: false", "active: maybe", "mapping 3: active: Write true or false."),
    ("transforms: text, policy: erp", "transforms: const(1), policy: erp", "mapping 1: 'const' needs no ERP"),
    ("by: name,", "by: nickname,", "match rule 2: by: No active mapping has the ERP property 'nickname'"),
    ("by: name,", "by: city,", "match rule 2: by: No active mapping has the ERP property 'city'"),
    ("parent: {pair: customers", "parent: {pair: kunder", "parent: unknown pair 'kunder'."),
    ("parent: {pair: customers", "parent: {pair: contacts", "parent: a pair cannot be above itself."),
    ("last, crm: PersonLast,", "last, crm: PersonLast, crm: PersonLast,", "'crm' stands here twice."),
    ("  contacts:", "  co ntacts:", "name: Enter a valid"),
    ("create: [crm]", "label2: &a [*a]", "'*a' repeats an earlier part."),
    ("create: [crm]", "first_winner: \"\\0\"", "cannot be used here"),
    ("create: [crm]", "position: !!python/object:os.system 1", "cannot be used here"),
    ("create: [crm]", "position: 99999999999999999999", "position: A whole number of at most 2147483647 belongs here."),
    ("create: [crm]", "position: 99999999", "position: 32767 is the most."),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "sentence"), MISTAKES)
def test_a_mistake_is_named_with_its_line(old: str, new: str, sentence: str) -> None:
    text = changed(WHOLE, old, new)
    problems = refusal(text)
    line = line_of(text, new.splitlines()[-1]) if new else line_of(text, "  erp: {kind")
    found = [problem for problem in problems if sentence in problem]
    assert found, problems
    assert found[0].startswith(f"hub.yaml line {line}: ")
    assert not System.objects.exists()
    assert "hunter2" not in "".join(problems)


def test_several_mistakes_are_named_at_once_in_the_file_s_order() -> None:
    text = changed(changed(WHOLE, "trim | cut(40)", "trimm"), "last, crm", "last, crn")
    assert [problem.partition(": ")[0] for problem in refusal(changed(text, "create:", "creates:"))] == [
        "hub.yaml line 9",
        "hub.yaml line 17",
        "hub.yaml line 27",
        "hub.yaml line 27",
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "line 1: The file is empty."),
        ("systems: {", "line 1: This is not YAML"),
        ("a: b\n- c", "line 2: This is not YAML"),
        ("[" * 50 + "]" * 50, "nested too deeply"),
        ("- systems", "line 1: Names and values belong here"),
        ("servers: {}", "unknown key 'servers'. Known: systems, pairs."),
        ("systems: [a]", "line 1: systems: "),
        ("systems: \x07", "This is not YAML"),
        ("? [a]\n: b", "A single text belongs here."),
        ("a" * 1_000_001, "too long"),
    ],
)
def test_what_is_no_configuration_is_refused(text: str, sentence: str) -> None:
    assert sentence in " ".join(refusal(text))


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


def test_a_file_may_speak_of_one_pair_only() -> None:
    take(WHOLE)
    take(changed("pairs:\n" + CONTACTS, "customer.id", "company.id"))
    assert EntityPair.objects.get(name="contacts").erp_parent_property == "company.id"
    assert EntityPair.objects.count() == 2


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[no, on, NO, yes]", ["no", "on", "NO", "yes"]),
        ("[0155, 12:30:00, 2026-01-01, 1_000]", ["0155", "12:30:00", "2026-01-01", "1_000"]),
        ("[true, False, null, ~, 7, -7, 2.5, truest]", [True, False, None, None, 7, -7, 2.5, "truest"]),
    ],
)
def test_values_are_what_they_look_like(text: str, value: object) -> None:
    spot = open_file(text, Report(file="x"))
    assert spot is not None
    assert plain(spot) == value


@given(st.text(alphabet="{}[]:-,&*!|>'\"#%@`? \nab01\t", max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    report = Report(file="x")
    assert open_file(text, report) is not None or report.sentences
