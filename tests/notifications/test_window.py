"""Office hours of working days: when a notice may leave the house."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bureaus.clock import ZONE
from notifications.window import opening
from tests.bureaus.test_working_days import national
from tests.make import at


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        (at(2019, 8, 13, 10), at(2019, 8, 13, 10)),
        (at(2019, 8, 13, 15, 30, 7), at(2019, 8, 13, 15, 30, 7)),
        (at(2019, 8, 13, 19, 59, 59), at(2019, 8, 13, 19, 59, 59)),
        (at(2019, 8, 13, 9, 59, 59), at(2019, 8, 13, 10)),
        (at(2019, 8, 13), at(2019, 8, 13, 10)),
        (at(2019, 8, 13, 20), at(2019, 8, 14, 10)),
        (at(2019, 8, 16, 20), at(2019, 8, 19, 10)),  # Friday evening
        (at(2019, 8, 17, 12), at(2019, 8, 19, 10)),  # Saturday
        (at(2019, 9, 29, 12), at(2019, 9, 29, 12)),  # a Sunday that is worked
        (at(2019, 9, 30, 21), at(2019, 10, 8, 10)),  # the holiday week
        (at(2019, 6, 6, 20), at(2019, 6, 10, 10)),  # Dragon Boat
    ],
)
def test_the_next_moment_inside_the_window(moment: datetime, opens: datetime) -> None:
    assert opening(moment, national()) == opens


def test_in_whatever_zone_the_moment_is_given() -> None:
    assert opening(datetime(2019, 8, 13, 11, 59, tzinfo=UTC), national()) == at(2019, 8, 13, 19, 59)
    assert opening(datetime(2019, 8, 13, 12, 0, tzinfo=UTC), national()) == at(2019, 8, 14, 10)


def test_the_hours_are_a_setting(settings) -> None:
    settings.NOTIFICATION_WINDOW = (8, 18)
    assert opening(at(2019, 8, 13, 7), national()) == at(2019, 8, 13, 8)
    assert opening(at(2019, 8, 13, 18), national()) == at(2019, 8, 14, 8)


@given(st.datetimes(datetime(2018, 1, 1), datetime(2025, 12, 1)))
def test_it_is_open_then_and_was_not_before(moment: datetime) -> None:
    asked = moment.replace(tzinfo=ZONE)
    opens = opening(asked, national())
    assert opens >= asked
    assert national().is_working(opens.date())
    assert 10 <= opens.hour < 20
    assert opening(opens, national()) == opens
    if opens > asked:
        just_before = opening(opens - timedelta(microseconds=1), national())
        assert just_before == opens
