"""A unit's dossier (责任主体档案): what it has to do in each measure, and how it stands. Offices, never persons.

Of a unit's tasks only those the reader may see are counted. A number nothing stands behind is None, shown as "—".
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Count, QuerySet

from bureaus import calendars
from bureaus.access import Standing
from bureaus.clock import local_date
from bureaus.models import Bureau
from measures.lights import BEHIND, Light, expected_progress, is_long
from measures.models import Assignment, Deadline, Event, Extension, Measure, Plan, Responsibility
from measures.models.work import AssignmentQuerySet
from workflows.models import Slip
from workflows.queries import Item, visible_slips

IN_FORCE = (Slip.State.ISSUED, Slip.State.ANSWERED)


@dataclass
class Line:
    """A unit in one measure, or in what the plan orders besides (`measure` None), or in all (`number` None)."""

    number: int | None
    measure: Measure | None = None
    role: str = ""  # lead, support, or empty where it has no part
    steps: list[str] = field(default_factory=list)
    items: int = 0
    open: int = 0
    overdue: int = 0
    done: int = 0
    nearest: date | None = None  # the next date from today on, of work or of a checkup
    in_time: int = 0  # of the first dates that came, how many were met in time
    came: int = 0
    # Of each task under way in a long term: its progress, and what it should be (序时进度).
    paces: list[tuple[int, int]] = field(default_factory=list)
    slips: list[Slip] = field(default_factory=list)
    extended: int = 0
    returned: int = 0

    @property
    def progress(self) -> int | None:
        return _mean([progress for progress, _expected in self.paces])

    @property
    def expected(self) -> int | None:
        return _mean([expected for _progress, expected in self.paces])

    @property
    def gap(self) -> int | None:
        """In points; below nought: behind its time."""
        if self.progress is None or self.expected is None:
            return None
        return self.progress - self.expected

    @property
    def is_behind(self) -> bool:
        return self.gap is not None and self.gap <= -BEHIND


def lines(
    plan: Plan, unit: Bureau, rows: AssignmentQuerySet, items: Sequence[Item], standing: Standing, now: datetime
) -> tuple[list[Line], Line]:
    """For each measure and for what is ordered besides, and all of it in one; six queries however many rows.

    `rows` are the unit's tasks that the reader may see, `items` those of them that were not cancelled.
    """
    measures = list(plan.measures.order_by("number"))
    roles = dict(Responsibility.objects.filter(measure__plan=plan, bureau=unit).values_list("measure__number", "kind"))
    found = {measure.number: Line(measure.number, measure, roles.get(measure.number, "")) for measure in measures}
    found[0] = Line(0)
    for item in items:
        _add(found[_number(item.row)], item)
    keys = rows.order_by().values("pk")
    for line in found.values():
        line.role = line.role or ("support" if line.items and line.number else "")
    _dates(found, keys, unit, now)
    of_these = visible_slips(standing).filter(assignment__in=keys, state__in=IN_FORCE)
    for slip in of_these.order_by("assignment__measure__number", "id"):
        found[_number(slip.assignment)].slips.append(slip)
    granted = Extension.objects.filter(deadline__assignment__in=keys, state=Extension.State.GRANTED)
    for number, count in _by_measure(granted, "deadline__assignment__"):
        found[number].extended = count
    returned = Event.objects.filter(assignment__in=keys, kind=Event.Kind.RETURNED)
    for number, count in _by_measure(returned, "assignment__"):
        found[number].returned = count
    shown = [found[measure.number] for measure in measures] + [found[0]]
    return shown, _sum(shown)


def _number(row: Assignment) -> int:
    return row.measure.number if row.measure else 0


def _add(line: Line, item: Item) -> None:
    line.items += 1
    line.done += item.row.state in Assignment.DONE
    line.open += item.row.state not in Assignment.DONE
    line.overdue += item.light == Light.RED
    if item.row.step.title not in line.steps:
        line.steps.append(item.row.step.title)


def _dates(found: dict[int, Line], keys: QuerySet[Assignment, Any], unit: Bureau, now: datetime) -> None:
    """The next date, the first dates that came, and how far work is in the terms that run."""
    today, calendar = local_date(now), calendars.days_for(unit)
    mine = Deadline.objects.filter(
        assignment__in=keys, unit=unit, kind__in=[Deadline.Kind.MAIN, Deadline.Kind.CHECKUP]
    ).select_related("assignment__measure")
    nearest: dict[int, list[date]] = defaultdict(list)
    for deadline in mine:
        line = found[_number(deadline.assignment)]
        runs = deadline.status == Deadline.Status.ARMED
        if runs and deadline.due_at > now:
            nearest[_number(deadline.assignment)].append(deadline.due_on)
        if deadline.kind != Deadline.Kind.MAIN:
            continue
        if runs and is_long(deadline.starts_on, deadline.due_on, calendar):
            line.paces.append((deadline.assignment.progress, expected_progress(deadline, today)))
        if deadline.round == 1:
            met = deadline.status == Deadline.Status.MET
            line.came += met or deadline.is_overdue(now)
            line.in_time += met and not deadline.was_late
    for number, days in nearest.items():
        found[number].nearest = min(days)


def _by_measure(rows: QuerySet[Any], prefix: str) -> Iterable[tuple[int, int]]:
    name = f"{prefix}measure__number"
    counted = rows.order_by().values_list(name).annotate(count=Count("pk"))
    return [(number or 0, count) for number, count in counted]


def _sum(shown: Sequence[Line]) -> Line:
    total = Line(None)
    sums: Counter[str] = Counter()
    for line in shown:
        for name in ("items", "open", "overdue", "done", "in_time", "came", "extended", "returned"):
            sums[name] += getattr(line, name)
        total.paces += line.paces
        total.slips += line.slips
    for name, count in sums.items():
        setattr(total, name, count)
    total.nearest = min((line.nearest for line in shown if line.nearest), default=None)
    return total


def _mean(numbers: Sequence[int]) -> int | None:
    return round(sum(numbers) / len(numbers)) if numbers else None
