"""Promises about flows: viewflow's open steps and the assignments below them say the same.

Written apart from `workflows.advance` on purpose: it reads the rows alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from measures.models import Assignment, Recurrence
from workflows.auditing.scope import Audit, Found, Scope
from workflows.flows import FLOWS, nodes

# Steps that judge what was made below another one.
JUDGES = {nodes.VERDICT: "consolidation", nodes.CHECKED: "report"}


def left_behind(scope: Scope, audit: Audit) -> list[Found]:
    """A13: open, below a step that is finished. What is only to be handed in may be open until its run ends."""
    rows = list(
        Assignment.objects.open()
        .filter(scope.q())
        .values_list("pk", "key", "process", "node", "unit__code", "process__finished")
    )
    steps = _steps({row[2] for row in rows})
    found = []
    for pk, key, process, node, unit, finished in rows:
        mine = [task for task in steps[process] if task.flow_task.name == node and _of_branch(task, unit)]
        running = any(task.status == STATUS.NEW for task in mine)
        only_handed_in = any(task.flow_task.closes == nodes.SUBMITTED for task in mine)
        if finished or not (running or only_handed_in):
            found.append(Found(pk, key, node))
    return found


def hanging(scope: Scope, audit: Audit) -> list[Found]:
    """A14: a step stands open, and everything below it is settled and nothing more to come."""
    tasks = list(
        Task.objects.filter(scope.q())
        .filter(flow_task_type=nodes.STEP, status=STATUS.NEW)
        .select_related("process")
        .order_by("pk")
    )
    tasks = [task for task in tasks if task.data.get("opened")]
    processes = {task.process_id for task in tasks}
    below: dict[tuple[int, str], list[tuple[str, str]]] = defaultdict(list)
    rows = Assignment.objects.filter(process__in=processes)
    for process, node, unit, state in rows.values_list("process", "node", "unit__code", "state"):
        below[process, node].append((unit, state))
    steps = _steps(processes)
    return [
        Found(task.pk, f"{task.process.data.get('key', task.process_id)}/{task.flow_task.name}", "")
        for task in tasks
        if _is_through(task, below, steps[task.process_id])
    ]


def _is_through(task: Task, below: dict[tuple[int, str], list[tuple[str, str]]], others: Iterable[Task]) -> bool:
    node = task.flow_task
    rows = below[task.process_id, JUDGES.get(node.closes, node.name)]
    states = [state for unit, state in rows if _of_branch(task, unit)]
    if node.closes == nodes.SITES or not states or not set(states) <= set(Assignment.SETTLED):
        return False
    if node.closes in (nodes.SETTLED, nodes.STANDING) and _comes_again(task):
        return False
    if node.closes == nodes.STANDING:
        waits_for = dict.fromkeys(node.after, False)
        for other in others:
            if other.flow_task.name in waits_for:
                waits_for[other.flow_task.name] = other.status == STATUS.DONE
        return all(waits_for.values())
    return True


def _comes_again(task: Task) -> bool:
    data = task.process.data
    flow = next(code for code, flow in FLOWS.items() if flow is task.process.flow_class)
    coming = Recurrence.objects.filter(next_on__isnull=False, step__plan=data["plan"])
    coming = coming.filter(step__flow=flow, step__node=task.flow_task.name)
    if data.get("measure"):
        coming = coming.filter(step__measure=data["measure"])
    return coming.exists()


def _steps(processes: Iterable[int]) -> dict[int, list[Task]]:
    """The steps of some runs, by run, in the order in which they opened."""
    found: dict[int, list[Task]] = defaultdict(list)
    for task in Task.objects.filter(process__in=processes, flow_task_type=nodes.STEP).order_by("pk"):
        found[task.process_id].append(task)
    return found


def _of_branch(task: Task, unit: str) -> bool:
    return task.data.get("unit") in (None, unit)
