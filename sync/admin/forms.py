"""What a page asks a person before it does something."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Model
from unfold import widgets


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


def text_input(**attributes: Any) -> forms.Widget:
    found: forms.Widget = widgets.UnfoldAdminTextInputWidget(attributes)
    return found


def choice() -> forms.Widget:
    found: forms.Widget = widgets.UnfoldAdminSelectWidget()
    return found


def json_input() -> forms.Widget:
    found: forms.Widget = widgets.UnfoldAdminTextareaWidget({"rows": 5, "spellcheck": "false"})
    return found


def secret_input() -> forms.Widget:
    """An input that never shows what it holds."""
    found: forms.Widget = widgets.UnfoldAdminPasswordWidget({"autocomplete": "new-password"})
    return found
