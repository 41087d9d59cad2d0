"""Every row of the phrase table, in a plan of 2019: what it means, or what it asks."""

from __future__ import annotations

from datetime import date

import pytest

from measures.deadline_rules import Resolution, parse, period_due_on, resolve
from tests.bureaus.test_working_days import national

ISSUED = date(2019, 7, 1)
RECEIVED = date(2019, 7, 2)


def read(phrase: str, **given_: object) -> Resolution:
    """The phrase in a plan of 2019, issued on Monday 1 July and signed for a day later."""
    known: dict = {"plan_year": 2019, "issued_on": ISSUED, "received_on": RECEIVED, "calendar": national()}
    return resolve(parse(phrase), **(known | given_))


DATES = [
    # a named day, month, year: inclusive, standing
    ("2019年7月底前", "2019-07-31", ()),
    ("7月末", "2019-07-31", ()),
    ("2019年7月", "2019-07-31", ()),
    ("8月15日前", "2019-08-15", ()),
    ("8月15日", "2019-08-15", ()),
    ("8月15日之前", "2019-08-15", ("ambiguous_before",)),
    ("8月15日以前", "2019-08-15", ("ambiguous_before",)),
    ("8月15日（含）前", "2019-08-15", ()),
    ("8月15日（含）以前", "2019-08-15", ()),
    ("8月15日前（含15日）", "2019-08-15", ()),
    ("2019年8月15日18:00前", "2019-08-15", ("hour_ignored",)),
    ("8月15日（星期四）下班前", "2019-08-15", ("hour_ignored",)),
    ("2019年", "2019-12-31", ()),
    ("2019年内", "2019-12-31", ()),
    ("2019年底前", "2019-12-31", ()),
    ("2019年年底", "2019-12-31", ()),
    ("年底前", "2019-12-31", ()),
    ("年内", "2019-12-31", ()),
    ("今年年底前", "2019-12-31", ()),
    ("明年6月底前", "2020-06-30", ()),
    ("19年9月底前", "2019-09-30", ("short_year",)),
    ("下半年", "2019-12-31", ()),
    ("2020年上半年", "2020-06-30", ()),
    ("2020年上半年内", "2020-06-30", ()),
    ("2019—2020年6月底", "2020-06-30", ()),
    ("三季度末前", "2019-09-30", ()),
    ("第三季度", "2019-09-30", ()),
    ("四季度末", "2019-12-31", ()),
    ("2020年一季度末", "2020-03-31", ()),
    ("2020年第二季度", "2020-06-30", ()),
    ("9月上旬", "2019-09-10", ()),
    ("8月中旬前", "2019-08-20", ()),
    ("2020年2月下旬前", "2020-02-29", ("free_day",)),
    # no year and already past on 1 July: the year after, with a flag
    ("6月30日前", "2020-06-30", ("next_year",)),
    ("上半年", "2020-06-30", ("next_year",)),
    ("一季度末", "2020-03-31", ("next_year",)),
    ("2019年5月底前", "2019-05-31", ("before_issue",)),
    # the same day in every way of writing
    ("２０１９年８月１５日前", "2019-08-15", ()),
    ("八月十五日前", "2019-08-15", ()),
    ("二〇一九年八月十五日", "2019-08-15", ()),
    ("二○一九年八月十五日", "2019-08-15", ()),
    ("二零一九年十月三十一日", "2019-10-31", ()),
    ("2019.8.15", "2019-08-15", ()),
    ("2019-08-15", "2019-08-15", ()),
    ("2019/8/15", "2019-08-15", ()),
    ("2019．8．15前", "2019-08-15", ()),
    ("2019 年 8 月 15 日 前", "2019-08-15", ()),
    ("2019-08-15 18:00:00", "2019-08-15", ("hour_ignored",)),
    ("2019.7底前", "2019-07-31", ()),
    ("①2020年7月底前", "2020-07-31", ()),
    ("2019年1\u200b2月底前", "2019-12-31", ()),
    ("二〇二〇年内", "2020-12-31", ()),
    ("一月一日前", "2020-01-01", ("next_year", "free_day")),
    ("1.8月15日前", "2019-08-15", ()),
    # in the plan's own sentences
    ("2019年7月底前完成首次调查摸底", "2019-07-31", ("first_time",)),
    ("于8月15日前将工作方案报地区发展改革委、人力资源社会保障局备案", "2019-08-15", ()),
    ("立行立改，8月底前完成整改", "2019-08-31", ("free_day",)),
    ("2019年底前逐步完成", "2019-12-31", ()),
    ("2019年初步建成", "2019-12-31", ()),
    ("2019年后续扶持工作", "2019-12-31", ()),
    ("8月15日起草方案", "2019-08-15", ()),
    ("待国家办法出台后，2019年底前完成", "2019-12-31", ("condition_named",)),
    ("2019年7月1日起实施，2019年底前完成", "2019-12-31", ("start_named",)),
]


