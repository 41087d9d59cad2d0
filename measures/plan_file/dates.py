"""The dates of a plan file: against the plan, against each other, against the words they come from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from bureaus.working_days import MONDAY_TO_FRIDAY
from measures import deadline_rules, periods
from measures.models import Recurrence as RecurrenceRow
from measures.models import Step as StepRow
from measures.plan_file.shape import Findings, Table
from measures.plan_file.values import Checkup, Recurrence

# Dates that follow from these are known only with the date of issue and a calendar.
COUNTED = ("term", "immediate")
FORMATS = {
    RecurrenceRow.Rule.MONTH: (periods.MONTH, "2019-06"),
    RecurrenceRow.Rule.QUARTER: (periods.QUARTER, "2019Q3"),
    RecurrenceRow.Rule.YEAR: (periods.YEAR, "2019"),
    RecurrenceRow.Rule.ONCE: (periods.DAY, "2019-08-01"),
}
# A day of the following month must be one that every month has.
LAST_SAFE_DAY = 28


@dataclass(frozen=True)
class Span:
    """The plan's years, and what phrases without a year or a date are read with. Without its years no
    date of it can be judged.
    """

    year: int | None
    ends_on: date
    document_on: date | None = None
    first_quarter: str = ""

    @property
    def starts_on(self) -> date:
        return date(self.year or date.min.year, 1, 1)

    @property
    def years(self) -> range:
        return range(self.year, self.ends_on.year + 1) if self.year else range(0)


def within(span: Span, day: date | None, where: Table, key: str, found: Findings) -> None:
    if day and not span.starts_on <= day <= span.ends_on:
        what = _("%(day)s lies outside the plan.") % {"day": day}
        allowed = _("a day from %(first)s to %(last)s.") % {"first": span.starts_on, "last": span.ends_on}
        found.add(where, key, what, allowed)


def against_words(span: Span, words: str, stated: date | None, where: Table, key: str, found: Findings) -> None:
    """Report a date that says something else than the words beside it, or none where they name one.

    Words that leave a question open leave the date to whoever wrote the file: it is their answer.
    """
    rule = deadline_rules.parse(words)
    if rule.kind in COUNTED:
        return
    meant = _meant(words, span.year, span.document_on).due_on
    names = {"words": words, "stated": stated}
    if meant and stated and stated != meant:
        what = _("%(stated)s is not what “%(words)s” says.") % names
        found.add(where, key, what, f"{key} = {meant}")
    elif meant and not stated:
        what = _("“%(words)s” names a date; none is given.") % names
        found.add(where, "", what, f"{key} = {meant}")
    elif stated and rule.kind == "open":
        what = _("%(stated)s is a date where “%(words)s” sets none.") % names
        found.add(where, key, what, _("no such key."))


def start_against_words(span: Span, words: str, stated: date | None, where: Table, found: Findings) -> None:
    meant = _meant(words, span.year, span.document_on).starts_on
    if deadline_rules.parse(words).kind == "range" and meant and stated != meant and "starts_on" not in where.bad:
        what = _("“%(words)s” begins on another day.") % {"words": words}
        found.add(where, "starts_on" if stated else "", what, f"starts_on = {meant}")


def _meant(words: str, year: int | None, document_on: date | None) -> deadline_rules.Resolution:
    return deadline_rules.resolve(
        deadline_rules.parse(words), plan_year=year, issued_on=document_on, calendar=MONDAY_TO_FRIDAY
    )


def cycle_in(words: str) -> str:
    """How often the words want something: week, month, quarter, half, year, or nothing said."""
    rule = deadline_rules.parse(words)
    return rule.cycle.every if rule.kind == "cycle" and rule.cycle else ""


def flags_in(words: str, year: int, document_on: date | None) -> tuple[tuple[str, ...], str]:
    """What a reader of the words should know, and the question they leave open."""
    meant = _meant(words, year, document_on)
    return meant.flags, meant.ask


def recurrence(span: Span, table: Table | None, found: Findings) -> Recurrence | None:
    if table is None or not table.keys() >= {"rule", "first", "last"}:
        return None
    pattern, example = FORMATS[table["rule"]]
    days = {}
    for key in ("first", "last"):
        try:
            if not pattern.match(table[key]):
                raise ValueError
            days[key] = periods.first_day(table[key])
        except ValueError:
            what = _("“%(period)s” is no period of this rule.") % {"period": table[key]}
            found.add(table, key, what, _("a period such as “%(example)s”.") % {"example": example})
        else:
            within(span, days[key], table, key, found)
    if len(days) == 2 and days["first"] > days["last"]:
        what = _("The first period lies after the last.")
        found.add(table, "first", what, _("“%(last)s” or earlier.") % {"last": table["last"]})
    if len(days) == 2 and table["rule"] == RecurrenceRow.Rule.ONCE and days["first"] != days["last"]:
        found.add(table, "last", _("A single occasion has one date."), _("the same date as first."))
    return Recurrence(table["rule"], table["first"], table["last"])


def checkups(span: Span, table: Table, due_on: date | None, found: Findings) -> tuple[Checkup, ...]:
    """years: each 31 December before the step's date, on which a range is looked at (the plan's rhythm).
    quarters: each quarter's last day from the plan's first_quarter on (ours). Both stop before the date
    of the step, or at the plan's end where there is none.
    """
    days: dict[date, str] = {}
    tokens = table.get("checkups", ())
    if "quarters" in tokens and not span.first_quarter:
        what = _("The plan does not say with which quarter its checkups begin.")
        found.add(table, "checkups", what, _('first_quarter = "2019Q3" in [plan].'))
    elif "quarters" in tokens and span.year:
        quarter = span.first_quarter
        while (day := periods.last_day(quarter)) <= span.ends_on:
            days[day] = StepRow.Basis.OURS
            quarter = periods.following(quarter)
    if "years" in tokens:
        for year in span.years:
            days[date(year, 12, 31)] = StepRow.Basis.PLAN
    return tuple(
        Checkup(day, str(days[day])) for day in sorted(days) if (day < due_on if due_on else day <= span.ends_on)
    )


def rhythm(table: Table) -> str | None:
    """The rule of a step's recurrence: None where it has none, empty where it was refused."""
    if not table.gives("recurrence"):
        return None
    return str(table.get("recurrence", {}).get("rule", ""))


