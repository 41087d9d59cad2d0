"""The administrator's pages for ladders. Runs, firings and slips are work and have no page here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from viewflow.workflow import admin as of_viewflow  # noqa: F401  (registers its models; taken back below)
from viewflow.workflow.models import Process, Task

from bureaus.admin import ByRole, ReferenceAdmin
from measures.models import Deadline, Step
from workflows.audience import AUDIENCES
from workflows.models import Ladder, Rung

admin.site.unregister([Process, Task])  # work, which an administrator does not see

WHOSE = {
    "own": _("%(role)s of the unit"),
    "lead": _("%(role)s of the lead bureau"),
    "supervision": _("%(role)s of the supervision office"),
    "prefecture": _("%(role)s"),
}
KEY = re.compile(r"[A-Za-z]+([+-]\d+)?\Z")
FARTHEST = 250  # working days: about a year


def audience_names() -> list[tuple[str, str]]:
    return [(name, str(WHOSE[whose]) % {"role": role.label}) for name, (role, whose) in AUDIENCES.items()]


class AudienceField(forms.TypedMultipleChoiceField):
    """Names of AUDIENCES, as checkboxes."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=audience_names, **kwargs)
        self.error_messages |= {
            "required": gettext("Say who is told: a rung without anybody would do nothing."),
            "invalid_choice": gettext("“%(value)s” is nobody this system knows how to tell."),
        }


class RungForm(forms.ModelForm):
    audiences = AudienceField(label=_("tells"))

    class Meta:
        model = Rung
        fields = ["key", "offset", "audiences", "sms", "slip"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        key, offset = cleaned.get("key"), cleaned.get("offset")
        if key is None or offset is None:
            return cleaned
        if abs(offset) > FARTHEST:
            raise ValidationError({"offset": gettext("That is more than a year away from the date.")})
        if not KEY.match(key) or int((KEY.match(key) or [0, 0])[1] or 0) != offset:
            right = f"T{offset:+d}" if offset else "T"
            sentence = gettext("The key must say the days, as in “%(right)s”: logs and notices name the rung by it.")
            raise ValidationError({"key": sentence % {"right": right}})
        return cleaned


class RungFormSet(forms.BaseInlineFormSet):
    """The rungs of one version, together."""

    def clean(self) -> None:
        super().clean()
        kept = [form for form in self.forms if form.has_changed() and not self._should_delete_form(form)]
        if any(form.errors for form in kept):
            return
        if not kept:
            raise ValidationError(gettext("A ladder needs at least one rung."))
        before: dict[str, Any] | None = None
        for form in kept:
            if before and form.cleaned_data["offset"] <= before["offset"]:
                sentence = gettext(
                    "“%(later)s” stands after “%(earlier)s” but comes no later: put the rungs in the order of their days."
                )
                raise ValidationError(sentence % {"later": form.cleaned_data["key"], "earlier": before["key"]})
            before = form.cleaned_data
        for seq, form in enumerate(kept):
            form.instance.seq = seq
