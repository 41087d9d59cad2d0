"""The ways out of the house and how they fare: one that fails is closed for a while, and then tried with care.

A closed way costs nobody a try: what would go by it stays in the queue. The moments are the real clock's,
which a made clock does not move.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from bureaus import clock
from notifications.models import Way

A_MINUTE = timedelta(minutes=1)
# After the first failure, the second …; then the last again and again.
CLOSED_FOR = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15))


def troubled(names: Iterable[str]) -> dict[str, datetime | None]:
    """Those of these ways with which something is wrong: until when they are closed, None if one may knock again."""
    now = clock.real_now()
    found = Way.objects.filter(name__in=list(names), failures__gt=0)
    return {way.name: way.closed_until if way.closed_until and way.closed_until > now else None for way in found}


def closed(names: Iterable[str]) -> set[str]:
    """Those of these ways that nobody may knock at yet."""
    return {name for name, until in troubled(names).items() if until is not None}


def failed(name: str, error: str, *, wait: timedelta | None = None) -> datetime:
    """The way as a whole does not work: close it, longer with each failure in a row. Returns until when."""
    now = clock.real_now()
    with transaction.atomic():
        way = _locked(name)
        if way.closed_until is not None and way.closed_until > now:
            return way.closed_until  # another sender found the same: one failure, not two
        way.failures += 1
        way.closed_until = now + (wait or CLOSED_FOR[min(way.failures, len(CLOSED_FOR)) - 1])
        way.failed_at, way.error = now, error[:300]
        way.save(update_fields=["failures", "closed_until", "failed_at", "error"])
    return way.closed_until


def worked(name: str) -> None:
    """Something went through. Written only where there was trouble before."""
    Way.objects.filter(name=name, failures__gt=0).update(failures=0, closed_until=None)


def take(name: str, a_minute: int) -> timedelta | None:
    """Count one more that is about to go by this way, of which so many a minute may; how long to wait if none may.

    No more than that many in any minute counted from its first, by all senders together.
    """
    now = clock.real_now()
    with transaction.atomic():
        way = _locked(name)
        if way.minute_from is None or not way.minute_from <= now < way.minute_from + A_MINUTE:
            way.minute_from, way.minute_sent = now, 0
        if way.minute_sent >= a_minute:
            return way.minute_from + A_MINUTE - now
        way.minute_sent += 1
        way.save(update_fields=["minute_from", "minute_sent"])
    return None


def _locked(name: str) -> Way:
    Way.objects.get_or_create(name=name)
    return Way.objects.select_for_update().get(name=name)
