"""The figures of a monthly return that the ledger counts too, and how; kept beside what was reported, never for it.

When a return is handed in, the ledger's figures of that moment are kept with the task (`Assignment.figures`), so that
a later reader sees both as they stood. A county without a household in the ledger sees nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.utils.translation import gettext_lazy

from bureaus.clock import local_date
from ledger import reading, terms
from ledger.indicators import months
from ledger.indicators.months import Month
from measures import periods
from measures.models import Assignment
from workflows.from_ledger import is_kept

KEY = "ledger_month"  # in Assignment.figures: {field: figure}

# Field of the plan file → how the ledger counts it, and what it counts in words.
FIELDS: dict[str, tuple[Callable[[Month], int], object]] = {
    "ledger_households": (months.households, gettext_lazy("active households on the month's last day")),
    "ledger_persons": (months.persons, gettext_lazy("persons living in them on that day")),
    "ledger_changed": (
        months.changes,
        gettext_lazy("times somebody joined, left, moved away or died, or began or ended work in the month"),
    ),
    "courses": (months.courses, gettext_lazy("courses of the county that began in the month")),
    "trained": (months.trained, gettext_lazy("persons who completed a skill or business course in the month")),
    "trained_total": (months.trained_so_far, gettext_lazy("persons who completed one since 2019, each once")),
    "employed": (months.employed, gettext_lazy("persons of 16 and over able to work, at work on the month's last day")),
    "newly_employed": (
        months.newly_employed,
        gettext_lazy("persons who began work in the month and had none on the day before"),
    ),
    "lost_work": (months.lost_work, gettext_lazy("unemployment registered in the month")),
    "helped": (months.helped, gettext_lazy("registered persons who were helped in the month")),
    "businesses": (months.businesses, gettext_lazy("households running a business on the month's last day")),
    "loans": (months.loans, gettext_lazy("guaranteed loans recorded in the month")),
    "posts_published": (months.posts, gettext_lazy("places of posts opened in the month")),
    "posts_matched": (months.matches, gettext_lazy("posts offered to persons in the month, declined ones too")),
}


def counted(row: Assignment, now: datetime) -> dict[str, int]:
    """field → what the ledger counts of the return's county and month today; nothing where no ledger is kept."""
    if not is_kept(row.unit_id):
        return {}
    first, last = periods.first_day(row.period), min(periods.last_day(row.period), local_date(now))
    if last < first:
        return {}
    known = [field["code"] for section in row.plan.content["return_sections"] for field in section["fields"]]
    month = reading.month(row.unit_id, first, last, terms.current())
    return {code: FIELDS[code][0](month) for code in known if code in FIELDS}


def beside(row: Assignment, now: datetime) -> dict[str, int]:
    """The ledger's figures beside a return: as they stood when it was handed in, or today while it is written."""
    if row.state in (Assignment.State.SUBMITTED, *Assignment.DONE):
        kept: dict[str, int] = row.figures.get(KEY, {})
        return kept
    return counted(row, now)


def keep(row: Assignment, now: datetime) -> None:
    """Handed in: the ledger's figures of this moment stay with the task."""
    found = counted(row, now)
    if found or KEY in row.figures:
        row.figures = row.figures | {KEY: found}
        row.save(update_fields=["figures"])


def explained(code: str) -> str:
    """How the ledger counts a field."""
    return str(FIELDS[code][1]) if code in FIELDS else ""
