"""Configuration files that are wrong: every mistake is named with its line, and nothing changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.models.systems import System
from sync.services.config.places import Report, open_file, plain
from tests.services.config_stage import WHOLE, changed, line_of, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_memory")]

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
