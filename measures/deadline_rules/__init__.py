"""From the words of a plan (完成期限) to a date: `parse` a phrase, `resolve` the rule.

Where the rules come from:

* Law: the Civil Code (民法典) 200-204 for counted periods. By the calendar (200); the day a period starts
  on is not counted (201); a period of months ends on the corresponding day, or on the month's last day if
  there is none (202); a last day that is free gives way to the next working day (203). 以内 includes the
  number (1259). The Code governs civil matters; a plan inside the administration borrows it.
* Drafting practice: a named day counts itself, until 24:00 in Asia/Shanghai, and stands where it is even
  if it is free; 底 is the last day of what is named; 上旬, 中旬, 下旬 end on the 10th, the 20th and the last
  day. The Code does not define 前: 之前 and 以前 give the same day, with a flag.
* Ours, to be shown as a setting of this system: the next working day for 立即, the reviews of work without
  an end, the month a monthly report is about, the start of a period that names none. A date that is ours
  rolls past free days.

What is vague never becomes a date: it asks. Nothing here says a sentence: flags, questions and the trail
are codes, `deadline_texts` has the words. Pure: the phrase table, `WorkingDays` and the standard library.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from bureaus.working_days import MONDAY_TO_FRIDAY, WorkingDays
from measures.deadline_rules.phrases import (
    A_LEAP_YEAR,
    Anchor,
    Ask,
    Cycle,
    Every,
    Flag,
    Kind,
    Point,
    Rule,
    Unit,
    parse,
)

__all__ = [
    "Anchor", "Ask", "Cycle", "Every", "Flag", "Kind", "Point", "Resolution", "Rule", "Step", "StepCode",
    "Unit", "next_period", "parse", "period_due_on", "period_start", "resolve",
]  # fmt: skip

StepCode = Literal[
    "read", "setting", "year_of_plan", "year_of_issue", "next_year", "named_day", "last_day",
    "free_day_stands", "rolled", "range", "checkpoints", "from_issue", "from_receipt", "from_event",
    "from_issue_assumed", "counted_day", "counted_workday", "counted_month", "month_end", "at_once",
    "report_on", "no_end", "review_on", "waits", "every_week", "every_month", "every_quarter",
    "every_half", "every_year", "reports_previous", "years_without_data",
]  # fmt: skip
# Plain values, days as ISO strings: a stored trail can be told later, in each reader's language.
Step = tuple[StepCode, dict[str, str | int]]

_MONTHS: dict[Every, int] = {"month": 1, "quarter": 3, "half": 6, "year": 12}
_REPORT_AFTER = 3  # working days after receipt, for 立行立改 (ours)


@dataclass(frozen=True)
class Resolution:
    """The dates of a rule under one plan and one calendar, or the question that is left.

    `due_on` is the last good day. `cycle` comes with `period_due_on`. `checkpoints` are days to look at
    work that is longer than one date: each year's end in a range, the yearly review of open work.
    """

    starts_on: date | None = None
    due_on: date | None = None
    cycle: Every | None = None
    checkpoints: tuple[date, ...] = ()
    flags: tuple[Flag, ...] = ()
    ask: Ask | Literal[""] = ""
    trail: tuple[Step, ...] = field(default=(), hash=False)


def resolve(
    rule: Rule,
    *,
    plan_year: int | None = None,
    issued_on: date | None = None,
    received_on: date | None = None,
    event_on: date | None = None,
    calendar: WorkingDays = MONDAY_TO_FRIDAY,
) -> Resolution:
    """The dates of `rule`. What it lacks (a year, the day of issue …) comes back as `ask`, never as an error.

    `issued_on` is the date of the document (成文日期), `received_on` that of signing for it (签收),
    `event_on` that of the event a period is counted from (…出台后30日内).
    """
    given = _Given(plan_year, issued_on, received_on, event_on, calendar)
    work = _Work(flags=list(rule.flags))
    if rule.words:
        work.say("read", words=rule.words)
    if rule.ours:
        work.say("setting")
    if rule.ask:
        work.ask = rule.ask
    elif rule.kind in ("date", "milestone"):
        _named(rule, given, work)
    elif rule.kind == "range":
        _range(rule, given, work)
    elif rule.kind == "term":
        _term(rule, given, work)
    elif rule.kind == "immediate":
        _immediate(given, work)
    elif rule.kind == "open":
        _open(given, work)
    elif rule.kind == "conditional":
        work.say("waits")
    cycle = None if rule.kind == "term" and work.due_on else rule.cycle  # the event it waited for is here
    if cycle:
        work.say(_EVERY[cycle.every])
        if cycle.follows:
            work.say("reports_previous")
    return Resolution(
        work.starts_on,
        work.due_on,
        cycle.every if cycle else None,
        work.checkpoints,
        tuple(dict.fromkeys(work.flags)),
        work.ask,
        tuple(work.trail),
    )


# --- Periods ---------------------------------------------------------------------------------------------


def period_start(every: Every, day: date) -> date:
    """The first day of the week, month, quarter, half year or year that `day` lies in."""
    if every == "week":
        return date.fromordinal(max(day.toordinal() - day.weekday(), 1))
    months = _MONTHS[every]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def next_period(every: Every, day: date) -> date:
    """The first day of the period after the one that `day` lies in."""
    start = period_start(every, day)
    return _days_on(start, 7) if every == "week" else _month_on(start, _MONTHS[every])


def period_due_on(rule: Rule, period: date, calendar: WorkingDays = MONDAY_TO_FRIDAY) -> date:
    """When the period that `period` lies in is due: 2019-09 under 每月5日前 is due on 2019-10-05.

    A day of the document stands even if it is free; a day that is ours rolls (then it is 2019-10-08).
    A month too short for the day ends on its last day, as in 民法典 202.
    """
    cycle = rule.cycle
    if cycle is None:
        raise ValueError(f"{rule.id} is no rule with periods")
    start = next_period(cycle.every, period) if cycle.follows else period_start(cycle.every, period)
    if cycle.every == "week":
        due = _days_on(start, (cycle.day or 7) - 1)
    else:
        month = _month_on(start, (cycle.month or (1 if cycle.follows else _MONTHS[cycle.every])) - 1)
        last = monthrange(month.year, month.month)[1]
        due = month.replace(day=min(cycle.day or last, last))
    return calendar.roll(due) if cycle.ours else due


def _days_on(day: date, days: int) -> date:
    return date.fromordinal(min(day.toordinal() + days, date.max.toordinal()))


def _month_on(day: date, months: int) -> date:
    """The corresponding day some months on, or that month's last (民法典 202); stops at the end of dates."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


