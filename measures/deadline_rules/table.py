"""How Chinese documents write a time: one row for each way, and the folding that precedes it.

The table beside the logic of `phrases`: it finds words and knows not what they mean together.
A new way of writing is a new row here and a new line in the test's table. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

# --- One way of writing: widths, dashes, brackets, spaces, 2019.8.15 -------------------------------

_DASHES = "-‐‑‒–—―−－﹣~～〜∼─━"
_BRACKETS = str.maketrans("（【〔［[﹝）】〕］]﹞", "(((((())))))")
_NUMERIC = re.compile(
    r"(?<![0-9])(?P<year>(?:19|20)[0-9]{2})(?P<sep>[-./])(?P<month>[0-9]{1,2})(?![0-9年个])月?"
    r"(?:(?P=sep)(?P<day>[0-9]{1,2})(?![0-9年月个])[日号]?)?"
)


@dataclass(frozen=True)
class Folded:
    """A phrase in one way of writing, which still knows where each character came from."""

    raw: str
    text: str
    at: tuple[int, ...]

    def words(self, start: int, end: int) -> str:
        """The words as the document has them."""
        return self.raw[self.at[start] : self.at[end - 1] + 1] if start < end else ""


def fold(phrase: str) -> Folded:
    """Full width to half, dashes and brackets to one kind, 2019.8.15 to 2019年8月15日, no spaces.

    A space between two digits stays, or the hour would run into the day.
    """
    marks: list[tuple[str, int]] = []
    gap = False
    for index, char in enumerate(phrase):
        if char.isspace():
            gap = True
            continue
        for mark in _fold_char(char):
            if gap and marks and marks[-1][0].isdigit() and mark.isdigit():
                marks.append((" ", index - 1))
            gap = False
            marks.append((mark, index))
    text = "".join(mark for mark, _ in marks)
    done, spelled = 0, []
    for match in _NUMERIC.finditer(text):
        spelled += marks[done : match.start()]
        for name, unit in (("year", "年"), ("month", "月"), ("day", "日")):
            if match[name]:
                spelled += marks[match.start(name) : match.end(name)]
                spelled.append((unit, marks[match.end(name) - 1][1]))
        done = match.end()
    spelled += marks[done:]
    return Folded(phrase, "".join(mark for mark, _ in spelled), tuple(index for _, index in spelled))


def _fold_char(char: str) -> str:
    if char in _DASHES:
        return "-"
    category = unicodedata.category(char)
    if category == "Cf":  # zero-width joiners and marks, left by copying out of a web page
        return ""
    if category == "No":  # ① and ⒈ number a list and must not run into the year behind them
        return char
    return unicodedata.normalize("NFKC", char).translate(_BRACKETS)


# --- Numbers -----------------------------------------------------------------------------------------

_DIGITS = {
    char: value
    for value, chars in enumerate(["〇○零Oo0", "一1", "二两2", "三3", "四4", "五5", "六6", "七7", "八8", "九9"])
    for char in chars
}
_SCALES = {"十": 10, "百": 100}


def number(text: str) -> int:
    """15, 十五, 廿五, 二〇一九. Whatever the rows below let through."""
    total = digit = 0
    for char in text.replace("廿", "二十").replace("卅", "三十"):
        if char in _SCALES:
            total, digit = total + (digit or 1) * _SCALES[char], 0
        else:
            digit = digit * 10 + _DIGITS[char]
    return total + digit


# --- Pieces ------------------------------------------------------------------------------------------

_HAN = "〇○零一二三四五六七八九十百两廿卅"
_N = rf"(?:(?<![0-9])[0-9]{{1,2}}(?![0-9])|(?<![{_HAN}])[{_HAN}]{{1,3}})"
_YYYY = r"(?:(?<![0-9])[0-9]{4}(?![0-9])|[〇○零Oo0一二三四五六七八九]{4})"
_YY = r"(?<![0-9])[0-9]{2}(?![0-9])"
_TO = r"(?:-+|至|到)"
_IN = r"(?:之内|以内|内)"

# A part of a year: 7月, 8月15日, 8月上旬, 第三季度, 上半年, each with the edge that is meant (底, 初 …).
_PART = (
    rf"(?:(?P<month>{_N})月份?(?:(?P<day>{_N})[日号]|(?P<decade>[上中下])旬)?"
    r"|第?(?P<quarter>[1-4一二三四])季度|(?P<half>[上下])半年|年度?)?"
    r"(?P<edge>[底末终](?!数)|初(?![步中高级始审稿])|中(?![旬央国])|以内|之内|内)?"
)
# What may follow: (含), an hour, 前/之前, and the words that make it a beginning instead of an end.
_HOUR = (
    r"[ T]?(?:[上下中]午|晚上?|早上?)?[0-9]{1,2}[:时点](?:[0-9]{1,2}分?|半|整)?(?::[0-9]{2})?"
    r"|(?:[上下中]午)?下班|[上下中]午"
)
_TAIL = (
    rf"(?P<bracket>\([^()]{{0,12}}\))?(?P<hour>{_HOUR})?"
    r"(?:(?P<about>前后|左右)|(?P<before>之前|以前|前(?![期述往提])))?(?P<bracket2>\([^()]{0,12}\))?"
    r"(?P<onwards>起(?![草步])|开始|之后|以后|以来|后(?![续期]))?"
)
_NEXT = r"[^,。;0-9]{0,20}?(?P<next>次月|下个?月)"
_DAY_OF_MONTH = rf"(?:(?P<day>{_N})[日号]|(?P<decade>[上中下])旬|月?(?P<edge>[底末初]))"

# --- Rows: the first that fits takes the words ---------------------------------------------------------

_TIMES: tuple[tuple[str, str], ...] = (
    # Cycles first, so that 每年12月底 is not read as one December.
    (
        "cycle_unclear",
        r"每(?:隔|半个?月|[日天旬]|个?工作日|[0-9二三四五六七八九十两]{1,4}(?:个?[日天周月年旬]|个?季度))",
    ),
    (
        "cycle_week",  # but 每周三次 is three times a week
        rf"每(?:个?星期|周|礼拜)的?(?P<weekday>[一二三四五六日天1-7])(?![次个篇期报调会通]){_TAIL}",
    ),
    (
        "cycle_month",
        rf"(?:(?:每个?|按|逐)月|一月一(?![日号]))的?(?![0-9]{{1,2}}[-至到])(?:{_NEXT})?{_DAY_OF_MONTH}?{_TAIL}",
    ),
    (
        "cycle_quarter",
        r"(?:(?:每个?|按|逐)季度?|一季一)的?(?:(?P<opening>首月|第一个?月)|(?P<closing>末月|最后一个?月))?的?"
        rf"(?:(?P<day>{_N})[日号]|(?P<edge>[底末终初]))?{_TAIL}",
    ),
    ("cycle_half", rf"每半年(?P<edge>[底末])?{_TAIL}"),
    ("cycle_year", rf"(?:每|逐)年度?的?(?:[^,。;0-9]{{0,20}}?(?P<next>次年|下一?年)度?)?{_PART}{_TAIL}"),
    ("cycle_unclear", r"每(?:个?星期|周|礼拜|个?月)"),
    # Counted periods, before 年内 is taken for this year.
    (
        "term",
        rf"(?<![前上下第])(?P<count>(?<![0-9.])[0-9]{{1,3}}|(?<![{_HAN}])(?!{_YYYY}年)[{_HAN}]{{1,5}}|半(?=年))个?"
        rf"(?:(?P<unit>工作日|自然日|日历[日天]|天|周|星期|(?<=个)月|(?<=个)季度)(?:{_IN}|\Z)|(?P<closed>[日年]){_IN})",
    ),
    # Ranges.
    (
        "days",
        rf"(?:(?P<year>{_YYYY})年)?(?P<month>{_N})月(?P<day>{_N})[日号]?起?{_TO}"
        rf"(?:(?P<year2>{_YYYY})年)?(?:(?P<month2>{_N})月)?(?P<day2>{_N})[日号]止?{_TAIL}",
    ),
    (
        "months",
        rf"(?:(?P<year>{_YYYY})年)?(?P<month>{_N})(?:月份?)?起?{_TO}"
        rf"(?:(?P<year2>{_YYYY})年)?(?P<month2>{_N})月份?(?!{_N}[日号]|[上中下]旬)(?P<edge>[底末])?止?{_TAIL}",
    ),
    (
        "years",
        rf"(?P<year>{_YYYY}|{_YY}(?=年))年?度?起?{_TO}(?:(?P<year2>{_YYYY})(?:年度?|(?![0-9./-]))|(?P<short2>{_YY})年度?)"
        rf"(?!年?度?(?:{_N}月|第?[1-4一二三四]季度|[上下]半年))(?P<edge>[底末内])?(?:期间|止)?{_TAIL}",
    ),
    # Named days, months, quarters, halves and years.
    (
        "date",
        rf"(?:(?P<year>{_YYYY})年度?"
        rf"|(?P<short>{_YY})年(?=度?(?:{_N}月|第?[1-4一二三四]季度|[上下]半年|年?[底末初]))"
        r"|(?P<ahead>[今本当明次翌来])年度?"
        rf"|(?<![半几多近历学财去前数届个0-9{_HAN}])(?=年[底末终初中内])"
        rf"|(?=[0-9{_HAN}第上下]))"
        rf"{_PART}{_TAIL}",
    ),
    # A day or an end of month that does not say which month.
    (
        "month_missing",
        rf"(?:(?:[本当次上下]|[上下]个)月|(?<![0-9{_HAN}个每月])月)(?:{_N}[日号]|[底末]){_TAIL}"
        rf"|{_N}[日号](?:之前|以前|前)",
    ),
)
_WORDS: tuple[tuple[str, str], ...] = (
    (
        "conditional",
        r"(?<![接招优期看对])待(?!遇)[^,。;]{1,40}?(?:后|再)|即将出台"
        r"|根据[^,。;]{0,20}?(?:进展|进度)|视[^,。;]{0,20}?(?:情况|进展|进度)"
        r"|(?:出台|印发|发布|公布|批复|明确|到位)(?:以|之)?后",
    ),
    ("immediate", r"立行立改|[即立]知[即立]改|立即|立刻|即刻|马上|随到随办|[即随]收[即随]办"),
    ("standing", r"(?<!中)长期(?:坚持)?|常年"),
    ("ongoing", r"(?<!可)持续(?:推进)?|有序(?:推进|开展|实施)|稳步推进|逐步(?:推进)?|常态化?|经常性"),
    ("vague", r"限期|按[时期](?!间)|及时|尽[快早]|适时|近期|抓紧|早日|定期|择机"),
)
_AFTERWARDS = re.compile(r"之后|此后|其后|随后|以后|动态")
_TIME_ROWS = tuple((row, re.compile(pattern)) for row, pattern in _TIMES)
_WORD_ROWS = tuple((row, re.compile(pattern)) for row, pattern in _WORDS)


@dataclass(frozen=True)
class Hit:
    """Words that name a time, and the row of the table that knew them."""

    row: str
    start: int
    end: int
    parts: dict[str, str]


def times(text: str) -> list[Hit]:
    """Every time the (folded) text names, from left to right; no two share a character."""
    hits: list[Hit] = []
    free = list(text)
    for row, pattern in _TIME_ROWS:
        for match in pattern.finditer("".join(free)):
            parts = {name: value for name, value in match.groupdict().items() if value}
            if row == "date" and not _names_a_time(parts, text[match.end() : match.end() + 1]):
                continue
            hits.append(Hit(row, match.start(), match.end(), parts))
            free[match.start() : match.end()] = "\n" * (match.end() - match.start())
    return sorted(hits, key=lambda hit: hit.start)


def _names_a_time(parts: dict[str, str], following: str) -> bool:
    """The row of dates is all options: it needs one of them, and a year alone must not swallow 2019年8.15."""
    if parts.keys() & {"month", "quarter", "half"}:
        return True
    if parts.keys() & {"year", "short", "ahead"}:
        return not following.isdigit()
    return "edge" in parts


def words(text: str) -> Iterator[Hit]:
    """The words without a date in them, most telling first: a condition before 立即, 立即 before 持续 …"""
    for row, pattern in _WORD_ROWS:
        if match := pattern.search(text):
            yield Hit(row, match.start(), match.end(), {})


def goes_on_after(text: str) -> bool:
    """之后动态, or open work in the next clause: the date is a milestone. 7月底前逐步完成 is none."""
    later = "".join(re.split("[,;。并]", text, maxsplit=1)[1:])
    return bool(_AFTERWARDS.search(text)) or any(hit.row in ("standing", "ongoing") for hit in words(later))
