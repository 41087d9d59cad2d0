"""The fields and the form everything here is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.functional import lazy

from measures.models import Assignment
from workflows import file_kinds
from workflows.actions import Upload, files
from workflows.rounds import Gap
from workflows.submissions import Remark


class ManyFiles(forms.ClearableFileInput):
    """Says to the browser what is taken, so that nobody waits for a file to arrive that is refused then."""

    allow_multiple_selected = True

    def build_attrs(self, base_attrs: dict[str, Any], extra_attrs: dict[str, Any] | None = None) -> dict[str, Any]:
        told = {
            "accept": ",".join(file_kinds.ENDINGS),
            "data-mb": str(settings.ATTACHMENT_MAX_MB),
            "data-at-once": str(files.AT_ONCE),
        }
        return super().build_attrs(base_attrs, extra_attrs) | told


class FilesField(forms.FileField):
    """Several files at once, handed to the act as uploads; what is not taken is said beside the field."""

    widget = ManyFiles

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(help_text=lazy(files.limits, str)(), **kwargs)

    def clean(self, data: Any, initial: Any = None) -> list[Upload]:
        given = data if isinstance(data, list | tuple) else [data] if data else []
        files.check_number([file.name for file in given])
        uploads = []
        wrong = []
        for file in given:
            try:
                files.check_size(file.name, file.size)  # before all of it is read into memory
                uploads.append(Upload(file.name, file.read()))
                files.check(uploads[-1])
            except ValidationError as error:
                wrong.append(error)
        if wrong:
            raise ValidationError(wrong)
        return uploads


class Remarked(forms.BoundField):
    """A field with what its reviewer said about it, read out with it."""

    form: ActForm

    @property
    def said(self) -> list[Remark]:
        return self.form.said.get(self.name, [])

    @property
    def missed(self) -> list[Gap]:
        return self.form.missed.get(self.name, [])

    @property
    def aria_describedby(self) -> str | None:
        beside = {"gaps": self.missed, "said": self.said} if self.auto_id else {}
        ids = [super().aria_describedby, *(f"{self.auto_id}_{part}" for part, found in beside.items() if found)]
        return " ".join(filter(None, ids)) or None


class ActForm(forms.Form):
    """A form about one assignment; `values()` are the act's keyword arguments.

    `said` holds what a reviewer said about its fields when the work was last returned, `missed` what the receivers of
    a site plan miss in them.
    """

    bound_field_class = Remarked
    said: Mapping[str, list[Remark]] = {}
    missed: Mapping[str, list[Gap]] = {}

    def __init__(self, row: Assignment, *args: Any, **kwargs: Any) -> None:
        self.row = row
        super().__init__(*args, **kwargs)
        self.prepare()

    def prepare(self) -> None:
        """Fill in choices that depend on the assignment."""

    def values(self) -> dict[str, Any]:
        return dict(self.cleaned_data)
