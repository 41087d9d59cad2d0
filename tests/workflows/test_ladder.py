"""The ladder by itself: when each rung fires, what an outage folds away, and who hears before whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta

import chinese_calendar
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bureaus.clock import ZONE
from tests.bureaus.test_working_days import national
from tests.make import at
from workflows.ladder import COLLAPSED, FIRED, LEVELS, SKIPPED_LATE, Climb, Decision, Past, Rung, climb

# decisions.md, "Who hears", written out by hand.
STANDARD = (
    Rung("T-10", -10, ("officer",)),
    Rung("T-3", -3, ("section_head",), sms=True),
    Rung("T", 0, ("unit_leader",), sms=True),
    Rung("T+1", 1, ("unit_leader", "lead"), sms=True),
    Rung("T+5", 5, ("chief", "supervision"), sms=True),
    Rung("T+10", 10, ("supervision_head", "leader"), sms=True),
)
SHORT = (
    Rung("T-2", -2, ("section_head",), sms=True),
    Rung("T", 0, ("unit_leader",), sms=True),
    Rung("T+1", 1, ("unit_leader", "lead"), sms=True),
    Rung("T+3", 3, ("chief", "supervision"), sms=True),
)
RECEIPT = (
    Rung("receipt+1", 1, ("section_head",), sms=True),
    Rung("receipt+3", 3, ("unit_leader", "lead"), sms=True),
)
VERDICT = (
    Rung("T", 0, ("officer",)),
    Rung("T+1", 1, ("unit_leader",), sms=True),
    Rung("T+3", 3, ("supervision",), sms=True),
)
CHECKUP = (
    Rung("T-5", -5, ("officer",)),
    Rung("T", 0, ("section_head",)),
    Rung("T+5", 5, ("unit_leader", "supervision"), sms=True),
)
LADDERS = {"standard": STANDARD, "short": SHORT, "receipt": RECEIPT, "verdict": VERDICT, "checkup": CHECKUP}

OUTSIDE_THE_UNIT = {"lead", "supervision", "supervision_head", "leader"}
KEY = "tacheng-2019/filing/654224/朗古特"  # its minute is 59
LONG_BEFORE = at(2010, 1, 1)
DUE = date(2019, 8, 15)


class Life:
    """One deadline under a ladder, looked at whenever the test says; it remembers as the engine does."""

    def __init__(self, rungs: tuple[Rung, ...] = STANDARD, due_on: date = DUE, key: str = KEY) -> None:
        self.rungs, self.due_on, self.key = rungs, due_on, key
        self.decisions: list[tuple[datetime, Decision]] = []
        self.past: list[Past] = []
        self.next_look_at: datetime | None = LONG_BEFORE

    def look(self, now: datetime, *, arming: bool = False, held: bool = False) -> Climb:
        found = climb(
            self.rungs,
            due_on=self.due_on,
            key=self.key,
            calendar=national(),
            now=now,
            past=self.past,
            arming=arming,
            held=held,
        )
        for one in found.decisions:
            self.decisions.append((now, one))
            self.past.append(
                Past(
                    one.rung.key,
                    one.occ,
                    one.outcome,
                    one.planned_at,
                    now,
                    one.audiences,
                    one.withheld,
                    one.withheld_until,
                )
            )
        self.next_look_at = found.next_look_at
        return found

    def live(self, *, held: Callable[[datetime], bool] = lambda now: False) -> Life:
        """Looked at exactly when it asks to be, until it asks no more."""
        self.look(LONG_BEFORE, arming=True)
        for _turn in range(50):
            if self.next_look_at is None:
                return self
            self.look(self.next_look_at, held=held(self.next_look_at))
        raise AssertionError("the ladder never ends")

    def told(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """(rung, day, audiences) of what fired."""
        return [
            (one.rung.key + (f"#{one.occ}" if one.occ else ""), f"{when.astimezone(ZONE):%m-%d}", one.audiences)
            for when, one in self.decisions
            if one.outcome == FIRED
        ]

    def outcomes(self) -> dict[str, str]:
        return {one.rung.key + (f"#{one.occ}" if one.occ else ""): one.outcome for _when, one in self.decisions}


def naive_shift(day: date, count: int) -> date:
    """The n-th working day from a date, day by day by the published table."""
    if count == 0:
        while not chinese_calendar.is_workday(day):
            day -= timedelta(days=1)
        return day
    step = timedelta(days=1 if count > 0 else -1)
    for _ in range(abs(count)):
        day += step
        while not chinese_calendar.is_workday(day):
            day += step
    return day


# --- When -----------------------------------------------------------------------------------------


def test_a_filing_nobody_makes():
    assert Life().live().told() == [
        ("T-10", "08-01", ("officer",)),
        ("T-3", "08-12", ("section_head",)),
        ("T", "08-15", ("unit_leader",)),
        ("T+1", "08-16", ("unit_leader", "lead")),
        ("T+5", "08-22", ("chief", "supervision")),
        ("T+10", "08-29", ("supervision_head", "leader")),
    ]


def test_the_minute_comes_from_the_key():
    # crc32 of the key modulo 60: the issue's own example fires at 10:59.
    assert Life().live().decisions[0][0] == at(2019, 8, 1, 10, 59)
    assert Life(key="tacheng-2019/survey/654201").live().decisions[0][0] == at(2019, 8, 1, 10, 23)


def test_on_the_national_day_holiday_with_its_make_up_days():
    """Due 8 October, the first day after the week off; Sunday 29 September and Saturday 12 October are worked."""
    assert [(key, day) for key, day, _told in Life(SHORT, date(2019, 10, 8)).live().told()] == [
        ("T-2", "09-29"),
        ("T", "10-08"),
        ("T+1", "10-09"),
        ("T+3", "10-11"),
    ]


def test_offset_zero_falls_back_from_a_free_day_and_the_others_count_from_the_date_itself():
    due = date(2019, 10, 5)  # Saturday inside the holiday
    assert [(key, day) for key, day, _told in Life(STANDARD, due).live().told()] == [
        ("T-10", "09-18"),
        ("T-3", "09-27"),
        ("T", "09-30"),
        ("T+1", "10-08"),
        ("T+5", "10-12"),
        ("T+10", "10-18"),
    ]


@given(
    st.dates(date(2018, 3, 1), date(2025, 10, 31)),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30),
    st.sampled_from(sorted(LADDERS)),
)
def test_every_rung_of_every_ladder_on_its_working_day_in_the_hour_from_ten(due, key, ladder):
    life = Life(LADDERS[ladder], due, key).live()
    moments = [when.astimezone(ZONE) for when, _one in life.decisions]
    assert [moment.date() for moment in moments] == [naive_shift(due, rung.offset) for rung in LADDERS[ladder]]
    assert {moment.hour for moment in moments} == {10}
    assert len({moment.timetz() for moment in moments}) == 1
    assert {one.outcome for _when, one in life.decisions} == {FIRED}
    assert all(one.planned_at == when for when, one in life.decisions)


def test_keys_spread_over_the_hour():
    minutes = {Life(key=f"tacheng-2019/survey/{number}").live().decisions[0][0].minute for number in range(500)}
    assert minutes == set(range(60))


# --- Setting a date -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "skipped", "next_rung"),
    [
        (at(2019, 8, 1, 10, 58), [], "T-10"),
        (at(2019, 8, 1, 10, 59), ["T-10"], "T-3"),
        (at(2019, 8, 13, 9), ["T-10", "T-3"], "T"),
        (at(2019, 8, 29, 10, 59), ["T-10", "T-3", "T", "T+1", "T+5", "T+10"], ""),
    ],
)
def test_what_is_past_when_a_date_is_set_tells_nobody(now, skipped, next_rung):
    life = Life()
    found = life.look(now, arming=True)
    assert [one.rung.key for one in found.decisions] == skipped
    assert {one.outcome for one in found.decisions} <= {SKIPPED_LATE}
    assert not any(one.audiences or one.withheld for one in found.decisions)
    assert found.next_rung == next_rung
    assert (found.next_look_at is None) == (next_rung == "")


def test_what_was_skipped_when_the_date_was_set_never_fires_later():
    life = Life()
    life.look(at(2019, 8, 13, 9), arming=True)
    while life.next_look_at:
        life.look(life.next_look_at)
    assert [key for key, _day, _told in life.told()] == ["T", "T+1", "T+5", "T+10"]
    assert life.outcomes()["T-3"] == SKIPPED_LATE


# --- Looking --------------------------------------------------------------------------------------


def test_a_look_at_which_nothing_is_due_decides_nothing():
    life = Life()
    found = life.look(at(2019, 8, 1, 10, 58))
    assert found.decisions == ()
    assert (found.next_look_at, found.next_rung, found.next_occ) == (at(2019, 8, 1, 10, 59), "T-10", 0)


def test_a_second_look_at_the_same_moment_decides_nothing():
    life = Life()
    assert len(life.look(at(2019, 8, 1, 10, 59)).decisions) == 1
    assert life.look(at(2019, 8, 1, 10, 59)).decisions == ()


def test_a_used_up_ladder_is_looked_at_no_more():
    life = Life().live()
    assert life.next_look_at is None
    found = life.look(at(2030, 1, 1))
    assert (found.decisions, found.next_look_at, found.next_rung) == ((), None, "")


def test_two_rungs_at_one_instant_both_fire():
    """Due on a Sunday, the last working day before is T-1's day and T's."""
    rungs = (Rung("T-1", -1, ("officer",)), Rung("T", 0, ("officer",)), Rung("T+1", 1, ("section_head",)))
    life = Life(rungs, date(2019, 8, 18)).live()
    assert [(key, day) for key, day, _told in life.told()] == [("T-1", "08-16"), ("T", "08-16"), ("T+1", "08-19")]
    assert life.outcomes() == {"T-1": FIRED, "T": FIRED, "T+1": FIRED}


# --- Outages --------------------------------------------------------------------------------------


def test_after_an_outage_only_the_latest_fires():
    life = Life()
    life.look(at(2019, 8, 1, 10, 59))
    life.look(at(2019, 8, 12, 10, 59))
    life.look(at(2019, 8, 16, 15))  # two days without a look
    assert life.outcomes() == {"T-10": FIRED, "T-3": FIRED, "T": COLLAPSED, "T+1": FIRED}
    assert life.told()[-1] == ("T+1", "08-16", ("unit_leader", "lead"))
    assert life.next_look_at == at(2019, 8, 22, 10, 59)


def test_after_a_long_outage_those_below_hear_first_and_those_above_a_working_day_later():
    life = Life()
    life.look(at(2019, 8, 1, 10, 59))
    life.look(at(2019, 8, 12, 10, 59))
    found = life.look(at(2019, 8, 23, 15))  # Friday: T, T+1 and T+5 were missed
    assert life.outcomes() == {
        "T-10": FIRED,
        "T-3": FIRED,
        "T": COLLAPSED,
        "T+1": COLLAPSED,
        "T+5": FIRED,
    }
    assert found.decisions[-1].audiences == ("unit_leader", "lead")
    assert found.decisions[-1].withheld == ("chief", "supervision")
    # The next working day, at its own minute.
    assert life.next_look_at == at(2019, 8, 26, 10, 59)
    assert (found.next_rung, found.next_occ) == ("T+5", 1)
    life.look(life.next_look_at)
    assert life.told()[-1] == ("T+5#1", "08-26", ("chief", "supervision"))
    assert life.next_look_at == at(2019, 8, 29, 10, 59)


def test_after_an_outage_of_a_month_one_level_a_working_day():
    life = Life()
    life.look(at(2019, 9, 2, 9))
    assert set(life.outcomes().values()) == {COLLAPSED, FIRED}
    while life.next_look_at:
        life.look(life.next_look_at)
    assert life.told() == [
        ("T+10", "09-02", ("officer",)),
        ("T+10#1", "09-03", ("section_head",)),
        ("T+10#2", "09-04", ("unit_leader", "lead")),
        ("T+10#3", "09-05", ("chief", "supervision")),
        ("T+10#4", "09-06", ("supervision_head", "leader")),
    ]


def test_an_outage_over_a_waiting_second_occurrence():
    """Those who waited are told with the rung that overtook them."""
    life = Life()
    for moment in (at(2019, 8, 1, 10, 59), at(2019, 8, 12, 10, 59), at(2019, 8, 15, 10, 59)):
        life.look(moment)
    life.look(at(2019, 8, 16, 10, 59), held=True)
    life.look(at(2019, 8, 23, 9))  # T+1#1 was due on the 21st, T+5 on the 22nd
    assert life.outcomes()["T+1#1"] == COLLAPSED
    key, _day, told = life.told()[-1]
    assert key == "T+5"
    assert "lead" in told
    while life.next_look_at:
        life.look(life.next_look_at)
    assert {name for _key, _day, names in life.told() for name in names} == set(LEVELS)


def looks() -> st.SearchStrategy[list[tuple[int, int, bool]]]:
    """Days and minutes at which somebody happens to look, and whether an extension is undecided then."""
    one = st.tuples(st.integers(-40, 60), st.integers(0, 24 * 60 - 1), st.booleans())
    return st.lists(one, min_size=1, max_size=12)


@given(looks(), st.sampled_from(sorted(LADDERS)), st.dates(date(2019, 1, 10), date(2020, 12, 31)))
def test_however_late_it_is_looked_at_nobody_hears_twice_or_out_of_turn(moments, ladder, due):
    """Any pattern of outages and of an undecided extension; then the engine runs regularly to the end."""
    rungs = LADDERS[ladder]
    start = datetime(due.year, due.month, due.day, tzinfo=ZONE)
    life = Life(rungs, due)
    for days, minutes, held in sorted(moments):
        life.look(start + timedelta(days=days, minutes=minutes), held=held)
    while life.next_look_at:
        before = life.next_look_at
        life.look(life.next_look_at)
        assert life.next_look_at is None or life.next_look_at > before

    happened = [(one.rung.key, one.occ) for _when, one in life.decisions]
    assert len(happened) == len(set(happened))
    assert {rung.key for rung in rungs} == {key for key, _occ in happened}
    # Nobody is forgotten …
    told = [(when, name) for when, one in life.decisions if one.outcome == FIRED for name in one.audiences]
    assert {name for _when, name in told} == {name for rung in rungs for name in rung.audiences}
    # … and nobody hears before those of an earlier rung and a lower level had a whole working day. (Who
    # waits outside the unit for a request to be decided holds up nobody inside it.)
    asked = any(held for _days, _minutes, held in moments)
    first: dict[str, date] = {}
    for when, name in told:
        first.setdefault(name, when.astimezone(ZONE).date())
    for number, rung in enumerate(rungs):
        below = {name for earlier in rungs[:number] for name in earlier.audiences}
        for higher in rung.audiences:
            for lower in (name for name in below if LEVELS[name] < LEVELS[higher]):
                if asked and lower in OUTSIDE_THE_UNIT and higher not in OUTSIDE_THE_UNIT:
                    continue
                assert national().between(first[lower], first[higher]) >= 1


@given(looks(), st.sampled_from(sorted(LADDERS)))
def test_of_what_has_come_due_at_one_look_only_one_instant_fires(moments, ladder):
    life = Life(LADDERS[ladder])
    start = at(2019, 8, 15)
    for days, minutes, held in sorted(moments):
        found = life.look(start + timedelta(days=days, minutes=minutes), held=held)
        fired = [one for one in found.decisions if one.outcome == FIRED]
        assert len({one.planned_at for one in fired}) <= 1
        assert all(one.planned_at != fired[0].planned_at for one in found.decisions if one.outcome == COLLAPSED)


# --- An extension asked in time --------------------------------------------------------------------


def test_while_a_request_is_undecided_those_outside_the_unit_wait_three_working_days():
    assert Life().live(held=lambda now: True).told() == [
        ("T-10", "08-01", ("officer",)),
        ("T-3", "08-12", ("section_head",)),
        ("T", "08-15", ("unit_leader",)),
        ("T+1", "08-16", ("unit_leader",)),
        ("T+1#1", "08-21", ("lead",)),
        ("T+5", "08-22", ("chief",)),
        ("T+5#1", "08-27", ("supervision",)),
        ("T+10", "08-29", ()),
        ("T+10#1", "09-03", ("supervision_head", "leader")),
    ]


def test_on_the_short_ladder_second_occurrences_overlap_the_next_rung():
    life = Life(SHORT, date(2019, 8, 5)).live(held=lambda now: True)
    assert life.told() == [
        ("T-2", "08-01", ("section_head",)),
        ("T", "08-05", ("unit_leader",)),
        ("T+1", "08-06", ("unit_leader",)),
        ("T+3", "08-08", ("chief",)),
        ("T+1#1", "08-09", ("lead",)),
        ("T+3#1", "08-13", ("supervision",)),
    ]


def test_refused_before_the_rung_nobody_waits():
    decided = at(2019, 8, 16, 9)
    assert ("T+1", "08-16", ("unit_leader", "lead")) in Life().live(held=lambda now: now < decided).told()


def test_a_wait_counted_over_the_holiday_week():
    life = Life(STANDARD, date(2019, 9, 27)).live(held=lambda now: True)
    assert [(key, day) for key, day, _told in life.told() if key.startswith("T+1")][:2] == [
        ("T+1", "09-29"),  # the make-up Sunday
        ("T+1#1", "10-09"),  # 30 September, 8 and 9 October
    ]


def audiences_of(rungs: Iterable[Rung]) -> set[str]:
    return {name for rung in rungs for name in rung.audiences}


@given(st.dates(date(2019, 1, 10), date(2020, 12, 31)), st.sampled_from(sorted(LADDERS)))
def test_holding_delays_those_outside_and_changes_nothing_inside_the_unit(due, ladder):
    rungs = LADDERS[ladder]
    assume(audiences_of(rungs) & OUTSIDE_THE_UNIT)
    plain, held = Life(rungs, due).live(), Life(rungs, due).live(held=lambda now: True)
    when_plain = {name: when for when, one in reversed(plain.decisions) for name in one.audiences}
    when_held = {name: when for when, one in reversed(held.decisions) for name in one.audiences}
    assert set(when_plain) == set(when_held)
    for name, when in when_held.items():
        waited = national().between(when_plain[name].astimezone(ZONE).date(), when.astimezone(ZONE).date())
        assert waited == (3 if name in OUTSIDE_THE_UNIT else 0)
