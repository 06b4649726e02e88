"""Rows as tests need them: valid, plain, and numbered so that no two collide."""

from __future__ import annotations

from datetime import UTC, datetime

import factory
from django.contrib.auth.models import Group, User
from factory.django import DjangoModelFactory

from sync.models.links import Conflict, Intent, Link
from sync.models.pairs import EntityPair, FieldMapping, Finding, MatchRule
from sync.models.runs import Act, Change, Run
from sync.models.systems import EntitySchema, System

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PASSWORD = "a long enough password"


class UserFactory(DjangoModelFactory[User]):
    """A person of the staff. `UserFactory(role="operator")` puts them into that role's group."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda number: f"person{number}")
    password = factory.django.Password(PASSWORD)
    is_staff = True

    @factory.post_generation
    def role(self: User, create: bool, name: str | None, **_: object) -> None:
        if create and name:
            self.groups.add(Group.objects.get(name=name))


class SystemFactory(DjangoModelFactory[System]):
    class Meta:
        model = System

    name = factory.Sequence(lambda number: f"system{number}")
    kind = System.Kind.MEMORY
    address = "memory:"


def row(path: str, type_: str = "string", **more: object) -> dict[str, object]:
    """One property as its system describes it."""
    return {"path": path, "label": "", "type": type_, "max_length": None, "options": [],
            "required": False, "read_only": False} | more  # fmt: skip


class SchemaFactory(DjangoModelFactory[EntitySchema]):
    class Meta:
        model = EntitySchema

    system = factory.SubFactory(SystemFactory)
    entity = "customers"
    properties = factory.LazyFunction(lambda: [row("id"), row("name", label="Name"), row("phone")])
    read_at = NOW


class PairFactory(DjangoModelFactory[EntityPair]):
    class Meta:
        model = EntityPair

    name = factory.Sequence(lambda number: f"customers{number}")
    erp_system = factory.SubFactory(SystemFactory, name=factory.Sequence(lambda number: f"erp{number}"))
    erp_entity = "customers"
    crm_system = factory.SubFactory(SystemFactory, name=factory.Sequence(lambda number: f"crm{number}"))
    crm_entity = "Organisations"
    erp_label = "name"
    crm_label = "OrganisationName"


class MappingFactory(DjangoModelFactory[FieldMapping]):
    class Meta:
        model = FieldMapping

    pair = factory.SubFactory(PairFactory)
    position = factory.Sequence(int)
    erp_property = "name"
    crm_property = "OrganisationName"
    transforms = "trim"


class MatchRuleFactory(DjangoModelFactory[MatchRule]):
    class Meta:
        model = MatchRule

    pair = factory.SubFactory(PairFactory)
    position = factory.Sequence(int)
    by = "name"


class FindingFactory(DjangoModelFactory[Finding]):
    class Meta:
        model = Finding

    mapping = factory.SubFactory(MappingFactory)
    side = "crm"
    kind = "cut"
    count = 3
    last_at = NOW


class LinkFactory(DjangoModelFactory[Link]):
    """A link in step. `erp_key=None` or `crm_key=None` makes it one-sided."""

    class Meta:
        model = Link

    pair = factory.SubFactory(PairFactory)
    name = factory.Sequence(lambda number: f"Akkurat {number} AS")
    erp_key = factory.Sequence(lambda number: f"cus_{number}")
    crm_key = factory.Sequence(lambda number: str(1000 + number))
    erp_seen = factory.LazyAttribute(lambda link: {"name": link.name} if link.erp_key else {})
    erp_base = factory.SelfAttribute("erp_seen")
    crm_seen = factory.LazyAttribute(lambda link: {"OrganisationName": link.name} if link.crm_key else {})
    crm_base = factory.SelfAttribute("crm_seen")


class RunFactory(DjangoModelFactory[Run]):
    class Meta:
        model = Run

    pair = factory.SubFactory(PairFactory)
    trigger = Run.Trigger.SCHEDULE
    state = "done"
    phase = Run.Phase.END
    rules_version = factory.SelfAttribute("pair.rules_version")
    requested_at = NOW
    started_at = NOW
    ended_at = factory.LazyAttribute(lambda run: None if run.state in ("queued", "running", "held") else NOW)
    touched = 5
    counts = factory.LazyFunction(lambda: {"written": 2, "unchanged": 3})
    calls = factory.LazyFunction(lambda: {"erp": {"GET /customers": 2}, "crm": {"POST /Queries": 1}})


class ChangeFactory(DjangoModelFactory[Change]):
    class Meta:
        model = Change

    link = factory.SubFactory(LinkFactory)
    pair = factory.SelfAttribute("link.pair")
    run = factory.SubFactory(RunFactory, pair=factory.SelfAttribute("..pair"))
    name = factory.SelfAttribute("link.name")
    side = "crm"
    system = "crm"
    entity = "Organisations"
    key = factory.LazyAttribute(lambda change: change.link.crm_key or "")
    kind = "update"
    fields = factory.LazyFunction(
        lambda: [
            {"property": "OrganisationName", "before": "Old", "after": "New", "why": "The ERP moved."},
        ]
    )
    actor = "hub"
    outcome = "written"
    created_at = NOW
    finished_at = NOW


class ActFactory(DjangoModelFactory[Act]):
    class Meta:
        model = Act

    verb = "pause"
    actor = "anna"
    subject = "Akkurat AS"
    done_at = NOW


class IntentFactory(DjangoModelFactory[Intent]):
    """An open write of a link."""

    class Meta:
        model = Intent

    link = factory.SubFactory(LinkFactory)
    side = "crm"
    kind = "update"
    token = factory.Sequence(lambda number: f"token-{number}")
    epoch = 1
    payload_hash = "0" * 64
    recorded_at = NOW
    change = factory.SubFactory(ChangeFactory, link=factory.SelfAttribute("..link"), outcome="pending")


class LostCreateFactory(IntentFactory):
    """A create whose end nobody saw, of a record that carries nothing by which it could be looked for."""

    kind = "create"
    key = ""
    values = factory.LazyFunction(dict)
    state = "unknown"
    look_after = NOW
    change = factory.SubFactory(
        ChangeFactory,
        link=factory.SelfAttribute("..link"),
        kind="create",
        outcome="pending",
        finished_at=None,
    )


class ConflictFactory(DjangoModelFactory[Conflict]):
    class Meta:
        model = Conflict

    link = factory.SubFactory(LinkFactory)
    mapping = factory.SubFactory(MappingFactory, pair=factory.SelfAttribute("..link.pair"))
    field = "name · OrganisationName"
    erp_values = factory.LazyFunction(lambda: {"name": "Akkurat AS"})
    crm_values = factory.LazyFunction(lambda: {"OrganisationName": "Akkurat ASA"})
    why = "Both sides moved, and a person is to decide."
    created_at = NOW
