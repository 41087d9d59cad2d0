"""What a person may ask of the ledger, samples, and the notice."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bureaus.form_fields import DayField, words
from bureaus.models import Bureau
from ledger import access, audit
from ledger.actions import samples
from ledger.forms.people import no_such_words
from ledger.models import AuditEvent


class NoticeForm(forms.Form):
    text = words(gettext_lazy("text of the notice"), rows=18)
    valid_from = DayField(label=gettext_lazy("valid from"))


class CorrectionForm(forms.Form):
    """The person's own words stand as they were said; nothing in them is refused."""

    text = words(
        gettext_lazy("what is wrong, in their words"),
        help_text=gettext_lazy("Kept encrypted; the county alone reads it."),
    )
    asked_by = forms.CharField(
        label=gettext_lazy("asked by"),
        max_length=60,
        required=False,
        help_text=gettext_lazy("Empty: the person themselves. Otherwise guardian or who speaks for them."),
    )

    def clean_asked_by(self) -> str:
        text: str = self.cleaned_data["asked_by"]
        if audit.holds_personal_number(text):
            raise ValidationError(_("An ID number or a mobile number does not belong here."))
        return text


class SampleForm(forms.Form):
    county = forms.ModelChoiceField(Bureau.objects.none(), label=gettext_lazy("county"), to_field_name="code")
    unit = forms.ModelChoiceField(Bureau.objects.none(), label=gettext_lazy("for"), to_field_name="code")
    n = forms.IntegerField(label=gettext_lazy("households to draw"), min_value=1, max_value=samples.MOST, initial=10)
    reason = forms.CharField(label=gettext_lazy("what is checked"), max_length=200)

    def __init__(self, units: list[Bureau], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["county"].queryset = Bureau.objects.filter(pk__in=[one.pk for one in access.counties()])
        fields["unit"].queryset = Bureau.objects.filter(pk__in=[one.pk for one in units])
        if len(units) == 1:
            fields["unit"].initial = units[0].code
            fields["unit"].widget = forms.HiddenInput()

    def clean_reason(self) -> str:
        return no_such_words(self.cleaned_data["reason"])


class LogFilter(forms.Form):
    """How the auditor narrows the log down: by act, account, county and day."""

    who = forms.CharField(label=gettext_lazy("account"), max_length=60, required=False)
    county = forms.ChoiceField(label=gettext_lazy("county"), required=False)
    action = forms.ChoiceField(label=gettext_lazy("act"), required=False)
    on = DayField(label=gettext_lazy("day"), required=False)

    def __init__(self, acts: dict[str, str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        everything = ("", _("all"))
        fields["county"].choices = [everything, *((one.code, str(one)) for one in access.counties())]
        # Acts without words are offered as they stand.
        known = set(acts)
        others = AuditEvent.objects.order_by("action").values_list("action", flat=True).distinct()
        rest = [(one, one) for one in others if one.partition("-")[0] not in known]
        fields["action"].choices = [everything, *acts.items(), *rest]
