"""Which days are worked, and how to count in them.

China moves weekends: a holiday week is paid back on make-up Saturdays and Sundays (调休), so
"weekday" and "working day" are not the same. A `WorkingDays` value holds the whole truth of one
calendar and knows nothing of where it came from. Pure: standard library only.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

_DAY = timedelta(days=1)
_SATURDAY = 5


@dataclass(frozen=True)
class WorkingDays:
    """One calendar. A year outside `years` has no holidays known and counts Monday to Friday.

    `off` speaks of weekdays and `work` of weekends: a Saturday in `off` and a Monday in `work`
    change nothing. Whoever lays a local layer over the national one must take a make-up day that
    is locally free out of `work`.
    """

    off: frozenset[date]
    work: frozenset[date]
    years: frozenset[int]

    def is_working(self, day: date) -> bool:
        return day not in self.off if day.weekday() < _SATURDAY else day in self.work

    def shift(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`, or before it when negative; `day` is not counted.

        Zero stays on `day`, or goes back to the last working day before it. A walk, because the
        steps are few; at the end of what a date can hold it stops there.
        """
        if count == 0:
            return day if self.is_working(day) else self.shift(day, -1)
        step, end = (_DAY, date.max) if count > 0 else (-_DAY, date.min)
        left = abs(count)
        while left and day != end:
            day += step
            left -= self.is_working(day)
        return day

    def roll(self, day: date) -> date:
        """`day`, or the first working day after it when it is free."""
        return day if self.is_working(day) else self.shift(day, 1)

    def between(self, start: date, end: date) -> int:
        """The working days after `start` up to and including `end`; negative when `end` is earlier."""
        return self._worked_by(end) - self._worked_by(start)

    def uncovered(self, start: date, end: date) -> tuple[int, ...]:
        """The years from `start` to `end` without data."""
        return tuple(year for year in range(start.year, end.year + 1) if year not in self.years)

    def unusual(self, after: date, until: date) -> tuple[tuple[date, ...], tuple[date, ...]]:
        """The free weekdays and the worked weekend days after `after`, up to and with `until`."""
        return _between(self._free_weekdays, after, until), _between(self._worked_weekends, after, until)

    def _worked_by(self, day: date) -> int:
        """Working days from the beginning of time to `day`: whole weeks, then what the holidays change."""
        weeks, rest = divmod(day.toordinal(), 7)  # ordinal 1 is a Monday
        weekdays = 5 * weeks + min(rest, 5)
        return weekdays - bisect_right(self._free_weekdays, day) + bisect_right(self._worked_weekends, day)

    @cached_property
    def _free_weekdays(self) -> tuple[date, ...]:
        return tuple(sorted(day for day in self.off if day.weekday() < _SATURDAY))

    @cached_property
    def _worked_weekends(self) -> tuple[date, ...]:
        return tuple(sorted(day for day in self.work if day.weekday() >= _SATURDAY))


def _between(days: tuple[date, ...], after: date, until: date) -> tuple[date, ...]:
    return days[bisect_right(days, after) : bisect_right(days, until)]


MONDAY_TO_FRIDAY = WorkingDays(frozenset(), frozenset(), frozenset())
