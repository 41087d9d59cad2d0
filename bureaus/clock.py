"""The one clock of the domain: database time plus a stored offset, which is zero in real use.

Read it at the edges (tasks, views, commands) and pass `now` down. Leases, sessions and heartbeats
use the real database time (`real_now`), never this one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import connection

from bureaus.models import ClockSetting

ZONE = ZoneInfo("Asia/Shanghai")

_standing: ContextVar[datetime | None] = ContextVar("standing_clock", default=None)


def real_now() -> datetime:
    """The database's own time. SQLite has none but the host's."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            return cursor.fetchone()[0]
    return datetime.now(UTC)


def now() -> datetime:
    """The moment the domain lives in, aware."""
    standing = _standing.get()
    if standing is not None:
        return standing
    setting = ClockSetting.objects.filter(pk=1).first()
    return real_now() + (setting.offset if setting else timedelta())


def today() -> date:
    """The calendar day in Asia/Shanghai."""
    return local_date(now())


def local_date(moment: datetime) -> date:
    return moment.astimezone(ZONE).date()


def start_of(day: date) -> datetime:
    """00:00 of the day in Asia/Shanghai; the exclusive end of the day before."""
    return datetime.combine(day, time(), ZONE)


def is_made() -> bool:
    """Whether a made clock runs here (a demonstration), which pages say in a banner."""
    return ClockSetting.objects.filter(pk=1, is_made=True).exists()


def set_made(moment: datetime) -> None:
    """Stand the made clock at a moment; it runs on from there and survives a restart."""
    ClockSetting.objects.update_or_create(pk=1, defaults={"offset": moment - real_now(), "is_made": True})


@contextmanager
def standing_at(moment: datetime) -> Iterator[None]:
    """Hold the clock still for this thread: the simulator, a scenario, a test."""
    token = _standing.set(moment)
    try:
        yield
    finally:
        _standing.reset(token)
