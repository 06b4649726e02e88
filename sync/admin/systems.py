"""Systems: where they answer, who they are, and whether they do. Credentials go in and never come out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.forms import model_to_dict
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from sync.admin.base import Done, HubAdmin, Page, Verb
from sync.admin.forms import JSON_FIELDS, AskForm, ReasonForm, secret_input, text_input
from sync.admin.show import column, moment, short, when
from sync.admin.tables import Table, cells, facts
from sync.models.sealing import CLOSED
from sync.models.systems import EntitySchema, System
from sync.services import systems
from sync.services.acts import NotPossible
from sync.services.ends import moved_kind
from sync.services.opening import misfits

KNOWN_SECRETS = {
    System.Kind.WEBCRM: ("auth_code",),
    System.Kind.REST: ("client_id", "client_secret", "api_key", "username", "password", "token"),
    System.Kind.MEMORY: (),
}
SETTINGS = ("name", "kind", "address", "config", "calls_per_minute")
MAY = "sync.change_system"


class SystemForm(forms.ModelForm):  # type: ignore[type-arg]
    """A system's settings. What its links speak of stays."""

    def clean_kind(self) -> str:
        kind: str = self.cleaned_data["kind"]
        refusal = moved_kind(System.objects.get(pk=self.instance.pk), kind) if self.instance.pk else ""
        if refusal:
            raise forms.ValidationError(refusal)
        return kind

    def clean_config(self) -> dict[str, Any]:
        found = self.cleaned_data["config"]
        if not isinstance(found, dict):
            raise forms.ValidationError('Write names and values: {"preset": "customerp"}, or {} for none.')
        return found

    def _post_clean(self) -> None:
        """The row as it would be saved is held to its connector."""
        super()._post_clean()  # type: ignore[misc]  # Django's own hook, which its stubs leave out
        if not self.errors:
            for field, sentence in misfits(self.instance).items():
                self.add_error(field, sentence)


class CredentialsForm(ReasonForm):
    """One input per secret its kind knows, and one for a name of one's own. What is left empty stays as it is."""

    forget = forms.BooleanField(required=False, label="Forget all that is set before")
    other_name = forms.SlugField(required=False, widget=text_input(), label="Another name")
    other = forms.CharField(required=False, widget=secret_input(), label="Its value", strip=False)

    def __init__(self, *args: Any, row: System, **kwargs: Any) -> None:
        super().__init__(*args, row=row, **kwargs)
        held = set(row.credentials)
        self.names = list(dict.fromkeys([*KNOWN_SECRETS.get(System.Kind(row.kind), ()), *sorted(held)]))
        for name in self.names:
            self.fields[_field(name)] = forms.CharField(
                required=False, label=name, strip=False, widget=secret_input(),
                help_text="Set. Leave empty to keep it." if name in held else "Not set.",
            )  # fmt: skip
        self.order_fields([*map(_field, self.names), "other_name", "other", "forget", "reason"])

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        if bool(found.get("other_name")) != bool(found.get("other")):
            raise forms.ValidationError("Another secret needs both its name and its value.")
        return found

    def secrets(self, found: dict[str, Any]) -> dict[str, str]:
        """What was typed, by name."""
        typed = {name: found[_field(name)] for name in self.names if found.get(_field(name))}
        return {**typed, found["other_name"]: found["other"]} if found.get("other_name") else typed


def _field(name: str) -> str:
    return f"secret_{name}"


def _enter(system: System, *, by: str, values: dict[str, Any]) -> Done:
    typed = CredentialsForm(row=system).secrets(values)
    systems.enter_credentials(system, typed, by=by, reason=values["reason"], keep=not values["forget"])
    return Done(message=f"Sealed: {_names(system.credentials)}.")


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _check(system: System, *, by: str, values: dict[str, Any]) -> Done:
    systems.request_check(system, by=by)
    return Done(message="The connection is being tested; this page shows the result when it is there.")


def _introduce(system: System, *, by: str, values: dict[str, Any]) -> Done:
    systems.introduce_anew(system, by=by, reason=values["reason"])
    return Done(message="Whoever answers at the next test is taken for this system.")


