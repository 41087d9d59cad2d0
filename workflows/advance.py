"""Move a run on: open its new steps, and execute those that are through. The caller holds its lock.

viewflow decides what opens next; whether a step is through is read from its assignments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime

from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from bureaus.models import User
from measures.models import Assignment, FormCheck, Recurrence, Step
from workflows import issuing
from workflows.flows import nodes
from workflows.models import Run

State = Assignment.State


@contextmanager
def locked(run: Run) -> Iterator[Run]:
    """Hold a run and, before it, the run it belongs to; a transaction is open inside.

    The order Process → Assignment → Deadline → Message is the same everywhere.
    """
    with ExitStack() as stack:
        parent = run.parent_task
        if parent is not None:
            stack.enter_context(parent.process.flow_class.lock(parent.process_id))
        stack.enter_context(run.flow_class.lock(run.pk))
        yield Run.objects.get(pk=run.pk)


def advance(run: Run, *, now: datetime, by: User | None) -> None:
    """Open what is open and close what is through, until nothing moves."""
    while True:
        tasks = list(Task.objects.filter(process=run.pk, flow_task_type=nodes.STEP, status=STATUS.NEW).order_by("id"))
        for task in tasks:
            if not task.data.get("opened"):
                issuing.open_task(run, task, now=now, by=by)
                task.data["opened"] = True
                task.save(update_fields=["data"])
        through = next((task for task in tasks if _THROUGH[task.flow_task.closes](run, task)), None)
        if through is None:
            break
        node = through.flow_task
        node.run(through)
        if node.releases:
            _release(run, node.releases, now)
    run.refresh_from_db()
    if run.finished and run.parent_task_id:
        parent = Run.objects.get(pk=run.parent_task.process_id)
        advance(parent, now=now, by=by)


def _release(run: Run, node: str, now: datetime) -> None:
    """A waiting period comes early, because what it waited for is through."""
    for recurrence in Recurrence.objects.filter(step__in=issuing.steps_of(run, node), next_on__gt=now):
        recurrence.next_on = now
        recurrence.save(update_fields=["next_on"])


def _rows(run: Run, task: Task) -> list[Assignment]:
    node = "consolidation" if task.flow_task.closes == nodes.VERDICT else task.flow_task.name
    rows = Assignment.objects.filter(process=run.pk, node=node)
    if unit := task.data.get("unit"):
        rows = rows.filter(unit__code=unit)
    return list(rows)


def _settled(run: Run, task: Task) -> bool:
    rows = _rows(run, task)
    waits = any(step.opens == Step.Opens.PERIOD for step in issuing.steps_of(run, task.flow_task.name))
    return (bool(rows) or not waits) and all(row.state in Assignment.SETTLED for row in rows)


def _submitted(run: Run, task: Task) -> bool:
    return all(row.state in (State.SUBMITTED, *Assignment.SETTLED) for row in _rows(run, task))


def _verdict(run: Run, task: Task) -> bool:
    return all(row.state in Assignment.SETTLED for row in _rows(run, task))


def _checked(run: Run, task: Task) -> bool:
    checks = FormCheck.objects.filter(filing__assignment__process=run.pk, unit__code=task.flow_task.unit)
    return not checks.filter(outcome="").exists()


def _sites(run: Run, task: Task) -> bool:
    """The county has said which sites it has, and each of them is through."""
    county = task.data["unit"]
    roster = Assignment.objects.filter(plan=run.data["plan"], step__kind=Step.Kind.ROSTER, unit__code=county)
    if roster.exclude(state__in=Assignment.SETTLED).exists():
        return False
    return not Run.objects.filter(parent_task=task.pk, finished__isnull=True).exists()


def _standing(run: Run, task: Task) -> bool:
    node = task.flow_task
    if Recurrence.objects.filter(step__in=issuing.steps_of(run, node.name), next_on__isnull=False).exists():
        return False
    for name in node.after:
        others = Task.objects.filter(process=run.pk, flow_task=getattr(run.flow_class, name))
        if not others.exists() or others.exclude(status=STATUS.DONE).exists():
            return False
    return all(row.state in Assignment.SETTLED for row in _rows(run, task))


_THROUGH: dict[str, Callable[[Run, Task], bool]] = {
    nodes.SETTLED: _settled,
    nodes.SUBMITTED: _submitted,
    nodes.VERDICT: _verdict,
    nodes.CHECKED: _checked,
    nodes.SITES: _sites,
    nodes.STANDING: _standing,
}
