"""Plans to look at, and the terms of a step that are ours to change."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client

from measures.models import Assignment, Deadline, Measure, Plan, Step
from tests import make
from tests.administration import logged, noted, said, save, saved, shown, url
from tests.measures.plan_command import TACHENG
from workflows import counters


def step(code: str) -> Step:
    return Step.objects.select_related("plan").get(code=code)


def page_of(code: str) -> str:
    return url("measures_step_change", step(code).pk)


def editable(admin: Client, code: str) -> set[str]:
    return {name for name in shown(admin, page_of(code)) if not name.startswith("_")}


def not_begun(code: str) -> None:
    """As before the plan is issued: nothing of this step is open."""
    rows = Assignment.objects.filter(step__code=code)
    rows.update(state="cancelled")
    counters.refresh(rows.values_list("pk", flat=True), make.ISSUED)


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("survey", {"correction_days"}),  # 31 July is the plan's
        ("filing", {"correction_days"}),  # 15 August is the plan's
        ("m1-division", {"due_days", "correction_days"}),
        ("monthly", {"due_days", "correction_days"}),
        ("round", {"due_days", "correction_days"}),
        ("m1-closing", {"due_on", "correction_days"}),
        ("m7-division", {"checkup_days", "correction_days"}),
        ("m2-share", {"correction_days"}),  # its yearly checkups are the plan's
    ],
)
def test_only_what_is_ours_has_a_field(code: str, fields: set[str], admin: Client) -> None:
    assert editable(admin, code) == fields


def test_what_the_plan_says_cannot_be_sent_in(admin: Client) -> None:
    before = Step.objects.filter(code="survey").values().get()
    sent = {"due_on": "2019-12-31", "due_days": "99", "due": "none", "title": "x", "own_checkups": "2019-12-01"}
    assert saved(save(admin, page_of("survey"), correction_days="4", checkup_days="3", **sent))
    assert Step.objects.filter(code="survey").values().get() == before | {"correction_days": 4}


def test_a_term_of_ours_counts_for_work_that_opens_later(admin: Client) -> None:
    running = make.deadline(make.row("monthly/654224/2019-06"))
    assert running.due_on == date(2019, 7, 5)
    assert saved(save(admin, page_of("monthly"), due_days="10"))
    running.refresh_from_db()
    assert running.due_on == date(2019, 7, 5)
    make.only(periods=["monthly"])
    make.tick_through(date(2019, 7, 2))
    assert make.deadline(make.row("monthly/654224/2019-07")).due_on == date(2019, 8, 12)  # the 10th is a Saturday
    assert logged() == [("月调度报告", "Changed Days.")] or logged()[0][1] == "Changed Days."


def test_a_correction_counts_from_the_next_return(admin: Client) -> None:
    row = make.handed_in(make.row("m1-form/hrss"), make.at(2019, 6, 3, 11))
    assert saved(save(admin, page_of("m1-form"), correction_days="20"))
    from workflows import actions

    actions.send_back(row, by=make.person(make.SUPERVISOR), now=make.at(2019, 6, 4, 10), reason="不完整")
    assert make.deadline(make.fresh(row), round=2).due_on == date(2019, 7, 3)


@pytest.mark.parametrize(
    ("code", "changes", "sentence"),
    [
        ("m1-division", {"due_days": "0"}, "Enter a number from 1 to 366."),
        ("m1-division", {"due_days": ""}, "This field is required."),
        ("m1-division", {"correction_days": "0"}, "Enter a number from 1 to 366."),
        ("monthly", {"due_days": "29"}, "Enter a number from 1 to 28."),
        ("m7-division", {"checkup_days": "400"}, "Enter a number from 1 to 366."),
        (
            "m1-closing",
            {"due_on": "2021-01-01"},
            "2021-01-01 lies outside the plan, which runs from 2019 to 2020-12-31.",
        ),
        ("m1-closing", {"due_on": ""}, "This field is required."),
    ],
)
def test_a_term_that_cannot_be(code: str, changes: dict[str, str], sentence: str, admin: Client) -> None:
    before = Step.objects.filter(code=code).values().get()
    assert sentence in said(save(admin, page_of(code), **changes))
    assert Step.objects.filter(code=code).values().get() == before


def test_our_checkups_are_dates_line_by_line(admin: Client) -> None:
    not_begun("m2-courses")
    assert "2019-09-30" in shown(admin, page_of("m2-courses"))["own_checkups"][0]
    assert saved(save(admin, page_of("m2-courses"), own_checkups="2020-06-30\r\n2019-11-30"))
    assert step("m2-courses").checkups == [
        {"on": "2019-11-30", "basis": "ours"},
        {"on": "2019-12-31", "basis": "plan"},
        {"on": "2020-06-30", "basis": "ours"},
    ]


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("31.12.2019", "“31.12.2019” is no date: write year, month and day as in 2019-12-31."),
        ("2019-12-31", "2019-12-31 is a checkup of the plan already."),
        ("2021-03-31", "2021-03-31 lies outside the plan"),
    ],
)
def test_checkups_that_cannot_be(lines: str, sentence: str, admin: Client) -> None:
    not_begun("m2-courses")
    before = step("m2-courses").checkups
    assert sentence in said(save(admin, page_of("m2-courses"), own_checkups=lines))
    assert step("m2-courses").checkups == before


def test_checkups_stay_while_work_is_open(admin: Client) -> None:
    """A running checkup is known by its place among the dates; moving them would skip one."""
    before = step("m2-courses").checkups
    assert editable(admin, "m2-courses") == {"correction_days"}
    assert saved(save(admin, page_of("m2-courses"), own_checkups="2020-06-30"))
    assert step("m2-courses").checkups == before


def test_saving_unchanged_changes_nothing(admin: Client) -> None:
    not_begun("m2-courses")
    before = list(Step.objects.order_by("pk").values_list())
    for row in Step.objects.all():
        assert saved(save(admin, url("measures_step_change", row.pk)))
    assert list(Step.objects.order_by("pk").values_list()) == before
    assert {how for _what, how in logged()} == {"No fields changed."}


def test_loading_the_file_again_shows_the_change_and_may_take_it_back(admin: Client) -> None:
    from bureaus import clock
    from measures import loading, plan_file

    save(admin, page_of("monthly"), due_days="10")
    changes = loading.preview(plan_file.read(TACHENG)).changes
    assert [(change.old, change.new) for change in changes if change.is_made] == [("10", "5")]
    loading.load(plan_file.read(TACHENG), now=clock.now())
    assert step("monthly").due_days == 5


def test_plans_and_measures_are_looked_at(admin: Client) -> None:
    plan, measure = Plan.objects.get(), Measure.objects.get(number=6)
    assert plan.title in admin.get(url("measures_plan_changelist")).content.decode()
    page = admin.get(url("measures_measure_changelist")).content.decode()
    assert measure.title in page
    assert "和布克赛尔县" in page
    for address in (url("measures_plan_change", plan.pk), url("measures_measure_change", measure.pk)):
        assert admin.post(address, {"title": "x"}).status_code in (302, 403)
    assert Plan.objects.get().title == plan.title


def test_the_page_says_what_a_change_does(admin: Client) -> None:
    box = noted(admin, page_of("monthly"))
    for sentence in (
        "What the plan says stands as it is.",
        "A change counts for work that opens later. Dates that already run do not move",
        "Loading the plan file again shows a change made here as a difference",
    ):
        assert sentence in box
    assert Deadline.objects.filter(kind="main").exists()
