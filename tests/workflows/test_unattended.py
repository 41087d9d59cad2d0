"""Twenty months of the Tacheng plan with nobody acting, as `manage.py simulate` prints them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import date, datetime
from typing import Any

import pytest

from tests.make import COUNTIES, NAMED_SITES, PLAN, Line, day_of, fired, fired_on

ALL = ["inbox", "email", "sms"]
BOTH = ["inbox", "email"]
Told = list[tuple[str, str, list[str]]]


def told(line: Line) -> Told:
    return [(group["role"], group["unit"], group["channels"]) for group in line["to"]]


def days(*texts: str) -> list[date]:
    return [date.fromisoformat(text) for text in texts]


# --- Every rung -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("county", "site"), [*NAMED_SITES, ("654225", "待确认"), ("654226", "待确认")])
def test_every_rung_of_a_filing(unattended: list[Line], county: str, site: str) -> None:
    assert fired_on(unattended, f"filing/{county}/{site}") == {
        "T-10": date(2019, 8, 1),
        "T-3": date(2019, 8, 12),
        "T": date(2019, 8, 15),
        "T+1": date(2019, 8, 16),
        "T+5": date(2019, 8, 22),
        "T+10": date(2019, 8, 29),
    }


@pytest.mark.parametrize("county", COUNTIES)
def test_every_rung_of_the_survey(unattended: list[Line], county: str) -> None:
    assert list(fired_on(unattended, f"survey/{county}").values()) == days(
        "2019-07-17", "2019-07-26", "2019-07-31", "2019-08-01", "2019-08-07", "2019-08-14"
    )


@pytest.mark.parametrize("county", COUNTIES)
def test_every_rung_of_the_return_of_september(unattended: list[Line], county: str) -> None:
    """Due on 5 October, which is free: 8 October. 29 September and 12 October are worked."""
    key = f"monthly/{county}/2019-09"
    assert fired_on(unattended, key) == {
        "T-2": date(2019, 9, 29),
        "T": date(2019, 10, 8),
        "T+1": date(2019, 10, 9),
        "T+3": date(2019, 10, 11),
    }
    assert {line["due_on"] for line in fired(unattended, assignment=key)} == {"2019-10-08"}


def test_a_receipt_of_what_was_issued_on_a_saturday(unattended: list[Line]) -> None:
    receipts = fired(unattended, kind="receipt", assignment="survey/654224")
    assert [(line["rung"], day_of(line), line["due_on"]) for line in receipts] == [
        ("receipt+1", date(2019, 6, 4), "2019-06-03"),
        ("receipt+3", date(2019, 6, 6), "2019-06-03"),
    ]
    assert [told(line) for line in receipts] == [
        [("section_head", "654224", ALL)],
        [("unit_leader", "654224", ALL), ("officer", "hrss", ALL)],
    ]


def test_the_line_of_the_issue_itself(unattended: list[Line]) -> None:
    (line,) = fired(unattended, assignment="filing/654224/朗古特", rung="T+1")
    assert line == {
        "at": "2019-08-16T10:59:00+08:00",
        "event": "fired",
        "rung": "T+1",
        "occ": 0,
        "kind": "main",
        "assignment": "tacheng-2019/filing/654224/朗古特",
        "measure": None,
        "step": "filing",
        "unit": "654224",
        "site": "朗古特",
        "due_on": "2019-08-15",
        "to": [{"role": "unit_leader", "unit": "654224", "channels": ["inbox", "email", "sms"]}],
        "slip": "yellow",
    }
    assert list(line) == [
        "at", "event", "rung", "occ", "kind", "assignment", "measure", "step", "unit", "site", "due_on", "to", "slip"
    ]  # fmt: skip


def test_who_hears_of_a_survey_at_which_rung(unattended: list[Line]) -> None:
    lines = {line["rung"]: told(line) for line in fired(unattended, assignment="survey/654201", kind="main")}
    assert lines == {
        "T-10": [("officer", "654201", BOTH)],
        "T-3": [("section_head", "654201", ALL)],
        "T": [("unit_leader", "654201", ALL)],
        "T+1": [("unit_leader", "654201", ALL), ("officer", "hrss", ALL)],
        "T+5": [("chief", "654201", ALL), ("supervisor", "supervision", ALL)],
        "T+10": [("supervision_head", "supervision", ALL), ("leader", "prefecture", ALL)],
    }


def test_who_hears_of_a_monthly_return_and_of_a_checkup(unattended: list[Line]) -> None:
    lines = {line["rung"]: told(line) for line in fired(unattended, assignment="monthly/654226/2019-07")}
    assert lines == {
        "T-2": [("section_head", "654226", ALL)],
        "T": [("unit_leader", "654226", ALL)],
        "T+1": [("unit_leader", "654226", ALL), ("officer", "hrss", ALL)],
        "T+3": [("chief", "654226", ALL), ("supervisor", "supervision", ALL)],
    }
    quarter = fired(unattended, assignment="m7-watch/land", kind="checkup", due_on="2019-09-30")
    assert [(line["rung"], told(line)) for line in quarter] == [
        ("T-5", [("officer", "land", BOTH)]),
        ("T", [("section_head", "land", BOTH)]),
        ("T+5", [("unit_leader", "land", ALL), ("supervisor", "supervision", ALL)]),
    ]


def test_a_lead_is_not_told_of_its_own_work_as_lead(unattended: list[Line]) -> None:
    (line,) = fired(unattended, assignment="m1-form/hrss", rung="T+1", kind="main")
    assert told(line) == [("unit_leader", "hrss", ALL)]


def test_the_offices_own_work_climbs_to_the_prefecture(unattended: list[Line]) -> None:
    lines = fired(unattended, assignment="assessment/supervision/2019", kind="main")
    assert [told(line) for line in lines] == [
        [("supervisor", "supervision", BOTH)],
        [("supervision_head", "supervision", ALL)],
        [("supervision_head", "supervision", ALL)],
        [("supervision_head", "supervision", ALL)],
        [("supervision_head", "supervision", ALL), ("supervisor", "supervision", ALL)],
        [("supervision_head", "supervision", ALL), ("leader", "prefecture", ALL)],
    ]


# --- Slips ----------------------------------------------------------------------------------------


def test_slips_by_rung_and_only_for_main_deadlines(unattended: list[Line]) -> None:
    proposed: dict[str, set[Any]] = defaultdict(set)
    for line in unattended[:-1]:
        if "rung" in line and line["event"] == "fired":
            proposed[f"{line['kind']} {line['rung']}"].add(line["slip"])
    assert {rung: slips for rung, slips in proposed.items() if slips != {None}} == {
        # Blue before the date, only where the work is behind its schedule.
        "main T-3": {None, "blue"},
        "main T+1": {"yellow"},
        "main T+3": {"red"},
        "main T+5": {"red"},
        "main T+10": {"summons"},
    }


def test_blue_only_for_long_work_behind_its_schedule(unattended: list[Line]) -> None:
    """Nobody reported anything: every term of over sixty working days is behind, no shorter one is ever."""
    at_three = fired(unattended, kind="main", rung="T-3")
    assert {line["step"]: line["slip"] for line in at_three if line["slip"]}.keys() == {
        "m1-closing",
        "m2-share", "m2-courses", "m2-short-courses", "m2-coverage",
        "m3-share", "m3-workshops", "m3-goal",
        "m4-share", "m4-offers", "m4-visits", "m4-links", "m4-gate",
        "m5-share", "m5-checks", "m5-gate",
        "m6-share", "m6-organisation", "m6-premises", "m6-fitting-in", "m6-infrastructure",
        "publicity", "checks", "money", "assessment",
    }  # fmt: skip
    assert not [line for line in fired(unattended, kind="main", rung="T-2") if line["slip"]]
    assert fired(unattended, assignment="survey/654201", rung="T-3")[0]["slip"] is None


# --- What never is --------------------------------------------------------------------------------


def test_measure_seven_has_no_date_only_checkups(unattended: list[Line]) -> None:
    lines = [line for line in unattended[:-1] if line.get("measure") == 7]
    assert {line["kind"] for line in lines} == {"receipt", "checkup"}
    assert {line["slip"] for line in lines} == {None}


def test_a_checkup_nobody_answers_makes_the_next_one(unattended: list[Line]) -> None:
    """Each quarter's last day from 30 September 2019 to the plan's end."""
    dates = [line["due_on"] for line in fired(unattended, assignment="m7-watch/land", kind="checkup", rung="T")]
    assert dates == ["2019-09-30", "2019-12-31", "2020-03-31", "2020-06-30", "2020-09-30", "2020-12-31"]
    # Ten working days after the issue, once: the division of measure seven.
    division = fired(unattended, assignment="m7-division/land", kind="checkup", rung="T")
    assert [line["due_on"] for line in division] == ["2019-06-17"]
    # Years and quarters before the end, not on it: the last day is the main deadline.
    courses = fired(unattended, assignment="m2-courses/654201", kind="checkup", rung="T")
    assert [line["due_on"] for line in courses] == [
        "2019-09-30", "2019-12-31", "2020-03-31", "2020-06-30", "2020-09-30"
    ]  # fmt: skip
    share = fired(unattended, assignment="m2-share/education", kind="checkup", rung="T")
    assert [line["due_on"] for line in share] == ["2019-12-31"]


def test_nothing_follows_what_nobody_finished(unattended: list[Line]) -> None:
    steps = {line["step"] for line in unattended[:-1] if "step" in line}
    assert not {step for step in steps if "consolidation" in step or "rectification" in step}
    assert not steps & {"m3-a", "m3-b", "m3-c", "m3-d", "m3-f", "m5-allowance"}
    assert "verdict" not in {line.get("kind") for line in unattended}


def test_nobody_is_forgotten_and_nothing_folds_when_every_moment_is_lived_through(unattended: list[Line]) -> None:
    events = Counter(line["event"] for line in unattended)
    assert set(events) == {"fired", "skipped_late", "sent", "summary"}
    assert {line["occ"] for line in unattended if "occ" in line} == {0}
    # Fired rungs are unique.
    keys = [(line["assignment"], line["kind"], line["due_on"], line["rung"]) for line in fired(unattended)]
    assert len(keys) == len(set(keys))
    assert all(line["to"] for line in fired(unattended))


# --- What comes back ------------------------------------------------------------------------------


def dues(lines: list[Line], step: str, unit: str) -> dict[str, str]:
    """period → date, of a recurring duty."""
    found = {}
    for line in fired(lines, kind="main"):
        if match := re.fullmatch(rf"{PLAN}/{step}/{unit}/([\dQ-]+)", line["assignment"]):
            found[match[1]] = line["due_on"]
    return found


MONTHLY = {
    "2019-06": "2019-07-05", "2019-07": "2019-08-05", "2019-08": "2019-09-05", "2019-09": "2019-10-08",
    "2019-10": "2019-11-05", "2019-11": "2019-12-05", "2019-12": "2020-01-06", "2020-01": "2020-02-05",
    "2020-02": "2020-03-05", "2020-03": "2020-04-07", "2020-04": "2020-05-06", "2020-05": "2020-06-05",
    "2020-06": "2020-07-06", "2020-07": "2020-08-05", "2020-08": "2020-09-07", "2020-09": "2020-10-09",
    "2020-10": "2020-11-05", "2020-11": "2020-12-07", "2020-12": "2021-01-05",
}  # fmt: skip
QUARTERS = {
    "2019Q3": "2019-09-30", "2019Q4": "2019-12-31", "2020Q1": "2020-03-31",
    "2020Q2": "2020-06-30", "2020Q3": "2020-09-30", "2020Q4": "2020-12-31",
}  # fmt: skip
YEARS = {"2019": "2019-12-31", "2020": "2020-12-31"}


@pytest.mark.parametrize(
    ("step", "unit", "expected"),
    [
        ("monthly", "654201", MONTHLY),
        ("publicity", "654225", QUARTERS),
        ("checks", "water", QUARTERS),
        ("money", "654226", YEARS),
        ("m4-visits", "654221", YEARS),
        ("assessment", "supervision", YEARS),
    ],
)
def test_periods_and_their_dates(unattended: list[Line], step: str, unit: str, expected: dict[str, str]) -> None:
    """The 5th is ours and rolls past free days (Sunday 5 January, Qingming, 1-5 May, the Golden Week of 2020)."""
    assert dues(unattended, step, unit) == expected


def test_the_round_is_due_five_working_days_after_the_returns(unattended: list[Line]) -> None:
    found = dues(unattended, "round", "hrss")
    assert list(found) == list(MONTHLY)
    assert (found["2019-06"], found["2019-09"], found["2020-12"]) == ("2019-07-12", "2019-10-14", "2021-01-12")


def test_the_spot_check_opens_on_the_first_of_august_when_the_surveys_never_come(unattended: list[Line]) -> None:
    for unit in ("hrss", "poverty", "drc"):
        lines = fired(unattended, assignment=f"m1-spot-check/{unit}")
        assert [(line["rung"], day_of(line)) for line in lines if line["kind"] == "receipt"] == [
            ("receipt+1", date(2019, 8, 5)),
            ("receipt+3", date(2019, 8, 7)),
        ]
        assert {line["due_on"] for line in lines if line["kind"] == "main"} == {"2019-08-15"}


def test_a_standing_duty_is_signed_for_once(unattended: list[Line]) -> None:
    """Its later periods have no receipt."""
    for step, unit, first in [("monthly", "654201", "2019-06"), ("publicity", "654201", "2019Q3")]:
        receipts = [
            line["assignment"]
            for line in fired(unattended, kind="receipt", rung="receipt+1", step=step)
            if f"/{unit}/" in line["assignment"]
        ]
        assert receipts == [f"{PLAN}/{step}/{unit}/{first}"]


# --- Notices --------------------------------------------------------------------------------------


def test_notices_leave_in_office_hours_on_working_days_folded_to_one(unattended: list[Line]) -> None:
    moments = {datetime.fromisoformat(line["at"]) for line in unattended if line["event"] == "sent"}
    # Nobody acts, so what leaves comes from rungs, and that waits until eleven.
    assert {(moment.hour, moment.minute) for moment in moments} == {(11, 0), (10, 0)}
    assert [moment.date() for moment in sorted(moments) if moment.hour == 10] == [date(2019, 6, 3)]
    assert date(2019, 9, 29) in {moment.date() for moment in moments}  # a make-up Sunday
    assert not any(date(2019, 10, 1) <= moment.date() <= date(2019, 10, 7) for moment in moments)
    once = Counter(
        (line["recipient"], line["channel"], line["at"][:10]) for line in unattended if line["event"] == "sent"
    )
    assert set(once.values()) == {1}


def test_the_summary_comes_last_and_counts_what_was_printed(unattended: list[Line]) -> None:
    *lines, last = unattended
    assert last["event"] == "summary"
    assert last["events"] == dict(sorted(Counter(line["event"] for line in lines).items()))
    counted: dict[str, dict[str, dict[str, int]]] = {}
    for line in lines:
        if line["event"] == "sent":
            day = counted.setdefault(line["recipient"], {}).setdefault(line["at"][:10], {})
            day[line["channel"]] = day.get(line["channel"], 0) + 1
    assert last["notices"] == counted
    # At the start, by periods: 18 months of returns and rounds, six quarters of publicity (5) and checks
    # (14 bureaus), one more year of visits, money and assessment, three spot checks.
    assert last["assignments"] == 158 + 18 * 6 + 6 * (5 + 14) + (5 + 5 + 1) + 3


def test_the_lines_are_in_the_order_promised(unattended: list[Line]) -> None:
    keys = [
        tuple((line.get(name) is not None, str(line.get(name) or "")) for name in ORDER) for line in unattended[:-1]
    ]
    assert keys == sorted(keys)


ORDER = ("at", "assignment", "rung", "event", "recipient")
