"""When notices may leave the house: the hours of working days of the reader's office, unless they are urgent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.conf import settings

from bureaus import calendars
from bureaus.clock import ZONE
from bureaus.models import Bureau
from bureaus.working_days import WorkingDays


@dataclass(frozen=True)
class Hours:
    """From `first` until `last` (not included) of every working day, Asia/Shanghai."""

    first: time
    last: time
    days: WorkingDays

    def opening(self, moment: datetime) -> datetime:
        """`moment` if it lies inside these hours, else their next beginning."""
        local = moment.astimezone(ZONE)
        day = local.date()
        if self.days.is_working(day) and local.time() < self.last:
            return max(local, datetime.combine(day, self.first, ZONE))
        return datetime.combine(self.days.roll(day + timedelta(days=1)), self.first, ZONE)

    def is_open(self, moment: datetime) -> bool:
        return self.opening(moment) <= moment

    def slot(self, since: datetime, *, weekly: bool = False) -> datetime:
        """When the next digest leaves that takes along what was written at `since`.

        Once a working day, or on the first working day of a week.
        """
        local = since.astimezone(ZONE)
        at = min(max(time(settings.NOTIFICATION_DIGEST_AT), self.first), self.last)
        day = local.date() - timedelta(days=local.weekday() if weekly else 0)
        while (slot := datetime.combine(self.days.roll(day), at, ZONE)) < local:
            day += timedelta(days=7 if weekly else 1)
        return slot


def hours(opens: time | None = None, closes: time | None = None, calendar: int | None = None) -> Hours:
    """The hours of an office as they are set for it; what is not set is the house's."""
    first, last = settings.NOTIFICATION_WINDOW
    return Hours(opens or time(first), closes or time(last), calendars.counted_by(calendar)[0])


def of_unit(unit: Bureau) -> Hours:
    return hours(unit.opens, unit.closes, unit.calendar_id)


def opening(moment: datetime, calendar: WorkingDays) -> datetime:
    """`moment` if it lies inside the hours of the house, else their next beginning."""
    first, last = settings.NOTIFICATION_WINDOW
    return Hours(time(first), time(last), calendar).opening(moment)
