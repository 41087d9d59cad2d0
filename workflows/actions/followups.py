"""What a step of a certain kind wants before it leaves the unit, and what follows when it is through.

One table per moment, by the kind of step; everything else is the same for all work.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from bureaus import calendars
from bureaus.access import WrongMoment
from bureaus.clock import local_date
from bureaus.models import Bureau
from ledger import snapshots
from measures import due as dates
from measures import periods
from measures.models import (
    Assignment,
    Deadline,
    Event,
    MonthlyReturn,
    MonthlyRound,
    Site,
    Step,
)
from workflows import deadlines, from_ledger, ledger_figures, notices
from workflows.actions.base import Act
from workflows.actions.sites import roster_accepted
from workflows.flows import nodes

Kind = Step.Kind
VERDICT_DAYS = 3  # ours


# --- Before the work leaves the unit ----------------------------------------------------------


def check_ready(row: Assignment, figures: dict[str, Any], now: datetime) -> None:
    """Raises ValidationError when what is handed in would be no submission at all."""
    _asks_ready(row, figures)
    if row.step.kind == Kind.GATE:
        _gate_ready(row, figures, now)
    check = _READY.get(row.step.kind)
    if check:
        check(row, figures)


def _asks_ready(row: Assignment, figures: dict[str, Any]) -> None:
    """What the plan file wants named with this kind of work."""
    given = row.figures.get("asked", {}) | figures.get("asked", {})
    missing = [ask["label"] for ask in row.step.extras.get("asks", []) if given.get(ask["code"]) in (None, "")]
    if missing:
        raise ValidationError(_("Please fill in: %(parts)s") % {"parts": "、".join(missing)})


def _gate_ready(row: Assignment, figures: dict[str, Any], now: datetime) -> None:
    """A gate is passed with each list empty or explained, never with a list passed over.

    Nor with one that is said to be empty while the ledger still has somebody on it.
    """
    explained = figures.get("unmet", {})
    missing = [label for label in row.step.extras.get("evidence", []) if not explained.get(label, "").strip()]
    if missing:
        raise ValidationError(
            _("Say of each list that it is empty, or explain what is left: %(lists)s") % {"lists": "；".join(missing)}
        )
    if left := from_ledger.passed_over(row, explained, now):
        raise ValidationError(
            [
                _("“%(list)s” is not empty: the ledger has %(left)s on it. Say what comes next for them.")
                % {"list": label, "left": count}
                for label, count in left.items()
            ]
        )


def _division_ready(row: Assignment, figures: dict[str, Any]) -> None:
    owners = figures.get("owners", {})
    named = set(row.plan.steps.filter(measure=row.measure, opens=Step.Opens.NAMED).values_list("code", flat=True))
    known = set(Bureau.objects.exclude(level=Bureau.Level.ORGAN).values_list("code", flat=True))
    for step, unit in owners.items():
        if step not in named or unit not in known:
            raise ValidationError({"owners": _("Choose one of the listed units for each part.")})


def _roster_ready(row: Assignment, figures: dict[str, Any]) -> None:
    open_sites = Site.objects.filter(
        plan=row.plan, county=row.unit, kind=Site.Kind.UNCONFIRMED, is_placeholder=False
    ).values_list("name", flat=True)
    if open_sites:
        raise ValidationError(
            _("Say for each place what it is. Not said yet: %(names)s") % {"names": "、".join(open_sites)}
        )


def _filing_ready(row: Assignment, figures: dict[str, Any]) -> None:
    filing = row.filing
    missing = [
        str(label)
        for value, label in (
            (filing.title, _("title of the site plan")),
            (filing.resources, _("resources examined")),
            (filing.industry, _("industry examined")),
            (filing.employment, _("employment examined")),
            (filing.lines.exists(), _("posts, projects and households")),
        )
        if not value
    ]
    if missing:
        raise ValidationError(
            _("The site plan is not complete. Please fill in: %(parts)s") % {"parts": "、".join(missing)}
        )
    if filing.site.is_placeholder:
        raise ValidationError(_("The county has not named this site yet. Confirm the site roster first."))


def return_fields(row: Assignment) -> list[dict[str, Any]]:
    """The fields of a monthly return, as the plan file lists them."""
    return [field for section in row.plan.content["return_sections"] for field in section["fields"]]


def _monthly_ready(row: Assignment, figures: dict[str, Any]) -> None:
    given = row.monthly_return.figures
    missing = [field["label"] for field in return_fields(row) if given.get(field["code"]) is None]
    if missing:
        raise ValidationError(_("Please fill in: %(parts)s") % {"parts": "、".join(missing)})


_READY: dict[str, Callable[[Assignment, dict[str, Any]], None]] = {
    Kind.DIVISION: _division_ready,
    Kind.ROSTER: _roster_ready,
    Kind.FILING: _filing_ready,
    Kind.MONTHLY: _monthly_ready,
}


# --- Handed in --------------------------------------------------------------------------------


def submitted(act: Act, event: Event) -> None:
    """The reviewer's clock starts, and the reviewer hears of it."""
    row = act.row
    if row.step.kind == Kind.FILING:
        _filing_submitted(act, event)
        return
    if row.step.kind == Kind.ROUND:
        _lock_month(act)
    elif row.step.kind == Kind.MONTHLY:
        ledger_figures.keep(row, act.now)
    arm_verdict(act, row.acceptor)
    notices.tell_act("submitted", event, [notices.reviewers(row, act.roster)], now=act.now)


