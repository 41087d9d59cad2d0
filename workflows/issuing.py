"""From steps to assignments: issuing the plan, opening a step, beginning a period.

Every assignment is made here, with its natural key, its deadlines, its first event and its notice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override
from viewflow.workflow.models import Task

from bureaus import calendars
from bureaus.clock import local_date, start_of
from bureaus.models import Bureau, User
from measures import due as dates
from measures import periods
from measures.models import (
    Assignment,
    Deadline,
    Event,
    Filing,
    FormCheck,
    Measure,
    MonthlyReturn,
    Plan,
    Recurrence,
    Responsibility,
    Site,
    Step,
)
from workflows import counters, deadlines, notices
from workflows.audience import Roster
from workflows.flows import FLOWS
from workflows.models import Run

RECEIPT_DAYS = 1  # ours: signed for by the first working day after the issue


# --- Runs ------------------------------------------------------------------------------------


def start_run(flow: str, key: str, subject: Any, *, parent: Task | None = None, **about: Any) -> Run:
    """Begin a run of a flow. Its natural key is how logs and later acts find it."""
    process = FLOWS[flow].start.run(subject=subject, _parent_task=parent, _process_data={"key": key, **about})
    return Run.objects.get(pk=process.pk)


def run_of(key: str) -> Run | None:
    return Run.objects.filter(data__key=key).first()


def measure_key(measure: Measure) -> str:
    return f"{measure.plan.code}/m{measure.number}"


# --- Making assignments ----------------------------------------------------------------------


def open_task(
    run: Run, task: Task, *, now: datetime, by: User | None, only_steps: Collection[Step] | None = None
) -> None:
    """A step of a run has opened: make what it consists of. Assignments that exist are left alone."""
    steps = steps_of(run, task.flow_task.name)
    only = task.data.get("unit")
    site = Site.objects.get(pk=run.data["site"]) if run.data.get("site") else None
    roster: Roster | None = None
    for step in steps:
        if step.opens in (Step.Opens.PERIOD, Step.Opens.ACT) or (only_steps is not None and step not in only_steps):
            continue
        codes = [named_owner(step)] if step.opens == Step.Opens.NAMED else step.owners
        if site is not None:
            codes = [site.county.code]
        for unit in _bureaus(code for code in codes if only in (None, code)):
            roster = roster or Roster(local_date(now))
            make(step, unit, run, now=now, by=by, site=site, roster=roster)


def steps_of(run: Run, node: str) -> list[Step]:
    """The steps of the plan that hang on a node of a run."""
    flow = _flow_code(run)
    steps = Step.objects.filter(plan=run.data["plan"], flow=flow, node=node)
    if run.data.get("measure"):
        steps = steps.filter(measure=run.data["measure"])
    return list(steps.select_related("measure"))


def make(
    step: Step,
    unit: Bureau,
    run: Run,
    *,
    now: datetime,
    by: User | None,
    site: Site | None = None,
    period: str = "",
    number: int | None = None,
    recurrence: Recurrence | None = None,
    before: Assignment | None = None,
    note: str = "",
    due_not_before: dates.Due | None = None,
    roster: Roster | None = None,
) -> Assignment:
    """One assignment with everything that belongs to it; the existing one if its key is taken.

    `before` is the same duty in an earlier period: a later period needs no receipt, and keeps its people.
    """
    key = "/".join(
        str(part) for part in (step.plan.code, step.code, unit.code, site, period, number) if part not in (None, "")
    )
    existing = Assignment.objects.filter(key=key).first()
    if existing is not None:
        return existing
    again = before is not None
    row = Assignment.objects.create(
        key=key,
        plan=step.plan,
        measure=step.measure,
        step=step,
        unit=unit,
        site=site,
        period=period,
        number=number,
        recurrence=recurrence,
        title=_title(step, site, period, number),
        lead=lead_of(step),
        acceptor=acceptor_of(step, unit),
        state=Assignment.State.IN_PROGRESS if again else Assignment.State.ISSUED,
        handler=before.handler if before else None,
        leader=before.leader if before else None,
        issued_at=now,
        process_id=run.pk,
        node=step.node,
        light_until=counters.AT_ONCE,
    )
    counters.touch(row.pk)
    event = Event.objects.create(assignment=row, kind=Event.Kind.ISSUED, actor=by, at=now, note=note)
    _arm_all(row, now=now, by=by, receipt=not again, period=period, not_before=due_not_before)
    if step.kind == Step.Kind.FILING and site is not None:
        _make_filing(row, site)
    if step.kind == Step.Kind.MONTHLY:
        MonthlyReturn.objects.create(assignment=row, figures=_carried(row, before))
    if not again:
        people = roster or Roster(local_date(now))
        notices.tell_act("issued", event, notices.receiving_desk(row, people), now=now)
    return row


def _arm_all(
    row: Assignment,
    *,
    now: datetime,
    by: User | None,
    receipt: bool,
    period: str,
    not_before: dates.Due | None,
) -> None:
    calendar = calendars.days_for(row.unit)
    today = local_date(now)
    if receipt:
        due = dates.working_days(RECEIPT_DAYS, today, calendar, basis=Step.Basis.OURS)
        deadlines.arm(row, Deadline.Kind.RECEIPT, row.unit, due, now=now, by=by)
    main = dates.main_due(row.step, opened_on=today, period=period or row.period, calendar=calendar)
    if main and not_before and not_before.on > main.on:
        main = dates.later_of(not_before, main.on)
    if main:
        deadlines.arm(row, Deadline.Kind.MAIN, row.unit, main, now=now, by=by)
    arm_next_checkup(row, after=today, now=now, by=by)


def arm_next_checkup(row: Assignment, *, after: date, now: datetime, by: User | None = None) -> Deadline | None:
    """The next date on which somebody looks in, if there is one left."""
    calendar = calendars.days_for(row.unit)
    opened = local_date(row.issued_at)
    checkups = row.deadlines.filter(kind=Deadline.Kind.CHECKUP)
    if checkups.armed().filter(due_on__gt=after).exists():
        return None  # its T set it already
    taken = set(checkups.values_list("round", flat=True))
    for round, due in enumerate(dates.checkup_dues(row.step, opened_on=opened, calendar=calendar), start=1):
        if due.on > after and round not in taken:
            return deadlines.arm(row, Deadline.Kind.CHECKUP, row.unit, due, now=now, round=round, by=by)
    return None


def lead_of(step: Step) -> Bureau | None:
    """Who chases the others in this step; None where the units lead themselves or nobody does."""
    if step.lead:
        return Bureau.objects.get(code=step.lead)
    return single_lead(step.measure)


def single_lead(measure: Measure | None) -> Bureau | None:
    if measure is None:
        return None
    leads = list(measure.responsibilities.filter(kind=Responsibility.Kind.LEAD).select_related("bureau")[:2])
    return leads[0].bureau if len(leads) == 1 else None


def acceptor_of(step: Step, unit: Bureau) -> Bureau:
    """Who accepts: never the unit itself (a lead's work: the supervision office; its own: the prefecture)."""
    if step.acceptor == "lead":
        acceptor = single_lead(step.measure) or Bureau.objects.get(code="supervision")
    else:
        acceptor = Bureau.objects.get(code=step.acceptor)
    if acceptor == unit:
        acceptor = Bureau.objects.get(code="supervision")
    if acceptor == unit:
        acceptor = Bureau.objects.get(code="prefecture")
    return acceptor


def named_owner(step: Step) -> str:
    """The unit the accepted division of work names for a step; the default where it names none."""
    division = Assignment.objects.filter(
        plan=step.plan, measure=step.measure, step__kind=Step.Kind.DIVISION, state__in=Assignment.DONE
    ).first()
    owners = division.figures.get("owners", {}) if division else {}
    code = str(owners.get(step.code) or step.default_owner)
    lead = single_lead(step.measure) if code == "lead" else None
    return lead.code if lead else code


# --- Periods ---------------------------------------------------------------------------------


def free_to_begin(recurrence: Recurrence) -> bool:
    """Lock what a period is made in, unless somebody is at work there; the run comes before the recurrence.

    Returns and round of a month are two recurrences of one run that neither has begun: there it is the plan.
    """
    step = recurrence.step
    if step.flow == "monthly":
        plans = Plan.objects.select_for_update(no_key=True, skip_locked=True)
        return plans.filter(pk=step.plan_id).first() is not None
    runs = Run.objects.select_for_update(skip_locked=True)
    return runs.filter(data__key=_standing_key(step)).first() is not None


@calendars.one_pass()
def begin_period(recurrence: Recurrence, *, now: datetime) -> list[Assignment]:
    """Make a period's assignments and set the next one. Called by the tick, and when the plan is issued."""
    step, period = recurrence.step, recurrence.next_period
    made = []
    with counters.keeping(now):
        run = _run_for_period(step, period)
        for unit in _bureaus(step.owners):
            before = recurrence.assignments.filter(unit=unit).order_by("-id").first()
            made.append(
                make(
                    step,
                    unit,
                    run,
                    now=now,
                    by=None,
                    period=recurrence.natural_period(period),
                    recurrence=recurrence,
                    before=before,
                )
            )
        set_next_period(recurrence, after=period)
    return made


def set_next_period(recurrence: Recurrence, *, after: str = "") -> None:
    """Point at the first period, or at the one following `after`; at nothing after the last."""
    if not after:
        period = recurrence.first_period
    elif after == recurrence.last_period:
        period = ""
    else:
        period = periods.following(after)
    recurrence.next_period = period
    recurrence.next_on = start_of(periods.first_day(period)) if period else None
    recurrence.save(update_fields=["next_period", "next_on"])


def _run_for_period(step: Step, period: str) -> Run:
    """The run a period belongs to: its own for the monthly check, the standing one otherwise."""
    plan = step.plan
    if step.flow == "monthly":
        key = f"{plan.code}/monthly/{period}"
        return run_of(key) or start_run("monthly", key, plan, plan=plan.pk, period=period)
    run = run_of(_standing_key(step))
    assert run is not None, f"no run for {step}"
    return run


def _standing_key(step: Step) -> str:
    return measure_key(step.measure) if step.measure else f"{step.plan.code}/{step.flow}"


def _make_filing(row: Assignment, site: Site) -> None:
    """The site plan, and the form check of each receiver waiting for it."""
    filing = Filing.objects.create(assignment=row, site=site)
    for unit in receivers_of(row.step):
        FormCheck.objects.create(filing=filing, unit=unit, round=row.round)


def receivers_of(step: Step) -> list[Bureau]:
    """Whom a filing is reported to, the one who keeps it first."""
    return _bureaus(step.extras["receivers"])


def _carried(row: Assignment, before: Assignment | None) -> dict[str, Any]:
    """What a monthly return is prefilled with: last month's standing figures."""
    if before is None:
        return {}
    last = before.monthly_return.figures
    fields = [field for section in row.plan.content.get("return_sections", []) for field in section["fields"]]
    return {field["code"]: last[field["code"]] for field in fields if field.get("carry") and field["code"] in last}


# --- Small parts -----------------------------------------------------------------------------


def _bureaus(codes: Iterable[str]) -> list[Bureau]:
    wanted = list(codes)
    found = Bureau.objects.select_related("calendar").in_bulk(wanted, field_name="code")
    return [found[code] for code in wanted]


def _flow_code(run: Run) -> str:
    return next(code for code, flow in FLOWS.items() if flow is run.flow_class)


def _title(step: Step, site: Site | None, period: str, number: int | None) -> str:
    """In the language of the house, whoever acts: a title stays."""
    with override(settings.LANGUAGE_CODE):
        if site is not None:
            return _("%(title)s (%(site)s)") % {"title": step.title, "site": site.name}
        if period:
            return _("%(title)s (%(period)s)") % {"title": step.title, "period": period_name(period)}
        if number is not None:
            return _("%(title)s (no. %(number)s)") % {"title": step.title, "number": number}
        return step.title


def period_name(period: str) -> str:
    """2019年9月, 2019年第三季度, 2019年."""
    first = periods.first_day(period)
    months = periods.months_of(period)
    words = {"year": first.year, "month": first.month}
    if months == 1:
        return _("%(year)s-%(month)02d") % words
    if months == 3:
        quarters = (
            _("first quarter of %(year)s"),
            _("second quarter of %(year)s"),
            _("third quarter of %(year)s"),
            _("fourth quarter of %(year)s"),
        )
        return quarters[(first.month - 1) // 3] % words
    return _("year %(year)s") % words
