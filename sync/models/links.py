"""Links: at once the pairing, the memory and the work queue, and what hangs on them."""

from __future__ import annotations

from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from sync.core.vocabulary import Outcome, Side
from sync.models.pairs import EntityPair, FieldMapping, SideName
from sync.models.runs import Change, Run


class LinkState(models.TextChoices):
    ACTIVE = "active", "active"
    PAUSED = "paused", "paused"
    EXCLUDED = "excluded", "out of scope"
    REMOVED = "removed", "removed"
    MERGED = "merged", "merged into another"


OUTCOMES = [(outcome.value, outcome.value) for outcome in Outcome]


class LinkQuerySet(models.QuerySet["Link"]):
    def current(self) -> LinkQuerySet:
        """Links that hold their keys: everything but what was merged into another."""
        return self.exclude(state=LinkState.MERGED)

    def linked(self) -> LinkQuerySet:
        return self.current().filter(erp_key__isnull=False, crm_key__isnull=False)


MOST = {"parent": 200, "version": 100}
"""Letters of what a system says. No record has a longer key, and a version that was cut is refused as stale."""


class Link(models.Model):
    """One thing, known on one side or on both."""

    pair = models.ForeignKey(EntityPair, on_delete=models.PROTECT, related_name="links")
    name = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=10, choices=LinkState, default=LinkState.ACTIVE)
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="absorbed"
    )

    # Null, not blank, where a side is not known: the unique constraints let many links lack a key.
    erp_key = models.CharField("ERP key", max_length=200, null=True, blank=True)  # noqa: DJ001
    erp_parent = models.CharField(max_length=MOST["parent"], blank=True)
    erp_seen = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    erp_base = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    erp_stamps = models.JSONField(default=dict)
    erp_version = models.CharField(max_length=MOST["version"], blank=True)
    erp_updated_at = models.DateTimeField(null=True)
    erp_by_hub = models.BooleanField(default=False)
    erp_scan = models.PositiveIntegerField(default=0)
    erp_missing_at = models.DateTimeField(null=True)

    crm_key = models.CharField("webCRM key", max_length=200, null=True, blank=True)  # noqa: DJ001
    crm_parent = models.CharField(max_length=MOST["parent"], blank=True)
    crm_seen = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    crm_base = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    crm_stamps = models.JSONField(default=dict)
    crm_version = models.CharField(max_length=MOST["version"], blank=True)
    crm_updated_at = models.DateTimeField(null=True)
    crm_by_hub = models.BooleanField(default=False)
    crm_scan = models.PositiveIntegerField(default=0)
    crm_missing_at = models.DateTimeField(null=True)

    due_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=100, blank=True)
    reread = models.BooleanField(default=False, help_text="Both sides must be read afresh before planning.")
    waiting = models.BooleanField(default=False, help_text="Waits for its parent.")
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_token = models.CharField(max_length=36, blank=True)
    lease_until = models.DateTimeField(null=True)
    epoch = models.PositiveBigIntegerField(default=0)
    problem = models.TextField(blank=True)
    refused = models.JSONField(
        default=dict, help_text="Fields that were refused: mapping → value and sentence."
    )
    candidates = models.JSONField(
        default=list, help_text="Links that may be the counterpart, for a person to choose."
    )
    plan = models.JSONField(
        null=True, encoder=DjangoJSONEncoder, help_text="What would be written, in observe."
    )

    run = models.ForeignKey(Run, null=True, blank=True, on_delete=models.SET_NULL, related_name="links")
    outcome = models.CharField(max_length=10, choices=OUTCOMES, blank=True)
    settled_as = models.CharField(max_length=10, choices=OUTCOMES, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    linked_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    moved_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When the hub last noticed that one side had moved."
    )

    objects = LinkQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["pair", "erp_key"],
                condition=~Q(state="merged"),
                name="one_link_per_erp_record",
            ),
            models.UniqueConstraint(
                fields=["pair", "crm_key"],
                condition=~Q(state="merged"),
                name="one_link_per_crm_record",
            ),
            models.CheckConstraint(
                condition=Q(erp_key__isnull=False) | Q(crm_key__isnull=False), name="a_link_has_a_key"
            ),
        ]
        indexes = [
            models.Index(fields=["pair", "due_at"], condition=Q(due_at__isnull=False), name="link_due"),
            models.Index(fields=["pair", "moved_at"], condition=Q(moved_at__isnull=False), name="link_moved"),
            models.Index(fields=["run", "outcome"], name="link_run_outcome"),
            models.Index(fields=["pair", "erp_parent"], condition=~Q(erp_parent=""), name="link_erp_parent"),
            models.Index(fields=["pair", "crm_parent"], condition=~Q(crm_parent=""), name="link_crm_parent"),
            models.Index(fields=["pair"], condition=Q(waiting=True), name="link_waiting"),
            models.Index(fields=["erp_key"], name="link_erp_key"),
            models.Index(fields=["crm_key"], name="link_crm_key"),
            models.Index(fields=["name"], name="link_name"),
            *(
                models.Index(
                    fields=["pair", f"{side}_missing_at"],
                    condition=Q(**{f"{side}_missing_at__isnull": False}),
                    name=f"link_{side}_missing",
                )
                for side in ("erp", "crm")
            ),
            models.Index(F("lease_until"), condition=~Q(lease_token=""), name="link_leased"),
        ]

    def __str__(self) -> str:
        return self.name or self.erp_key or self.crm_key or str(self.pk)

    @property
    def linked(self) -> bool:
        """Whether the counterpart is known."""
        return self.erp_key is not None and self.crm_key is not None

    def get(self, side: Side, name: str) -> Any:
        """What this link remembers of one side: key, seen, base, stamps, version, …"""
        return getattr(self, f"{side}_{name}")

    def put(self, side: Side, **values: Any) -> None:
        """Remember something of one side (not saved yet)."""
        for name, value in values.items():
            setattr(self, f"{side}_{name}", value[: MOST[name]] if name in MOST and value else value)


