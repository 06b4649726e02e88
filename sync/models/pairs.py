"""Pairs of entities kept in step, and how: mappings, match rules, cursors."""

from __future__ import annotations

from django.core.validators import MinValueValidator
from django.db import models

from sync.core import vocabulary
from sync.models.systems import System


class Mode(models.TextChoices):
    OFF = vocabulary.Mode.OFF, "off"
    OBSERVE = vocabulary.Mode.OBSERVE, "observe"
    LIVE = vocabulary.Mode.LIVE, "live"


class Direction(models.TextChoices):
    BOTH = vocabulary.Direction.BOTH, "↔ both ways"
    TO_CRM = vocabulary.Direction.TO_CRM, "→ to webCRM"
    TO_ERP = vocabulary.Direction.TO_ERP, "← to the ERP"


class Policy(models.TextChoices):
    ERP = vocabulary.Policy.ERP, "ERP wins"
    CRM = vocabulary.Policy.CRM, "webCRM wins"
    NEWEST = vocabulary.Policy.NEWEST, "newest wins"
    ASK = vocabulary.Policy.ASK, "ask a person"


class BlankRule(models.TextChoices):
    CLEAR = vocabulary.BlankRule.CLEAR, "clear the other side"
    KEEP = vocabulary.BlankRule.KEEP, "keep the other side"
    PROTECT = vocabulary.BlankRule.PROTECT, "fill it again"


class DataType(models.TextChoices):
    STRING = vocabulary.DataType.STRING, "string"
    INTEGER = vocabulary.DataType.INTEGER, "int32"
    NUMBER = vocabulary.DataType.NUMBER, "double"
    BOOLEAN = vocabulary.DataType.BOOLEAN, "boolean"
    DATETIME = vocabulary.DataType.DATETIME, "date-time"
    DATE = vocabulary.DataType.DATE, "date"


class SideName(models.TextChoices):
    ERP = vocabulary.Side.ERP, "ERP"
    CRM = vocabulary.Side.CRM, "webCRM"


class EntityPair(models.Model):
    """An ERP entity and a CRM entity kept in step: the unit of a schedule and of a run."""

    class Removal(models.TextChoices):
        INACTIVE = "inactive", "mark the other side inactive"
        DELETE = "delete", "delete the other side"
        UNLINK = "unlink", "only unlink"
        ASK = "ask", "ask a person"

    name = models.SlugField(unique=True, help_text="A short name: customers.")
    position = models.PositiveSmallIntegerField(default=0, help_text="Pairs run in this order.")
    erp_system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="pairs_as_erp")
    erp_entity = models.CharField("ERP entity", max_length=100)
    crm_system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="pairs_as_crm")
    crm_entity = models.CharField("webCRM entity", max_length=100)
    mode = models.CharField(max_length=10, choices=Mode, default=Mode.OBSERVE)
    interval = models.PositiveIntegerField(
        default=60, validators=[MinValueValidator(60)], help_text="Seconds from one run to the next."
    )
    full_interval = models.PositiveIntegerField(
        default=86_400,
        validators=[MinValueValidator(600)],
        help_text="Seconds from one full read to the next.",
    )
    creates_in_crm = models.BooleanField("create in webCRM", default=True)
    creates_in_erp = models.BooleanField("create in the ERP", default=False)
    first_winner = models.CharField(
        max_length=3,
        choices=SideName,
        default=SideName.ERP,
        help_text="Who wins where two linked records differ at first.",
    )
    on_removal = models.CharField(max_length=10, choices=Removal, default=Removal.INACTIVE)
    inactive = models.JSONField(
        default=dict,
        blank=True,
        help_text='What marks a record inactive: {"erp": {"isInactive": true}, "crm": {…}}',
    )
    scope = models.JSONField(
        default=dict,
        blank=True,
        help_text='Which records take part: {"erp": [{"path": …, "operator": "in", "values": […]}], "crm": […]}',
    )
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )
    erp_parent_property = models.CharField(max_length=100, blank=True, help_text="customer.id")
    crm_parent_property = models.CharField(max_length=100, blank=True, help_text="PersonOrganisationId")
    erp_label = models.CharField(
        max_length=200, blank=True, help_text="What names a record: firstName + lastName"
    )
    crm_label = models.CharField(max_length=200, blank=True)
    guard_removals = models.PositiveSmallIntegerField(
        default=2, help_text="Removals in a day, per cent, that ask first."
    )
    guard_changes = models.PositiveSmallIntegerField(
        default=10, help_text="Changed records in a day, per cent, that ask first."
    )
    guard_blanks = models.PositiveSmallIntegerField(
        default=10, help_text="Records in which one property goes blank in a day, per cent, that ask first."
    )
    rules_version = models.PositiveIntegerField(default=1, editable=False)
    approved_version = models.PositiveIntegerField(default=0, editable=False)
    next_run_at = models.DateTimeField(null=True, blank=True, editable=False)
    next_full_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["position", "name"]
        verbose_name = "pair"

    def __str__(self) -> str:
        return self.name

    def system(self, side: vocabulary.Side) -> System:
        return self.erp_system if side is vocabulary.Side.ERP else self.crm_system

    def entity(self, side: vocabulary.Side) -> str:
        return self.erp_entity if side is vocabulary.Side.ERP else self.crm_entity

    def creates_in(self, side: vocabulary.Side) -> bool:
        return self.creates_in_erp if side is vocabulary.Side.ERP else self.creates_in_crm

    def parent_property(self, side: vocabulary.Side) -> str:
        return self.erp_parent_property if side is vocabulary.Side.ERP else self.crm_parent_property

    def label(self, side: vocabulary.Side) -> str:
        return self.erp_label if side is vocabulary.Side.ERP else self.crm_label


