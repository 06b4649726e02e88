"""Runs and the audit: what was done, when, why, on whose behalf. Audit rows are never edited or deleted."""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from sync.models.pairs import EntityPair, SideName


class RunState(models.TextChoices):
    QUEUED = "queued", "queued"
    RUNNING = "running", "running"
    HELD = "held", "held by the guard"
    DONE = "done", "done"
    FAILED = "failed", "failed"
    CANCELLED = "cancelled", "cancelled"


OPEN_RUNS = [RunState.QUEUED, RunState.RUNNING, RunState.HELD]


class Run(models.Model):
    """One working-through of a pair."""

    class Trigger(models.TextChoices):
        SCHEDULE = "schedule", "schedule"
        PERSON = "person", "person"
        PROGRAM = "program", "program"
        COMMAND = "command", "command line"
        SWEEPER = "sweeper", "due links"

    class Phase(models.TextChoices):
        POLL = "poll", "reading"
        GUARD = "guard", "judging"
        WORK = "work", "settling"
        CONFIRM = "confirm", "confirming"
        END = "end", "ended"

    pair = models.ForeignKey(EntityPair, on_delete=models.PROTECT, related_name="runs")
    trigger = models.CharField(max_length=10, choices=Trigger)
    requested_by = models.CharField(max_length=150, blank=True)
    full = models.BooleanField(default=False)
    writes = models.BooleanField(default=False, help_text="False: observe, nothing is written.")
    rules_version = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=10, choices=RunState, default=RunState.QUEUED)
    phase = models.CharField(max_length=10, choices=Phase, default=Phase.POLL)
    round = models.PositiveSmallIntegerField(default=0)
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    resume_at = models.DateTimeField(null=True)
    lease_token = models.CharField(max_length=36, blank=True)
    lease_until = models.DateTimeField(null=True)
    touched = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)
    calls = models.JSONField(default=dict, help_text="Calls made per system and endpoint.")
    windows = models.JSONField(
        default=dict,
        help_text="Per system: records written without a version that protects them, and the longest time in "
        "milliseconds from the last read of them to the answer. An edit in between is overwritten.",
    )
    approved_by = models.CharField(max_length=150, blank=True)
    approved_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["pair"],
                condition=Q(state__in=["queued", "running", "held"]),
                name="one_open_run_per_pair",
            )
        ]
        indexes = [
            models.Index(fields=["pair", "-id"], name="run_pair"),
            models.Index(
                fields=["state"], condition=Q(state__in=["queued", "running", "held"]), name="run_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pair} #{self.pk}"


class Change(models.Model):
    """One write to one record: before, after, why, who and what became of it."""

    class Outcome(models.TextChoices):
        PENDING = "pending", "pending"
        WRITTEN = "written", "written"
        REFUSED = "refused", "refused"
        DROPPED = "dropped", "did not happen"

    run = models.ForeignKey(Run, null=True, on_delete=models.PROTECT, related_name="changes")
    pair = models.ForeignKey(EntityPair, on_delete=models.PROTECT, related_name="changes")
    link = models.ForeignKey("sync.Link", null=True, on_delete=models.PROTECT, related_name="changes")
    name = models.CharField(max_length=300, blank=True)
    side = models.CharField(max_length=3, choices=SideName)
    system = models.CharField(max_length=50)
    entity = models.CharField(max_length=100)
    key = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=10)
    fields = models.JSONField(
        default=list, encoder=DjangoJSONEncoder, help_text="property, before, after, why"
    )
    actor = models.CharField(max_length=150)
    reason = models.TextField(blank=True)
    token = models.CharField(max_length=36, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.PENDING)
    message = models.TextField(blank=True)
    held = models.JSONField(
        null=True, encoder=DjangoJSONEncoder, help_text="What the system held afterwards."
    )
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["link", "-id"], name="change_link"),
            models.Index(fields=["run", "-id"], name="change_run"),
            models.Index(fields=["pair", "-id"], name="change_pair"),
            models.Index(fields=["created_at"], name="change_created"),
            models.Index(fields=["pair", "created_at"], name="change_pair_created"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.side} {self.key}"


class Act(models.Model):
    """What a person did: link, unlink, mode, mapping, resolve, approve. Written once, never changed."""

    verb = models.CharField(max_length=30)
    actor = models.CharField(max_length=150)
    reason = models.TextField(blank=True)
    subject = models.CharField(max_length=300, help_text="What it was done to, in words.")
    pair = models.ForeignKey(EntityPair, null=True, on_delete=models.PROTECT, related_name="acts")
    link = models.ForeignKey("sync.Link", null=True, on_delete=models.PROTECT, related_name="acts")
    before = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    after = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    done_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["pair", "-id"], name="act_pair"),
            models.Index(fields=["link", "-id"], name="act_link"),
        ]

    def __str__(self) -> str:
        return f"{self.actor}: {self.verb} {self.subject}"


class Heartbeat(models.Model):
    """When something that must keep breathing last did: the queue's canary."""

    name = models.CharField(max_length=50, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}: {self.at:%Y-%m-%d %H:%M:%S}"
