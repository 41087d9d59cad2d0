"""Lights: asked of dates, never stored as a state; and when one changes without anybody doing anything.

Red: a main deadline is past and not met. Yellow: due within three working days, a checkup overdue, or
ten points or more behind time-proportional progress (terms of over sixty working days only). Green
otherwise; grey without a date; done when accepted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from bureaus import calendars
from bureaus.clock import local_date, start_of
from bureaus.working_days import WorkingDays
from measures.models import Assignment, Deadline

SOON = 3  # working days
BEHIND = 10  # points
LONG_TERM = 60  # working days


class Light(models.TextChoices):
    RED = "red", _("overdue")
    AMBER = "amber", _("attention")
    GREEN = "green", _("on time")
    GREY = "grey", _("no end date")
    DONE = "done", _("done")


# The worst first: how several rows make one light.
SEVERITY = (Light.RED, Light.AMBER, Light.GREEN, Light.GREY, Light.DONE)


@dataclass(frozen=True)
class Shown:
    """A light with the reason for it, as a word a page translates."""

    light: Light
    why: str = ""
    deadline: Deadline | None = None


def light_of(
    row: Assignment, deadlines: Iterable[Deadline], now: datetime, calendar: WorkingDays | None = None
) -> Shown:
    """The light of one assignment, from its running deadlines."""
    if row.state in Assignment.DONE:
        return Shown(Light.DONE)
    if row.state == Assignment.State.CANCELLED:
        return Shown(Light.GREY, "cancelled")
    running = [deadline for deadline in deadlines if deadline.status == Deadline.Status.ARMED]
    mains = sorted((d for d in running if d.kind == Deadline.Kind.MAIN), key=lambda d: d.due_at)
    today = local_date(now)
    calendar = calendar or calendars.days_for(row.unit)
    for deadline in mains:
        if deadline.is_overdue(now):
            return Shown(Light.RED, "overdue", deadline)
    checkups = [d for d in running if d.kind == Deadline.Kind.CHECKUP and d.is_overdue(now)]
    if checkups:
        return Shown(Light.AMBER, "checkup", min(checkups, key=lambda d: d.due_at))
    for deadline in mains:
        if deadline.due_on <= calendar.shift(today, SOON):
            return Shown(Light.AMBER, "soon", deadline)
        if behind_schedule(row, deadline, today, calendar):
            return Shown(Light.AMBER, "behind", deadline)
    if mains:
        return Shown(Light.GREEN, "", mains[0])
    if row.state == Assignment.State.SUBMITTED:
        return Shown(Light.GREEN, "submitted")
    return Shown(Light.GREY, "open")


def changes_at(
    row: Assignment, deadlines: Iterable[Deadline], now: datetime, calendar: WorkingDays | None = None
) -> datetime | None:
    """The next moment at which `light_of` says another colour, if nobody acts meanwhile; None: never.

    Never too late: what is kept from `light_of` is right until then. (Nor too early, as it happens.)
    """
    if row.state in Assignment.SETTLED:
        return None
    running = [deadline for deadline in deadlines if deadline.status == Deadline.Status.ARMED]
    mains = [deadline for deadline in running if deadline.kind == Deadline.Kind.MAIN]
    if any(deadline.is_overdue(now) for deadline in mains):
        return None  # red stays until somebody acts
    moments = [deadline.due_at for deadline in mains]
    calendar = calendar or calendars.days_for(row.unit)
    if light_of(row, running, now, calendar).light != Light.AMBER:
        moments += [deadline.due_at for deadline in running if deadline.kind == Deadline.Kind.CHECKUP]
        for deadline in mains:
            moments += [start_of(day) for day in _turns_yellow(row, deadline, calendar)]
    return min((moment for moment in moments if moment > now), default=None)


def _turns_yellow(row: Assignment, deadline: Deadline, calendar: WorkingDays) -> list[date]:
    """The days from which a main deadline shows yellow: near its date, or behind its time."""
    days = [calendar.shift(deadline.due_on, -SOON)]
    term, wanted = (deadline.due_on - deadline.starts_on).days, row.progress + BEHIND
    if wanted <= 100 and is_long(deadline.starts_on, deadline.due_on, calendar):
        # The first day whose share of the term reaches what is wanted, rounded as in `expected_progress`.
        days.append(deadline.starts_on + timedelta(days=-(-wanted * term // 100)))
    return days


def worst(lights: Iterable[Light]) -> Light:
    """One light for several rows."""
    return min(lights, key=SEVERITY.index, default=Light.GREY)


def expected_progress(deadline: Deadline, today: date) -> int:
    """序时进度 in per cent: the share of the term, in days, that has gone by."""
    return _expected(deadline.starts_on, deadline.due_on, today)


def behind_schedule(row: Assignment, deadline: Deadline, today: date, calendar: WorkingDays | None = None) -> bool:
    """Ten points or more behind its time, before the date, in a term of over sixty working days."""
    if deadline.kind != Deadline.Kind.MAIN:
        return False
    calendar = calendar or calendars.days_for(deadline.unit)
    return is_behind(row.progress, deadline.starts_on, deadline.due_on, today, calendar)


def is_behind(progress: int, starts_on: date, due_on: date, today: date, calendar: WorkingDays) -> bool:
    """The same of a main deadline's own figures."""
    if due_on < today or not is_long(starts_on, due_on, calendar):
        return False
    return _expected(starts_on, due_on, today) - progress >= BEHIND


def is_long(starts_on: date, due_on: date, calendar: WorkingDays) -> bool:
    """A term in which progress is held against time."""
    return calendar.between(starts_on, due_on) > LONG_TERM


def _expected(starts_on: date, due_on: date, today: date) -> int:
    term = (due_on - starts_on).days
    if term <= 0:
        return 100
    return max(0, min(100, (today - starts_on).days * 100 // term))
