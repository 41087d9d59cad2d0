"""Move a run on: open its new steps, and execute those that are through. The caller holds its lock.

viewflow decides what opens next; whether a step is through is read from its assignments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Below:
    """What hangs below the steps of a run: read once for a round of closing."""

    run: Run
    rows: tuple[tuple[str, str, str], ...]  # (node, code of the unit, state)

    def states(self, task: Task, node: str = "") -> list[str]:
        """States of the assignments below a task, of its own branch only."""
        name, unit = node or task.flow_task.name, task.data.get("unit")
        return [state for found, code, state in self.rows if found == name and unit in (None, code)]


def advance(run: Run, *, now: datetime, by: User | None) -> None:
    """Open what is open and close what is through, until nothing moves."""
    while True:
        tasks = list(Task.objects.filter(process=run.pk, flow_task_type=nodes.STEP, status=STATUS.NEW).order_by("id"))
        for task in tasks:
            if not task.data.get("opened"):
                issuing.open_task(run, task, now=now, by=by)
                task.data["opened"] = True
                task.save(update_fields=["data"])
        rows = Assignment.objects.filter(process=run.pk).values_list("node", "unit__code", "state")
        below = Below(run, tuple(rows))
        through = next((task for task in tasks if _THROUGH[task.flow_task.closes](below, task)), None)
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
    # One statement: a tick may be beginning the period at this moment.
    Recurrence.objects.filter(step__in=issuing.steps_of(run, node), next_on__gt=now).update(next_on=now)


def _done(below: Below, task: Task) -> bool:
    return all(state in Assignment.SETTLED for state in below.states(task))


def _settled(below: Below, task: Task) -> bool:
    return _done(below, task) and not _comes_again(below.run, task)


def _comes_again(run: Run, task: Task) -> bool:
    """Whether a period of the step is still to begin."""
    steps = issuing.steps_of(run, task.flow_task.name)
    return Recurrence.objects.filter(step__in=steps, next_on__isnull=False).exists()


def _period(below: Below, task: Task) -> bool:
    return bool(below.states(task)) and _done(below, task)


def _submitted(below: Below, task: Task) -> bool:
    return all(state in (State.SUBMITTED, *Assignment.SETTLED) for state in below.states(task))


def _verdict(below: Below, task: Task) -> bool:
    return all(state in Assignment.SETTLED for state in below.states(task, "consolidation"))


def _checked(below: Below, task: Task) -> bool:
    """Recorded; or there is nothing to check any more: the plan is back with its county, or struck off."""
    if not {State.SUBMITTED, State.SUSPENDED}.issuperset(below.states(task, "report")):
        return True
    checks = FormCheck.objects.filter(filing__assignment__process=below.run.pk, unit__code=task.flow_task.unit)
    return not checks.filter(outcome="").exists()


def _sites(below: Below, task: Task) -> bool:
    """The county has said which sites it has, and each of them is through."""
    rosters = Step.objects.filter(plan=below.run.data["plan"], kind=Step.Kind.ROSTER)
    if rosters.exists():
        said = Assignment.objects.filter(step__in=rosters, unit__code=task.data["unit"])
        if not said.exists() or said.exclude(state__in=Assignment.SETTLED).exists():
            return False
    return not Run.objects.filter(parent_task=task.pk, finished__isnull=True).exists()


def _standing(below: Below, task: Task) -> bool:
    if not _settled(below, task):
        return False
    run, node = below.run, task.flow_task
    for name in node.after:
        others = Task.objects.filter(process=run.pk, flow_task=getattr(run.flow_class, name))
        if not others.exists() or others.exclude(status=STATUS.DONE).exists():
            return False
    return True


_THROUGH: dict[str, Callable[[Below, Task], bool]] = {
    nodes.SETTLED: _settled,
    nodes.PERIOD: _period,
    nodes.SUBMITTED: _submitted,
    nodes.VERDICT: _verdict,
    nodes.CHECKED: _checked,
    nodes.SITES: _sites,
    nodes.STANDING: _standing,
}
