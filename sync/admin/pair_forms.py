"""The form of a pair: its settings, its mappings and match rules inline, checked as the engine would check them."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold import widgets
from unfold.forms import PaginationInlineFormSet

from sync.admin.forms import text_input
from sync.core.records import Property
from sync.core.scope import BadCondition, parse_conditions
from sync.core.vocabulary import Side
from sync.models.pairs import DataType, EntityPair, FieldMapping, MatchRule
from sync.services.ends import circle, moved_ends, moved_name
from sync.services.opening import unknown_entity
from sync.services.pairs import match_problems_of, problems_of, properties_of, property_names

ASIDE = 20_000
"""Where a match rule waits while another takes its position."""

PLACES = (
    ("names no webCRM", "crm_property"),
    ("ERP propert", "erp_property"),
    ("of group", "group"),
)
"""Which field a sentence of the engine is about where it quotes no property; else it is about the transforms."""


MAPPING_FIELDS = (
    "position", "erp_property", "crm_property", "crm_type", "direction", "transforms", "policy", "blank", "group",
    "only_on_create", "active",
)  # fmt: skip


class PairForm(forms.ModelForm):  # type: ignore[type-arg]
    """A pair's settings, and why they are changed."""

    reason = forms.CharField(
        required=False, max_length=1000, widget=text_input(), label="Why",
        help_text="Kept in the audit, together with your name.",
    )  # fmt: skip

    class Meta:
        labels = {
            # None begins with webCRM: the admin would capitalise it.
            "erp_system": "In the ERP",
            "erp_entity": "Its entity",
            "crm_system": "In webCRM",
            "crm_entity": "Its entity",
            "erp_parent_property": "In the ERP",
            "crm_parent_property": "In webCRM",
            "erp_label": "In the ERP",
            "crm_label": "In webCRM",
        }
        help_texts = {
            "erp_parent_property": "The property that names the parent: customer.id",
            "crm_parent_property": "The property that names the parent: PersonOrganisationId",
        }

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        stored = EntityPair.objects.filter(pk=self.instance.pk).first()
        ends = {side: (found.get(f"{side}_system"), found.get(f"{side}_entity")) for side in Side}
        wanted = {side: (system.name, entity) for side, (system, entity) in ends.items() if system and entity}
        for side, sentence in (moved_ends(stored, wanted) if stored else {}).items():
            self.add_error(f"{side}_entity", sentence)
        for name, sentence in _moved(stored, found).items() if stored else ():
            self.add_error(name, sentence)
        self._name_unknown_entities(ends)
        return found

    def _name_unknown_entities(self, ends: dict[Side, tuple[Any, Any]]) -> None:
        for side, (system, entity) in ends.items():
            sentence = unknown_entity(system, entity) if system and entity else ""
            if sentence:
                self.add_error(f"{side}_entity", sentence[:1].upper() + sentence[1:])

    def clean_scope(self) -> dict[str, Any]:
        return _by_side(self.cleaned_data["scope"], list)

    def clean_inactive(self) -> dict[str, Any]:
        return _by_side(self.cleaned_data["inactive"], dict)


def _moved(stored: EntityPair, wanted: dict[str, Any]) -> dict[str, str]:
    """Why its name and its parent may not be what they were set to: sentences by field."""
    sentences = {
        "name": moved_name(stored, wanted["name"]) if wanted.get("name") else "",
        "parent": circle(stored, wanted.get("parent")),
    }
    return {name: sentence for name, sentence in sentences.items() if sentence}


def _by_side(told: Any, kind: type) -> dict[str, Any]:
    """Settings that are kept per side: conditions as a list, values as a dictionary."""
    shape = "[…]" if kind is list else "{…}"
    if not isinstance(told, dict) or set(told) - set(Side):
        raise forms.ValidationError(f'Write it per side: {{"erp": {shape}, "crm": {shape}}}.')
    for side, found in told.items():
        if not isinstance(found, kind):
            raise forms.ValidationError(f"What stands for '{side}' must have the form {shape}.")
        _check_conditions(found)
        _check_values(found)
    return told


