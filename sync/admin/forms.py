"""What a page asks a person before it does something."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import Field, JSONField, Model
from django.forms.fields import InvalidJSONInput
from unfold import widgets

from sync.core.values import UNWRITABLE


class AskForm(forms.Form):
    """Nothing to fill in: the button itself is the question."""

    def __init__(self, *args: Any, row: Model, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.row = row


class ReasonForm(AskForm):
    """Why it is done, for the audit."""

    reason = forms.CharField(
        required=False,
        max_length=1000,
        widget=widgets.UnfoldAdminTextareaWidget({"rows": 3}),
        help_text="Kept in the audit, together with your name.",
    )


class PlainJSONField(forms.JSONField):
    """What a database keeps as JSON: what only Python reads as that is refused, and shown again as it was typed."""

    def to_python(self, value: Any) -> Any:
        try:
            found = super().to_python(value)
            text = json.dumps(found, ensure_ascii=False, allow_nan=False)
        except RecursionError:
            raise forms.ValidationError("It is nested too deeply. Write it with fewer brackets.") from None
        except ValueError:
            raise forms.ValidationError(
                "A number in it is none that JSON knows. Write another one."
            ) from None
        if UNWRITABLE.search(text) or "\\u0000" in text:
            raise forms.ValidationError("It contains a letter that cannot be kept. Leave it out.")
        return found

    def bound_data(self, data: Any, initial: Any) -> Any:
        try:
            self.to_python(data)
        except forms.ValidationError:
            return InvalidJSONInput(data)
        return super().bound_data(data, initial)


def text_input(**attributes: Any) -> forms.Widget:
    found: forms.Widget = widgets.UnfoldAdminTextInputWidget(attributes)
    return found


def choice() -> forms.Widget:
    found: forms.Widget = widgets.UnfoldAdminSelectWidget()
    return found


def json_input() -> forms.Widget:
    found: forms.Widget = widgets.UnfoldAdminTextareaWidget({"rows": 5, "spellcheck": "false"})
    return found


JSON_FIELDS: Mapping[type[Field[Any, Any]], Mapping[str, Any]] = {
    JSONField: {"form_class": PlainJSONField, "widget": json_input()}
}
"""How the settings that a model keeps as JSON are asked for."""


def secret_input() -> forms.Widget:
    """An input that never shows what it holds."""
    found: forms.Widget = widgets.UnfoldAdminPasswordWidget({"autocomplete": "new-password"})
    return found
