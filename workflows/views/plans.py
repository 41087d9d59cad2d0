"""The plan as the document has it: measures, who answers, flows with their open steps, baseline, differences."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from bureaus import clock
from bureaus.access import WrongMoment
from bureaus.models import Bureau
from bureaus.pages import attempt, only, person, sent_from, standing_of
from measures.access import visible_assignments
from measures.models import Measure, Plan, Responsibility, Site, Step
from workflows import actions, gantt, issuing, queries
from workflows.forms import AddBodyForm
from workflows.models import Run
from workflows.views.diagrams import diagram_width, open_steps


@require_GET
def plan(request: HttpRequest, code: str) -> HttpResponse:
    found = get_object_or_404(Plan, code=code)
    now = clock.now()
    progress = queries.measure_progress(found)
    measures = list(found.measures.prefetch_related("responsibilities__bureau"))
    baseline = found.content.get("baseline", {})
    names = dict(Bureau.objects.values_list("code", "short_name"))
    return render(
        request,
        "workflows/plan.html",
        {
            "plan": found,
            "measures": [(measure, _bodies(measure), progress.get(measure.number)) for measure in measures],
            "orders": found.steps.filter(measure__isnull=True).order_by("order"),
            "chart": gantt.draw(found, measures, progress, now),
            "baseline": baseline,
            "names": names,
            "households": sum(row["households"] for row in baseline.get("county", [])),
            "employed": sum(row["employed"] for row in baseline.get("county", [])),
            "runs": [(run, str(run.flow_class.process_title), diagram_width(run)) for run in _shared_runs(found)],
            "may_start": standing_of(request).supervises and not found.is_started,
        },
    )


@sent_from("plan", "code")
def start(request: HttpRequest, code: str) -> HttpResponse:
    """Issue the plan (交办): the supervision office's act."""
    only(standing_of(request).supervises)
    found = get_object_or_404(Plan, code=code)
    try:
        count = actions.start_plan(found, by=person(request), now=clock.now())
    except WrongMoment as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The plan has been issued: %(count)s tasks.") % {"count": count})
    return redirect("plan", code=code)


@require_GET
def measure(request: HttpRequest, code: str, number: int) -> HttpResponse:
    return _measure_page(request, get_object_or_404(Measure, plan__code=code, number=number))


@sent_from("measure", "code", "number")
def add_body(request: HttpRequest, code: str, number: int) -> HttpResponse:
    found = get_object_or_404(Measure, plan__code=code, number=number)
    form = AddBodyForm(found, request.POST)
    status = attempt(
        request,
        form,
        lambda: actions.add_body(found, by=person(request), now=clock.now(), **form.cleaned_data),
        _("The body has been added to the open list."),
    )
    if status == 302:
        return redirect("measure", code=code, number=number)
    return _measure_page(request, found, form=form, status=status)


def _measure_page(
    request: HttpRequest, found: Measure, *, form: AddBodyForm | None = None, status: int = 200
) -> HttpResponse:
    standing = standing_of(request)
    now = clock.now()
    run = issuing.run_of(issuing.measure_key(found))
    rows = visible_assignments(standing).filter(measure=found)
    may_add = standing.supervises and found.open_ended_list and run is not None and not run.finished
    context: dict[str, Any] = {
        "measure": found,
        "plan": found.plan,
        "bodies": _bodies(found),
        "steps": [(step, _owners(step)) for step in found.steps.order_by("order")],
        "run": run,
        "width": diagram_width(run) if run else 0,
        "open_steps": open_steps(run) if run else [],
        "items": sorted(queries.items(rows, now), key=lambda item: (item.row.step.order, item.row.unit.order)),
        # One site's run is seen by whoever sees its work.
        "site_runs": _site_runs(Run.objects.filter(parent_task__process=run, pk__in=rows.values("process")))
        if run
        else [],
        "add_body": form or (AddBodyForm(found) if may_add else None),
    }
    return render(request, "workflows/measure.html", context, status=status)


def _shared_runs(plan: Plan) -> list[Run]:
    keys = [f"{plan.code}/roster", f"{plan.code}/duties"]
    return list(Run.objects.filter(data__key__in=keys).order_by("id"))


def _site_runs(runs: QuerySet[Run]) -> list[tuple[Run, Site, int]]:
    """The runs of single sites, each with its site and the width of its diagram."""
    found = list(runs.order_by("id"))
    sites = Site.objects.select_related("county").in_bulk([run.data["site"] for run in found])
    return [(run, sites[run.data["site"]], diagram_width(run)) for run in found]


def _bodies(measure: Measure) -> dict[str, list[Bureau]]:
    found: dict[str, list[Bureau]] = {"lead": [], "support": []}
    for row in measure.responsibilities.select_related("bureau"):
        found["lead" if row.kind == Responsibility.Kind.LEAD else "support"].append(row.bureau)
    return found


def _owners(step: Step) -> list[str]:
    names = dict(Bureau.objects.filter(code__in=step.owners).values_list("code", "short_name"))
    return [names[code] for code in step.owners if code in names]
