"""Issuing a plan (交办), and the runs it begins."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from bureaus import calendars
from bureaus.access import WrongMoment
from bureaus.models import User
from measures.due import Due
from measures.models import Assignment, Plan, Site, Step
from workflows import counters, issuing
from workflows.advance import advance
from workflows.models import Run


@calendars.one_pass()
def start_plan(plan: Plan, *, by: User | None, now: datetime) -> int:
    """Issue the plan: every step with a date of the plan, every term that follows nothing, every share.

    Recurring work begins with the periods that have already begun. Returns how many assignments were made.
    """
    with transaction.atomic(), counters.keeping(now):
        return _start(plan, by=by, now=now)


def _start(plan: Plan, *, by: User | None, now: datetime) -> int:
    plan = Plan.objects.select_for_update().get(pk=plan.pk)
    if plan.started_at:
        raise WrongMoment(_("This plan has already been issued."))
    plan.started_at = now
    plan.save(update_fields=["started_at"])
    for recurrence in plan.recurrences.all():
        issuing.set_next_period(recurrence)
    for measure in plan.measures.order_by("number"):
        key = issuing.measure_key(measure)
        run = issuing.start_run(measure.flow, key, measure, plan=plan.pk, measure=measure.pk)
        advance(run, now=now, by=by)
    outside = plan.steps.filter(measure__isnull=True).values_list("flow", flat=True)
    for flow in ("roster", "duties"):
        if flow in outside:
            run = issuing.start_run(flow, f"{plan.code}/{flow}", plan, plan=plan.pk)
            advance(run, now=now, by=by)
    for site in plan.sites.select_related("county").filter(named_by_plan=True):
        start_site(site, now=now, by=by)
    for site in plan.sites.select_related("county").exclude(named_by_plan=False, is_placeholder=False):
        start_filing(site, now=now, by=by)
    for recurrence in plan.recurrences.filter(next_on__lte=now).order_by("next_on", "step__order"):
        while recurrence.next_on and recurrence.next_on <= now:
            issuing.begin_period(recurrence, now=now)
    return Assignment.objects.filter(plan=plan).count()


def start_site(site: Site, *, now: datetime, by: User | None) -> Run | None:
    """The run of one site below its county's branch of measure six, where the plan has such steps."""
    step = site.plan.steps.filter(flow="site").select_related("measure__plan").first()
    if step is None or step.measure is None:
        return None
    key = f"{issuing.measure_key(step.measure)}/{site.county.code}/{site.name}"
    if existing := issuing.run_of(key):
        return existing
    parent = issuing.run_of(issuing.measure_key(step.measure))
    assert parent is not None
    branch = next(task for task in parent.task_set.order_by("id") if _is_branch(task, site.county.code))
    run = issuing.start_run("site", key, site, parent=branch, plan=site.plan_id, measure=step.measure_id, site=site.pk)
    advance(run, now=now, by=by)
    return run


def start_filing(site: Site, *, now: datetime, by: User | None, not_before: Due | None = None) -> Run | None:
    """The run of one filing, where the plan asks for filings. A site named late has until `not_before`."""
    if not site.plan.steps.filter(kind=Step.Kind.FILING).exists():
        return None
    key = f"{site.plan.code}/filing/{site.county.code}/{site.name}"
    if existing := issuing.run_of(key):
        return existing
    run = issuing.start_run("filing", key, site, plan=site.plan_id, site=site.pk)
    if not_before:
        step = site.plan.steps.select_related("plan", "measure").get(kind=Step.Kind.FILING)
        issuing.make(step, site.county, run, now=now, by=by, site=site, due_not_before=not_before)
    advance(run, now=now, by=by)
    return run


def _is_branch(task: object, county: str) -> bool:
    return task.flow_task.name == "sites" and task.data.get("unit") == county  # type: ignore[attr-defined]
