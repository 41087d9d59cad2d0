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

from bureaus import clock
from bureaus.models import Bureau, Calendar, CalendarDay
from bureaus.working_days import WorkingDays

Counted = tuple[WorkingDays, int]  # the days, and the edition of the calendar they are of

Key = tuple[tuple[int, int], ...]
_read: dict[Key, WorkingDays] = {}
_names: dict[Key, dict[date, str]] = {}
_pass: ContextVar[dict[int | None, Counted] | None] = ContextVar("calendars_of_a_pass", default=None)


def days_for(bureau: Bureau | None = None) -> WorkingDays:
    """The working days of a unit (default: the national calendar). The table is read again only after an edit."""
    return with_edition(bureau)[0]


def with_edition(bureau: Bureau | None = None) -> Counted:
    """The working days of a unit, and the edition that a date counted with them must be marked with."""
    return counted_by(bureau.calendar_id if bureau is not None else None)


def counted_by(pk: int | None) -> Counted:
    """The same of a calendar by its key; None is the national one."""
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


def versions() -> tuple[tuple[int, int], ...]:
    """Every calendar's version: another answer means that something was edited, or a unit given another calendar."""
    return tuple(Calendar.objects.order_by("pk").values_list("pk", "version"))


def ask_again() -> None:
    """In the middle of a pass: calendars were edited, so every one is asked for its version anew."""
    if (known := _pass.get()) is not None:
        known.clear()


def names_for(bureau: Bureau | None = None) -> dict[date, str]:
    """What the days are called that are free or worked in a unit's calendar."""
    calendar, key = _key(bureau.calendar_id if bureau is not None else None)
    if key not in _names:
        below = reversed(calendar.layers)
        rows = [row for layer in below for row in layer.days.exclude(note="").values_list("date", "note")]
        _names[key] = dict(rows)
    return _names[key]


def _days(pk: int | None) -> Counted:
    # The versions were read before the days: an edit in between makes days newer than their edition, which
    # a recount mends. The other way round a date would be marked with an edit it does not know.
    calendar, key = _key(pk)
    if key not in _read:
        _read[key] = calendar.working_days()
    return _read[key], sum(version for _pk, version in key)


def _key(pk: int | None) -> tuple[Calendar, Key]:
    """A calendar, and its layers in the versions in which they stand now."""
    rows = Calendar.objects.select_related("base")
    calendar = rows.get(pk=pk) if pk else rows.national()
    return calendar, tuple((layer.pk, layer.version) for layer in calendar.layers)


def as_they_stand() -> dict[int, WorkingDays]:
    """Every calendar's days, read past what is remembered: for looking at an edit that is then undone."""
    return {calendar.pk: calendar.working_days() for calendar in Calendar.objects.select_related("base")}


def forget() -> None:
    """Read every calendar anew (another database is in use)."""
    _read.clear()
    _names.clear()


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


def changed(calendar: Calendar, *, above: int = 0) -> None:
    """A day of the calendar was edited: what was computed from the old version can be told apart.

    Where something is counted by it now that was counted by another (a unit was given it, or it was laid
    over another one), its edition must rise `above` all there were: theirs say nothing of this one.
    """
    calendar.version += max(1, above + 1 - calendar.edition)
    calendar.edited_at = clock.real_now()
    calendar.save(update_fields=["version", "edited_at"])


def highest_edition() -> int:
    """The highest edition any date may be marked with."""
    every = Calendar.objects.select_related("base")
    return max((max(calendar.edition, calendar.applied) for calendar in every), default=0)


def uncovered_years(first: date, last: date) -> tuple[int, ...]:
    """Years in the span whose holidays nobody has entered yet: there Monday to Friday count."""
    return days_for().uncovered(first, last)


def _holiday_name(name: str) -> str:
    try:
        return chinese_calendar.Holiday(name).chinese
    except ValueError:
        return _("statutory holiday")
