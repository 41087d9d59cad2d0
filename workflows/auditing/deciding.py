"""Promises about dates and rungs: nothing is late, nothing was forgotten, what is stored is what comes out again.

Written apart from the tick on purpose; of its code only the pure ladder is used.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import TypeVar

from django.db.models import F, Model, Q, QuerySet

from bureaus.clock import ZONE, local_date, start_of
from measures.models import Deadline, Recurrence
from workflows.auditing.scope import Audit, Counted, Found, Scope
from workflows.ladder import Climb, Past, climb
from workflows.models import Firing

LATE = timedelta(minutes=5)
CALENDAR_PATIENCE = timedelta(minutes=15)
# An act and a sweep read their clocks before they wait for each other's locks.
OVERLAP = timedelta(minutes=1)
# Ladders that may still run: where a missing look would be missed first.
RECENT = timedelta(days=30)
AT_ONCE = 2_000
SHOWN = 20
LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)

Row = TypeVar("Row", bound=Model)


def short(moment: datetime | None) -> str:
    """A moment as the rows of an audit carry it."""
    return "—" if moment is None else moment.astimezone(ZONE).strftime("%Y-%m-%d %H:%M")


def few(rows: QuerySet[Row]) -> tuple[int, list[Row]]:
    """How many there are, and the first of them; counted only where there are more than are shown."""
    first = list(rows[: SHOWN + 1])
    return (len(first) if len(first) <= SHOWN else rows.count()), first[:SHOWN]


def late_looks(audit: Audit) -> tuple[int, list[Found]]:
    """A1: due for a look for more than five minutes."""
    total, rows = few(_readable(Deadline.objects.to_look_at(audit.now - LATE)))
    return total, [Found(row.pk, row.about, short(row.next_look_at)) for row in rows]


def forgotten(scope: Scope, audit: Audit) -> list[Found]:
    """A2: running, its ladder not used up, and no next look set."""
    blind = Deadline.objects.filter(status=Deadline.Status.ARMED, next_look_at__isnull=True)
    rows = list(_readable(blind.filter(scope.q())))
    if scope.stretches:
        known = {row.pk for row in rows}
        recent = _readable(blind.filter(due_at__gt=audit.now - RECENT)).order_by("-due_at")[:AT_ONCE]
        rows += [row for row in recent if row.pk not in known]
    found = []
    for row, reckoned in _reckoned(rows, audit):
        if isinstance(reckoned, str):
            found.append(Found(row.pk, row.about, reckoned))
        elif reckoned.next_look_at is not None:
            found.append(Found(row.pk, row.about, f"{reckoned.next_rung} {short(reckoned.next_look_at)}"))
    return found


def wrong_cursors(scope: Scope, audit: Audit) -> list[Found]:
    """A8: what is stored is not what the ladder says, or the end is not the midnight after the date."""
    rows = list(_readable(Deadline.objects.filter(scope.q())))
    ends = {row.pk: start_of(row.due_on + timedelta(days=1)) for row in rows}
    found = [
        Found(row.pk, row.about, f"{short(row.due_at)} ≠ {short(ends[row.pk])}")
        for row in rows
        if row.due_at != ends[row.pk]
    ]
    # A failing row waits to be tried again, an outdated one for its calendar: both are listed as what they are.
    running = [
        row
        for row in rows
        if row.status == Deadline.Status.ARMED and row.next_look_at is not None and not row.fail_count
    ]
    for row, reckoned in _reckoned([row for row in running if not _outdated(row, audit)], audit):
        if isinstance(reckoned, str):
            found.append(Found(row.pk, row.about, reckoned))
            continue
        stored = (row.next_look_at, row.next_rung, row.next_occ)
        if stored != (reckoned.next_look_at, reckoned.next_rung, reckoned.next_occ):
            now, then = (f"{rung or '—'} {occ} {short(at)}" for at, rung, occ in (stored, _stored(reckoned)))
            found.append(Found(row.pk, row.about, f"{now} ≠ {then}"))
    return found


def uncovered(audit: Audit) -> tuple[int, list[Found]]:
    """A7: something runs into a year whose holidays nobody has entered."""
    found, total = [], 0
    year = local_date(audit.now).year
    for pk, counted in audit.calendars.items():
        missing = next(found for found in count(year) if found not in counted.days.years)
        said, first = f"{counted.code} {missing}", start_of(date(missing, 1, 1))
        running = Deadline.objects.armed().filter(_units_of(pk, counted), due_at__gt=first)
        many, rows = few(_readable(running.order_by("due_at", "id")))
        found += [Found(row.pk, row.about, said) for row in rows]
        coming = (
            Recurrence.objects.filter(next_on__gte=first) if counted.code == "national" else Recurrence.objects.none()
        )
        periods = _named(coming)
        found += [Found(-row.pk, recurrence_key(row), said) for row in periods[:SHOWN]]
        total += many + len(periods)
    return total, found


def misplaced_firings(scope: Scope, audit: Audit) -> list[Found]:
    """A9: fired after the date was met, or in a revision the deadline never had."""
    met = Q(deadline__status=Deadline.Status.MET, rev=F("deadline__rev"), fired_at__gt=F("deadline__met_at"))
    rows = Firing.objects.filter(scope.q()).filter(met | Q(rev__gt=F("deadline__rev")))
    return [
        Found(firing.pk, firing_key(firing), f"{short(firing.fired_at)} > {short(firing.deadline.met_at)}")
        for firing in rows.select_related("deadline__assignment", "deadline__unit")
        if firing.rev > firing.deadline.rev
        or (firing.deadline.met_at is not None and firing.fired_at > firing.deadline.met_at + OVERLAP)
    ]


def outdated(scope: Scope, audit: Audit) -> list[Found]:
    """A10: still counted with a calendar as it was before an edit a quarter of an hour ago."""
    found = []
    for pk, counted in audit.calendars.items():
        if not _waited_for(counted.edited_at, audit):
            continue
        if counted.applied < counted.edition:
            found.append(Found(-pk, counted.code, f"{counted.applied} < {counted.edition}"))
        rows = Deadline.objects.armed().filter(scope.q())
        rows = rows.filter(_units_of(pk, counted), calendar_edition__lt=counted.edition)
        found += [
            Found(row.pk, row.about, f"{row.calendar_edition} < {counted.edition}")
            for row in rows.select_related("assignment", "unit")
        ]
    return found


def late_periods(audit: Audit) -> tuple[int, list[Found]]:
    """A11: a period should have begun more than five minutes ago. One that failed waits for its next try."""
    late = audit.now - LATE
    due = Recurrence.objects.filter(next_on__lt=late).filter(Q(retry_at=None) | Q(retry_at__lt=late))
    rows = _named(due)
    return len(rows), [Found(row.pk, recurrence_key(row), short(row.next_on)) for row in rows[:SHOWN]]


def recurrence_key(row: Recurrence) -> str:
    """plan/step/period: the period that is to begin."""
    return "/".join(part for part in (row.step.plan.code, row.step.code, row.next_period) if part)


def firing_key(firing: Firing) -> str:
    """The deadline's word, its revision, the rung and the occurrence: the stem of its notices' keys."""
    return f"{firing.deadline.about}|{firing.rev}|{firing.rung_key}|{firing.occ}"


def _named(rows: QuerySet[Recurrence]) -> list[Recurrence]:
    return list(rows.select_related("step__plan").order_by("next_on", "id"))


def _units_of(pk: int, counted: Counted) -> Q:
    """Units that count with a calendar; those that name none count with the national one."""
    own = Q(unit__calendar=pk)
    return own | Q(unit__calendar=None) if counted.code == "national" else own


def _waited_for(edited_at: datetime | None, audit: Audit) -> bool:
    return edited_at is not None and edited_at < audit.real - CALENDAR_PATIENCE


def _outdated(row: Deadline, audit: Audit) -> bool:
    """Whether an edit of its calendar has not been brought to it yet."""
    counted = audit.calendar(row.unit.calendar_id)
    return counted.edited_at is not None and row.calendar_edition < counted.edition


def _readable(rows: QuerySet[Deadline]) -> QuerySet[Deadline]:
    return rows.select_related("assignment", "unit").defer("trail", "last_error", "assignment__figures")


def _stored(reckoned: Climb) -> tuple[datetime | None, str, int]:
    return reckoned.next_look_at, reckoned.next_rung, reckoned.next_occ


def _past(firing: Firing) -> Past:
    """Of a firing what says when its rung is done, and when its second occurrence comes."""
    return Past(
        firing.rung_key,
        firing.occ,
        firing.outcome,
        firing.planned_at,
        firing.fired_at,
        withheld_until=firing.withheld_until,
    )


def _reckoned(rows: list[Deadline], audit: Audit) -> list[tuple[Deadline, Climb | str]]:
    """What comes next for each by its ladder and its history; or what is missing to say so."""
    revs = {row.pk: row.rev for row in rows}
    history: dict[int, list[Past]] = defaultdict(list)
    for start in range(0, len(rows), 500):
        part = [row.pk for row in rows[start : start + 500]]
        for firing in Firing.objects.filter(deadline__in=part).order_by("id").defer("told", "explain"):
            if firing.rev == revs[firing.deadline_id]:
                history[firing.deadline_id].append(_past(firing))
    found: list[tuple[Deadline, Climb | str]] = []
    for row in rows:
        rungs = audit.ladders.get((row.ladder_code, row.ladder_version))
        if rungs is None:
            found.append((row, f"{row.ladder_code} v{row.ladder_version}"))
            continue
        days = audit.calendar(row.unit.calendar_id).days
        # Asked at this moment a ladder fires nothing and only says what comes next.
        answer = climb(
            rungs, due_on=row.due_on, key=row.assignment.key, calendar=days, now=LONG_AGO, past=history[row.pk]
        )
        found.append((row, answer))
    return found
