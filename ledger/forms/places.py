"""Employers, posts, courses, facilities and explanations of differences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db import models
from django.forms import modelform_factory
from django.utils.translation import gettext_lazy as _

from bureaus.form_fields import words
from bureaus.models import Bureau
from ledger.actions.places import KINDS
from ledger.forms.base import EntryForm, entry_field
from ledger.models import Employer, FacilityCheck, ReconciliationNote

FIELDS = {
    "employer": ("name", "kind", "place"),
    "post": ("employer", "title", "channel", "places", "pay", "opened_on", "closed_on"),
    "course": ("title", "kind", "organiser", "starts_on", "ends_on", "hours", "free"),
}
TITLES = {"employer": _("Employer"), "post": _("Post of an employer"), "course": _("Course")}


def form_for(kind: str, county: Bureau, data: Any = None, row: Any = None) -> Any:
    made = modelform_factory(KINDS[kind], EntryForm, fields=FIELDS[kind], formfield_callback=entry_field)
    form: Any = made(data, instance=row)
    if kind == "post":
        form.fields["employer"].queryset = Employer.objects.filter(county=county)
    if kind == "course":
        own = models.Q(level=Bureau.Level.PREFECTURE) | models.Q(pk=county.pk)
        form.fields["organiser"].queryset = Bureau.objects.filter(own)
    return form


class FacilityForm(EntryForm):
    class Meta:
        model = FacilityCheck
        fields = ("item", "state", "required", "reason", "evidence")


class ExplanationForm(forms.Form):
    """Why the document and the ledger differ."""

    county = forms.ModelChoiceField(
        Bureau.objects.filter(level=Bureau.Level.COUNTY), label=_("county"), required=False, to_field_name="code",
        empty_label=_("the whole prefecture"),
    )  # fmt: skip
    subject = forms.ChoiceField(
        label=_("counts"),
        choices=ReconciliationNote.Subject.choices,
    )
    text = words(_("explanation"))

    def __init__(self, counties: Iterable[Bureau], *args: Any, **kwargs: Any) -> None:
        """`counties`: those whose figures the person sees; who sees one alone explains that one."""
        super().__init__(*args, **kwargs)
        seen = [county.pk for county in counties]
        field: Any = self.fields["county"]
        field.queryset = Bureau.objects.filter(pk__in=seen)
        if len(seen) == 1:
            field.required, field.empty_label = True, None
