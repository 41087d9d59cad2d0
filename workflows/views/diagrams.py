"""The diagram of a run, drawn by viewflow, with the states of its steps."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET
from viewflow.workflow.chart import calc_cell_status, calc_layout_data, grid_to_svg
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from bureaus.pages import standing_of
from measures.access import visible_assignments
from workflows.flows import nodes
from workflows.models import Run


@require_GET
def diagram(request: HttpRequest, pk: int) -> HttpResponse:
    """A picture of its own. The runs of measures are everybody's; one site's or filing's is its people's."""
    run = get_object_or_404(Run, pk=pk)
    if run.data.get("site") and not visible_assignments(standing_of(request)).filter(process=run.pk).exists():
        raise Http404
    grid = calc_layout_data(run.flow_class)
    calc_cell_status(run.flow_class, grid, run.pk)
    return HttpResponse(grid_to_svg(grid), content_type="image/svg+xml")


def diagram_width(run: Run) -> int:
    """How wide the run's diagram is drawn, so that every diagram shows its boxes in one size."""
    return int(calc_layout_data(run.flow_class).width * 0.9)


def open_steps(run: Run) -> list[str]:
    """The names of a run's open steps, for those who cannot see the picture."""
    tasks = Task.objects.filter(process=run.pk, flow_task_type=nodes.STEP, status=STATUS.NEW).order_by("id")
    return list(dict.fromkeys(str(task.flow_task.task_title) for task in tasks))