def _check_values(found: Any) -> None:
    if isinstance(found, dict) and any(isinstance(value, dict | list) for value in found.values()):
        raise forms.ValidationError("What a property is set to is one text or number, true, false or null.")


def _check_conditions(found: Any) -> None:
    if not isinstance(found, list):
        return
    if not all(isinstance(row, dict) for row in found):
        raise forms.ValidationError('Write each condition as {"path": …, "operator": …, "values": […]}.')
    try:
        parse_conditions(found)
    except BadCondition as error:
        raise forms.ValidationError(str(error)) from error


class MappingForm(forms.ModelForm):  # type: ignore[type-arg]
    """One row. Its data type is the one the system names, unless a person says otherwise."""

    crm_type = forms.ChoiceField(
        required=False, label="webCRM data type", choices=[("", "as webCRM says"), *DataType.choices],
        widget=widgets.UnfoldAdminSelectWidget(), help_text="How its values are read, compared and checked.",
    )  # fmt: skip

    class Meta:
        model = FieldMapping
        fields = MAPPING_FIELDS
        labels = {"crm_property": "webCRM property"}
        widgets = {
            "erp_property": text_input(list="erp-properties"),
            "crm_property": text_input(list="crm-properties"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            self.initial["crm_type"] = ""


class MappingFormSet(PaginationInlineFormSet):  # type: ignore[misc]
    """Rows together: what one writes no other may, and the engine must be able to work with each."""

    def clean(self) -> None:
        super().clean()
        pair = self.instance
        if not (pair.erp_system_id and pair.crm_system_id):
            return
        sound = [form for form in kept_forms(self) if not form.errors]
        _fill_types(sound, properties_of(pair, Side.CRM))
        for place, sentences in problems_of(pair, [form.instance for form in sound]).items():
            for sentence in sentences:
                sound[place].add_error(_place_of(sentence, sound[place].instance), sentence)

    def save(self, commit: bool = True) -> list[FieldMapping]:
        """New rows go to the end, unless a person put them elsewhere."""
        last = max((form.instance.position for form in self.forms), default=0)
        for number, form in enumerate(self.extra_forms, start=1):
            form.instance.position = form.instance.position or last + number
        saved: list[FieldMapping] = super().save(commit)
        return saved


class MatchFormSet(PaginationInlineFormSet):  # type: ignore[misc]
    """Match rules: each names what the mappings carry."""

    mappings: MappingFormSet | None = None

    def clean(self) -> None:
        super().clean()
        rows = [form.instance for form in kept_forms(self.mappings)] if self.mappings else []
        sound = [form for form in kept_forms(self) if not form.errors]
        for place, sentences in match_problems_of([form.instance for form in sound], rows).items():
            for sentence in sentences:
                sound[place].add_error("by", sentence)

    def save(self, commit: bool = True) -> list[MatchRule]:
        """Positions are unique at every moment: those that move step aside first."""
        moved = [form.instance.pk for form in self.initial_forms if "position" in form.changed_data]
        for place, pk in enumerate(moved):
            MatchRule.objects.filter(pk=pk).update(position=ASIDE + place)
        saved: list[MatchRule] = super().save(commit)
        return saved


def _fill_types(rows: list[Any], known: dict[str, Property]) -> None:
    for form in rows:
        if not form.instance.crm_type:
            found = known.get(form.instance.crm_property)
            form.instance.crm_type = str(found.type) if found else DataType.STRING.value


def kept_forms(formset: Any) -> list[Any]:
    """The rows that will be there after saving: filled in, and not marked for deletion."""
    return [
        form
        for form in formset.forms
        if not formset._should_delete_form(form) and (form.instance.pk or form.has_changed())
    ]


def _place_of(sentence: str, row: FieldMapping) -> str:
    """The field a sentence is about, so that it stands where the person looks: the property it quotes, if just one."""
    quoted = [
        name
        for name, side in (("erp_property", Side.ERP), ("crm_property", Side.CRM))
        if any(f"'{path}'" in sentence for path in property_names(row, side))
    ]
    if len(quoted) == 1:
        return quoted[0]
    return next((name for words, name in PLACES if words in sentence), "transforms")
