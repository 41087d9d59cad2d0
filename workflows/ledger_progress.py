"""Work of the counties that an indicator counts: once a day its progress is read from the ledger.

Progress alone is touched, never a date: whether something is late is decided by what is handed in. Lights that hold
progress against time follow by the counters. What people report is kept in their reports, and shown beside it; where
nobody is to be served, it stands.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from bureaus.clock import ZONE, local_date
from bureaus.models import Bureau
from ledger import reading, terms
from ledger.indicators import INDICATORS, Result, split
from ledger.models import Household
from measures import periods
from measures.models import Assignment, Plan, Step
from workflows import counters
from workflows.from_ledger import is_kept

FROM_HOUR = 6  # ours: before the offices open
KEY = "ledger"  # in Assignment.figures: {"code", "n", "d", "unknown", "not_asked", "as_of", "on"}


def refresh(now: datetime) -> int:
    """Read the day's progress of every row that has not been read today; how many. Safe to run twice, and by two.

    A row somebody is at work on is left for the next pass.
    """
    if now.astimezone(ZONE).hour < FROM_HOUR or not is_kept():
        return 0
    today = local_date(now)
    steps = _counted_steps()
    waiting = _waiting(steps, today)
    if not waiting.exists():
        return 0
    done, counted = 0, _Counting(today)
    with transaction.atomic(), counters.keeping(now):
        free = waiting.select_for_update(no_key=True, skip_locked=True, of=("self",))
        for row in free.select_related("unit").order_by("pk"):
            counters.touch(row.pk)
            row.figures = row.figures | {KEY: counted.of(row, steps[row.step_id])}
            row.progress = held(row, _reported(row))
            row.save(update_fields=["figures", "progress"])
            done += 1
    return done


def held(row: Assignment, reported: int) -> int:
    """The progress that counts: the ledger's where it has somebody to serve, else what was reported."""
    found = row.figures.get(KEY)
    if not found or not found["d"]:
        return reported
    return int(found["n"] * 100 // found["d"])


def _reported(row: Assignment) -> int:
    if KEY not in row.figures:
        return row.progress
    last = row.reports.order_by("-at", "-id").values_list("progress", flat=True).first()
    return last if last is not None else 0


def _counted_steps() -> dict[int, str]:
    """pk of a step → the indicator that counts its work."""
    found: dict[int, str] = {}
    for plan, extras in Plan.objects.filter(started_at__isnull=False).values_list("pk", "content__steps"):
        named = {
            code: said["indicator"] for code, said in (extras or {}).items() if said.get("indicator") in INDICATORS
        }
        steps = Step.objects.filter(plan=plan, code__in=named).values_list("pk", "code")
        found |= {pk: named[code] for pk, code in steps}
    return found


def _waiting(steps: dict[int, str], today: date) -> QuerySet[Assignment]:
    """Open work of counties that keep a ledger, not read today."""
    keeping = Household.objects.values("county")
    rows = Assignment.objects.filter(
        state__in=Assignment.OPEN, step__in=list(steps), unit__in=keeping, unit__level=Bureau.Level.COUNTY
    )
    return rows.filter(Q(figures__ledger__isnull=True) | ~Q(figures__ledger__on=today.isoformat()))


class _Counting:
    """Each indicator counted once for a day, by county; a yearly duty by its own year's end at the latest."""

    def __init__(self, today: date) -> None:
        self.today, self.facts, self.terms = today, reading.facts(), terms.current()
        self.found: dict[tuple[str, date], dict[str, Result]] = {}

    def of(self, row: Assignment, code: str) -> dict[str, Any]:
        day = min(self.today, periods.last_day(row.period)) if row.period else self.today
        if (code, day) not in self.found:
            self.found[code, day] = split(INDICATORS[code], self.facts, day, self.terms)
        result = self.found[code, day].get(row.unit.code)
        answers = result.answers if result else None
        return {
            "code": code,
            "n": result.n if result else 0,
            "d": result.d if result else 0,
            "unknown": len(result.unknown) if result else 0,
            "not_asked": len(answers.not_asked) if answers else None,
            "as_of": day.isoformat(),
            "on": self.today.isoformat(),
        }