@pytest.mark.parametrize(("phrase", "due", "flags"), DATES)
def test_a_named_date(phrase, due, flags):
    resolution = read(phrase)
    assert (str(resolution.due_on), resolution.flags, resolution.ask) == (due, flags, "")
    assert parse(phrase).kind == "date"
    assert resolution.starts_on is None
    assert resolution.cycle is None


TWO_YEARS = [
    *(
        "2019—2020年",
        "2019－2020年",
        "2019-2020年",
        "2019–2020年",
        "2019～2020年",
        "2019~2020年",
        "2019——2020年",
    ),
    *("2019至2020年", "2019年至2020年", "2019年到2020年", "2019 — 2020 年", "2019-2020"),
    *("２０１９—２０２０年", "二〇一九—二〇二〇年"),
]
RANGES = [
    *((phrase, "2019-01-01", "2020-12-31", ["2019-12-31"]) for phrase in TWO_YEARS),
    ("2018—2020年", "2018-01-01", "2020-12-31", ["2019-12-31"]),
    ("2019年7月—12月", "2019-07-01", "2019-12-31", []),
    ("7-9月", "2019-07-01", "2019-09-30", []),
    ("2019.7-2020.6", "2019-07-01", "2020-06-30", ["2019-12-31"]),
    ("自2019年7月1日起至2020年6月30日止", "2019-07-01", "2020-06-30", ["2019-12-31"]),
    ("8月1日至15日", "2019-08-01", "2019-08-15", []),
    ("2019-08-01至2019-08-15", "2019-08-01", "2019-08-15", []),
]  # fmt: skip


@pytest.mark.parametrize(("phrase", "start", "due", "checkpoints"), RANGES)
def test_a_range_has_a_beginning_an_end_and_each_years_end_between(phrase, start, due, checkpoints):
    resolution = read(phrase)
    assert (str(resolution.starts_on), str(resolution.due_on)) == (start, due)
    assert [str(day) for day in resolution.checkpoints] == checkpoints
    assert resolution.ask == ""


COUNTED = [
    # 1 July 2019 is day 0; the 31st is a Wednesday
    ("印发后30日内", "2019-07-01", "2019-07-31", ()),
    ("印发之日起30日内", "2019-07-01", "2019-07-31", ()),
    ("自本方案印发之日起三十日以内", "2019-07-01", "2019-07-31", ()),
    ("印发之日起十五日内", "2019-07-01", "2019-07-16", ()),
    ("十五日内", "2019-07-01", "2019-07-16", ("start_assumed",)),
    ("7个工作日内", "2019-07-01", "2019-07-10", ("start_assumed",)),
    ("收到后3个工作日内", "2019-07-02", "2019-07-05", ()),
    ("收到通知之日起15日内", "2019-07-02", "2019-07-17", ()),
    ("印发后1个月内", "2019-07-01", "2019-08-01", ()),
    ("两周内", "2019-07-01", "2019-07-15", ("start_assumed",)),
    # three months end inside the national holiday, half a year on New Year's Day: both roll
    ("印发后三个月内", "2019-07-01", "2019-10-08", ()),
    ("印发后半年内", "2019-07-01", "2020-01-02", ()),
]


@pytest.mark.parametrize(("phrase", "start", "due", "flags"), COUNTED)
def test_a_counted_period(phrase, start, due, flags):
    resolution = read(phrase)
    assert (str(resolution.starts_on), str(resolution.due_on)) == (start, due)
    assert resolution.flags == flags
    assert parse(phrase).kind == "term"


SEPTEMBER = date(2019, 9, 1)
CYCLES = [
    ("每月5日前", "month", "2019-10-05"),  # September is reported in October; the document's day stands
    ("每月五日前", "month", "2019-10-05"),
    ("每月于次月5日前报送", "month", "2019-10-05"),
    ("每月25日前报送当月进展", "month", "2019-09-25"),
    ("每月25日前报送上月进展", "month", "2019-10-25"),
    ("每月20日前", "month", "2019-09-20"),
    ("每月15日前", "month", "2019-10-15"),
    ("每月底", "month", "2019-09-30"),
    ("每月月底前", "month", "2019-09-30"),
    ("每个月至少一次", "month", "2019-09-30"),
    ("一月一调度", "month", "2019-09-30"),
    ("每季度末", "quarter", "2019-09-30"),
    ("每季度报送一次", "quarter", "2019-09-30"),
    ("每季度首月10日前", "quarter", "2019-10-10"),
    ("每季度最后一个月25日前", "quarter", "2019-09-25"),
    ("每半年", "half", "2019-12-31"),
    ("每年底", "year", "2019-12-31"),
    ("每年12月底前", "year", "2019-12-31"),
    ("每年安排一定资金", "year", "2019-12-31"),
    ("每年6月30日前", "year", "2019-06-30"),
    ("每年1月10日前报送上年度总结", "year", "2020-01-10"),
    ("每周五", "week", "2019-08-30"),  # 1 September 2019 is the Sunday of that week
    ("每周五前", "week", "2019-08-30"),
    ("每星期天", "week", "2019-09-01"),
]


