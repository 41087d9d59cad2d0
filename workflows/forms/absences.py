"""Who is away, and who acts meanwhile."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from bureaus import absences
from bureaus.form_fields import DayField
from bureaus.models import User


class AbsenceForm(forms.Form):
    """An absence of one's own, or of somebody of the unit one heads."""

    user = forms.ModelChoiceField(User.objects.none(), label=_("who is away"), to_field_name="username")
    first_day = DayField(label=_("first day"))
    last_day = DayField(label=_("last day"))
    deputy = forms.ModelChoiceField(
        User.objects.none(),
        label=_("deputy"),
        to_field_name="username",
        help_text=_("Is told, and may act, on behalf of whoever is away."),
    )
    note = forms.CharField(label=_("note"), max_length=100, required=False)

    def __init__(self, by: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = absences.people_of(by)
        deputies = absences.deputies_for(by)
        if people.exists():
            self.fields["user"].queryset = people | User.objects.filter(pk=by.pk)  # type: ignore[attr-defined]
            self.fields["user"].initial = by.username
            deputies = deputies | User.objects.filter(pk=by.pk)
        else:
            del self.fields["user"]
        self.fields["deputy"].queryset = deputies  # type: ignore[attr-defined]
