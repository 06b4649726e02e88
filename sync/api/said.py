"""What programs may say. A key nobody knows is refused, not ignored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from sync.core.values import UNWRITABLE
from sync.models.pairs import EntityPair
from sync.services.conflicts import WINNERS

LONGEST_REASON = 2_000
LONGEST_VALUE = 10_000


class Said(serializers.Serializer[object]):
    """Knows its keys, and refuses others."""

    def to_internal_value(self, data: Any) -> Any:
        strange = set(data) - set(self.fields) if isinstance(data, Mapping) else set()
        if strange:
            sentence = f"There is no such key. Known: {', '.join(self.fields) or 'none'}."
            raise serializers.ValidationError({str(key): [sentence] for key in sorted(strange, key=str)})
        return super().to_internal_value(data)


def reason() -> serializers.CharField:
    return serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=LONGEST_REASON,
        help_text="Kept in the audit.",
    )


class WhySaid(Said):
    """Why a person or a program does what it does."""

    reason = reason()


class PairName(serializers.SlugRelatedField[EntityPair]):
    """The name of a pair. What no database can look for is the name of none."""

    def to_internal_value(self, data: Any) -> EntityPair:
        if UNWRITABLE.search(str(data)):
            self.fail("invalid")
        return super().to_internal_value(data)


class LinkSaid(Said):
    """Two records that are the same."""

    pair = PairName(slug_field="name", queryset=EntityPair.objects.all())
    erp_key = serializers.CharField(max_length=200)
    crm_key = serializers.CharField(max_length=200)
    reason = reason()


class RunSaid(Said):
    """A run that is asked for."""

    pair = PairName(slug_field="name", queryset=EntityPair.objects.all())
    full = serializers.BooleanField(default=False, help_text="Read both sides completely.")
    plan_only = serializers.BooleanField(
        default=False, help_text="Write nothing; show what would be written."
    )
    reason = reason()


class PlainValue(serializers.JSONField):
    """A text, a number, true, false or null. A number with a fraction becomes text: it must stay exact."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict | list):
            self.fail("invalid")
        text = str(data)
        if UNWRITABLE.search(text) or len(text) > LONGEST_VALUE:
            self.fail("invalid")
        return text if isinstance(data, float) else data


class RulingSaid(Said):
    """A word on a conflict."""

    winner = serializers.ChoiceField(choices=WINNERS)
    value = PlainValue(
        required=False, allow_null=True, default=None, help_text="With `other`: in webCRM's words."
    )
    seen = serializers.DictField(
        required=False,
        allow_null=True,
        default=None,
        help_text="`{erp: erp_values, crm: crm_values}` as they were shown: refused when they have moved on.",
    )
    reason = reason()


class LoginSaid(Said):
    """A user name and a password."""

    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=200, trim_whitespace=False, write_only=True)
