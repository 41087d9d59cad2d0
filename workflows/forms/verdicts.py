"""What is asked of whoever decides: about what was handed in, and about a request."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bureaus.form_fields import DayField, words
from measures.models import FormCheck
from workflows.forms.base import ActForm
from workflows.reasons import reasons_for
from workflows.submissions import Part, parts


class ObjectingForm(ActForm):
    """Says what is wrong: standard reasons to tick, own words, and a remark on each field of what was handed in.

    The remarks stand beside the evidence, outside the form's own element: where it does not show them
    (`remarks_apart`), they are among its other fields.
    """

    REMARK = "remark-"

    ticked = forms.MultipleChoiceField(label=_("standard reasons"), required=False, widget=forms.CheckboxSelectMultiple)
    act = ""
    remarks_apart = False

    def prepare(self) -> None:
        self.fields["ticked"].choices = [(one.code, one.label) for one in reasons_for(self.row)]  # type: ignore[attr-defined]
        self.parts: list[Part] = parts(self.row)
        for part in self.parts:
            self.fields[self.REMARK + part.code] = forms.CharField(
                label=gettext("remark on “%(field)s”") % {"field": part.label},
                required=False,
                max_length=500,
                widget=forms.Textarea(attrs={"rows": 2, "form": f"act-{self.act}"}),
            )

    def visible_fields(self) -> list[forms.BoundField]:
        found = super().visible_fields()
        return [field for field in found if not (self.remarks_apart and field.name.startswith(self.REMARK))]

    def remark_on(self, part: Part) -> forms.BoundField:
        return self[self.REMARK + part.code]

    def values(self) -> dict[str, Any]:
        values = super().values()
        names = [name for name in values if name.startswith(self.REMARK)]
        return values | {"remarks": {name.removeprefix(self.REMARK): values.pop(name) for name in names}}


class ReturnForm(ObjectingForm):
    act = "send_back"

    reason = words(_("in your own words"), required=False)
    correct_by = DayField(
        label=_("to be corrected by"),
        required=False,
        help_text=_("As the rule sets it; you may choose a later day."),
    )
    field_order = ["ticked", "reason", "correct_by"]

    def offer(self, day: date | None) -> None:
        """The date the rule sets stands in the form; an earlier one is not taken."""
        field = self.fields["correct_by"]
        if day is None:
            del self.fields["correct_by"]  # work without an end has no date to correct it by
        else:
            field.initial = day
            field.widget.attrs["min"] = day.isoformat()


class CheckForm(ObjectingForm):
    act = "check_form"

    outcome = forms.ChoiceField(label=_("form and completeness"), choices=FormCheck.Outcome, widget=forms.RadioSelect)
    gaps = words(_("what is missing"), required=False)
    field_order = ["outcome", "ticked", "gaps"]


class GrantForm(ActForm):
    to = DayField(label=_("exact new date"))
    document_no = forms.CharField(label=_("document number"), max_length=60)
    opinion = words(_("opinion"), required=False, rows=2)


class OpinionForm(ActForm):
    opinion = words(_("opinion"))