# --- One kind after the other ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Given:
    plan_year: int | None
    issued_on: date | None
    received_on: date | None
    event_on: date | None
    calendar: WorkingDays

    @property
    def year(self) -> int | None:
        if self.plan_year is None and self.issued_on:
            return self.issued_on.year
        return self.plan_year


@dataclass
class _Work:
    """The resolution while it is being written."""

    flags: list[Flag]
    starts_on: date | None = None
    due_on: date | None = None
    checkpoints: tuple[date, ...] = ()
    ask: Ask | Literal[""] = ""
    trail: list[Step] = field(default_factory=list)

    def say(self, code: StepCode, **params: str | int | date) -> None:
        plain = {name: str(value) if isinstance(value, date) else value for name, value in params.items()}
        self.trail.append((code, plain))

    def roll(self, day: date, calendar: WorkingDays) -> date:
        """民法典 203: a free last day gives way to the next working day."""
        rolled = calendar.roll(day)
        if rolled != day:
            self.say("rolled", free=day, day=rolled)
        return rolled

    def tell_missing_years(self, start: date, end: date, calendar: WorkingDays) -> None:
        if years := calendar.uncovered(start, end):
            self.flags.append("calendar_incomplete")
            self.say("years_without_data", years=", ".join(map(str, years)))


def _named(rule: Rule, given: _Given, work: _Work) -> None:
    """A named day, or the last day of a named period. It counts itself and stands (drafting practice)."""
    day = _placed(rule.due or Point(), given, work)
    if day is None:
        return
    if rule.ours:
        work.due_on = work.roll(day, given.calendar)
        work.tell_missing_years(day, work.due_on, given.calendar)
        return
    work.due_on = day
    if not given.calendar.is_working(day):
        work.flags.append("free_day")
        work.say("free_day_stands", day=day, before=given.calendar.shift(day, 0))


