"""When an assignment of a step is due: the plan's date as it stands, or a term of ours counted out.

The plan's named dates do not roll. A calendar date that is ours moves to the next working day when it
falls on a free one; a term in working days ends on one by itself (decisions.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from bureaus.working_days import WorkingDays
from measures import periods
from measures.models import Step


@dataclass(frozen=True)
class Due:
    """A date and how it came about. `trail` is plain data, told in words by `explanations`."""

    on: date
    rule: str
    basis: str
    text: str
    trail: dict[str, Any]


def main_due(step: Step, *, opened_on: date, period: str, calendar: WorkingDays) -> Due | None:
    """The date of the work itself; None for work without an end (有序推进) or with checkups only."""
    kind, basis, text = step.due, step.due_basis, step.due_text
    if kind == Step.Due.FIXED:
        assert step.due_on
        return Due(step.due_on, "fixed", basis, text, {})
    if kind == Step.Due.WORKING_DAYS:
        return working_days(step.due_days or 0, opened_on, calendar, basis=basis)
    if kind == Step.Due.PERIOD_END:
        return _ours_rolled("period_end", periods.last_day(period), basis, text, calendar, {"period": period})
    if kind == Step.Due.NEXT_MONTH_DAY:
        return _next_month_day(step, period, calendar)
    if kind == Step.Due.AFTER_RETURNS:
        returns = step.plan.steps.get(kind=Step.Kind.MONTHLY, flow=step.flow)
        date_of_returns = _next_month_day(returns, period, calendar).on
        return Due(
            calendar.shift(date_of_returns, step.due_days or 0),
            "after_returns",
            basis,
            text,
            {"days": step.due_days, "from": date_of_returns.isoformat()},
        )
    return None


def checkup_dues(step: Step, *, opened_on: date, calendar: WorkingDays) -> list[Due]:
    """The dates on which somebody looks in at open-ended or long work, in order."""
    if step.checkup_days:
        return [working_days(step.checkup_days, opened_on, calendar, basis=Step.Basis.OURS)]
    found = []
    for row in step.checkups:
        day = date.fromisoformat(row["on"])
        if row["basis"] == Step.Basis.PLAN:
            found.append(Due(day, "checkup", row["basis"], step.due_text, {}))
        else:
            found.append(_ours_rolled("checkup", day, row["basis"], "", calendar, {}))
    return [due for due in found if due.on > opened_on]


def working_days(count: int, start: date, calendar: WorkingDays, *, basis: str) -> Due:
    """The count-th working day after `start`, which is not counted itself."""
    trail = {"days": count, "from": start.isoformat()}
    return Due(calendar.shift(start, count), "working_days", basis, "", trail)


def later_of(first: Due, other: date) -> Due:
    """`first`, unless the other date is later: a correction never shortens what was left."""
    if other <= first.on:
        return first
    return Due(other, "original_date", first.basis, first.text, {"instead_of": first.on.isoformat()})


def _next_month_day(step: Step, period: str, calendar: WorkingDays) -> Due:
    first = periods.first_day(periods.following(period))
    day = first.replace(day=step.due_days or 1)
    return _ours_rolled("next_month_day", day, step.due_basis, step.due_text, calendar, {"period": period})


def _ours_rolled(rule: str, day: date, basis: str, text: str, calendar: WorkingDays, trail: dict[str, Any]) -> Due:
    if basis == Step.Basis.PLAN:
        return Due(day, rule, basis, text, trail)
    on = calendar.roll(day)
    if on != day:
        trail = trail | {"rolled_from": day.isoformat()}
    return Due(on, rule, basis, text, trail)
