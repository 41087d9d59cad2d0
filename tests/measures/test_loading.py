"""A plan file becomes rows: once, again without effect, and edited."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from bureaus import clock
from bureaus.models import Bureau, BureauAlias, BureauGroup, Membership, Role, User
from measures import loading, plan_file
from measures.loading import changes
from measures.models import Assignment, Deadline, Measure, Plan, Recurrence, Responsibility, Site, Step
from tests.measures.plan_command import TACHENG, WETLAND, load_plan
from workflows import actions

pytestmark = pytest.mark.django_db

TEXT = TACHENG.read_text("utf-8")
NOW = datetime(2019, 5, 31, 2, 0, tzinfo=UTC)
ISSUED = datetime(2019, 6, 1, 2, 0, tzinfo=UTC)


def load(path: Path = TACHENG) -> loading.LoadResult:
    with translation.override("en"):
        return loading.load(plan_file.read(path), now=NOW)


def edit(tmp_path: Path, *edits: tuple[str, str], text: str = TEXT) -> Path:
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "tacheng-2019.toml"
    path.write_text(text, "utf-8")
    return path


def said(result: loading.LoadResult) -> list[str]:
    with translation.override("en"):
        return [str(change) for change in result.changes]


def everything() -> list[tuple[object, ...]]:
    models = (Bureau, BureauAlias, BureauGroup, Plan, Measure, Responsibility, Step, Recurrence, Site)
    return [row for model in models for row in model.objects.order_by("pk").values_list()]


# --- Once --------------------------------------------------------------------------------------


def test_the_tacheng_plan_becomes_rows() -> None:
    result = load()
    plan = Plan.objects.get()
    assert result.created
    assert not plan.is_started
    assert plan.measures.count() == 7
    assert plan.content["goals"]["persons"] == 5733
    assert "households_sum" in [difference["code"] for difference in plan.differences]
    assert BureauGroup.objects.get(code="counties").members.count() == 5
    assert list(Bureau.objects.values_list("code", flat=True)[:2]) == ["hrss", "drc"]
    survey = plan.steps.get(code="survey")
    assert (survey.due_on, survey.due, survey.due_basis) == (date(2019, 7, 31), "fixed", "plan")
    assert survey.owners == ["654201", "654221", "654224", "654225", "654226"]
    assert survey.measure is not None
    assert survey.measure.number == 1


def test_leads_come_first_and_each_body_keeps_the_words_for_it() -> None:
    load()
    rows = Responsibility.objects.filter(measure__number=3).select_related("bureau")
    assert [(row.bureau.code, row.kind) for row in rows][:2] == [("hrss", "lead"), ("poverty", "support")]
    assert {row.bureau.code: row.written_as for row in rows}["forestry"] == "林业局"
    leads = Responsibility.objects.filter(measure__number=6, kind="lead")
    assert leads.count() == 5


def test_a_county_without_a_named_site_has_one_row_to_be_confirmed() -> None:
    load()
    rows = Site.objects.filter(is_placeholder=True).select_related("county")
    assert [(row.county.code, row.name, row.named_by_plan) for row in rows] == [
        ("654225", "待确认", False),
        ("654226", "待确认", False),
    ]
    assert Site.objects.filter(named_by_plan=True).count() == 6


def test_recurring_work_waits_until_the_plan_is_issued() -> None:
    load()
    monthly = Recurrence.objects.get(step__code="monthly")
    assert (monthly.rule, monthly.first_period, monthly.last_period) == ("month", "2019-06", "2020-12")
    assert monthly.next_on is None


def test_checkups_and_terms_of_ours_reach_their_columns() -> None:
    load()
    courses = Step.objects.get(code="m2-courses")
    assert courses.checkups[1] == {"on": "2019-12-31", "basis": "plan"}
    division = Step.objects.get(code="m7-division")
    assert (division.due, division.checkup_days, division.due_days) == ("none", 10, None)
    assert Step.objects.get(code="filing").correction_days == 5
    assert Step.objects.get(code="round").ladder == "short"


# --- Again ---------------------------------------------------------------------------------------


def test_loading_twice_changes_nothing() -> None:
    load()
    before = everything()
    result = load()
    assert not result.created
    assert not result.changed
    assert result.changes == ()
    assert everything() == before


def test_a_preview_leaves_nothing_behind() -> None:
    with translation.override("en"):
        result = loading.preview(plan_file.read(TACHENG))
    assert result.created
    assert not Plan.objects.exists()
    assert not Bureau.objects.exists()


def test_a_plan_beside_another_shares_its_bodies() -> None:
    load()
    result = load(WETLAND)
    assert Plan.objects.count() == 2
    assert Bureau.objects.filter(code="water").count() == 1
    assert [line for line in said(result) if line.startswith("Changed")] == [
        "Changed: bureau supervision, name: 地区行署督查室 → 流域管理处督查科",
        "Changed: bureau supervision, short name: 督查室 → 督查科",
    ]
    assert "New: bureau environment" in said(result)
    assert result.needs_consent


def test_a_plan_of_its_own_needs_nobodys_consent() -> None:
    result = load(WETLAND)
    assert result.created
    assert not result.needs_consent
    assert Step.objects.get(code="m2-share").due == "period_end"
    assert Responsibility.objects.filter(measure__number=2, kind="lead").count() == 0


# --- Edited --------------------------------------------------------------------------------------


def test_an_edited_file_says_what_changes_by_name(tmp_path: Path) -> None:
    load()
    path = edit(
        tmp_path,
        ('title = "台账表样与填报说明"', 'title = "台账表样"'),
        ("households = 57", "households = 58"),
        ('aliases = ["水利局"]', 'aliases = ["水利局", "水务局"]'),
        ('code = "m4-scattered"', 'code = "m4-dispersed"\nnode = "scattered"'),
    )
    result = load(path)
    assert sorted(said(result)) == [
        "Changed: step m1-form, title: 台账表样与填报说明 → 台账表样",
        "Changed: work plan tacheng-2019, baseline.county.654201.households: 57 → 58",
        "Gone: step m4-scattered",
        "New: alias 水利局 = 水务局",
        "New: step m4-dispersed",
    ]
    assert result.needs_consent
    assert Step.objects.get(code="m1-form").title == "台账表样"
    assert Plan.objects.get().content["baseline"]["county"][0]["households"] == 58
    assert [d["computed"] for d in Plan.objects.get().differences if d["code"] == "households_sum"] == [1602]
    assert load(path).changes == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("调" * 200 + "查", "调" * 200 + "研"),
        ("调" * 200, "调" * 200 + "研"),
        ("调" * 39 + "查" + "研" * 100, "调" * 39 + "研" * 101),
        (["调查摸底"] * 40 + ["一"], ["调查摸底"] * 40 + ["二"]),
        ("查" + "调" * 200, "研" + "调" * 200),
    ],
)
def test_of_two_long_texts_the_difference_is_shown(old: Any, new: Any) -> None:
    before, after = changes.beside(old, new)
    assert before != after
    assert max(len(before), len(after)) <= changes.SHOWN
    one, other = before.rstrip("…"), after.rstrip("…")
    assert one[: min(len(one), len(other))] != other[: min(len(one), len(other))] or len(one) != len(other)


def test_short_texts_are_shown_whole() -> None:
    assert changes.beside("七月底前", "八月底前") == ("七月底前", "八月底前")
    assert changes.beside("", 12) == ("—", "12")


def test_a_change_late_in_a_long_title_reads_as_one(tmp_path: Path) -> None:
    long = "台账表样与填报说明" * 8
    load(edit(tmp_path, ('title = "台账表样与填报说明"', f'title = "{long}甲"')))
    result = load(edit(tmp_path, ('title = "台账表样与填报说明"', f'title = "{long}乙"')))
    (line,) = said(result)
    before, after = line.rsplit(": ", 1)[1].split(" → ")
    assert (before[-1], after[-1]) == ("甲", "乙")


def test_who_changed_what_is_kept(tmp_path: Path) -> None:
    load()
    assert "loads" not in Plan.objects.get().content
    person = User.objects.create(username="lin")
    with translation.override("en"):
        file = plan_file.read(edit(tmp_path, ("days = 15", "days = 12")))
        loading.load(file, by=person, now=NOW)
    (entry,) = Plan.objects.get().content["loads"]
    assert (entry["by"], entry["at"]) == ("lin", NOW.isoformat())
    assert (entry["changes"][0]["row"], entry["changes"][0]["new"]) == ("step m2-needs", "12")


def test_bodies_come_and_go(tmp_path: Path) -> None:
    load()
    without = edit(
        tmp_path,
        ('"education", "housing", "water"]', '"education", "housing"]'),
        ("住建局、水利局等", "住建局等"),
        (TEXT[TEXT.index('[[body]]\ncode = "water"') : TEXT.index('[[body]]\ncode = "estate"')], ""),
    )
    result = load(without)
    assert "Gone: responsibility 6 / 水利局" in said(result)
    assert "Gone: bureau water" in said(result)
    assert not Bureau.objects.filter(code="water").exists()
    load()
    assert Bureau.objects.filter(code="water").exists()


def test_a_body_with_people_is_kept_and_that_is_said(tmp_path: Path) -> None:
    load()
    person = User.objects.create(username="water")
    Membership.objects.create(user=person, bureau=Bureau.objects.get(code="water"), role=Role.OFFICER)
    without = edit(
        tmp_path,
        ('"education", "housing", "water"]', '"education", "housing"]'),
        ("住建局、水利局等", "住建局等"),
        (TEXT[TEXT.index('[[body]]\ncode = "water"') : TEXT.index('[[body]]\ncode = "estate"')], ""),
    )
    result = load(without)
    assert "Kept: bureau water. It has people, work or a place in a plan; an administrator decides." in said(result)
    assert Bureau.objects.filter(code="water").exists()


def test_what_the_file_never_said_is_never_taken_away(tmp_path: Path) -> None:
    load()
    water = Bureau.objects.get(code="water")
    BureauAlias.objects.create(bureau=water, name="水务局")
    Bureau.objects.filter(pk=water.pk).update(short_name="地区水利")
    county = Bureau.objects.get(code="654225")
    Site.objects.create(plan=Plan.objects.get(), county=county, name="新地乡", kind=Site.Kind.CONCENTRATED)
    Responsibility.objects.create(
        measure=Measure.objects.get(number=6),
        bureau=Bureau.objects.get(code="finance"),
        kind="support",
        order=99,
    )
    before = everything()
    assert load().changes == ()
    assert everything() == before
    result = load(edit(tmp_path, ("days = 15", "days = 12")))
    assert said(result) == ["Changed: step m2-needs, days: 15 → 12"]


def test_a_site_named_later_takes_the_place_of_the_one_to_be_confirmed(tmp_path: Path) -> None:
    load()
    result = load(edit(tmp_path, ('name = "木呼尔村"\nnamed = false', 'name = "木呼尔村"\nnamed = true')))
    assert said(result) == [
        "Changed: resettlement site 裕民县 / 木呼尔村, called a site by the plan: no → yes",
        "Gone: resettlement site 裕民县 / 待确认",
    ]


# --- While the plan runs ---------------------------------------------------------------------------


@pytest.fixture
def running() -> Plan:
    """The plan as issued on 1 June 2019."""
    load()
    actions.load_ladders()
    plan = Plan.objects.get()
    with clock.standing_at(ISSUED):
        actions.start_plan(plan, by=None, now=ISSUED)
    plan.refresh_from_db()
    return plan


def reworded(text: str, after: str, day: date) -> tuple[str, str]:
    """The edit that gives a step another date and the words for it."""
    old = text[text.index("due = ", text.index(after)) : text.index("quote", text.index(after))]
    return old, f'due = {day}\ndue_text = "{day.year}年{day.month}月{day.day}日前完成"\n'


def test_loading_alone_moves_no_date(running: Plan, tmp_path: Path) -> None:
    """Running work is brought to the file by `workflows.plan_edits`, in the same transaction."""
    survey = Deadline.objects.filter(assignment__step__code="survey", kind=Deadline.Kind.MAIN)
    result = load(edit(tmp_path, reworded(TEXT, 'code = "survey"', date(2019, 8, 10))))
    assert said(result) == [
        "Changed: step survey, due on: 2019-07-31 → 2019-08-10",
        "Changed: step survey, deadline as written: 2019年7月底前完成首次调查摸底 → 2019年8月10日前完成",
    ]
    assert {step.code: set(fields) for step, fields in result.edited.items()} == {"survey": {"due_on", "due_text"}}
    assert {row.due_on for row in survey.all()} == {date(2019, 7, 31)}


def test_a_changed_owner_leaves_work_where_it_is(running: Plan, tmp_path: Path) -> None:
    path = edit(tmp_path, ('owners = ["poverty"]', 'owners = ["agriculture"]'))
    result = load(path)
    sentence = (
        "Changed: step m2-short-courses, owners: poverty → agriculture. Work in hand stays where it is "
        "(tasks: 1); only what opens later follows the file."
    )
    assert sentence in said(result)
    work = Assignment.objects.get(step__code="m2-short-courses")
    assert work.unit.code == "poverty"


def test_a_step_with_work_is_never_deleted(running: Plan, tmp_path: Path) -> None:
    start = TEXT.index('[[measure.step]]\ncode = "m4-offers"')
    path = edit(tmp_path, (TEXT[start : TEXT.index("[[measure.step]]", start + 5)], ""))
    before = Assignment.objects.count()
    result = load(path)
    assert said(result)[-1] == "Kept: step m4-offers. Work of this step has begun."
    assert Assignment.objects.count() == before
    again = load(path)
    assert not again.changed
    assert said(again) == ["Kept: step m4-offers. Work of this step has begun."]


def test_the_run_under_work_is_not_changed(running: Plan, tmp_path: Path) -> None:
    result = load(edit(tmp_path, ('code = "m4-offers"', 'code = "m4-offers"\nnode = "links"')))
    assert said(result) == [
        "Kept: step m4-offers, step of the flow: offers (in the file: links). Work of this step has begun."
    ]
    assert Step.objects.get(code="m4-offers").node == "offers"


@pytest.mark.parametrize(
    ("last", "period", "opens"),
    [("2019-06", "", None), ("2021-01", "2019-07", datetime(2019, 6, 30, 16, tzinfo=UTC))],
)
def test_a_rhythm_ends_where_the_file_ends_it(
    running: Plan, tmp_path: Path, last: str, period: str, opens: datetime | None
) -> None:
    monthly = Recurrence.objects.get(step__code="monthly")
    assert monthly.next_period == "2019-07"
    edits = [('first = "2019-06", last = "2020-12"', f'first = "2019-06", last = "{last}"')]
    if last > "2020-12":
        edits.append(("ends_on = 2020-12-31", "ends_on = 2021-12-31"))
    result = load(edit(tmp_path, *edits))
    assert any("last period" in line and "Periods already opened stay." in line for line in said(result))
    monthly.refresh_from_db()
    assert (monthly.next_period, monthly.next_on) == (period, opens)


def test_a_rhythm_that_had_ended_goes_on_when_the_file_says_so(running: Plan, tmp_path: Path) -> None:
    visits = Recurrence.objects.filter(step__code="m4-visits")
    visits.update(next_on=None, next_period="", last_period="2019")
    load(edit(tmp_path))
    assert visits.get().next_period == "2020"
    assert visits.get().next_on == datetime(2019, 12, 31, 16, tzinfo=UTC)


def test_how_often_work_comes_back_is_not_changed_under_way(running: Plan, tmp_path: Path) -> None:
    path = edit(
        tmp_path,
        (
            'rule = "quarter", first = "2019Q3", last = "2020Q4" }\nquote = "相关县（市）要通过报纸',
            'rule = "month", first = "2019-07", last = "2020-12" }\nquote = "相关县（市）要通过报纸',
        ),
    )
    result = load(path)
    sentence = (
        "Kept: recurrence publicity, rule: quarterly (in the file: monthly). "
        "The plan has been issued: its periods have begun."
    )
    assert sentence in said(result)
    assert Recurrence.objects.get(step__code="publicity").rule == "quarter"


# --- Through the command -----------------------------------------------------------------------


def test_the_command_asks_before_it_changes(tmp_path: Path) -> None:
    assert load_plan(TACHENG).code == 0
    path = edit(tmp_path, ("days = 15", "days = 12"))
    refused = load_plan(path)
    assert refused.code == 1
    assert "Changed: step m2-needs, days: 15 → 12" in refused.out
    assert "Nothing was loaded. Repeat with --yes to apply these changes." in refused.err
    assert Step.objects.get(code="m2-needs").due_days == 15
    agreed = load_plan(path, "--yes")
    assert agreed.code == 0
    assert "The changes have been applied." in agreed.out
    assert Step.objects.get(code="m2-needs").due_days == 12
    assert "Nothing has changed." in load_plan(path).out


def test_half_a_load_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import OperationalError

    def fails() -> int:
        raise OperationalError("the disk is full")

    monkeypatch.setattr("workflows.plan_edits.load_ladders", fails)
    outcome = load_plan(TACHENG)
    assert outcome.code == 1
    assert "The database cannot be used (the disk is full)." in outcome.err
    assert not Plan.objects.exists()
    assert not Bureau.objects.exists()
