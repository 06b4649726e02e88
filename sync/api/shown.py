"""What programs are shown: every field by name, so that a new one is a decision."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from sync.models.links import Conflict, Link
from sync.models.pairs import EntityPair
from sync.models.runs import Act, Change, Run
from sync.models.systems import System

Fields = dict[str, serializers.Field[Any, Any, Any, Any]]


def name_of_pair() -> serializers.SlugRelatedField[EntityPair]:
    return serializers.SlugRelatedField(slug_field="name", read_only=True)


def name_of_system() -> serializers.SlugRelatedField[System]:
    return serializers.SlugRelatedField(slug_field="name", read_only=True)


def values(*, may_lack: bool = False) -> serializers.DictField:
    """A JSON object: values by property."""
    return serializers.DictField(read_only=True, allow_null=may_lack)


class SystemShown(serializers.ModelSerializer[System]):
    class Meta:
        model = System
        fields = (
            "name", "kind", "identity_name", "problem", "paused_until", "checked_at", "check_result", "clock_ahead",
        )  # fmt: skip
        read_only_fields = fields


class PairShown(serializers.ModelSerializer[EntityPair]):
    erp_system = name_of_system()
    crm_system = name_of_system()
    inactive = values()
    scope = values()

    class Meta:
        model = EntityPair
        fields = (
            "name", "mode", "erp_system", "erp_entity", "crm_system", "crm_entity", "position", "interval",
            "full_interval", "creates_in_crm", "creates_in_erp", "first_winner", "on_removal", "inactive", "scope",
            "parent", "erp_parent_property", "crm_parent_property", "erp_label", "crm_label", "guard_removals",
            "guard_changes", "guard_blanks", "rules_version", "approved_version", "next_run_at", "next_full_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_fields(self) -> Fields:
        # `parent` means something else to a serializer itself.
        return {**super().get_fields(), "parent": name_of_pair()}


class PropertyShown(serializers.Serializer[object]):
    """One line of a pair's property table."""

    erp_property = serializers.CharField()
    crm_property = serializers.CharField()
    crm_type = serializers.CharField()
    crm_label = serializers.CharField()
    max_length = serializers.IntegerField(allow_null=True)
    direction = serializers.CharField()
    transforms = serializers.CharField()
    policy = serializers.CharField()
    blank = serializers.CharField()
    match = serializers.CharField(help_text="Positions of the match rules that use it.")
    problem = serializers.CharField(help_text="Why it cannot work, if it cannot.")
    findings = serializers.CharField(help_text="What a system was seen to do to its values.")


LINK_FIELDS = (
    "id", "pair", "name", "state", "erp_key", "crm_key", "outcome", "problem", "reason", "due_at", "waiting",
    "attempts", "candidates", "run", "merged_into", "created_at", "linked_at", "settled_at",
)  # fmt: skip


class LinkShown(serializers.ModelSerializer[Link]):
    pair = name_of_pair()
    candidates = serializers.ListField(child=serializers.IntegerField(), read_only=True)

    class Meta:
        model = Link
        fields: tuple[str, ...] = LINK_FIELDS
        read_only_fields: tuple[str, ...] = LINK_FIELDS


class LinkDetail(LinkShown):
    """A link with what each side said: when last read, and when the two were last in step."""

    erp_seen = values()
    crm_seen = values()
    erp_base = values()
    crm_base = values()
    plan = values(may_lack=True)
    refused = values()

    class Meta(LinkShown.Meta):
        fields = (*LINK_FIELDS, "erp_seen", "crm_seen", "erp_base", "crm_base", "plan", "refused")
        read_only_fields = fields


class RunShown(serializers.ModelSerializer[Run]):
    pair = name_of_pair()
    counts = serializers.DictField(child=serializers.IntegerField(), read_only=True)
    calls = values()
    windows = values()

    class Meta:
        model = Run
        fields = (
            "id", "pair", "trigger", "requested_by", "full", "writes", "rules_version", "state", "phase", "round",
            "requested_at", "started_at", "ended_at", "touched", "counts", "calls", "windows", "approved_by",
            "approved_at", "problem",
        )  # fmt: skip
        read_only_fields = fields


class FieldShown(serializers.Serializer[object]):
    """One property of a change."""

    property = serializers.CharField()
    before = serializers.JSONField()
    after = serializers.JSONField()
    why = serializers.CharField()


class ChangeShown(serializers.ModelSerializer[Change]):
    pair = name_of_pair()

    class Meta:
        model = Change
        fields = (
            "id", "run", "pair", "link", "name", "side", "system", "entity", "key", "kind", "actor", "reason",
            "outcome", "message", "held", "created_at", "finished_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_fields(self) -> Fields:
        # The word `fields` means something else to a serializer's own body.
        return {**super().get_fields(), "fields": FieldShown(many=True, read_only=True)}


class ActShown(serializers.ModelSerializer[Act]):
    pair = name_of_pair()

    class Meta:
        model = Act
        fields = ("id", "verb", "actor", "reason", "subject", "pair", "link", "before", "after", "done_at")
        read_only_fields = fields


class ConflictShown(serializers.ModelSerializer[Conflict]):
    pair = serializers.CharField(source="link.pair.name", read_only=True)
    name = serializers.CharField(source="link.name", read_only=True)
    erp_values = values()
    crm_values = values()

    class Meta:
        model = Conflict
        fields = (
            "id", "pair", "link", "name", "field", "erp_values", "crm_values", "why", "state", "winner", "value",
            "resolved_by", "resolved_at", "closed_why", "created_at",
        )  # fmt: skip
        read_only_fields = fields
