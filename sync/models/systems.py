"""Connected installations, what they look like, and the hold all workers share on their calls."""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import MinValueValidator
from django.db import models

from sync.models.sealing import SealedField

NOTICED = 2.0
"""Seconds by which a clock must differ to be worth a word: answers tell whole seconds."""


class System(models.Model):
    """One connected installation: this ERP, that webCRM."""

    class Kind(models.TextChoices):
        WEBCRM = "webcrm", "webCRM"
        REST = "rest", "JSON REST API"
        MEMORY = "memory", "in memory (tests)"

    name = models.SlugField(unique=True, help_text="A short name: erp, crm.")
    kind = models.CharField(max_length=20, choices=Kind)
    address = models.CharField(max_length=500, help_text="Where its API answers: https://api.webcrm.com/")
    config = models.JSONField(
        default=dict, blank=True, help_text="What its connector needs to know, no secrets."
    )
    credentials = SealedField(default=dict, blank=True, editable=False)
    calls_per_minute = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)], help_text="Empty: no limit of ours."
    )
    identity_key = models.CharField(max_length=200, blank=True, editable=False)
    identity_name = models.CharField(max_length=200, blank=True, editable=False)
    paused_until = models.DateTimeField(null=True, blank=True, editable=False)
    problem = models.TextField(blank=True, editable=False)
    checked_at = models.DateTimeField(null=True, blank=True, editable=False)
    check_result = models.TextField(blank=True, editable=False)
    check_begun_at = models.DateTimeField(null=True, blank=True, editable=False)
    check_attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    clock_ahead = models.FloatField(
        null=True, editable=False, help_text="Seconds its clock is ahead of ours, as its answers tell."
    )
    failures = models.PositiveIntegerField(default=0, editable=False)
    call_stamps = models.JSONField(default=list, blank=True, editable=False)
    call_version = models.PositiveBigIntegerField(default=0, editable=False)
    write_token = models.CharField(max_length=36, blank=True, editable=False)
    write_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def clock(self) -> str:
        """What people are told of its clock."""
        if self.clock_ahead is None:
            return "not measured yet"
        if abs(self.clock_ahead) < NOTICED:
            return "the same as ours"
        return f"{abs(self.clock_ahead):,.0f} seconds {'ahead of' if self.clock_ahead > 0 else 'behind'} ours"


class Token(models.Model):
    """A short-lived access token of a system, sealed, shared by its workers."""

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=50)
    token = SealedField(default=dict)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["system", "name"], name="one_token_per_name")]

    def __str__(self) -> str:
        return f"{self.system_id}:{self.name}"


class EntitySchema(models.Model):
    """The properties of one entity, as its system described them when last asked."""

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="schemas")
    entity = models.CharField(max_length=100)
    properties = models.JSONField(default=list, encoder=DjangoJSONEncoder)
    read_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["system", "entity"], name="one_schema_per_entity")]

    def __str__(self) -> str:
        return f"{self.system}: {self.entity}"
