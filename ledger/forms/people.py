"""Households and persons: entering them, filling in what is missing, proposing a change of who they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from bureaus.form_fields import BirthField, DayField, words
from bureaus.models import Bureau
from ledger.actions.people import HOUSEHOLD_FIELDS, IDENTITY, PERSON_FIELDS
from ledger.forms.base import EntryForm
from ledger.models import ChangeProposal, Household, Membership, Person
from ledger.rules import uncollected
from measures.models import Site


def no_such_words(text: str) -> str:
    """Raises ValidationError where free text holds what the ledger does not collect."""
    word = uncollected(text)
    if word:
        raise ValidationError(
            _("“%(word)s” is not collected here. Leave it out; write only what the service needs.") % {"word": word}
        )
    return text


class HouseholdForm(EntryForm):
    """Where a household lives and how many belong to it."""

    resettled_on = DayField(label=gettext_lazy("resettled on"), required=False)

    class Meta:
        model = Household
        fields = ("code", *HOUSEHOLD_FIELDS)

    def __init__(self, county: Bureau, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = Site.objects.for_households().filter(county=county)  # type: ignore[attr-defined]
        if self.instance.pk:
            del self.fields["code"]


class PersonForm(EntryForm):
    """What is entered about a person. What is masked stays as it is unless something is typed over it."""

    birth_date = BirthField(label=gettext_lazy("date of birth"), required=False)
    id_number = forms.CharField(label=gettext_lazy("resident ID number"), required=False, max_length=40)
    phone = forms.CharField(label=gettext_lazy("phone"), required=False, max_length=30)
    health_note = words(gettext_lazy("note on health"), required=False, rows=2)

    class Meta:
        model = Person
        fields = PERSON_FIELDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("id_number", "phone", "health_note"):
            self.initial.pop(name, None)
            self.fields[name].widget.attrs["autocomplete"] = "off"
        if self.instance.pk:
            for name in IDENTITY:
                if name != "id_number" and getattr(self.instance, name):
                    del self.fields[name]
            if self.instance.id_index:
                del self.fields["id_number"]
            kept = gettext_lazy("Empty: what is entered stays. It is not shown here.")
            for name in ("phone", "health_note"):
                self.fields[name].help_text = kept

    def clean_skills(self) -> str:
        return no_such_words(self.cleaned_data["skills"])

    def clean_service_need(self) -> str:
        return no_such_words(self.cleaned_data["service_need"])

    def clean_health_note(self) -> str:
        return no_such_words(self.cleaned_data["health_note"])

    def values(self) -> dict[str, Any]:
        found = super().values()
        for name in ("id_number", "phone", "health_note"):
            if not found.get(name):
                found.pop(name, None)
        return found


class MemberForm(PersonForm):
    relation = forms.ChoiceField(
        label=gettext_lazy("relation to the head"),
        choices=[("", "---------"), *Membership.Relation.choices],
        required=False,
    )


class SearchForm(forms.Form):
    """By household code or name; a whole ID number or phone is sent, never put into an address."""

    q = forms.CharField(label=gettext_lazy("household code, name, whole ID number or phone"), max_length=60)


class ProposalForm(forms.Form):
    """A change that a second person decides; which fields, by its kind."""

    reason = forms.CharField(label=gettext_lazy("reason"), max_length=200)

    def __init__(self, kind: str, root: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        _ADDING[kind](self, root)
        self.order_fields([*(name for name in self.fields if name != "reason"), "reason"])

    def clean_reason(self) -> str:
        return no_such_words(self.cleaned_data["reason"])

    def details(self) -> dict[str, Any]:
        found = {}
        for name, value in self.cleaned_data.items():
            if name == "reason" or value in ("", None):
                continue
            if isinstance(value, Site):
                value = value.pk
            elif isinstance(value, Household | Person):
                value = str(value.uid)
            elif isinstance(value, Bureau):
                value = value.code
            found[name] = value
        return found


def _split(form: ProposalForm, home: Household) -> None:
    members = home.memberships.filter(until=None).select_related("person")
    people = [(str(row.person.uid), row.person.name) for row in members]
    form.fields["code"] = forms.CharField(label=_("code of the new household"), max_length=20)
    form.fields["members"] = forms.MultipleChoiceField(
        label=_("who leaves"), choices=people, widget=forms.CheckboxSelectMultiple
    )
    form.fields["head"] = forms.ChoiceField(label=_("head of the new household"), choices=people)


def _merge(form: ProposalForm, home: Household) -> None:
    others = Household.objects.filter(county=home.county, status=Household.Status.ACTIVE).exclude(pk=home.pk)
    form.fields["into"] = forms.ModelChoiceField(
        others,
        to_field_name="code",
        label=_("household they join"),
        widget=forms.TextInput,
        help_text=_("Its household code."),
    )


def _double(form: ProposalForm, person: Person) -> None:
    others = Person.objects.filter(county=person.county, status=Person.Status.ACTIVE).exclude(pk=person.pk)
    form.fields["of"] = forms.ModelChoiceField(
        others,
        to_field_name="code",
        label=_("the entry that stays"),
        widget=forms.TextInput,
        help_text=_("The person code of that entry."),
    )


def _transfer(form: ProposalForm, home: Household) -> None:
    counties = Bureau.objects.filter(level=Bureau.Level.COUNTY)
    form.fields["county"] = forms.ModelChoiceField(
        counties, to_field_name="code", label=_("county"), initial=home.county.code
    )
    form.fields["site"] = forms.ModelChoiceField(
        Site.objects.for_households(),
        required=False,
        label=_("site"),
    )


def _exit(form: ProposalForm, home: Household) -> None:
    form.fields["on"] = DayField(label=_("on"))


def _leave(form: ProposalForm, person: Person) -> None:
    gone = (Person.Status.MOVED, Person.Status.DECEASED)
    form.fields["status"] = forms.ChoiceField(
        label=_("what happened"), choices=[(one.value, one.label) for one in gone]
    )
    form.fields["on"] = DayField(label=_("on"))


def _correction(form: ProposalForm, person: Person) -> None:
    form.fields["name"] = forms.CharField(label=pgettext("person", "name"), max_length=60, required=False)
    form.fields["sex"] = forms.ChoiceField(
        label=_("sex"), choices=[("", "---------"), *Person.Sex.choices], required=False
    )
    form.fields["birth_date"] = BirthField(label=_("date of birth"), required=False)
    form.fields["id_number"] = forms.CharField(
        label=_("resident ID number"), max_length=40, required=False, widget=forms.TextInput({"autocomplete": "off"})
    )


Kind = ChangeProposal.Kind
_ADDING: dict[str, Callable[[ProposalForm, Any], None]] = {
    Kind.SPLIT: _split,
    Kind.MERGE: _merge,
    Kind.DOUBLE: _double,
    Kind.TRANSFER: _transfer,
    Kind.EXIT: _exit,
    Kind.LEAVE: _leave,
    Kind.CORRECTION: _correction,
}