@pytest.mark.parametrize(("phrase", "every", "due"), CYCLES)
def test_a_cycle_has_a_date_in_every_period(phrase, every, due):
    rule = parse(phrase)
    assert rule.kind == "cycle"
    resolution = read(phrase)
    assert (resolution.cycle, resolution.due_on, resolution.ask) == (every, None, "")
    assert str(period_due_on(rule, SEPTEMBER, national())) == due


OPEN = [
    ("长期坚持", "quarter"),
    ("长期", "quarter"),
    ("有序推进", "month"),
    ("持续推进", "month"),
    ("逐步完善", "month"),
    ("常态化", "month"),
    ("2019年7月起持续推进", "month"),
]


@pytest.mark.parametrize(("phrase", "every"), OPEN)
def test_open_work_has_reviews_and_no_date(phrase, every):
    resolution = read(phrase)
    assert (resolution.due_on, resolution.cycle, resolution.ask) == (None, every, "")
    assert resolution.checkpoints == (date(2019, 12, 31),)
    assert parse(phrase).kind == "open"


@pytest.mark.parametrize("phrase", ["立行立改", "即知即改", "立即", "随到随办"])
def test_at_once_is_the_next_working_day_after_receipt(phrase):
    before_the_holiday = read(phrase, received_on=date(2019, 9, 30))
    assert before_the_holiday.due_on == date(2019, 10, 8)
    assert before_the_holiday.checkpoints == (date(2019, 10, 10),)  # the report, on the third
    assert read(phrase, received_on=None).ask == "needs_receipt_date"


@pytest.mark.parametrize(
    "phrase",
    [
        "根据工作进展",
        "待国家有关办法出台后办理",
        "积极关注国家、自治区即将出台的管理办法",
        "待条件成熟后有序推进",
    ],
)
def test_a_condition_waits_with_a_reminder_each_quarter(phrase):
    resolution = read(phrase)
    assert (resolution.due_on, resolution.cycle, resolution.ask) == (None, "quarter", "")
    assert "waiting" in resolution.flags
    assert parse(phrase).kind == "conditional"


QUESTIONS = [
    ("限期", "vague"),
    ("按时", "vague"),
    ("及时", "vague"),
    ("尽快", "vague"),
    ("适时", "vague"),
    ("8月15日前后", "vague"),
    ("7月初", "part_of_period"),
    ("年初", "part_of_period"),
    ("7月中", "part_of_period"),
    ("每月初", "part_of_period"),
    ("2020年前", "before_period"),  # by the end of 2019, or of 2020?
    ("7月前", "before_period"),
    ("7月内", "month_or_months"),
    ("15日前", "month_missing"),
    ("月底前", "month_missing"),
    ("次月5日前", "month_missing"),
    ("会议召开3日前", "month_missing"),
    ("自2019年7月1日起施行", "only_start"),
    ("8月15日（不含）前", "excluded_day"),
    ("2019年7月底前启动，2019年底前完成", "several"),
    ("每季度结束后10日内", "several"),
    ("自7月1日起30日内", "several"),
    ("每月调度、每季度通报", "several"),
    ("每周三次", "cycle_unclear"),
    ("每3个月", "cycle_unclear"),
    ("每半月", "cycle_unclear"),
    ("每月10-15日报送", "cycle_unclear"),
    ("每季度10日前", "cycle_unclear"),
    ("2月30日", "impossible_date"),
    ("2019年2月29日前", "impossible_date"),
    ("13月底前", "impossible_date"),
    ("2019-13-01", "impossible_date"),
    ("0月5日", "impossible_date"),
    ("0000年", "impossible_date"),
    ("0000—2020年", "impossible_date"),
    ("2019年7月—0月", "impossible_date"),
    ("0年内", "impossible_date"),
    ("每月32日前", "impossible_date"),
    ("每年2月30日前", "impossible_date"),
    ("0个工作日内", "impossible_date"),
    ("2020—2019年", "range_reversed"),
    ("11-3月", "range_reversed"),
    ("自治区办法出台后30日内", "needs_event_date"),
    ("半个月内", "unknown"),
    ("2019年8.15前", "unknown"),
    ("1.5个月内", "unknown"),
    ("各有关单位", "unknown"),
    ("走可持续发展之路", "unknown"),
    ("按时间节点完成", "unknown"),
    ("", "unknown"),
    ("……", "unknown"),
]


@pytest.mark.parametrize(("phrase", "ask"), QUESTIONS)
def test_what_is_vague_or_wrong_is_asked_and_never_guessed(phrase, ask):
    resolution = read(phrase)
    assert resolution.ask == ask
    assert (resolution.starts_on, resolution.due_on, resolution.checkpoints) == (None, None, ())
