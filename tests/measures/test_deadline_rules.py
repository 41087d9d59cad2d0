"""Deadlines of the plan and around it, as stories; then what holds for any text and any day."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bureaus.working_days import MONDAY_TO_FRIDAY, WorkingDays
from measures import deadline_rules
from measures.deadline_rules import (
    Cycle,
    Resolution,
    Rule,
    next_period,
    parse,
    period_due_on,
    period_start,
    resolve,
)
from tests.bureaus.test_working_days import national
from tests.measures.test_deadline_phrases import CYCLES, ISSUED, SEPTEMBER, read


def codes(resolution: Resolution) -> list[str]:
    return [code for code, _ in resolution.trail]


def test_the_ledger_of_measure_one_is_a_milestone_and_goes_on():
    rule = parse("2019年7月底前完成首次调查摸底，之后动态更新")
    resolution = resolve(rule, plan_year=2019, calendar=national())
    assert rule.kind == "milestone"
    assert resolution.due_on == date(2019, 7, 31)
    assert resolution.cycle == "month"
    assert period_due_on(rule, date(2019, 8, 1), national()) == date(2019, 9, 2)  # 31 August is free, and ours


def test_a_milestone_that_is_kept_up_for_long_is_reviewed_each_quarter():
    assert read("2019年8月底前完成，并长期坚持").cycle == "quarter"


def test_a_milestone_may_say_its_own_rhythm():
    rule = parse("2019年7月底前完成首次调查摸底，此后每月5日前报送进展")
    assert (rule.kind, rule.cycle) == ("milestone", Cycle("month", day=5, follows=True))
    assert rule.words == "2019年7月底前 / 每月5日前"


def test_a_range_may_have_a_rhythm_inside():
    rule = parse("2019—2020年，每年至少回访1次")
    resolution = read(rule.phrase)
    assert (rule.kind, resolution.due_on, resolution.cycle) == ("range", date(2020, 12, 31), "year")


def test_measure_four_began_before_the_plan_and_owes_nothing_for_it():
    resolution = read("2018—2020年")
    assert resolution.starts_on == date(2018, 1, 1)
    assert resolution.flags == ("starts_before_plan",)
    assert date(2018, 12, 31) not in resolution.checkpoints
    assert date(2018, 12, 31) in resolve(parse("2018—2020年")).checkpoints  # nobody said when it was issued


def test_the_deadline_of_the_filing_takes_the_plans_year_and_says_so():
    resolution = resolve(parse("于8月15日前将工作方案报地区发展改革委"), plan_year=2019, calendar=national())
    assert resolution.due_on == date(2019, 8, 15)
    assert resolution.trail == (
        ("read", {"words": "8月15日前"}),
        ("year_of_plan", {"year": 2019}),
        ("named_day", {"day": "2019-08-15"}),
    )
    assert resolve(parse("8月15日前")).ask == "needs_year"
    assert resolve(parse("8月15日前"), issued_on=date(2019, 6, 20)).due_on == date(2019, 8, 15)
    assert read("8月15日前", issued_on=date(2019, 8, 15)).due_on == date(2019, 8, 15)
    assert read("8月15日前", issued_on=date(2019, 8, 16)).due_on == date(2020, 8, 15)
    assert read("今年8月15日前", issued_on=date(2019, 8, 16)).flags == ("before_issue",)


def test_a_leap_day_without_a_year_needs_a_leap_year():
    assert read("2月29日前").ask == "impossible_date"  # 2019 has none
    assert read("2月29日前", plan_year=2020, issued_on=None).due_on == date(2020, 2, 29)
    assert read("2月29日前", plan_year=2020, issued_on=date(2020, 3, 2)).ask == "impossible_date"


def test_a_named_day_stands_on_a_holiday_and_one_of_ours_rolls():
    named = read("10月5日前")
    assert (named.due_on, named.flags) == (date(2019, 10, 5), ("free_day",))
    assert ("free_day_stands", {"day": "2019-10-05", "before": "2019-09-30"}) in named.trail
    ours = resolve(parse("10月5日前", ours=True), plan_year=2019, calendar=national())
    assert (ours.due_on, ours.flags) == (date(2019, 10, 8), ())
    assert "rolled" in codes(ours)


def test_the_monthly_return_of_september_is_due_on_8_october_because_the_fifth_is_ours():
    assert period_due_on(parse("每月5日前"), SEPTEMBER, national()) == date(2019, 10, 5)
    assert period_due_on(parse("每月5日前", ours=True), SEPTEMBER, national()) == date(2019, 10, 8)
    assert "reports_previous" in codes(read("每月5日前"))


def test_the_month_of_a_report_is_assumed_only_where_the_document_leaves_it_open():
    assert read("每月5日前").flags == ()
    assert read("每月20日前").flags == read("每月15日前").flags == ("report_month_assumed",)
    assert read("每月20日前报送上月进展").flags == ()


def test_a_month_too_short_for_the_day_ends_on_its_last():
    assert period_due_on(parse("每月31日前报送当月"), date(2020, 2, 10)) == date(2020, 2, 29)
    assert read("印发后一个月内", issued_on=date(2020, 1, 31)).trail[-2:] == (
        ("month_end", {"day": "2020-02-29"}),
        ("rolled", {"free": "2020-02-29", "day": "2020-03-02"}),
    )
    assert read("印发后一个月内", issued_on=date(2019, 1, 31)).due_on == date(2019, 2, 28)


def test_seven_working_days_over_the_national_holiday_end_on_a_saturday():
    resolution = read("印发后7个工作日内", issued_on=date(2019, 9, 27))
    assert resolution.due_on == date(2019, 10, 12)
    assert resolution.flags == ()


def test_a_period_after_somebody_elses_document_waits_for_it():
    rule = parse("国家管理办法印发后30日内")
    waiting = resolve(rule, issued_on=ISSUED, calendar=national())
    assert (waiting.ask, waiting.cycle, waiting.flags) == ("needs_event_date", "quarter", ("waiting",))
    known = resolve(rule, issued_on=ISSUED, event_on=date(2019, 9, 2), calendar=national())
    assert (known.due_on, known.cycle, known.ask) == (date(2019, 10, 8), None, "")


def test_a_year_nobody_has_arranged_counts_monday_to_friday_and_says_so():
    resolution = read("印发后3个工作日内", issued_on=date(2027, 9, 30))
    assert resolution.due_on == date(2027, 10, 5)
    assert resolution.flags == ("calendar_incomplete",)
    assert resolution.trail[-1] == ("years_without_data", {"years": "2027"})


def test_what_a_period_is_counted_from_is_asked_for():
    assert resolve(parse("印发后30日内")).ask == "needs_issue_date"
    assert resolve(parse("收到后3个工作日内"), issued_on=ISSUED).ask == "needs_receipt_date"


def test_immediate_and_for_good():
    resolution = read("立行立改、长期坚持")
    assert (resolution.due_on, resolution.cycle) == (date(2019, 7, 3), "quarter")


def test_open_work_is_reviewed_at_the_end_of_the_year_it_was_issued_in():
    assert read("有序推进", issued_on=date(2020, 3, 2)).checkpoints == (date(2020, 12, 31),)
    assert resolve(parse("有序推进")).checkpoints == ()


def test_the_words_are_kept_as_they_were_written():
    rule = parse("请于２０１９年 ８ 月１５日（含）以前，报送")
    assert rule.words == "２０１９年 ８ 月１５日（含）以前"
    assert rule.phrase == "请于２０１９年 ８ 月１５日（含）以前，报送"
    assert parse("自治区办法出台后30日内").words == "自治区办法出台后30日内"


def test_periods():
    assert period_start("quarter", date(2019, 9, 30)) == date(2019, 7, 1)
    assert period_start("half", date(2019, 6, 30)) == date(2019, 1, 1)
    assert period_start("week", date(2019, 9, 1)) == date(2019, 8, 26)
    assert next_period("month", date(2019, 12, 24)) == date(2020, 1, 1)
    assert next_period("year", date(2019, 12, 24)) == date(2020, 1, 1)
    with pytest.raises(ValueError, match="no rule with periods"):
        period_due_on(parse("8月15日前"), SEPTEMBER)


def test_the_plans_own_deadlines():
    """四: as FACTS has them; 七 is reviewed each quarter by the plan file, the month is only the default."""
    phrases = ["2019年7月底前完成首次调查摸底", "2019—2020年", "2019—2020年", "2018—2020年", "2019—2020年",
               "2019-2020年", "有序推进"]  # fmt: skip
    last = date(2020, 12, 31)
    assert [read(phrase).due_on for phrase in phrases] == [
        date(2019, 7, 31),
        last,
        last,
        last,
        last,
        last,
        None,
    ]


# --- Properties ---------------------------------------------------------------------------------------------

SCRAPS = st.sampled_from(
    list("年月日号底末初中内前后起至到—－-～~./:：（）()每个周半第本次明一二三十廿〇，。①²Ｘ１０\u200b\u3000 ")
    + [
        "2019",
        "2020",
        "19",
        "0",
        "7",
        "8",
        "15",
        "30",
        "31",
        "99",
        "之前",
        "以前",
        "之后",
        "之日起",
        "（含）",
    ]
    + [
        "每月",
        "每季度",
        "每年",
        "每周",
        "每半年",
        "上半年",
        "季度",
        "上旬",
        "工作日",
        "收到后",
        "印发后",
        "首次",
    ]
    + ["动态", "持续推进", "有序推进", "长期", "立即", "待", "根据", "进展", "出台", "（不含）"]
)
TEXTS = st.one_of(st.text(max_size=60), st.lists(SCRAPS, max_size=14).map("".join))
DAYS = st.one_of(st.none(), st.dates(), st.sampled_from([date.min, date.max]))
CALENDARS = st.sampled_from(
    [national(), MONDAY_TO_FRIDAY, WorkingDays(frozenset({date.max}), frozenset(), frozenset())]
)


@given(TEXTS, st.one_of(st.none(), st.integers(-5, 20_000)), DAYS, DAYS, DAYS, CALENDARS, st.booleans())
def test_no_text_raises_and_a_question_has_no_date(text, year, issued, received, event, calendar, ours):
    rule = parse(text, ours=ours)
    resolution = resolve(
        rule, plan_year=year, issued_on=issued, received_on=received, event_on=event, calendar=calendar
    )
    assert rule.phrase == text
    if resolution.ask:
        assert (resolution.starts_on, resolution.due_on, resolution.checkpoints) == (None, None, ())
    if rule.kind in ("vague", "unknown"):
        assert resolution.ask
    if resolution.starts_on and resolution.due_on:
        assert resolution.starts_on <= resolution.due_on
    if rule.cycle:
        for day in filter(None, (issued, received)):
            period_due_on(rule, day, calendar)


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)), st.sampled_from("年./-"), st.booleans())
def test_every_day_is_read_in_every_way_of_writing_it(day, mark, padded):
    month, number = (f"{day:%m}", f"{day:%d}") if padded else (day.month, day.day)
    phrase = f"{day.year}年{month}月{number}日前" if mark == "年" else f"{day.year}{mark}{month}{mark}{number}前"
    assert resolve(parse(phrase)).due_on == day
    wide = phrase.translate({ord(char): ord(char) + 0xFEE0 for char in "0123456789./-"})
    assert resolve(parse(wide)).due_on == day


@given(
    st.integers(1, 120),
    st.dates(date(2018, 1, 1), date(2026, 6, 30)),
    st.sampled_from(["个工作日", "日", "个月"]),
)
def test_a_counted_period_ends_on_a_working_day_and_never_shrinks(count, issued, unit):
    def due(count: int) -> date:
        day = resolve(parse(f"印发后{count}{unit}内"), issued_on=issued, calendar=national()).due_on
        assert day is not None
        return day

    assert national().is_working(due(count))
    assert issued < due(count) <= due(count + 1)


@given(st.dates(date(2018, 1, 1), date(2026, 12, 31)), st.sampled_from([phrase for phrase, *_ in CYCLES]))
def test_every_period_is_due_after_the_one_before(day, phrase):
    rule: Rule = parse(phrase)
    assert rule.cycle
    following = next_period(rule.cycle.every, day)
    assert period_start(rule.cycle.every, day) <= day < following
    assert period_due_on(rule, day) == period_due_on(rule, period_start(rule.cycle.every, day))
    assert period_due_on(rule, day) < period_due_on(rule, following)


def test_a_whole_document_is_read_in_a_moment():
    sentence = "（一）相关县（市）于8月15日前完成，每月5日前报送；3个工作日内反馈。"
    assert parse(sentence * 2000).ask == "several"


def test_the_rules_import_nothing_but_working_days():
    """The import contract says so too; this names the file."""
    for path in Path(deadline_rules.__file__).parent.glob("*.py"):
        imports = [line for line in path.read_text().splitlines() if line.startswith(("import ", "from "))]
        assert not [line for line in imports if "django" in line], path.name