def _placed(point: Point, given: _Given, work: _Work) -> date | None:
    """The last day of `point`, in its own year or the plan's; None when that has to be asked."""
    if point.last(A_LEAP_YEAR if point.year is None else point.year) is None:
        work.ask = "impossible_date"
        return None
    year = point.year
    if year is None:
        if given.year is None:
            work.ask = "needs_year"
            return None
        year = given.year + (point.ahead or 0)
        work.say("year_of_issue" if given.plan_year is None else "year_of_plan", year=year)
    day = point.last(year)
    if day and given.issued_on and day < given.issued_on:
        if point.year is None and point.ahead is None:
            work.flags.append("next_year")
            work.say("next_year", day=day, issued=given.issued_on)
            day = point.last(year + 1)
        if day and day < given.issued_on:
            work.flags.append("before_issue")
    if day is None:  # 2月29日 in a year that has none, or a year no date can hold
        work.ask = "impossible_date"
        return None
    work.say("named_day" if point.day else "last_day", day=day)
    return day


def _range(rule: Rule, given: _Given, work: _Work) -> None:
    """2019—2020年: from the first day to the last, with a look at each year's end in between."""
    first, last = rule.start or Point(), rule.due or Point()
    day = _placed(last, given, work)
    if day is None:
        return
    start = first.first(day.year if first.year is None else first.year)
    if start is None or start > day:
        work.ask = "impossible_date" if start is None else "range_reversed"
        return
    work.starts_on, work.due_on = start, work.roll(day, given.calendar) if rule.ours else day
    work.say("range", start=start, day=day)
    if given.year is not None and start.year < given.year:
        work.flags.append("starts_before_plan")
    ends = (date(year, 12, 31) for year in range(start.year, day.year))
    work.checkpoints = tuple(end for end in ends if given.issued_on is None or end >= given.issued_on)
    if work.checkpoints:
        work.say("checkpoints", days=", ".join(end.isoformat() for end in work.checkpoints))


def _term(rule: Rule, given: _Given, work: _Work) -> None:
    """A counted period (民法典 200-203): without its first day; days and months roll past free days."""
    if rule.count < 1:
        work.ask = "impossible_date"
        return
    anchor = rule.anchor or "unnamed"
    start = {"receipt": given.received_on, "event": given.event_on}.get(anchor, given.issued_on)
    ask, counted_from = _COUNTED_FROM[anchor]
    if start is None:
        work.ask = ask
        if anchor == "event":
            work.flags.append("waiting")
        return
    if anchor == "unnamed":
        work.flags.append("start_assumed")
    work.say(counted_from, day=start)
    if rule.unit == "workday":
        end = due = given.calendar.shift(start, rule.count)
        work.say("counted_workday", count=rule.count, day=end)
    elif rule.unit == "month":
        end = _month_on(start, rule.count)
        work.say("counted_month", count=rule.count, day=end)
        if end.day < start.day:
            work.say("month_end", day=end)
        due = work.roll(end, given.calendar)
    else:
        end = _days_on(start, rule.count)
        work.say("counted_day", count=rule.count, day=end)
        due = work.roll(end, given.calendar)
    work.tell_missing_years(start if rule.unit == "workday" else end, due, given.calendar)
    work.starts_on, work.due_on = start, due


def _immediate(given: _Given, work: _Work) -> None:
    """立行立改: the next working day after receipt, and a report on the third (ours)."""
    if given.received_on is None:
        work.ask = "needs_receipt_date"
        return
    work.starts_on = given.received_on
    work.due_on = given.calendar.shift(given.received_on, 1)
    report_on = given.calendar.shift(given.received_on, _REPORT_AFTER)
    work.checkpoints = (report_on,)
    work.say("from_receipt", day=given.received_on)
    work.say("at_once", day=work.due_on)
    work.say("report_on", day=report_on)
    work.tell_missing_years(given.received_on, report_on, given.calendar)


def _open(given: _Given, work: _Work) -> None:
    """长期, 有序推进: no end, never late as a whole; a review each year keeps it from vanishing (ours)."""
    work.say("no_end")
    year = given.year
    if year is not None and given.issued_on:
        year = max(year, given.issued_on.year)
    review_on = Point().last(year) if year is not None else None
    if review_on:
        work.checkpoints = (review_on,)
        work.say("review_on", day=review_on)


_COUNTED_FROM: dict[Anchor, tuple[Ask, StepCode]] = {
    "issue": ("needs_issue_date", "from_issue"),
    "receipt": ("needs_receipt_date", "from_receipt"),
    "event": ("needs_event_date", "from_event"),
    "unnamed": ("needs_issue_date", "from_issue_assumed"),
}
_EVERY: dict[Every, StepCode] = {
    "week": "every_week",
    "month": "every_month",
    "quarter": "every_quarter",
    "half": "every_half",
    "year": "every_year",
}
