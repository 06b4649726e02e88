"""The form of a pair: its mappings and match rules inline, checked where the person looks, and audited."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django.http import HttpResponse
from django.test import Client

from sync.admin.pair_forms import PairForm
from sync.models.pairs import EntityPair, FieldMapping, MatchRule
from sync.models.runs import Act
from tests import factories as make
from tests.faces.conftest import SignIn


@pytest.fixture
def administrator(sign_in: SignIn, queued: object) -> Client:
    return sign_in("administrator")


SOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
PLAIN = (
    "name", "erp_entity", "crm_entity", "interval", "full_interval", "first_winner", "on_removal", "position",
    "erp_parent_property", "crm_parent_property", "erp_label", "crm_label", "guard_removals", "guard_changes",
    "guard_blanks",
)  # fmt: skip
ROW = ("position", "erp_property", "crm_property", "direction", "transforms", "policy", "blank", "group")


def pair_form(pair: EntityPair, mappings: list[dict[str, object]], **more: object) -> dict[str, object]:
    """What the browser posts: the pair, its rows, and whatever is given on top."""
    found: dict[str, object] = {name: getattr(pair, name) for name in PLAIN}
    found |= {"erp_system": pair.erp_system_id, "crm_system": pair.crm_system_id, "creates_in_crm": "on"}
    found |= {"inactive": "{}", "scope": "{}", "reason": "", "parent": ""}
    rules = list(pair.match_rules.all()) if pair.pk else []
    found |= _formset("mappings", mappings) | _formset("match_rules", [_rule(rule) for rule in rules])
    return {**found, **more}


def _formset(prefix: str, rows: list[dict[str, object]]) -> dict[str, object]:
    saved = [row for row in rows if row.get("id")]
    found: dict[str, object] = {
        f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": len(saved),
        f"{prefix}-MIN_NUM_FORMS": 0, f"{prefix}-MAX_NUM_FORMS": 1000,
    }  # fmt: skip
    for number, row in enumerate(rows):
        found |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return found


def _rule(rule: MatchRule) -> dict[str, object]:
    return {"id": rule.pk, "pair": rule.pair_id, "position": rule.position, "by": rule.by}


def saved(mapping: FieldMapping, **more: object) -> dict[str, object]:
    found = {name: getattr(mapping, name) for name in ROW} | {"id": mapping.pk, "pair": mapping.pair_id}
    return {**found, "crm_type": mapping.crm_type, "active": "on", **more}


def new(erp: str, crm: str, **more: object) -> dict[str, object]:
    found = {
        "id": "",
        "position": 0,
        "erp_property": erp,
        "crm_property": crm,
        "direction": "both",
        "policy": "newest",
    }
    return {**found, "blank": "clear", "transforms": "", "group": "", "crm_type": "", "active": "on", **more}


def save(client: Client, pair: EntityPair, rows: list[dict[str, object]], **more: object) -> HttpResponse:
    return client.post(f"/admin/sync/entitypair/{pair.pk}/change/", pair_form(pair, rows, **more))


def errors(answer: HttpResponse) -> dict[str, list[str]]:
    """Sentences by field, of all rows of mappings and match rules."""
    return {
        name: list(sentences)
        for formset in answer.context["inline_admin_formsets"]
        for form in formset.formset.forms
        for name, sentences in form.errors.items()
    }


def test_an_edited_mapping_is_audited_and_sends_a_live_pair_back_to_observe(
    administrator: Client, world: SimpleNamespace
):
    EntityPair.objects.update(mode="live", approved_version=1)
    answer = save(
        administrator,
        world.pair,
        [saved(world.mapping, transforms="trim | cut(200)")],
        reason="webCRM refuses long ones",
    )
    world.pair.refresh_from_db()
    assert answer.status_code == 302
    assert world.pair.mode == "observe"
    act = Act.objects.get(verb="mapping")
    assert (act.actor, act.reason) == ("administrator", "webCRM refuses long ones")
    assert (act.before[0]["transforms"], act.after[0]["transforms"]) == ("trim", "trim | cut(200)")


def test_saving_a_pair_unchanged_changes_nothing(administrator: Client, world: SimpleNamespace):
    before = Act.objects.count()
    assert save(administrator, world.pair, [saved(world.mapping)]).status_code == 302
    world.pair.refresh_from_db()
    assert (world.pair.rules_version, Act.objects.count()) == (1, before)


def test_a_new_row_takes_its_type_from_the_system_and_stands_last(
    administrator: Client, world: SimpleNamespace
):
    schema = world.pair.crm_system.schemas.get()
    schema.properties = [*schema.properties, make.row("OrganisationRank", "int32")]
    schema.save()
    rows = [
        saved(world.mapping, position=4),
        new("phone", "OrganisationTelephone"),
        new("id", "OrganisationRank", direction="to_crm", transforms="number"),
    ]
    assert save(administrator, world.pair, rows).status_code == 302
    made = list(FieldMapping.objects.order_by("position").values_list("crm_property", "crm_type"))
    assert made == [
        ("OrganisationName", "string"),
        ("OrganisationTelephone", "string"),
        ("OrganisationRank", "int32"),
    ]


WRONG = [
    (new("nmae", "OrganisationTelephone"), "erp_property", "has no property 'nmae'"),
    (new("phone", "OrganisationPhone"), "crm_property", "has no property 'OrganisationPhone'"),
    (new("phone", "OrganisationName"), "crm_property", "already"),
    (new("phone", "OrganisationTelephone", transforms="trimm"), "transforms", "no transform 'trimm'"),
    (new("", "OrganisationTelephone"), "erp_property", "names no ERP property"),
    (new("", "OrganisationTelephone", transforms="const(x)"), "transforms", "no way back"),
    (new("phone + name", "OrganisationTelephone"), "erp_property", "'lines'"),
]


@pytest.mark.parametrize(("row", "field", "words"), WRONG)
def test_a_mapping_that_cannot_work_says_why_at_its_field(
    administrator: Client, world: SimpleNamespace, row: dict[str, object], field: str, words: str
):
    answer = save(administrator, world.pair, [saved(world.mapping), row])
    assert answer.status_code == 200
    found = errors(answer)
    assert words in " ".join(found.get(field, []))
    assert words.replace("'", "&#x27;") in answer.content.decode()
    assert FieldMapping.objects.count() == 1


def test_an_inactive_row_may_be_wrong(administrator: Client, world: SimpleNamespace):
    rows = [saved(world.mapping), new("nmae", "OrganisationName", active="")]
    assert save(administrator, world.pair, rows).status_code == 302


def test_a_match_rule_names_what_is_mapped(administrator: Client, world: SimpleNamespace):
    rows = [saved(world.mapping, erp_property="phone")]
    found = errors(save(administrator, world.pair, rows))
    assert "No active mapping has the ERP property 'name'" in found["by"][0]


def test_match_rules_swap_places(administrator: Client, world: SimpleNamespace):
    other = make.MatchRuleFactory(pair=world.pair, position=2, by="name")
    form = pair_form(world.pair, [saved(world.mapping)])
    form |= {"match_rules-0-position": 2, "match_rules-1-position": 1}
    assert administrator.post(f"/admin/sync/entitypair/{world.pair.pk}/change/", form).status_code == 302
    other.refresh_from_db()
    assert other.position == 1


SHAPES = [
    ("scope", '{"erp": [{"path": "type", "operator": "is"}]}', "is no operator"),
    ("scope", '{"erp": {"type": "x"}}', "must have the form"),
    ("scope", '{"both": []}', "Write it per side"),
    ("scope", '{"erp": ["type"]}', "Write each condition"),
    ("inactive", '{"erp": []}', "must have the form"),
    ("inactive", "[]", "Write it per side"),
    ("inactive", '{"erp": {"isInactive": [true]}}', "is one text or number"),
    ("inactive", '{"erp": {"rank": NaN}}', "none that JSON knows"),
    ("inactive", '{"erp": {"name": "\\ud800"}}', "a letter that cannot be kept"),
    ("scope", '{"erp": [{"path": "\\u0000"}]}', "a letter that cannot be kept"),
    ("scope", "[" * 100_000, "nested too deeply"),
]


@pytest.mark.parametrize(("field", "typed", "words"), SHAPES)
def test_scope_and_inactive_are_checked(
    administrator: Client, world: SimpleNamespace, field: str, typed: str, words: str
):
    answer = save(administrator, world.pair, [saved(world.mapping)], **{field: typed})
    assert words in answer.context["adminform"].form.errors[field][0]


def test_a_new_pair_starts_in_observe_and_in_the_audit(administrator: Client):
    erp, crm = make.SystemFactory(), make.SystemFactory()
    pair = EntityPair(
        name="people", erp_system=erp, crm_system=crm, erp_entity="contacts", crm_entity="Persons"
    )
    answer = administrator.post("/admin/sync/entitypair/add/", pair_form(pair, [new("email", "PersonEmail")]))
    assert answer.status_code == 302
    made = EntityPair.objects.get()
    assert (made.mode, made.mappings.get().crm_type) == ("observe", "string")
    assert Act.objects.get().subject == "people"


def test_a_pair_without_systems_says_so(administrator: Client):
    pair = EntityPair(name="people", erp_entity="contacts", crm_entity="Persons")
    answer = administrator.post(
        "/admin/sync/entitypair/add/",
        pair_form(pair, [new("email", "PersonEmail")], erp_system="", crm_system=""),
    )
    assert set(answer.context["adminform"].form.errors) == {"erp_system", "crm_system"}


def test_the_form_has_no_say_in_the_mode(administrator: Client, world: SimpleNamespace):
    save(administrator, world.pair, [saved(world.mapping)], mode="live")
    world.pair.refresh_from_db()
    assert world.pair.mode == "observe"


def test_known_properties_are_offered_with_their_labels(administrator: Client, world: SimpleNamespace):
    page = administrator.get(f"/admin/sync/entitypair/{world.pair.pk}/change/").content.decode()
    assert '<option value="OrganisationName">Name (string)</option>' in page
    assert 'list="crm-properties"' in page


def test_the_property_table_is_what_a_tester_needs(sign_in: SignIn, world: SimpleNamespace):
    make.FindingFactory(mapping=world.mapping)
    make.MappingFactory(pair=world.pair, erp_property="nmae", crm_property="OrganisationTelephone")
    page = sign_in("auditor").get(f"/admin/sync/entitypair/{world.pair.pk}/properties/")
    lines = [[cell.text for cell in line] for line in page.context["table"].lines]
    assert lines[0] == [
        "name", "OrganisationName", "string", "Name", "200", "↔ both ways", "trim", "newest wins",
        "clear the other side", "1", "—", "cut 3×",
    ]  # fmt: skip
    assert "has no property 'nmae'" in lines[1][10]


@pytest.mark.parametrize(
    ("side", "field"), [("erp", "erp_entity"), ("crm", "crm_entity"), ("crm", "crm_system")]
)
def test_a_pair_with_links_is_not_pointed_at_other_records(
    administrator: Client, world: SimpleNamespace, side: str, field: str
):
    other = make.SystemFactory(name="other").pk if field.endswith("system") else "others"
    answer = save(administrator, world.pair, [saved(world.mapping)], **{field: other})
    sentence = answer.context["adminform"].form.errors[f"{side}_entity"]
    assert "already. Make a new pair for other records." in sentence[0]


def test_an_entity_that_its_system_does_not_have_is_named(administrator: Client):
    crm = make.SystemFactory(
        name="webcrm", kind="webcrm", address="https://crm.example/", credentials={"auth_code": "sesame"}
    )
    pair = make.PairFactory(crm_system=crm, crm_entity="Organisations")
    answer = save(administrator, pair, [], crm_entity="Organisation")
    (sentence,) = answer.context["adminform"].form.errors["crm_entity"]
    assert sentence.startswith("Unknown entity 'Organisation'. Did you mean 'Organisations'?")


def test_a_pair_without_links_may_be_pointed_elsewhere(administrator: Client):
    pair = make.PairFactory()
    save(administrator, pair, [], crm_entity="others")
    pair.refresh_from_db()
    assert pair.crm_entity == "others"


def test_saving_a_pair_leaves_when_it_runs_next(
    administrator: Client, world: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
):
    """The tick moves the pair on while the form is being saved."""

    def clean(form: PairForm) -> dict[str, object]:
        EntityPair.objects.update(next_run_at=SOON)
        return {}

    monkeypatch.setattr(PairForm, "clean_scope", clean)
    save(administrator, world.pair, [saved(world.mapping)], interval=120)
    world.pair.refresh_from_db()
    assert (world.pair.interval, world.pair.next_run_at) == (120, SOON)


def refusals(answer: HttpResponse) -> dict[str, list[str]]:
    """Sentences by field, of the pair itself."""
    return dict(answer.context["adminform"].form.errors)


def test_a_pair_that_others_point_at_keeps_its_name(administrator: Client, world: SimpleNamespace):
    contacts = make.PairFactory(name="contacts", parent=world.pair)
    mapping = make.MappingFactory(pair=contacts, transforms=f"ref({world.pair.name})")
    answer = save(administrator, world.pair, [saved(world.mapping)], name="companies")
    assert refusals(answer)["name"][0].startswith("Mappings of contacts point at this pair by its name, ref(")
    FieldMapping.objects.filter(pk=mapping.pk).update(active=False)
    assert save(administrator, world.pair, [saved(world.mapping)], name="companies").status_code == 302


def test_a_mapping_that_points_at_no_pair_says_so(administrator: Client, world: SimpleNamespace):
    row = new("phone", "OrganisationTelephone", transforms="ref(kunder)")
    answer = save(administrator, world.pair, [saved(world.mapping), row])
    (sentence,) = errors(answer)["transforms"]
    assert sentence == f"There is no pair 'kunder' to point at. Write one of: {world.pair.name}."


@pytest.mark.parametrize("between", [False, True])
def test_a_pair_is_not_above_itself(administrator: Client, world: SimpleNamespace, between: bool):
    parent = make.PairFactory(name="contacts", parent=world.pair) if between else world.pair
    answer = save(administrator, world.pair, [saved(world.mapping)], parent=parent.pk)
    assert refusals(answer)["parent"] == ["A pair cannot be above itself. Choose another parent, or none."]
