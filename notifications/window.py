"""When notices may leave the house: working hours of working days, unless they are urgent."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.conf import settings

from bureaus.clock import ZONE
from bureaus.working_days import WorkingDays


def opening(moment: datetime, calendar: WorkingDays) -> datetime:
    """`moment` if it lies inside the send window, else the window's next opening."""
    first, last = settings.NOTIFICATION_WINDOW
    local = moment.astimezone(ZONE)
    day = local.date()
    if calendar.is_working(day) and local.time() < time(last):
        return max(local, datetime.combine(day, time(first), ZONE))
    return datetime.combine(calendar.roll(day + timedelta(days=1)), time(first), ZONE)