class MatchKey(models.Model):
    """A normalised value that two records must share to be the same, kept from *seen*."""

    pair = models.ForeignKey(EntityPair, on_delete=models.CASCADE, related_name="+")
    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="match_keys")
    side = models.CharField(max_length=3, choices=SideName)
    position = models.PositiveSmallIntegerField()
    value = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["link", "side", "position"], name="one_match_key_per_position")
        ]
        indexes = [models.Index(fields=["pair", "side", "position", "value"], name="match_key_value")]

    def __str__(self) -> str:
        return f"{self.side} {self.position}: {self.value}"


class Separation(models.Model):
    """A person's word that these two records are not the same."""

    pair = models.ForeignKey(EntityPair, on_delete=models.CASCADE, related_name="separations")
    erp_key = models.CharField(max_length=200)
    crm_key = models.CharField(max_length=200)
    said_by = models.CharField(max_length=150)
    reason = models.TextField(blank=True)
    said_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pair", "erp_key", "crm_key"], name="one_separation_per_couple")
        ]

    def __str__(self) -> str:
        return f"{self.erp_key} ≠ {self.crm_key}"


class IntentState(models.TextChoices):
    RECORDED = "recorded", "recorded"
    ACKNOWLEDGED = "acknowledged", "acknowledged"
    UNKNOWN = "unknown", "unknown outcome"
    CONFIRMED = "confirmed", "confirmed"
    REFUSED = "refused", "refused"
    DROPPED = "dropped", "did not happen"


OPEN_INTENTS = [IntentState.RECORDED, IntentState.ACKNOWLEDGED, IntentState.UNKNOWN]


class IntentQuerySet(models.QuerySet["Intent"]):
    def standing(self, pair_id: int, state: IntentState, links: Q | None = None) -> IntentQuerySet:
        """A pair's intents in one of the open states. Found by the state: few are open, where links are many."""
        here = Link.objects.filter(links or Q(), pk=OuterRef("link_id"), pair_id=pair_id)
        return self.filter(Exists(here), state=state)


class Intent(models.Model):
    """A write the hub has decided on and recorded before making it. One row an attempt."""

    link = models.ForeignKey(Link, on_delete=models.PROTECT, related_name="intents")
    side = models.CharField(max_length=3, choices=SideName)
    kind = models.CharField(max_length=10)
    token = models.CharField(max_length=36, unique=True)
    attempt = models.PositiveSmallIntegerField(default=1)
    epoch = models.PositiveBigIntegerField()
    key = models.CharField(max_length=200, blank=True)
    values = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    source = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    before = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    rules = models.JSONField(default=dict, help_text="Mapping of each written property.")
    payload_hash = models.CharField(max_length=64)
    state = models.CharField(max_length=12, choices=IntentState, default=IntentState.RECORDED)
    problem = models.TextField(blank=True)
    recorded_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, help_text="When its system said that it was made.")
    look_after = models.DateTimeField(null=True, help_text="When an unknown outcome may be looked for.")
    ended_at = models.DateTimeField(null=True)
    change = models.OneToOneField(Change, on_delete=models.PROTECT, related_name="intent")

    objects = IntentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["link", "side"],
                condition=Q(state__in=["recorded", "acknowledged", "unknown"]),
                name="one_open_intent_per_side",
            )
        ]
        indexes = [models.Index(fields=["state"], name="intent_state")]

    def __str__(self) -> str:
        return f"{self.kind} {self.side} {self.key or '(new)'}: {self.state}"


class ConflictState(models.TextChoices):
    OPEN = "open", "open"
    RULED = "ruled", "decided, not yet carried out"
    CLOSED = "closed", "closed"


class Conflict(models.Model):
    """Both sides moved one field to different values; waits for a person."""

    link = models.ForeignKey(Link, on_delete=models.PROTECT, related_name="conflicts")
    mapping = models.ForeignKey(FieldMapping, null=True, on_delete=models.SET_NULL, related_name="conflicts")
    field = models.CharField(
        max_length=310, help_text="The mapping in words, so that it outlives the mapping."
    )
    erp_values = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    crm_values = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    why = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=ConflictState, default=ConflictState.OPEN)
    winner = models.CharField(max_length=5, blank=True, choices=[*SideName.choices, ("other", "other value")])
    value = models.JSONField(null=True, blank=True)
    resolved_by = models.CharField(max_length=150, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    closed_why = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["link", "mapping"],
                condition=Q(state__in=["open", "ruled"]),
                name="one_conflict_per_field",
            )
        ]
        indexes = [models.Index(fields=["state", "id"], name="conflict_state")]

    def __str__(self) -> str:
        return f"{self.link}: {self.field}"
