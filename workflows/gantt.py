"""The seven measures on a time axis, as plain values a template draws as SVG: no script, prints as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from bureaus.clock import local_date
from measures.models import Measure, Plan, Step

WIDTH, LEFT, RIGHT, TOP, ROW = 1320, 200, 32, 39, 30


@dataclass(frozen=True)
class Bar:
    measure: Measure
    y: int
    x: float
    width: float
    done: float
    light: str
    open_ended: bool
    label: str
    label_x: float
    inside: bool


@dataclass(frozen=True)
class Mark:
    x: float
    text: str
    strong: bool = False


@dataclass(frozen=True)
class Chart:
    bars: list[Bar]
    ticks: list[Mark]
    today: Mark | None
    flag: Mark | None
    height: int
    width: int = WIDTH


def draw(plan: Plan, measures: Sequence[Measure], progress: dict[int, dict[str, Any]], now: datetime) -> Chart:
    """Bars from each measure's first to its last day; work without an end runs to the plan's, outlined."""
    starts = [measure.starts_on for measure in measures if measure.starts_on]
    first = min([*starts, date(plan.year, 1, 1)]).replace(month=1, day=1)
    last = plan.ends_on

    def x(day: date) -> float:
        share = (min(max(day, first), last) - first).days / max(1, (last - first).days)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    issued = local_date(plan.started_at) if plan.started_at else date(plan.year, 6, 1)
    bars = []
    for place, measure in enumerate(measures):
        begin = x(measure.starts_on or issued)
        end = x(measure.due_on or last)
        state = progress.get(measure.number, {"progress": 0, "light": "grey"})
        label = _("%(deadline)s · %(progress)s%% done") % {
            "deadline": measure.deadline_text,
            "progress": state["progress"],
        }
        inside = end - begin > 320
        bars.append(
            Bar(
                measure,
                TOP + place * ROW,
                begin,
                max(2.0, round(end - begin, 1)),
                round((end - begin) * state["progress"] / 100, 1),
                str(state["light"]),
                measure.due_on is None,
                label,
                end - 8 if inside else end + 10,
                inside,
            )
        )
    today = local_date(now)
    return Chart(
        bars,
        _ticks(first, last, x),
        Mark(x(today), _("today %(month)s·%(day)s") % {"month": today.month, "day": today.day}),
        _flag(plan, x),
        TOP + len(measures) * ROW + 17,
    )


def _ticks(first: date, last: date, x: Any) -> list[Mark]:
    marks = []
    day = first
    while day <= last:
        text = _("%(year)s") % {"year": day.year} if day.month == 1 else _("month %(month)s") % {"month": day.month}
        marks.append(Mark(x(day), text, strong=day.month == 1))
        day = date(day.year + (day.month + 3) // 13, (day.month + 2) % 12 + 1, 1)
    return marks


def _flag(plan: Plan, x: Any) -> Mark | None:
    """The day by which the counties' site plans are to be filed."""
    step = plan.steps.filter(kind=Step.Kind.FILING, due_on__isnull=False).first()
    if step is None or step.due_on is None:
        return None
    words = {"month": step.due_on.month, "day": step.due_on.day, "title": step.title}
    return Mark(x(step.due_on), _("%(month)s·%(day)s %(title)s") % words)