def due_kind(table: Table, found: Findings) -> str:
    """Which of `due`, `rule` and `days` sets the date; what contradicts it is reported."""
    rule, repeats = table.get("rule"), rhythm(table)
    recurring = repeats not in (None, RecurrenceRow.Rule.ONCE)
    if "due" in table:
        for key in ("days", "rule"):
            if key in table:
                found.add(table, key, _("The step already has a date (due)."), _("one of due, days and rule."))
        if recurring:
            what = _("Work that comes back cannot be due on one date.")
            found.add(table, "due", what, _('days = …, or rule = "period_end".'))
        return str(StepRow.Due.FIXED)
    if rule is None:
        return str(StepRow.Due.WORKING_DAYS if "days" in table else StepRow.Due.NONE)
    if not recurring:
        what = _("The rule needs a period to count from.")
        found.add(table, "rule", what, "recurrence = { rule = …, first = …, last = … }")
    elif rule != StepRow.Due.PERIOD_END and repeats not in ("", RecurrenceRow.Rule.MONTH):
        found.add(table, "rule", _("The rule counts from a month."), 'recurrence = { rule = "month", … }')
    if rule == StepRow.Due.PERIOD_END and "days" in table:
        found.add(table, "days", _("The last day of a period needs no days."), _("no such key."))
    elif rule != StepRow.Due.PERIOD_END and not table.gives("days"):
        found.add(table, "rule", _("The rule needs a number of days."), "days = …")
    elif rule == StepRow.Due.NEXT_MONTH_DAY and table.get("days", 0) > LAST_SAFE_DAY:
        what = _("Not every month has a day %(day)d.") % {"day": table["days"]}
        found.add(
            table,
            "days",
            what,
            _("a whole number from %(low)d to %(high)d.") % {"low": 1, "high": LAST_SAFE_DAY},
        )
    return str(rule)