def arm_verdict(act: Act, unit: Bureau) -> Deadline:
    """Three working days for the reviewer."""
    row = act.row
    due = dates.working_days(VERDICT_DAYS, local_date(act.now), calendars.days_for(unit), basis=Step.Basis.OURS)
    last = row.deadlines.filter(kind=Deadline.Kind.VERDICT, unit=unit).order_by("-round").first()
    return deadlines.arm(
        row, Deadline.Kind.VERDICT, unit, due, now=act.now, by=act.by, round=last.round + 1 if last else 1
    )


def _filing_submitted(act: Act, event: Event) -> None:
    """Both receivers look at it; in a later round only those who found something missing."""
    filing = act.row.filing
    content = filing.content() | {
        "round": act.row.round,
        "at": act.now.isoformat(),
        "attachments": list(act.row.attachments.values_list("name", flat=True)),
    }
    filing.versions = [*filing.versions, content]
    filing.save(update_fields=["versions"])
    units = [check.unit for check in filing.checks.filter(round=act.row.round).select_related("unit__calendar")]
    for unit in units:
        arm_verdict(act, unit)
    groups = [act.roster.post("officer", unit.code) for unit in units]
    notices.tell_act("submitted", event, groups, now=act.now)


def _lock_month(act: Act) -> None:
    """The figures as they stand; a return that is not accepted is named as missing, and changes nothing later.

    The indicators of the ledger are kept with them, as of the month's last day, or of today should it not be over.
    """
    row = act.row
    returns = MonthlyReturn.objects.filter(
        assignment__plan=row.plan, assignment__period=row.period, assignment__step__kind=Kind.MONTHLY
    ).select_related("assignment__unit")
    returns = returns.order_by("assignment__unit__order")
    figures = {r.assignment.unit.code: r.figures for r in returns if r.assignment.state in Assignment.DONE}
    missing = [r.assignment.unit.code for r in returns if r.assignment.state not in Assignment.SETTLED]
    MonthlyRound.objects.create(assignment=row, locked_at=act.now, locked_by=act.by, figures=figures, missing=missing)
    snapshots.record(row.period, min(periods.last_day(row.period), local_date(act.now)), now=act.now)
    Event.objects.create(
        assignment=row,
        kind=Event.Kind.LOCKED,
        actor=act.by,
        actor_unit=row.unit,
        at=act.now,
        data={"missing": missing},
    )


# --- Taken back -------------------------------------------------------------------------------


def check_withdrawal(row: Assignment) -> None:
    if row.step.kind == Kind.FILING and row.filing.checks.filter(round=row.round).exclude(outcome="").exists():
        raise WrongMoment(_("A receiver has recorded its check already. Wait for both, or ask them to return it."))


def withdrawn(act: Act) -> None:
    """A month whose round comes back is unlocked; the history says when it was locked and by whom."""
    if act.row.step.kind == Kind.ROUND:
        MonthlyRound.objects.filter(assignment=act.row).delete()
        if not MonthlyRound.objects.filter(assignment__period=act.row.period).exists():  # of another plan
            snapshots.forget(act.row.period)


def submitted_again(act: Act) -> None:
    """A return is taken back as mistaken: a month is locked again, as it stands now."""
    if act.row.step.kind == Kind.ROUND:
        _lock_month(act)


# --- Accepted ---------------------------------------------------------------------------------


def accepted(act: Act, event: Event) -> None:
    if act.row.step.kind == Kind.DIVISION:
        _ask_to_confirm(act, event)
    elif act.row.step.kind == Kind.ROSTER:
        roster_accepted(act)


def _ask_to_confirm(act: Act, event: Event) -> None:
    """Every body with a share hears how the work was divided; silence is no objection and never late."""
    shares = Assignment.objects.filter(
        plan=act.row.plan, measure=act.row.measure, step__kind=Kind.SHARE, state__in=Assignment.OPEN
    ).select_related("unit", "handler", "leader")
    groups = [notices.handlers(share, act.roster) for share in shares]
    notices.tell_act("division", event, groups, now=act.now)


def step_is_open(row: Assignment) -> bool:
    """Whether the run still waits for this step, so that a verdict can be taken back."""
    names = [row.node, "verdict"] if row.node == "consolidation" else [row.node]
    open_tasks = Task.objects.filter(process=row.process_id, flow_task_type=nodes.STEP, status=STATUS.NEW)
    return any(task.flow_task.name in names for task in open_tasks)