class FieldMapping(models.Model):
    """This ERP field is that webCRM field."""

    pair = models.ForeignKey(EntityPair, on_delete=models.CASCADE, related_name="mappings")
    position = models.PositiveSmallIntegerField(default=0)
    erp_property = models.CharField(
        "ERP property", max_length=200, blank=True, help_text="name, or several for lines: a.line1 + a.line2"
    )
    crm_property = models.CharField("webCRM property", max_length=100)
    crm_type = models.CharField("webCRM data type", max_length=10, choices=DataType, default=DataType.STRING)
    direction = models.CharField(max_length=10, choices=Direction, default=Direction.BOTH)
    transforms = models.CharField(max_length=500, blank=True, help_text="trim | cut(200)")
    policy = models.CharField(max_length=10, choices=Policy, default=Policy.NEWEST)
    blank = models.CharField("blanks", max_length=10, choices=BlankRule, default=BlankRule.CLEAR)
    group = models.SlugField(blank=True, help_text="Fields of one group win or lose together.")
    only_on_create = models.BooleanField(default=False)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["pair", "position", "id"]
        verbose_name = "mapping"

    def __str__(self) -> str:
        return f"{self.erp_property or '(constant)'} · {self.crm_property}"


class MatchRule(models.Model):
    """How counterparts that nobody has linked yet are found. Tried in order of position."""

    pair = models.ForeignKey(EntityPair, on_delete=models.CASCADE, related_name="match_rules")
    position = models.PositiveSmallIntegerField()
    by = models.CharField(max_length=300, help_text="ERP properties of active mappings: firstName + lastName")
    reference = models.BooleanField(default=False, help_text="This is the other system's own key.")
    within_parent = models.BooleanField(default=False, help_text="Only under the same parent.")
    propose = models.BooleanField(default=False, help_text="Never link by itself: propose to a person.")

    class Meta:
        ordering = ["pair", "position"]
        constraints = [
            models.UniqueConstraint(fields=["pair", "position"], name="one_match_rule_per_position")
        ]

    def __str__(self) -> str:
        return f"{self.position}: {self.by}"


class Finding(models.Model):
    """What a mapping turned out to do to values: a system cuts, rounds or refuses what it is given."""

    mapping = models.ForeignKey(FieldMapping, on_delete=models.CASCADE, related_name="findings")
    side = models.CharField(max_length=3, choices=SideName)
    kind = models.CharField(max_length=40)
    count = models.PositiveIntegerField(default=0)
    written = models.TextField(blank=True)
    held = models.TextField(blank=True)
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mapping", "side", "kind"], name="one_finding_per_kind")
        ]

    def __str__(self) -> str:
        return f"{self.mapping}: {self.kind}"


class Cursor(models.Model):
    """How far one side of a pair has been read."""

    pair = models.ForeignKey(EntityPair, on_delete=models.CASCADE, related_name="cursors")
    side = models.CharField(max_length=3, choices=SideName)
    position = models.DateTimeField(
        null=True, help_text="The latest stamp accounted for, on the remote's clock."
    )
    reached_at = models.DateTimeField(null=True, help_text="When the position was reached, on our clock.")
    tail = models.DateTimeField(null=True, help_text="How far a run has read since on its own account.")
    page = models.TextField(blank=True, help_text="Where an unfinished listing goes on.")
    tailing = models.BooleanField(default=False, help_text="The unfinished listing reads on from the tail.")
    since = models.DateTimeField(null=True)
    scan = models.PositiveIntegerField(default=0, help_text="Number of the full read under way or last done.")
    scanning = models.BooleanField(default=False)
    started_at = models.DateTimeField(null=True)
    highest = models.DateTimeField(null=True)
    polled_at = models.DateTimeField(null=True, help_text="When the last listing behind the position began.")
    full_at = models.DateTimeField(null=True, help_text="When the last full read was complete.")
    removed_since = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pair", "side"], name="one_cursor_per_side")]

    def __str__(self) -> str:
        return f"{self.pair_id} {self.side}"
