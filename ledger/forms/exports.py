"""What somebody wants to take out of the ledger."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ledger import access, exports
from ledger.access import Reach
from ledger.exports import ALL, SHEETS, Order, Purpose
from ledger.forms.people import no_such_words


class TakeForm(forms.Form):
    """A masked sheet. Only purposes, sheets and counties somebody may have are offered."""

    masked = True

    purpose = forms.ChoiceField(label=gettext_lazy("purpose"))
    content = forms.ChoiceField(label=gettext_lazy("content"))
    county = forms.ChoiceField(label=gettext_lazy("county"), required=False)

    def __init__(self, reach: Reach, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = {purpose: codes for purpose in Purpose if (codes := exports.needed(purpose, reach))}
        self.fields["purpose"].choices = [(one.value, one.label) for one in offered]  # type: ignore[attr-defined]
        wanted = {code for codes in offered.values() for code in codes}
        sheets = [(code, sheet.title) for code, sheet in SHEETS.items() if code in wanted]
        self.fields["content"].choices = [(ALL, _("all this purpose needs")), *sheets]  # type: ignore[attr-defined]
        self.counties = [one for one in access.counties() if reach.counties is None or one.pk in reach.counties]
        counties = [(one.code, str(one)) for one in self.counties]
        if reach.counties is None:
            counties.insert(0, ("", _("all counties")))
        if len(counties) == 1:
            del self.fields["county"]
        else:
            self.fields["county"].choices = counties  # type: ignore[attr-defined]

    def order(self) -> Order:
        code = self.cleaned_data.get("county", "") if "county" in self.fields else self.counties[0].code
        county = next((one for one in self.counties if one.code == code), None)
        return Order(self.cleaned_data["purpose"], self.cleaned_data["content"], county, self.masked)


class AskForm(TakeForm):
    """A sheet in the clear, which a second person decides about."""

    masked = False

    goes_out = forms.BooleanField(label=gettext_lazy("it goes to another body"), required=False)
    ground = forms.CharField(
        label=gettext_lazy("to whom, and on what legal ground"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Needed where it goes to another body: name the body and the law or document."),
    )

    def clean_ground(self) -> str:
        return no_such_words(self.cleaned_data["ground"].strip())

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if found.get("goes_out") and not found.get("ground") and "ground" not in self.errors:
            self.add_error("ground", ValidationError(_("Say to whom it goes, and on what legal ground.")))
        return found


class PasswordForm(forms.Form):
    password = forms.CharField(
        label=gettext_lazy("your password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
