"""Periods of recurring work: "2019-06", "2019Q3", "2019", or a single date. Pure."""

from __future__ import annotations

import re
from datetime import date, timedelta

MONTH = re.compile(r"(\d{4})-(\d{2})\Z")
QUARTER = re.compile(r"(\d{4})Q([1-4])\Z")
YEAR = re.compile(r"(\d{4})\Z")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


def first_day(period: str) -> date:
    """The day a period begins; ValueError if the text names none."""
    if match := MONTH.match(period):
        return date(int(match[1]), int(match[2]), 1)
    if match := QUARTER.match(period):
        return date(int(match[1]), int(match[2]) * 3 - 2, 1)
    if match := YEAR.match(period):
        return date(int(match[1]), 1, 1)
    return date.fromisoformat(period)


def months_of(period: str) -> int:
    """How many months a period lasts; 0 for a single date."""
    if MONTH.match(period):
        return 1
    if QUARTER.match(period):
        return 3
    return 12 if YEAR.match(period) else 0


def last_day(period: str) -> date:
    """The day a period ends; a single date ends on itself."""
    months = months_of(period)
    if not months:
        return first_day(period)
    return _months_later(first_day(period), months) - timedelta(days=1)


def following(period: str) -> str:
    """The period after this one; a single date has none (ValueError)."""
    months = months_of(period)
    if not months:
        raise ValueError(f"no period follows {period}")
    start = _months_later(first_day(period), months)
    if months == 1:
        return f"{start:%Y-%m}"
    if months == 3:
        return f"{start.year}Q{(start.month + 2) // 3}"
    return str(start.year)


def _months_later(day: date, months: int) -> date:
    """The first of the month `months` later (day is a first of the month)."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)
