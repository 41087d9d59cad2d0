"""The working days of a unit, and where the day table comes from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date

import chinese_calendar
from chinese_calendar.constants import holidays, workdays
from django.db import transaction
from django.utils.translation import gettext as _

from bureaus.models import Bureau, Calendar, CalendarDay
from bureaus.working_days import WorkingDays

_read: dict[tuple[tuple[int, int], ...], WorkingDays] = {}
_pass: ContextVar[dict[int | None, WorkingDays] | None] = ContextVar("calendars_of_a_pass", default=None)


def days_for(bureau: Bureau | None = None) -> WorkingDays:
    """The working days of a unit (default: the national calendar). The table is read again only after an edit."""
    pk = bureau.calendar_id if bureau is not None else None
    known = _pass.get()
    if known is None:
        return _days(pk)
    if pk not in known:
        known[pk] = _days(pk)
    return known[pk]


@contextmanager
def one_pass() -> Iterator[None]:
    """Inside, every calendar is asked for its version once: for a sweep over many rows."""
    token = _pass.set({})
    try:
        yield
    finally:
        _pass.reset(token)


def _days(pk: int | None) -> WorkingDays:
    rows = Calendar.objects.select_related("base")
    calendar = rows.get(pk=pk) if pk else rows.national()
    layers = []
    layer: Calendar | None = calendar
    while layer is not None and (layer.pk, layer.version) not in layers:
        layers.append((layer.pk, layer.version))
        layer = layer.base
    key = tuple(layers)
    if key not in _read:
        _read[key] = calendar.working_days()
    return _read[key]


def forget() -> None:
    """Read every calendar anew (another database is in use)."""
    _read.clear()


@transaction.atomic
def seed_statutory() -> int:
    """Put the statutory holidays and make-up days (国务院放假安排, by `chinesecalendar`) into the table.

    Returns how many days were new. Days an administrator entered or changed stay as they are.
    """
    calendar = Calendar.objects.national()
    known = set(calendar.days.values_list("date", flat=True))
    rows = []
    for table, kind in ((holidays, CalendarDay.Kind.OFF), (workdays, CalendarDay.Kind.WORK)):
        for day, name in table.items():
            unusual = (day.weekday() < 5) == (kind == CalendarDay.Kind.OFF)
            if unusual and day not in known:
                rows.append(CalendarDay(calendar=calendar, date=day, kind=kind, note=_holiday_name(name)))
    CalendarDay.objects.bulk_create(rows)
    if rows:
        changed(calendar)
    return len(rows)


def changed(calendar: Calendar) -> None:
    """A day of the calendar was edited: what was computed from the old version can be told apart."""
    calendar.version += 1
    calendar.save(update_fields=["version"])


def uncovered_years(first: date, last: date) -> tuple[int, ...]:
    """Years in the span whose holidays nobody has entered yet: there Monday to Friday count."""
    return days_for().uncovered(first, last)


def _holiday_name(name: str) -> str:
    try:
        return chinese_calendar.Holiday(name).chinese
    except ValueError:
        return _("statutory holiday")