VERBS = (
    Verb(
        name="check", label="Test connection", permission=MAY, act=_check, icon="network_check", form=AskForm,
        direct=True, says="Ask the system who it is, and read the properties of its entities.",
    ),
    Verb(
        name="credentials", label="Enter credentials", permission=MAY, act=_enter, icon="key", form=CredentialsForm,
        says="They are sealed at once and never shown again.",
    ),
    Verb(
        name="introduce", label="Introduce anew", permission=MAY, act=_introduce, icon="handshake",
        says="Forget who was behind the address: whoever answers at the next test is taken for this system.",
        offered=lambda system: bool(system.identity_key),
    ),
)  # fmt: skip


@admin.register(System)
class SystemAdmin(HubAdmin):
    list_display = ("name", "kind", "address", "identity", "standing", "problem_text", moment("paused_until"))
    list_filter = ("kind",)
    search_fields = ("^name",)
    form = SystemForm
    fields = SETTINGS
    formfield_overrides = JSON_FIELDS
    change_form_outer_before_template = "sync/system.html"
    verbs = VERBS
    pages = (Page(name="properties", label="Properties", show="properties", icon="list_alt"),)

    @column("identity")
    def identity(self, system: System) -> str:
        return system.identity_name or system.identity_key or "not introduced yet"

    @column("state", is_badge=True)
    def standing(self, system: System) -> tuple[str, str]:
        if system.problem or system.credentials.closed:
            return "problem", "problem"
        if system.paused_until and system.paused_until > timezone.now():
            return "paused", "paused"
        return ("connected", "connected") if system.identity_key else ("closed", "not tested")

    @column("problem")
    def problem_text(self, system: System) -> str:
        return short(CLOSED if system.credentials.closed else system.problem)

    def toolbar(self, request: HttpRequest, row: System) -> dict[str, Any]:
        told = facts(
            identity=self.identity(row), tested=row.checked_at, result=row.check_result,
            credentials_set=CLOSED if row.credentials.closed else _names(row.credentials),
            paused_until=row.paused_until, clock=row.clock,
        )  # fmt: skip
        testing = row.checked_at is None and bool(row.check_result)
        return {**super().toolbar(request, row), "told": told, "testing": testing}

    def properties(self, request: HttpRequest, system: System) -> HttpResponse:
        schemas = EntitySchema.objects.filter(system=system).order_by("entity")
        tables = [_properties(schema) for schema in schemas]
        none = "Nothing has been read of it yet. Test the connection."
        return self.page(
            request, system, "sync/read.html", facts=facts(entities=len(tables) or none), tables=tables
        )

    def save_model(self, request: HttpRequest, obj: System, form: Any, change: bool) -> None:
        before = _settings(System.objects.get(pk=obj.pk)) if change else {}
        had = bool(obj.credentials)
        # Never the whole row: workers keep their budget and their write lease in it.
        obj.save(update_fields=form.changed_data if change else None)
        systems.settings_changed(obj, before, _settings(obj), by=request.user.get_username())
        if had and not obj.credentials:
            messages.warning(request, "The address has changed: enter the credentials for the new one.")

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        system = self.row(request, object_id)
        if request.method != "POST" or not self.has_delete_permission(request, system):
            return super().delete_view(request, object_id, extra_context)
        try:
            systems.remove(system, by=request.user.get_username())
        except NotPossible as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, f"'{system}' is removed.")
        return HttpResponseRedirect(reverse("admin:sync_system_changelist"))


def _settings(system: System) -> dict[str, object]:
    return model_to_dict(system, fields=SETTINGS)


def _properties(schema: EntitySchema) -> Table:
    lines = [
        cells(
            each.get("path"), each.get("label"), each.get("type"), each.get("max_length"),
            ", ".join(map(str, each.get("options") or ())), each.get("required"), each.get("read_only"),
        )
        for each in schema.properties
    ]  # fmt: skip
    heads = ("Property", "Label", "Data type", "Max length", "Options", "Required", "Read only")
    return Table(title=f"{schema.entity}, read {when(schema.read_at)}", heads=heads, lines=lines)
