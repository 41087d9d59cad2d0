"""The one clock: the database's time and an offset, held still where a test or a simulation asks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from threading import Thread

import pytest

from bureaus import clock
from bureaus.models import ClockSetting
from tests.make import at


def near(moment: datetime, other: datetime) -> bool:
    return abs(moment - other) < timedelta(seconds=30)


def test_a_day_is_a_day_in_shanghai() -> None:
    assert clock.local_date(datetime(2019, 8, 15, 15, 59, 59, tzinfo=UTC)) == date(2019, 8, 15)
    assert clock.local_date(datetime(2019, 8, 15, 16, tzinfo=UTC)) == date(2019, 8, 16)
    assert clock.start_of(date(2019, 8, 16)) == datetime(2019, 8, 15, 16, tzinfo=UTC)
    assert clock.start_of(date(2019, 8, 16)).utcoffset() == timedelta(hours=8)


@pytest.mark.django_db
def test_in_real_use_it_is_the_databases_own_time() -> None:
    assert near(clock.now(), datetime.now(UTC))
    assert clock.now().tzinfo is not None
    assert not clock.is_made()


@pytest.mark.django_db
def test_a_made_clock_stands_where_it_was_set_and_runs_on() -> None:
    clock.set_made(at(2019, 8, 20, 9))
    first, second = clock.now(), clock.now()
    assert near(first, at(2019, 8, 20, 9))
    assert second >= first
    assert clock.is_made()
    assert clock.today() == date(2019, 8, 20)
    # It is the offset that is kept: a restart finds the clock run on, not set back.
    setting = ClockSetting.objects.get()
    ClockSetting.objects.update(offset=setting.offset + timedelta(hours=5))
    assert near(clock.now(), at(2019, 8, 20, 14))
    clock.set_made(at(2019, 8, 26, 10))
    assert ClockSetting.objects.count() == 1
    assert near(clock.now(), at(2019, 8, 26, 10))


@pytest.mark.django_db
def test_leases_and_sessions_use_the_real_time_whatever_is_made() -> None:
    clock.set_made(at(2019, 8, 20, 9))
    with clock.standing_at(at(2019, 6, 1)):
        assert near(clock.real_now(), datetime.now(UTC))


@pytest.mark.django_db
def test_held_still_it_does_not_move_and_goes_on_afterwards() -> None:
    with clock.standing_at(at(2019, 6, 1)):
        assert clock.now() == clock.now() == at(2019, 6, 1)
        with clock.standing_at(at(2019, 7, 1)):
            assert clock.today() == date(2019, 7, 1)
        assert clock.now() == at(2019, 6, 1)
    assert near(clock.now(), datetime.now(UTC))
    with pytest.raises(ZeroDivisionError), clock.standing_at(at(2019, 6, 1)):
        raise ZeroDivisionError
    assert near(clock.now(), datetime.now(UTC))


def test_it_is_held_for_this_thread_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def look() -> None:
        with clock.standing_at(at(2019, 7, 1)):
            seen.append(clock.now())

    with clock.standing_at(at(2019, 6, 1)):
        thread = Thread(target=look)
        thread.start()
        thread.join()
        assert clock.now() == at(2019, 6, 1)
    assert seen == [at(2019, 7, 1)]
