"""One form for every kind of record (`ledger.records`)."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.db import models
from django.forms import modelform_factory
from django.utils.translation import gettext as _

from bureaus import clock
from bureaus.models import Membership, User
from ledger.actions.base import Root
from ledger.actions.notice import in_force
from ledger.forms.base import EntryForm, entry_field
from ledger.forms.people import no_such_words
from ledger.models import Course, NoticeText, Post, Registration, RightCheck
from ledger.models.rights import OF_PERSONS
from ledger.records import Record
from ledger.rules import is_free
from measures.models import Site


class RecordForm(EntryForm):
    """Made for a kind of record about one person or household; the act writes and holds it against its rules."""

    root: Root

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        for name, value in list(found.items()):  # what is wrong is taken out of them
            if isinstance(value, str) and is_free(name) and not getattr(self.fields[name], "choices", None):
                try:
                    no_such_words(value)
                except forms.ValidationError as error:
                    self.add_error(name, error)
        return found

    def values(self) -> dict[str, Any]:
        found = super().values()
        if not found.get("address", True):
            del found["address"]  # it is not shown, and stays
        return found


def form_for(record: Record, root: Root, rights: frozenset[str], data: Any = None, row: Any = None) -> RecordForm:
    """The form of a kind; `rights`: those this person may check."""
    made = modelform_factory(record.model, RecordForm, fields=record.fields, formfield_callback=entry_field)
    form = cast(RecordForm, made(data, instance=row))
    form.root = root
    _narrow(form, root, rights)
    return form


def _narrow(form: RecordForm, root: Root, rights: frozenset[str]) -> None:
    """Only what belongs to this county, this person, this right."""
    fields: dict[str, Any] = form.fields
    county = root.county
    choices = {
        "post": Post.objects.filter(employer__county=county, closed_on=None).select_related("employer"),
        "course": Course.objects.filter(models.Q(county=county) | models.Q(county=None)),
        "notice": NoticeText.objects.filter(valid_from__lte=clock.today()),
        "site": Site.objects.for_households().filter(county=county),
        "registration": Registration.objects.filter(person=root.pk, closed_on=None),
        "helper": _staff(county),
        "user": _staff(county),
    }
    for name, found in choices.items():
        if name in fields and isinstance(fields[name], forms.ModelChoiceField):
            fields[name].queryset = found
    if "right" in fields:
        wanted = [right for right in RightCheck._meta.get_field("right").choices or () if right[0] in rights]
        of_person = form.instance.person_id is not None or root._meta.model_name == "person"
        fields["right"].choices = [one for one in wanted if (one[0] in OF_PERSONS) == of_person]
    if "address" in fields:
        fields["address"] = forms.CharField(label=fields["address"].label, max_length=200, required=False)
        fields["address"].help_text = (
            _("Empty: what is entered stays. It is not shown here.") if form.instance.pk else ""
        )
        form.initial.pop("address", None)
    if "notice" in fields:
        fields["notice"].label_from_instance = _edition
        if not form.instance.pk:
            fields["notice"].initial = in_force(clock.today())


def _edition(row: NoticeText) -> str:
    return _("edition %(number)d, valid from %(day)s") % {"number": row.number, "day": row.valid_from.isoformat()}


def _staff(county: Any) -> Any:
    return User.objects.filter(pk__in=Membership.objects.current().filter(bureau=county).values("user")).order_by("id")
