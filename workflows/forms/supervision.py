"""What supervision asks for: urgings, slips, a body added to an open list."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bureaus import clock
from bureaus.access import Standing
from bureaus.form_fields import DayField, words
from bureaus.models import Bureau
from measures.models import Measure
from workflows import slips
from workflows.forms.base import ActForm
from workflows.models import Slip
from workflows.queries import PAGE


class UrgeForm(ActForm):
    text = words(_("what is asked for"))
    urgent = forms.BooleanField(
        label=_("extremely urgent"),
        required=False,
        help_text=_("The notice leaves at once, also at night and on a free day, and that is kept on record."),
    )


class UrgeManyForm(forms.Form):
    """One text for the tasks ticked in a list, by their keys; only who supervises may call it urgent."""

    text = words(UrgeForm.base_fields["text"].label, rows=2)
    urgent = UrgeForm.base_fields["urgent"]

    def __init__(self, standing: Standing, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not standing.supervises:
            del self.fields["urgent"]

    @property
    def keys(self) -> list[str]:
        given = getattr(self.data, "getlist", None)
        return given("task") if given else []

    def clean(self) -> None:
        if not self.keys:
            raise ValidationError(gettext("Tick at least one task."))
        if len(self.keys) > PAGE:
            raise ValidationError(gettext("That is more than stands on one page."))


class ProposeSlipForm(ActForm):
    colour = forms.ChoiceField(label=_("colour"))
    reason = words(_("reason"))

    def prepare(self) -> None:
        fitting = slips.colours_for(self.row, clock.now())
        self.fields["colour"].choices = [(one.value, one.label) for one in Slip.Colour if one in fitting]  # type: ignore[attr-defined]
        self.fields["colour"].initial = fitting[0]


class IssueSlipForm(forms.Form):
    demand = words(_("what is demanded"), rows=4)
    answer_by = DayField(label=_("to be answered by"))


class DismissSlipForm(forms.Form):
    reason = words(_("why it is not issued"), rows=2)


class AnswerSlipForm(forms.Form):
    answer = words(_("answer"), rows=4)


class AddBodyForm(forms.Form):
    bureau = forms.ModelChoiceField(
        Bureau.objects.filter(level=Bureau.Level.PREFECTURE),
        label=_("body to be added"),
        to_field_name="code",
    )
    reason = words(_("reason"), rows=2)

    def __init__(self, measure: Measure, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        present = measure.responsibilities.values("bureau")
        self.fields["bureau"].queryset = Bureau.objects.filter(  # type: ignore[attr-defined]
            level=Bureau.Level.PREFECTURE
        ).exclude(pk__in=present)
