"""The form of an entry: made from its model, written by an act."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import models

from bureaus.form_fields import DayField


class EntryForm(forms.ModelForm):
    """`values()` are what the act is to write. The form itself neither changes its instance nor judges it."""

    def _post_clean(self) -> None:
        """The act writes, not the form."""

    def values(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


def entry_field(field: Any, **kwargs: Any) -> Any:
    """The form's field for a model's: days as the house asks for them."""
    if isinstance(field, models.DateField):
        return DayField(label=field.verbose_name, required=not (field.null or field.blank))
    return field.formfield(**kwargs)
