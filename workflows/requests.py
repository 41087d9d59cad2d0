"""A request to extend a date, with the history that matters to whoever decides it.

Facts side by side and no verdict: how earlier requests of this task ended, how far its date has moved, how
often the unit has asked in this plan, who waits for the task, and what granting would move.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count

from bureaus import calendars
from measures.models import Assignment, Deadline, DeadlineChange, Extension
from workflows.flows import nodes
from workflows.models import Run


@dataclass(frozen=True)
class Waiting:
    """A step that opens when this one is through, and how much of this one is still open besides the task."""

    steps: list[str]
    others: int


@dataclass(frozen=True)
class Request:
    extension: Extension
    earlier: list[Extension]  # of the same task, the latest first
    moves: list[DeadlineChange]  # of the same task, in order
    of_unit: dict[str, int]  # state → how many other requests of this unit in this plan
    waiting: Waiting
    working_days: int  # by which granting moves the date

    @property
    def deadline(self) -> Deadline:
        return self.extension.deadline

    @property
    def row(self) -> Assignment:
        return self.extension.deadline.assignment

    @property
    def asked_before(self) -> int:
        return sum(self.of_unit.values())

    @property
    def states(self) -> list[tuple[str, str]]:
        """The ways a request can stand, with their words."""
        return [(str(value), str(label)) for value, label in Extension.State.choices]

    @property
    def past_measure(self) -> date | None:
        """The measure's own date, where the one asked for lies after it."""
        due_on = self.row.measure.due_on if self.row.measure else None
        return due_on if due_on and self.extension.asked_for > due_on else None


def requests(extensions: Sequence[Extension]) -> list[Request]:
    """Requests with their history; a few queries however many there are."""
    if not extensions:
        return []
    rows = [extension.deadline.assignment for extension in extensions]
    earlier: dict[int, list[Extension]] = defaultdict(list)
    of_units: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    units, plans = {row.unit_id for row in rows}, {row.plan_id for row in rows}
    told = Extension.objects.filter(deadline__assignment__unit__in=units, deadline__assignment__plan__in=plans)
    for one in told.select_related("deadline__assignment", "decided_by").order_by("-asked_at", "-id"):
        row = one.deadline.assignment
        earlier[row.pk].append(one)
        of_units[row.plan_id, row.unit_id][one.state] += 1
    moves: dict[int, list[DeadlineChange]] = defaultdict(list)
    kinds = [DeadlineChange.Kind.EXTEND, DeadlineChange.Kind.SHORTEN]
    changes = DeadlineChange.objects.filter(deadline__assignment__in=rows, deadline__kind="main", kind__in=kinds)
    for change in changes.select_related("deadline").order_by("at", "id"):
        moves[change.deadline.assignment_id].append(change)
    waiting = _waiting(rows)
    found = []
    with calendars.one_pass():
        for extension, row in zip(extensions, rows, strict=True):
            due_on = extension.deadline.due_on
            found.append(
                Request(
                    extension,
                    [one for one in earlier[row.pk] if one.pk != extension.pk],
                    moves[row.pk],
                    dict(of_units[row.plan_id, row.unit_id] - Counter([extension.state])),
                    waiting[row.pk],
                    calendars.days_for(row.unit).between(due_on, extension.asked_for),
                )
            )
    return found


def _waiting(rows: Sequence[Assignment]) -> dict[int, Waiting]:
    runs = Run.objects.in_bulk({row.process_id for row in rows})
    still_open = Assignment.objects.filter(process__in=runs, state__in=Assignment.OPEN).order_by()
    counted = still_open.values_list("process", "node").annotate(Count("pk"))
    open_in = {(process, node): count for process, node, count in counted}
    return {
        row.pk: Waiting(
            _next_steps(runs[row.process_id], row.node), max(0, open_in.get((row.process_id, row.node), 0) - 1)
        )
        for row in rows
    }


def _next_steps(run: Run, name: str) -> list[str]:
    """The titles of the steps that open next, as the flow is drawn: through joins and questions, never back."""
    seen: set[str] = {name}
    found: list[str] = []

    def follow(node: Any) -> Iterator[str]:
        for edge in node._outgoing():
            if edge.dst.name in seen:
                continue
            seen.add(edge.dst.name)
            if isinstance(edge.dst, nodes.Step):
                yield str(edge.dst.task_title)
            else:
                yield from follow(edge.dst)

    found.extend(follow(run.flow_class.instance.node(name)))
    return found
