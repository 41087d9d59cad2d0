"""What a clerk reads of a resolved deadline: a whole sentence for every code of `deadline_rules`.

The tables are marked for extraction and translated when they are read, in the reader's language.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from measures.deadline_rules import Resolution

STEPS: dict[str, str] = {
    "read": gettext_noop("The words read as the deadline: “%(words)s”."),
    "setting": gettext_noop("The document does not set this date; it is a setting of this system."),
    "year_of_plan": gettext_noop("No year is written: the year of the plan, %(year)d, is taken."),
    "year_of_issue": gettext_noop("No year is written: the year of issue, %(year)d, is taken."),
    "next_year": gettext_noop("%(day)s lies before the day of issue, %(issued)s: the following year is taken."),
    "named_day": gettext_noop("The named day counts itself: work handed in on %(day)s is on time."),
    "last_day": gettext_noop("The last day of the named period is %(day)s; that day itself is on time."),
    "free_day_stands": gettext_noop(
        "%(day)s is a free day. A named day does not move; the last working day before is %(before)s."
    ),
    "rolled": gettext_noop("%(free)s is a free day: the deadline moves to the next working day, %(day)s."),
    "range": gettext_noop("The work runs from %(start)s to %(day)s, both days included."),
    "checkpoints": gettext_noop("Progress is checked in between on: %(days)s."),
    "from_issue": gettext_noop("Counted from the day of issue, %(day)s."),
    "from_receipt": gettext_noop("Counted from the day of receipt, %(day)s."),
    "from_event": gettext_noop("Counted from the day of the event the document names, %(day)s."),
    "from_issue_assumed": gettext_noop(
        "The document does not say from when to count: the day of issue, %(day)s, is taken."
    ),
    "counted_day": gettext_noop(
        "Calendar days counted: %(count)d. The first day is not counted (Civil Code, articles 200 and 201); "
        "the last is %(day)s."
    ),
    "counted_workday": gettext_noop(
        "Working days counted: %(count)d, make-up days included. The first day is not counted; the last is %(day)s."
    ),
    "counted_month": gettext_noop(
        "Months counted: %(count)d. They end on the corresponding day, %(day)s (Civil Code, article 202)."
    ),
    "month_end": gettext_noop("That month has no corresponding day: its last day, %(day)s, is taken."),
    "at_once": gettext_noop("“At once” is taken as the next working day, %(day)s; this is a setting of this system."),
    "report_on": gettext_noop(
        "A report on the result is expected by the third working day, %(day)s; this is a setting of this system."
    ),
    "no_end": gettext_noop("The work has no end date. It is reviewed at intervals and never overdue as a whole."),
    "review_on": gettext_noop("So that it is not forgotten, it is reviewed on %(day)s."),
    "waits": gettext_noop("The work waits for a condition the document names. Until then there is a reminder."),
    "every_week": gettext_noop("There is a date every week."),
    "every_month": gettext_noop("There is a date every month."),
    "every_quarter": gettext_noop("There is a date every quarter."),
    "every_half": gettext_noop("There is a date every half year."),
    "every_year": gettext_noop("There is a date every year."),
    "reports_previous": gettext_noop("Each date is for the period before it."),
    "years_without_data": gettext_noop(
        "No holiday arrangement is entered for %(years)s: Monday to Friday are counted as working days."
    ),
}

FLAGS: dict[str, str] = {
    "ambiguous_before": gettext_noop(
        "“Before” can be read without the day itself. The day is taken as included; please confirm."
    ),
    "next_year": gettext_noop("The year was moved on by one; please check it."),
    "before_issue": gettext_noop("The date lies before the plan was issued; please check it."),
    "starts_before_plan": gettext_noop(
        "The work began before the plan's year. What lies before is entered afterwards and is not late."
    ),
    "short_year": gettext_noop("The year is written with two digits; please check it."),
    "hour_ignored": gettext_noop("The document names an hour. Only the day is kept; please tell the bureaus the hour."),
    "first_time": gettext_noop("The document dates only the first time. What follows has no date; please add one."),
    "start_named": gettext_noop("The document also names a first day, which is not the deadline."),
    "start_assumed": gettext_noop("The document does not say from which day to count; please confirm."),
    "report_month_assumed": gettext_noop("The document does not say which month the report is about; please confirm."),
    "free_day": gettext_noop("The date is a free day. Reminders come on the last working day before it."),
    "waiting": gettext_noop("Waiting for a condition; please enter a date when it is met."),
    "condition_named": gettext_noop("The document also names a condition; please check whether the date stands."),
    "calendar_incomplete": gettext_noop(
        "The holiday arrangement is not complete; the date may change when it is entered."
    ),
}

ASKS: dict[str, str] = {
    "unknown": gettext_noop("No deadline was recognised. Please enter the date, or say that there is none."),
    "vague": gettext_noop("The words name no certain date. Please agree on one and enter it."),
    "part_of_period": gettext_noop(
        "The beginning or the middle of a period is no certain day. Please enter the last good day."
    ),
    "before_period": gettext_noop(
        "It is not clear whether the work is due before the named period begins or before it ends. "
        "Please enter the last good day."
    ),
    "month_or_months": gettext_noop(
        "It is not clear whether the named month or a number of months is meant. Please enter the last good day."
    ),
    "month_missing": gettext_noop("The words do not say which month. Please enter the last good day."),
    "only_start": gettext_noop(
        "The words name only a first day. Please enter the last good day, or say there is none."
    ),
    "excluded_day": gettext_noop("The named day is said not to count. Please enter the last good day."),
    "several": gettext_noop("The words name more than one time. Please say which is the deadline."),
    "cycle_unclear": gettext_noop("Repeated work is named, but not on which days. Please enter them."),
    "impossible_date": gettext_noop("There is no such date. Please look at the document and enter the right one."),
    "range_reversed": gettext_noop("The end lies before the beginning. Please enter the right dates."),
    "needs_year": gettext_noop("No year is written. Please enter the year of the plan."),
    "needs_issue_date": gettext_noop("The period is counted from the day of issue. Please enter that day."),
    "needs_receipt_date": gettext_noop("The period is counted from receipt. The date is set when receipt is signed."),
    "needs_event_date": gettext_noop(
        "The period is counted from an event the document names. Please enter its day when it has happened."
    ),
}

_DAYS = ("day", "free", "start", "issued", "before", "days")


def explain(resolution: Resolution) -> list[str]:
    """How the date came about, what to check, and what is left to ask: whole sentences, in that order."""
    sentences = [step_text(code, params) for code, params in resolution.trail]
    sentences += [flag_text(flag) for flag in resolution.flags]
    return [*sentences, ask_text(resolution.ask)] if resolution.ask else sentences


def step_text(code: str, params: Mapping[str, str | int]) -> str:
    """One step of a trail; `params` may come back from storage."""
    shown = {name: _days(str(value)) if name in _DAYS else value for name, value in params.items()}
    return _translated(STEPS, code) % shown


def flag_text(code: str) -> str:
    return _translated(FLAGS, code)


def ask_text(code: str) -> str:
    return _translated(ASKS, code)


def _translated(table: Mapping[str, str], code: str) -> str:
    """A code of an older version, still in the database, is shown as it is rather than break the page."""
    return _(table[code]) if code in table else code


def _days(value: str) -> str:
    return ", ".join(date_format(date.fromisoformat(day)) for day in value.split(", "))
