"""The working papers: a site plan, a county's list of places, a month's figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bureaus.form_fields import words
from measures.models import Site
from workflows import ledger_figures
from workflows.actions import Line, SiteLine
from workflows.forms.base import ActForm


class FilingDraftForm(ActForm):
    """The site plan: four texts, and the table post → project → household as rows `post0`, `project0` …"""

    ROWS = 5

    title = forms.CharField(label=_("title of the site plan"), max_length=120, required=False)
    resources = words(_("resources examined"), required=False)
    industry = words(_("industry examined"), required=False)
    employment = words(_("employment examined"), required=False)

    def prepare(self) -> None:
        filing = self.row.filing
        for name in ("title", "resources", "industry", "employment"):
            self.fields[name].initial = getattr(filing, name)
        if not self.is_bound:
            lines = [
                {
                    "post": line.post,
                    "project": line.project,
                    "persons": line.persons,
                    "households": line.households,
                }
                for line in filing.lines.all()
            ]
            self.table: list[dict[str, Any]] = [*lines, *({} for _empty in range(max(1, self.ROWS - len(lines))))]
        else:
            self.table = self._posted()

    def _posted(self) -> list[dict[str, Any]]:
        rows = []
        number = 0
        while f"post{number}" in self.data:
            rows.append(
                {
                    name: self.data.get(f"{name}{number}", "").replace("\x00", "").strip()
                    for name in ("post", "project", "persons", "households")
                }
            )
            number += 1
        return rows

    def clean(self) -> dict[str, Any]:
        lines = []
        for number, row in enumerate(self.table, start=1):
            if not any(row.values()):
                continue
            try:
                persons, households = int(row["persons"]), int(row["households"])
            except ValueError:
                self.add_error(
                    None, gettext("Row %(row)s: persons and households are whole numbers.") % {"row": number}
                )
                continue
            if not row["post"] or not row["project"] or persons < 0 or households < 0:
                self.add_error(
                    None, gettext("Row %(row)s: fill in post, project, persons and households.") % {"row": number}
                )
                continue
            if max(persons, households) > 1_000_000:
                self.add_error(None, gettext("Row %(row)s: this number is too large.") % {"row": number})
                continue
            lines.append(Line(row["post"][:60], row["project"][:80], persons, households))
        return {**(self.cleaned_data or {}), "lines": lines}


class RosterForm(ActForm):
    """Each place of the county with what it is, and rows for places nobody has named yet."""

    NEW = 3

    def prepare(self) -> None:
        self.sites = list(
            Site.objects.filter(plan=self.row.plan, county=self.row.unit, is_placeholder=False).order_by("order", "id")
        )
        kinds = [("", "—"), *[choice for choice in Site.Kind.choices if choice[0] != Site.Kind.UNCONFIRMED]]
        for site in self.sites:
            self.fields[f"kind-{site.pk}"] = forms.ChoiceField(
                label=site.name,
                choices=kinds,
                required=False,
                initial="" if site.kind == Site.Kind.UNCONFIRMED else site.kind,
            )
            self.fields[f"note-{site.pk}"] = forms.CharField(
                label=gettext("note on %(name)s") % {"name": site.name},
                required=False,
                max_length=200,
                initial=site.note,
            )
        for number in range(self.NEW):
            self.fields[f"new-name-{number}"] = forms.CharField(
                label=gettext("another place"), required=False, max_length=40
            )
            self.fields[f"new-kind-{number}"] = forms.ChoiceField(
                label=gettext("what it is"), choices=kinds, required=False
            )

    def values(self) -> dict[str, Any]:
        given = self.cleaned_data
        lines = [
            SiteLine(site.name, given[f"kind-{site.pk}"] or Site.Kind.UNCONFIRMED, given[f"note-{site.pk}"])
            for site in self.sites
        ]
        for number in range(self.NEW):
            if name := given[f"new-name-{number}"].strip():
                lines.append(SiteLine(name, given[f"new-kind-{number}"] or Site.Kind.UNCONFIRMED))
        return {"sites": lines}


@dataclass(frozen=True)
class Beside:
    """What the ledger counts of a field, whether the figure entered is another, and how it is counted."""

    counted: int
    differs: bool
    how: str


class MonthlyForm(ActForm):
    """The figures of a month by the sections of the plan file; an empty field is not a zero."""

    counted: dict[str, int] = {}

    def prepare(self) -> None:
        filed = self.row.monthly_return
        self.sections = []
        for section in self.row.plan.content["return_sections"]:
            names = []
            for field in section["fields"]:
                self.fields[field["code"]] = forms.IntegerField(
                    label=field["label"],
                    required=False,
                    min_value=0,
                    max_value=10_000_000,
                    initial=filed.figures.get(field["code"]),
                    widget=forms.NumberInput(attrs={"class": "num-input", "inputmode": "numeric"}),
                )
                names.append((field["code"], field["unit"]))
            self.sections.append((section["title"], names))
        self.fields["problems"] = words(gettext("problems"), required=False)
        self.fields["problems"].initial = filed.problems

    def carry(self, before: dict[str, Any]) -> None:
        """Offer the standing numbers of an earlier return where nothing has been entered yet."""
        figures = self.row.monthly_return.figures
        for section in self.row.plan.content["return_sections"]:
            for field in section["fields"]:
                if field.get("carry") and field["code"] not in figures:
                    self.fields[field["code"]].initial = before.get(field["code"])

    def count(self, counted: dict[str, int]) -> None:
        """Lay the ledger's figures beside the fields, and offer them where nothing has been entered yet.

        A zero is offered by no field: that there was nothing is for a person to say, or to take over.
        """
        self.counted = counted
        figures = self.row.monthly_return.figures
        for code, value in counted.items():
            if value and code not in figures:
                self.fields[code].initial = value

    def values(self) -> dict[str, Any]:
        figures = dict(self.cleaned_data)
        return {"problems": figures.pop("problems"), "figures": figures, "take_over": "take_over" in self.data}

    def bound_sections(self) -> list[tuple[str, list[tuple[Any, str, Beside | None]]]]:
        return [
            (title, [(self[code], unit, self._beside(code)) for code, unit in names]) for title, names in self.sections
        ]

    def _beside(self, code: str) -> Beside | None:
        if code not in self.counted:
            return None
        value = self.row.monthly_return.figures.get(code)
        counted = self.counted[code]
        return Beside(counted, value is not None and value != counted, ledger_figures.explained(code))
