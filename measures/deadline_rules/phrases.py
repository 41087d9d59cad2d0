"""Reading a deadline phrase: the words of a plan (完成期限) as a `Rule`, before any calendar.

The rows of words are in `table`; here is what they mean together: which is the deadline, what
goes on after it, and when two of them are a question instead. A vague phrase never becomes a date: it
asks. Pure: no date is computed here, see the package itself.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import MAXYEAR, MINYEAR, date
from typing import Literal

from measures.deadline_rules.table import Folded, Hit, fold, goes_on_after, number, times, words

Kind = Literal["date", "range", "term", "immediate", "cycle", "open", "milestone", "conditional", "vague", "unknown"]
Every = Literal["week", "month", "quarter", "half", "year"]
Unit = Literal["day", "workday", "month"]
Anchor = Literal["issue", "receipt", "event", "unnamed"]
Flag = Literal[
    "ambiguous_before", "next_year", "before_issue", "starts_before_plan", "short_year", "hour_ignored",
    "first_time", "start_named", "start_assumed", "report_month_assumed", "free_day", "waiting",
    "condition_named", "calendar_incomplete",
]  # fmt: skip
Ask = Literal[
    "unknown", "vague", "part_of_period", "before_period", "month_or_months", "month_missing", "only_start",
    "excluded_day", "several", "cycle_unclear", "impossible_date", "range_reversed", "needs_year",
    "needs_issue_date", "needs_receipt_date", "needs_event_date",
]  # fmt: skip
A_LEAP_YEAR = 2000


@dataclass(frozen=True)
class Point:
    """A named day, month (no day) or year (no month).

    Without a year it takes the plan's; with `ahead` (今年 0, 明年 1) that many years on, and no other.
    """

    year: int | None = None
    month: int | None = None
    day: int | None = None
    ahead: int | None = None

    def first(self, year: int) -> date | None:
        """Its first day in `year`; None when there is no such day."""
        month, day = (1 if part is None else part for part in (self.month, self.day))
        return _day_or_none(year, month, day)

    def last(self, year: int) -> date | None:
        """Its last day in `year`; None when there is no such day (2月30日, 13月)."""
        return _day_or_none(year, 12 if self.month is None else self.month, self.day)


def _day_or_none(year: int, month: int, day: int | None) -> date | None:
    if not (MINYEAR <= year <= MAXYEAR and 1 <= month <= 12):
        return None
    last = monthrange(year, month)[1]
    day = last if day is None else day
    return date(year, month, day) if 1 <= day <= last else None


@dataclass(frozen=True)
class Cycle:
    """A date in every period: on `day` (none: the last) of `month` of the period (none: its last).

    `follows`: the date lies in the period after the one it reports. `ours`: it rolls past free days.
    """

    every: Every
    month: int | None = None
    day: int | None = None
    follows: bool = False
    ours: bool = False


@dataclass(frozen=True)
class Rule:
    """What a phrase says, before any calendar. `id` names the row of the phrase table."""

    id: str
    kind: Kind
    phrase: str = ""  # all that was given
    words: str = ""  # the part of it that names the time, as written
    due: Point | None = None
    start: Point | None = None
    count: int = 0
    unit: Unit | None = None
    anchor: Anchor | None = None
    cycle: Cycle | None = None
    ours: bool = False  # the date is a setting of this system: it rolls past free days
    flags: tuple[Flag, ...] = ()
    ask: Ask | None = None


def parse(phrase: str, *, ours: bool = False) -> Rule:
    """The rule in `phrase`: a deadline as written, or a sentence that holds one. Never an exception.

    `ours` marks a date that is a setting of this system and not the document's: it rolls past free days.
    """
    text = fold(phrase)
    hits = times(text.text)
    found = {replace(rule, words="", flags=()): (rule, hit) for hit in hits for rule in [_read(hit, text)]}
    rule = _combine(list(found.values()), text)
    cycle = replace(rule.cycle, ours=True) if rule.cycle and ours else rule.cycle
    return replace(rule, phrase=phrase, cycle=cycle, ours=ours)


def _combine(found: list[tuple[Rule, Hit]], text: Folded) -> Rule:
    """One rule out of all that was found: a date may go with a cycle, two dates are a question."""
    starts = [rule for rule, _ in found if rule.ask == "only_start"]
    cycles = [(rule, hit) for rule, hit in found if rule.kind == "cycle"]
    ends = [(rule, hit) for rule, hit in found if rule.ask != "only_start" and rule.kind != "cycle"]
    datable = all(rule.kind in ("date", "range") for rule, _ in ends)
    if len(ends) > 1 or len(cycles) > 1 or ((starts or cycles) and not datable):
        return Rule("several", "vague", words=" / ".join(rule.words for rule, _ in found), ask="several")
    if ends:
        rule = _with_cycle(*ends[0], cycles, text)
    elif cycles:
        rule = cycles[0][0]
    else:
        rule = _without_date(text)
        if starts and rule.kind != "open":
            return starts[0]
    return replace(rule, flags=(*rule.flags, "start_named")) if starts else rule


def _with_cycle(rule: Rule, hit: Hit, cycles: list[tuple[Rule, Hit]], text: Folded) -> Rule:
    """The date of `rule`, and what the phrase says goes on beside it or after it."""
    if rule.kind not in ("date", "range"):
        return rule
    if any(word.row == "conditional" for word in words(text.text)):
        rule = replace(rule, flags=(*rule.flags, "condition_named"))
    if not cycles:
        return _milestone(rule, text.text[hit.end :]) if rule.kind == "date" else rule
    cyclic, other = cycles[0]
    after = rule.kind == "date" and other.start > hit.start
    return replace(
        rule,
        id="milestone" if after else rule.id,
        kind="milestone" if after else rule.kind,
        words=f"{rule.words} / {cyclic.words}",
        cycle=cyclic.cycle,
        flags=rule.flags + cyclic.flags,
    )


def _milestone(rule: Rule, rest: str) -> Rule:
    """7月底前完成首次…，之后动态: the date is kept, and what goes on after it is reviewed (ours)."""
    if goes_on_after(rest):
        every: Every = "quarter" if any(hit.row == "standing" for hit in words(rest)) else "month"
        return replace(rule, id="milestone", kind="milestone", cycle=Cycle(every, ours=True))
    if re.search("首次|第一[次轮]|首轮", rest):
        return replace(rule, flags=(*rule.flags, "first_time"))
    return rule


def _without_date(text: Folded) -> Rule:
    """Words alone: a condition, 立即, open work, a vague wish, or nothing we know."""
    hits = {hit.row: hit for hit in words(text.text)}
    if not hits:
        return Rule("unknown", "unknown", ask="unknown")
    row, hit = next(iter(hits.items()))
    said = text.words(hit.start, hit.end)
    every: Every = "quarter" if "standing" in hits else "month"
    match row:
        case "conditional":
            return Rule(row, "conditional", words=said, cycle=Cycle("quarter", ours=True), flags=("waiting",))
        case "immediate":
            goes_on = Cycle(every, ours=True) if hits.keys() & {"standing", "ongoing"} else None
            return Rule(row, "immediate", words=said, cycle=goes_on)
        case "standing" | "ongoing":
            return Rule(row, "open", words=said, cycle=Cycle(every, ours=True))
    return Rule("vague", "vague", words=said, ask="vague")


def _read(hit: Hit, text: Folded) -> Rule:
    """One hit as a rule of its own."""
    said, parts = text.words(hit.start, hit.end), hit.parts
    if question := _QUESTIONS.get(hit.row):
        return Rule(hit.row, "vague", words=said, ask=question)
    if hit.row == "term":
        return _term(hit, text)
    ask, flags = _tail(parts)
    if hit.row.startswith("cycle"):
        rule = _cycle(hit, text.text[max(0, hit.start - _FAR) : hit.end + _FAR])
    elif hit.row == "date":
        rule = Rule(_name_of(parts), "date", due=_point(parts))
    else:
        due = _point({name.removesuffix("2"): value for name, value in parts.items() if name.endswith("2")})
        start = _point(parts)
        # 2019年7—12月, 8月1日至15日: what the right side leaves out, it takes from the left.
        due = replace(
            due,
            year=start.year if due.year is None else due.year,
            month=start.month if due.month is None else due.month,
        )
        rule = Rule(hit.row, "range", start=start, due=due)
    if ask := rule.ask or ask:
        rule = replace(rule, kind="vague", due=None, start=None, cycle=None, ask=ask)
    return replace(rule, words=said, flags=rule.flags + flags)


def _point(parts: dict[str, str]) -> Point:
    get = {name: number(parts[name]) for name in ("year", "month", "day", "quarter") if name in parts}
    if "short" in parts:
        get["year"] = 2000 + number(parts["short"])
    month = get.get("month") or 3 * get.get("quarter", 0) or {"上": 6, "下": 12}.get(parts.get("half", ""))
    day = get.get("day", {"上": 10, "中": 20}.get(parts.get("decade", "")))
    ahead = None if "ahead" not in parts else 0 if parts["ahead"] in "今本当" else 1
    return Point(get.get("year"), get.get("month", month), day, ahead)


def _name_of(parts: dict[str, str]) -> str:
    for name in ("day", "decade", "month", "quarter", "half"):
        if name in parts:
            return name
    return "year"


def _tail(parts: dict[str, str]) -> tuple[Ask | None, tuple[Flag, ...]]:
    """What stands around a named time: what makes it a question, and what is only worth a flag."""
    flags: list[Flag] = []
    brackets = parts.get("bracket", "") + parts.get("bracket2", "")
    edge = parts.get("edge", "")
    exact = parts.keys() & {"day", "decade", "weekday", "day2"} or edge in ("底", "末", "终")
    if "short" in parts or "short2" in parts:
        flags.append("short_year")
    if "hour" in parts:
        flags.append("hour_ignored")
    if parts.get("before", "") in ("之前", "以前") and "含" not in brackets:
        flags.append("ambiguous_before")
    if "about" in parts:
        return "vague", ()
    if "不含" in brackets or "不包" in brackets:
        return "excluded_day", ()
    if "onwards" in parts:
        return "only_start", ()
    if edge in ("初", "中"):
        return "part_of_period", ()
    if edge.endswith("内") and "month" in parts and not parts.keys() & {"day", "decade", *_YEARS}:
        return "month_or_months", ()
    if "before" in parts and not exact:
        return "before_period", ()
    return None, tuple(flags)


def _cycle(hit: Hit, around: str) -> Rule:
    """每月5日前 reports the month before it; 每月25日前 and 每月底 report the month they are in (ours)."""
    row, parts = hit.row, hit.parts
    point, follows = _point(parts), "next" in parts
    month, flags = point.month, list[Flag]()
    if row == "cycle_week":
        weekday = "一二三四五六日".find(parts["weekday"].replace("天", "日")) + 1 or number(parts["weekday"])
        return Rule(row, "cycle", cycle=Cycle("week", day=weekday))
    every = _PERIODS[row]
    if row == "cycle_month" and point.day and not follows:
        told = re.search("上个?月|[当本]月", around)
        follows = told[0][0] == "上" if told else point.day <= 15
        if not told and point.day > 10:
            flags.append("report_month_assumed")
    if row == "cycle_quarter":
        if point.day and not parts.keys() & {"opening", "closing"}:
            return Rule(row, "cycle", ask="cycle_unclear")
        follows, month = "opening" in parts, 1 if "opening" in parts else None
    if row == "cycle_year":
        follows = follows or bool(re.search("上一?年", around))
    if point.last(A_LEAP_YEAR) is None or point.day == 0:
        return Rule(row, "cycle", ask="impossible_date")
    return Rule(row, "cycle", cycle=Cycle(every, month, point.day, follows), flags=tuple(flags))


def _term(hit: Hit, text: Folded) -> Rule:
    """印发后30日内, 收到后3个工作日内, 两个月内: the count, and what it is counted from."""
    parts = hit.parts
    count = number(parts["count"]) if parts["count"] != "半" else 0
    unit: Unit = "day"
    match parts.get("unit") or parts["closed"]:
        case "工作日":
            unit = "workday"
        case "周" | "星期":
            count *= 7
        case "月":
            unit = "month"
        case "季度":
            unit, count = "month", 3 * count
        case "年":
            unit, count = "month", 6 if parts["count"] == "半" else 12 * count
    anchor, start = _anchor(text.text, hit.start)
    said = text.words(start, hit.end)
    # Until the event happens there is nothing to count, and nothing but a reminder keeps it alive (ours).
    waiting = Cycle("quarter", ours=True) if anchor == "event" else None
    return Rule(f"term_{unit}", "term", words=said, count=count, unit=unit, anchor=anchor, cycle=waiting)


def _anchor(text: str, end: int) -> tuple[Anchor, int]:
    """What the clause before `end` counts from, and where it says so."""
    start = max(text.rfind(mark, 0, end) for mark in ",。;:") + 1
    start = max(start, end - _FAR)
    clause = text[start:end]
    if found := re.search("收到|接到|签收|接收|收文", clause):
        return "receipt", start + found.start()
    found = re.search("印发|下发|发文|签发|发布|成文|下达|交办", clause)
    if found and not re.search("国家|中央|自治区|上级|省", clause):
        return "issue", start + found.start()
    if re.search("[后起]$", clause):
        return "event", start
    return "unnamed", end


_YEARS = ("year", "short", "ahead")
_FAR = 40  # characters: what is further away speaks of something else
_QUESTIONS: dict[str, Ask] = {"cycle_unclear": "cycle_unclear", "month_missing": "month_missing"}
_PERIODS: dict[str, Every] = {
    "cycle_month": "month",
    "cycle_quarter": "quarter",
    "cycle_half": "half",
    "cycle_year": "year",
}
