"""A site plan: drafting it, and the form checks of its two receivers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import override

from bureaus.clock import local_date
from bureaus.models import User
from measures.models import Assignment, Deadline, Event, Filing, FilingLine, FormCheck, Plan
from workflows import deadlines, notices, reasons, rounds, submissions
from workflows.actions.base import Act, acting
from workflows.actions.verdicts import return_to_unit
from workflows.actions.work import record


@dataclass(frozen=True)
class Line:
    """One row of the table post → project → household."""

    post: str
    project: str
    persons: int
    households: int


def save_draft(
    row: Assignment,
    *,
    by: User,
    now: datetime,
    title: str,
    resources: str,
    industry: str,
    employment: str,
    lines: Sequence[Line],
) -> Filing:
    """Keep what has been written so far; nothing is reported by it."""
    with acting("attach", row, by=by, now=now) as act:
        filing = act.row.filing
        filing.title, filing.resources = title, resources
        filing.industry, filing.employment = industry, employment
        filing.save()
        filing.lines.all().delete()
        FilingLine.objects.bulk_create(
            FilingLine(
                filing=filing,
                order=order,
                post=line.post,
                project=line.project,
                persons=line.persons,
                households=line.households,
            )
            for order, line in enumerate(lines)
        )
    return filing


def check_form(
    row: Assignment,
    *,
    by: User,
    now: datetime,
    outcome: str,
    gaps: str = "",
    ticked: Sequence[str] = (),
    remarks: Mapping[str, str] | None = None,
) -> FormCheck:
    """备案审查 by the receiver `by` belongs to: form and completeness, nothing else.

    What is missing is said as in a return: by ticks and in own words of the whole plan, by remarks on single parts
    of it (`submissions.parts`); it is kept by section (`rounds.SECTIONS`). The second check of a round accepts and
    numbers the filing, or returns it with both lists of gaps.
    """
    with acting("check_form", row, by=by, now=now) as act:
        row = act.row
        about_parts = submissions.kept_remarks(row, remarks or {})
        asked = rounds.asked(reasons.written_out(row, ticked, gaps, []), about_parts)
        if outcome == FormCheck.Outcome.GAPS and not asked:
            raise ValidationError({"gaps": _("Name what is missing, so that the county can add it.")})
        if outcome == FormCheck.Outcome.COMPLETE and asked:
            raise ValidationError(
                {"outcome": _("You named what is missing and called the plan complete. Choose one of the two.")}
            )
        check = next(
            check
            for check in row.filing.checks.filter(round=row.round, outcome="").select_related("unit")
            if act.standing.works_in(check.unit_id)
        )
        check.outcome, check.gaps, check.points, check.by, check.at = outcome, _as_text(asked), asked, by, now
        check.save()
        kept = {name: value for name, value in {"ticked": list(ticked), "remarks": about_parts}.items() if value}
        record(
            act,
            Event.Kind.FORM_CHECKED,
            note=check.gaps,
            data={"unit": check.unit.code, "outcome": outcome, "round": row.round} | kept,
        )
        deadlines.meet(row, [Deadline.Kind.VERDICT], now=now, by=by, unit=check.unit)
        if not row.filing.checks.filter(outcome="").exists():
            _settle_round(act)
    return check


def _as_text(asked: Mapping[str, str]) -> str:
    """The gaps of one receiver as the return says them: each section under its name, in the house's language."""
    if list(asked) == [rounds.WHOLE]:
        return asked[rounds.WHOLE]
    with override(settings.LANGUAGE_CODE):
        return "\n".join(
            _("%(section)s: %(gaps)s") % {"section": rounds.SECTIONS[code], "gaps": asked[code]}
            for code in rounds.SECTIONS
            if code in asked
        )


def _settle_round(act: Act) -> None:
    row = act.row
    checks = row.filing.checks.filter(round=row.round, outcome=FormCheck.Outcome.GAPS).select_related("unit")
    # One list, in the name of the receiver who keeps it, that one's own gaps first.
    short = sorted(checks, key=lambda check: (check.unit_id != row.acceptor_id, check.unit.order))
    if short:
        units = [check.unit for check in short]
        row.send_back()
        event = return_to_unit(act, "\n".join(f"{check.unit.name}：{check.gaps}" for check in short))
        event.actor_unit = row.acceptor
        event.save(update_fields=["actor_unit"])
        for unit in units:
            FormCheck.objects.create(filing=row.filing, unit=unit, round=row.round)
        return
    row.accept()
    row.accepted_at = act.now
    row.progress = 100
    row.save()
    filing = row.filing
    filing.number = _next_number(row)
    filing.filed_at = act.now
    filing.save(update_fields=["number", "filed_at"])
    event = record(act, Event.Kind.FILED, data={"number": filing.number})
    groups = [notices.handlers(row, act.roster), notices.leaders(row, act.roster)]
    notices.tell_act("filed", event, groups, now=act.now, extra={"number": filing.number})


def _next_number(row: Assignment) -> str:
    """The next number of the plan's year, given under the plan's lock so that none is given twice."""
    Plan.objects.select_for_update(no_key=True).get(pk=row.plan_id)
    year = local_date(row.accepted_at).year if row.accepted_at else row.plan.year
    taken = Filing.objects.filter(assignment__plan=row.plan, filed_at__isnull=False, number__contains=str(year)).count()
    with override(settings.LANGUAGE_CODE):  # a number stays as it was given, whoever reads it
        return _("filing no. %(number)s of %(year)s") % {"year": year, "number": taken + 1}
