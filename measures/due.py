"""When an assignment of a step is due: the plan's date as it stands, or a term of ours counted out.

The plan's named dates do not roll. A calendar date that is ours moves to the next working day when it
falls on a free one; a term in working days ends on one by itself (decisions.md). What was counted out is
counted again with `recounted` when its calendar is edited, by the same arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from bureaus.working_days import WorkingDays
from measures import periods
from measures.models import Deadline, Step


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
        on = _next_month_day(returns, period, calendar)
        trail = {"days": step.due_days, "from": on.on.isoformat()}
        if is_counted(on.rule, on.basis):
            trail["from_day"] = on.trail.get("rolled_from", on.on.isoformat())
        return Due(calendar.shift(on.on, step.due_days or 0), "after_returns", basis, text, trail)
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
    """A term, unless the other date is later: a correction never shortens what was left."""
    trail = first.trail | {"not_before": other.isoformat()}
    if other <= first.on:
        return replace(first, trail=trail)
    return replace(first, on=other, rule="original_date", trail=trail | {"instead_of": first.on.isoformat()})


# --- Counting again ------------------------------------------------------------------------------

TERMS = ("working_days", "after_returns", "original_date", "resumed")
STANDING = ("fixed", "decided", "kept")


def is_counted(rule: str, basis: str) -> bool:
    """Whether a date depends on the calendar: a term, or a date of ours that rolls.

    A date that the plan names stands, and so does one that was decided in a case.
    """
    return rule in TERMS or (rule not in STANDING and basis != Step.Basis.PLAN)


def recounted(due: Due, calendar: WorkingDays, *, today: date | None = None) -> Due:
    """The date counted anew from what its trail remembers; with the same calendar the same, whatever the day.

    With `today`, an edit takes nobody's day away that has come: a date that would come earlier leaves at
    least the next working day, and one that has passed stays where it is. The free and the made-up days it
    was counted over are kept in the trail, so that a later count can say which of them were edited.
    """
    if not is_counted(due.rule, due.basis):
        return due
    trail = {name: value for name, value in due.trail.items() if name not in ("off", "work", "by_calendar")}
    rule = due.rule
    if rule in TERMS:
        if "from_day" in trail:
            trail["from"] = calendar.roll(_day(trail["from_day"])).isoformat()
        after = _day(trail["from"])
        on = calendar.shift(after, trail["days"])
        trail.pop("instead_of", None)
        if "not_before" in trail:
            term, other = on, _day(trail["not_before"])
            rule, on = ("original_date", other) if other > term else ("working_days", term)
            trail |= {"instead_of": term.isoformat()} if other > term else {}
    else:
        named = _day(trail.pop("rolled_from", None) or trail.pop("named", None) or due.on)
        after = named - timedelta(days=1)
        on = calendar.roll(named)
        if on != named:
            trail["rolled_from"] = named.isoformat()
    at_least = _day(trail["at_least"]) if "at_least" in trail else None
    if today is not None and on < due.on:
        kept = min(due.on, calendar.shift(today, 1))
        at_least = max(at_least, kept) if at_least else kept
    if at_least:
        trail["at_least"] = at_least.isoformat()
        if on < at_least:
            if rule not in TERMS and "rolled_from" not in trail:
                trail["named"] = on.isoformat()
            trail["by_calendar"] = on.isoformat()
            on = at_least
    off, work = calendar.unusual(after, on)
    trail |= {name: [day.isoformat() for day in days] for name, days in (("off", off), ("work", work)) if days}
    return Due(on, rule, due.basis, due.text, trail)


def edited_days(before: Due, after: Due) -> dict[str, list[str]]:
    """Which days must have been edited for one count to have become the other, by what became of them.

    {"freed": […], "unfreed": […], "worked": […], "unworked": […]}: weekdays, and days of a weekend. Days
    beyond the earlier of the two dates had no part in it.
    """
    last = min(before.on, after.on).isoformat()

    def days(due: Due, name: str) -> set[str]:
        return {day for day in due.trail.get(name, ()) if day <= last}

    found = {
        "freed": days(after, "off") - days(before, "off"),
        "unfreed": days(before, "off") - days(after, "off"),
        "worked": days(after, "work") - days(before, "work"),
        "unworked": days(before, "work") - days(after, "work"),
    }
    return {name: sorted(listed) for name, listed in found.items() if listed}


def due_of(deadline: Deadline) -> Due:
    """The date of a deadline and how it came about, as they are written in its row."""
    return Due(deadline.due_on, deadline.rule, deadline.basis, deadline.source_text, deadline.trail)


def _day(value: str | date) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


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
