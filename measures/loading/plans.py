"""The plan of a plan file as rows: the document, its measures, steps, recurrences and sites."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from bureaus.clock import start_of
from bureaus.models import Bureau
from measures import periods, plan_file
from measures.loading.changes import CHANGED, Rows, beside, flattened
from measures.models import Assignment, Measure, Plan, Recurrence, Responsibility, Site, Step
from measures.plan_file import PlanFile
from measures.plan_file import values as file_values

SAME_NAME = (
    *("title", "kind", "flow", "node", "clause", "quote", "default_owner", "per_site", "lead", "acceptor"),
    *("opens", "due", "due_on", "due_days", "due_basis", "due_text", "checkup_days", "ladder"),
    "correction_days",
)
# What a run in progress stands on: not changed under work that has begun.
STRUCTURE = ("measure", "kind", "flow", "node", "per_site", "opens")
PEOPLE = ("owners", "default_owner", "lead", "acceptor")
# Parts of the content that are told as rows, or are no part of the file.
TOLD_AS_ROWS = re.compile(
    r"(sites|loads|bodies\.[^.]+\.(name|short|level|aliases)|groups\.[^.]+\.(name|members)|measures\.\d+\.(lead|support))\b"
)


class Plans:
    """Writes one plan. Bodies and groups are there already."""

    def __init__(self, file: PlanFile, plan: Plan, rows: Rows) -> None:
        self.file, self.plan, self.rows = file, plan, rows
        self.before: Mapping[str, Any] = plan.content
        self.bureaus = Bureau.objects.in_bulk(field_name="code")
        # For whoever brings running work to the file: the new steps, and what was changed of the others.
        self.added: list[Step] = []
        self.edited: dict[Step, list[str]] = {}

    def write(self) -> None:
        self._document()
        self._measures()
        self._steps()
        self._sites()

    def _document(self) -> None:
        names = ("title", "year", "issuer", "document_no", "document_on", "ends_on")
        is_new = self.plan._state.adding
        self.rows.put(self.plan, {name: getattr(self.file, name) for name in names}, self.file.code)
        content = self.file.content()
        if not is_new:
            self._tell_content(content)
        if "loads" in self.before:
            content["loads"] = self.before["loads"]
        # Differences are about a Chinese document: kept in one language, whoever loads it.
        with translation.override(settings.LANGUAGE_CODE):
            found = [difference.as_dict() for difference in plan_file.differences(self.file)]
        self.plan.content, self.plan.differences, self.plan.file_hash = content, found, self.file.digest
        self.plan.save(update_fields=["content", "differences", "file_hash"])

    def _tell_content(self, content: Mapping[str, Any]) -> None:
        """Facts without rows of their own: goals, baseline, sections of the monthly return, notes."""
        # What only a step that came or went says is told with it.
        stay = set(self.plan.steps.values_list("code", flat=True)) & {step.code for step in self.file.steps}
        for part in sorted(self.before.keys() | content.keys()):
            was, now = self.before.get(part), content.get(part)
            if part in ("bodies", "groups", "measures") and isinstance(was, dict) and isinstance(now, dict):
                both = was.keys() & now.keys()  # the others are told as rows that came or went
                was, now = ({code: side[code] for code in both} for side in (was, now))
            elif part == "steps":
                was, now = ({code: side[code] for code in side if code in stay} for side in (was or {}, now or {}))
            old, new = flattened(was, part), flattened(now, part)
            for path in sorted(old.keys() | new.keys()):
                if old.get(path) != new.get(path) and not TOLD_AS_ROWS.match(path):
                    before, after = beside(old.get(path), new.get(path))
                    words = {"field": path, "old": before, "new": after}
                    self.rows.note(CHANGED, Plan, self.file.code, **words)

    # --- measures --------------------------------------------------------------------------------

    def _measures(self) -> None:
        present = {row.number: row for row in self.plan.measures.all()}
        for measure in self.file.measures:
            row = present.pop(measure.number, None) or Measure(plan=self.plan, number=measure.number)
            values = {
                "title": measure.title,
                "short_title": measure.short,
                "clause": measure.clause,
                "text": measure.text,
                "deadline_text": measure.deadline_text,
                "starts_on": measure.starts_on,
                "due_on": measure.due_on,
                "review_every": measure.review_every,
                "open_ended_list": measure.open_ended_list,
                "flow": measure.flow,
            }
            kept = {"flow": _("Its run has begun.")} if self.plan.is_started else None
            self.rows.put(row, values, measure.number, kept=kept)
            self._responsibilities(row, measure)
        for number, row in present.items():
            self.rows.drop(row, number, _("Work has been issued for it."))

    def _responsibilities(self, row: Measure, measure: file_values.Measure) -> None:
        present = {one.bureau.code: one for one in row.responsibilities.select_related("bureau")}
        felt = {"kind": _("Work already issued keeps its lead.")} if self.plan.is_started else None
        for order, entry in enumerate(measure.bodies):
            one = present.get(entry.body) or Responsibility(measure=row, bureau=self.bureaus[entry.body])
            values = {"kind": entry.kind, "order": order, "written_as": entry.written_as}
            self.rows.put(one, values, f"{measure.number} / {self.file.short(entry.body)}", felt=felt)
        # A body the supervision office added to an open list (等) was never in the file and stays.
        said = self.before.get("measures", {}).get(str(measure.number), {})
        gone = {*said.get("lead", ()), *said.get("support", ())} - {entry.body for entry in measure.bodies}
        for code in sorted(gone & present.keys()):
            used = Assignment.objects.filter(measure=row, unit__code=code).exists()
            name = f"{measure.number} / {present[code].bureau.short_name}"
            self.rows.drop(present[code], name, _("The body has work in this measure."), used=used)

    # --- steps -----------------------------------------------------------------------------------

    def _steps(self) -> None:
        measures = {row.number: row for row in self.plan.measures.all()}
        present = {row.code: row for row in self.plan.steps.all()}
        begun = _("Work of this step has begun.")
        for order, step in enumerate(self.file.steps):
            row = present.pop(step.code, None) or Step(plan=self.plan, code=step.code)
            values = {name: getattr(step, name) for name in SAME_NAME} | {
                "measure": measures[step.measure] if step.measure else None,
                "order": order,
                "owners": list(step.owners),
                "checkups": [{"on": row.on.isoformat(), "basis": row.basis} for row in step.checkups],
            }
            is_new = row._state.adding
            has_work = not is_new and row.assignments.exists()
            changed = self.rows.put(
                row,
                values,
                step.code,
                felt=_felt(row) if has_work else None,
                kept=dict.fromkeys(STRUCTURE, begun) if has_work else None,
            )
            if is_new:
                self.added.append(row)
            elif changed:
                self.edited[row] = changed
            self._recurrence(row, step.recurrence)
        for code, row in present.items():
            self.rows.drop(row, code, begun)

    def _recurrence(self, row: Step, recurrence: file_values.Recurrence | None) -> None:
        present = Recurrence.objects.filter(step=row).first()
        begun = _("The plan has been issued: its periods have begun.")
        if recurrence is None:
            if present is not None:
                self.rows.drop(present, row.code, begun, used=self.plan.is_started)
            return
        values = {"rule": recurrence.rule, "first_period": recurrence.first, "last_period": recurrence.last}
        if present is None:
            self.rows.put(Recurrence(plan=self.plan, step=row), values, row.code)
            return
        last = present.last_period
        self.rows.put(
            present,
            values,
            row.code,
            felt={"last_period": _("Periods already opened stay.")} if self.plan.is_started else None,
            kept=dict.fromkeys(("rule", "first_period"), begun) if self.plan.is_started else None,
        )
        if self.plan.is_started and present.last_period != last:
            _point_at_next(present, last)

    # --- sites -----------------------------------------------------------------------------------

    def _sites(self) -> None:
        """A county's roster adds sites and says what they are: only what the file itself says is written."""
        present = {(site.county.code, site.name): site for site in self.plan.sites.select_related("county")}
        said = {(row["county"], row["name"]): row for row in self.before.get("sites", [])}
        sites = {(site.county, site.name): site for site in (*self.file.sites, *self.file.placeholders)}
        for order, (key, site) in enumerate(sites.items()):
            row = present.get(key)
            values: dict[str, Any] = {"named_by_plan": site.named, "note": site.note}
            if row is None:
                row = Site(plan=self.plan, county=self.bureaus[site.county], name=site.name, order=order)
                row.is_placeholder = site.is_placeholder
            elif key in said:
                was = {"named_by_plan": said[key]["named"], "note": said[key]["note"]}
                values = {field: value for field, value in values.items() if was[field] != value}
            added = _("Its filing is opened by the county's roster.") if self.plan.is_started else ""
            self.rows.put(row, values, f"{self.file.short(site.county)} / {site.name}", added=added)
        for key in sorted(said.keys() & present.keys() - sites.keys()):
            row = present[key]
            self.rows.drop(row, f"{row.county.short_name} / {row.name}", _("Work has been issued for it."))


def _felt(row: Step) -> dict[str, str]:
    """What work in hand feels of an edited step. What its dates feel is said by those who move them."""
    work = Assignment.objects.filter(step=row, state__in=Assignment.OPEN)
    people = _("Work in hand stays where it is (tasks: %(tasks)d); only what opens later follows the file.")
    correction = _("It counts from the next return.")
    return dict.fromkeys(PEOPLE, people % {"tasks": work.count()}) | {"correction_days": correction}


def _point_at_next(row: Recurrence, ended: str) -> None:
    """After an edited last period: no period opens beyond it, and a rhythm that had ended goes on."""
    last = periods.first_day(row.last_period)
    if row.next_period and periods.first_day(row.next_period) > last:
        row.next_period, row.next_on = "", None
    elif not row.next_period and last > periods.first_day(ended):
        row.next_period = periods.following(ended)
        row.next_on = start_of(periods.first_day(row.next_period))
    row.save(update_fields=["next_period", "next_on"])
