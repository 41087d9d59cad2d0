"""What a cell means: `parse` turns the raw value of a column into a typed one, or says what is wrong with it.

    value, problem = parse(column, raw, today)

`value` is a str, int, Decimal, date or bool, a code for a choice, or one of `Word`; with an error it is
`Word.UNCHANGED` and must not be used. A warning comes with the value it is about. No database, no clock.
"""

from __future__ import annotations

import enum
import re
import string
import unicodedata
from datetime import date, datetime
from decimal import Decimal

from ledger import id_numbers

from . import columns as c
from .columns import Column
from .problems import WARNING, Param, Problem
from .sheet_rows import CellError, Formula, Raw, serial_day


class Word(enum.Enum):
    """What a cell can say besides a value."""

    UNCHANGED = "unchanged"  # blank: leave what is there
    CLEAR = "clear"
    DECLINED = "declined"
    NOT_APPLICABLE = "not_applicable"


Value = str | int | Decimal | date | bool | Word
Parsed = tuple[Value, Problem | None]

CLEAR_WORD, DECLINED_WORD, NOT_APPLICABLE_WORD = "〔清空〕", "拒答", "不适用"
_WORDS = {
    CLEAR_WORD: Word.CLEAR,
    "[清空]": Word.CLEAR,
    "【清空】": Word.CLEAR,
    "(清空)": Word.CLEAR,
    "[clear]": Word.CLEAR,
    DECLINED_WORD: Word.DECLINED,
    "declined to say": Word.DECLINED,
    NOT_APPLICABLE_WORD: Word.NOT_APPLICABLE,
    "not applicable": Word.NOT_APPLICABLE,
}
_WORDS = {unicodedata.normalize("NFKC", word).casefold(): meaning for word, meaning in _WORDS.items()}
_LONGEST_WORD = max(map(len, _WORDS))
_DAY = re.compile(r"(\d{4})\s*(?:[-/.]|年)\s*(\d{1,2})\s*(?:[-/.]|月)\s*(\d{1,2})\s*日?(?:\s+0{1,2}:00(?::00)?)?")
_EIGHT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_SHORT_YEAR = re.compile(r"\d{1,2}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,4}\s*日?")
_NO_DAY = re.compile(r"\d{4}(?:\s*(?:[-/.]|年)\s*(?:\d{1,2}\s*月?)?)?|\d{6}")
_MONEY = re.compile(r"(-?\d{1,3}(?:,\d{3})+|-?\d+)(\.\d{1,2})?(?:0*)")
_WHOLE = re.compile(r"-?\d{1,15}(?:\.0+)?")
_PHONE = re.compile(r"[0-9]{7,12}")
_UNITS = re.compile(r"\s*(?:元|人|名|个|口)$")
# In a text only digits, letters and spaces are made narrow: Chinese brackets and commas are wide, and stay so.
_NARROW = {sign + 0xFEE0: sign for sign in map(ord, string.digits + string.ascii_letters)} | {0x3000: 0x20}
_EARLIEST = date(1900, 1, 1)
_SHOWN = 40  # characters of a value in a message


def parse(column: Column, raw: Raw | None, today: date) -> Parsed:
    if raw is None:
        return Word.UNCHANGED, None
    if type(raw) is str:
        text = raw.strip()
        if not text:
            return Word.UNCHANGED, None
        # Full-width signs have code points above the Latin ones; most cells have none of the kind.
        if not text.isascii():
            text = unicodedata.normalize("NFKC", text).strip()
        if len(text) <= _LONGEST_WORD and text.casefold() in _WORDS:
            return _word(column, _WORDS[text.casefold()], text)
        if column.personal and "*" in text:
            return Word.UNCHANGED, None  # our own masks, brought back
        if column.kind == c.TEXT and not column.key.endswith("_code"):
            text = raw.strip().translate(_NARROW)
        return _OF_TEXT[column.kind](column, text, raw, today)
    if isinstance(raw, Formula):
        return _wrong("formula")
    if isinstance(raw, CellError):
        return _wrong("cell_error", value=raw.text)
    return _OF_OTHERS[column.kind](column, raw, today)


def shown(column: Column, raw: Raw | Value | None) -> str:
    """A value as it may be shown beside a problem: masked if it is personal, and short."""
    if raw is None or isinstance(raw, Word | Formula):
        return ""
    text = raw.text if isinstance(raw, CellError) else str(raw)
    if not column.personal:
        return text[:_SHOWN]
    return mask(column, text)


def mask(column: Column, text: str) -> str:
    """A personal value, masked; one that is not personal as it is."""
    if not column.personal:
        return text
    if column.kind == c.ID:
        return id_numbers.masked(text)[:_SHOWN]
    if column.kind == c.PHONE:
        return id_numbers.masked_phone(text)[:_SHOWN]
    if column.kind == c.DATE:
        return f"{text[:4]}-**-**" if len(text) >= 8 else "****"
    return "***"


def _wrong(code: str, /, **params: Param) -> Parsed:
    return Word.UNCHANGED, Problem(code, params)


def _word(column: Column, word: Word, text: str) -> Parsed:
    if word is Word.CLEAR:
        return _wrong("not_clearable") if column.required else (word, None)
    if not column.item:
        # A choice may have such a word among its own.
        code = c.codes(column).get(c.plain(text)) if column.kind == c.CHOICE else None
        return (code, None) if code else _wrong("no_state", value=text)
    return word, None


# --- Text ------------------------------------------------------------------------------------


def _text(column: Column, text: str, raw: object, today: date) -> Parsed:
    if len(text) > column.longest:
        return _wrong("too_long", limit=column.longest)
    if not text.isprintable():
        text = re.sub(r"\s*[\r\n\t]+\s*", " ", text)
        if not text.isprintable():
            kept = "".join(sign for sign in text if sign.isprintable())
            if any(unicodedata.category(sign) == "Cc" for sign in text) or not kept:
                return _wrong("control_characters")
            text = kept  # marks without width, as web pages leave them
    return text, None


def _text_of_others(column: Column, raw: Raw, today: date) -> Parsed:
    """A number in a text column: a house number, a certificate's."""
    if isinstance(raw, bool):
        return _wrong("not_text")
    return _text(column, _digits(raw), raw, today)


def _digits(raw: Raw) -> str:
    """A number as it was typed: no exponent, no trailing .0."""
    if isinstance(raw, float):
        return str(int(raw)) if raw.is_integer() and abs(raw) < 1e15 else format(Decimal(str(raw)), "f")
    if isinstance(raw, datetime):
        return raw.date().isoformat()
    return raw.isoformat() if isinstance(raw, date) else str(raw)


# --- Dates -----------------------------------------------------------------------------------


def _date(column: Column, text: str, raw: object, today: date) -> Parsed:
    match = _DAY.fullmatch(text) or _EIGHT.fullmatch(text)
    if match:
        return _checked_day(column, int(match[1]), int(match[2]), int(match[3]), today, text)
    value = shown(column, text)
    if _SHORT_YEAR.fullmatch(text):
        return _wrong("ambiguous_date", value=value)
    if _NO_DAY.fullmatch(text):
        return _wrong("incomplete_date", value=value)
    if len(text) == 5 and text.isdigit():
        return _wrong("ambiguous_date", value=value)
    return _wrong("not_a_date", value=value)


def _date_of_others(column: Column, raw: Raw, today: date) -> Parsed:
    if isinstance(raw, datetime):
        raw = raw.date()
    if isinstance(raw, date):
        return _in_time(column, raw, today)
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        text = _digits(raw)
        if match := _EIGHT.fullmatch(text):
            return _checked_day(column, int(match[1]), int(match[2]), int(match[3]), today, text)
        # A day whose cell lost its format: 43677 is 2019-07-31. A year alone is not one.
        day = serial_day(raw) if 7_000 < raw < 80_000 and float(raw).is_integer() else None
        if isinstance(day, date):
            value, problem = _in_time(column, day, today)
            if problem is None and not column.personal:
                params: dict[str, Param] = {"value": text, "date": day.isoformat()}
                return value, Problem("date_from_number", params, WARNING)
            return value, problem
        if _NO_DAY.fullmatch(text) or (len(text) == 4 and text.isdigit()):
            return _wrong("incomplete_date", value=shown(column, text))
    return _wrong("not_a_date", value=shown(column, raw))


def _checked_day(column: Column, year: int, month: int, day: int, today: date, text: str) -> Parsed:
    try:
        found = date(year, month, day)
    except ValueError:
        return _wrong("not_a_date", value=shown(column, text))
    return _in_time(column, found, today)


def _in_time(column: Column, day: date, today: date) -> Parsed:
    if day < _EARLIEST:
        return _wrong("too_early", value=shown(column, day))
    if day > today and not column.future:
        return _wrong("future_date", value=shown(column, day))
    return day, None


# --- Numbers that name somebody --------------------------------------------------------------


def _id(column: Column, text: str, raw: object, today: date) -> Parsed:
    number = text if id_numbers.is_valid(text) else id_numbers.normalised(text)
    if len(number) != id_numbers.LENGTH:
        return _wrong("id_length", length=len(number))
    if not id_numbers.is_valid(number):
        return _wrong("id_invalid")
    return number, None if number == raw else Problem("id_normalised", severity=WARNING)


def _id_of_others(column: Column, raw: Raw, today: date) -> Parsed:
    return _wrong("id_is_number")


def _phone(column: Column, text: str, raw: object, today: date) -> Parsed:
    number = text if text.isdigit() and text.isascii() and len(text) == 11 else id_numbers.normalised_phone(text)
    if not _PHONE.fullmatch(number):
        return _wrong("phone_invalid", length=sum(sign.isdigit() for sign in number))
    return number, None


def _phone_of_others(column: Column, raw: Raw, today: date) -> Parsed:
    """A number of eleven digits survives in a spreadsheet; it is converted exactly. A leading 0 is lost for good."""
    if isinstance(raw, bool | date) or (isinstance(raw, float) and not raw.is_integer()):
        return _wrong("phone_invalid", length=0)
    return _phone(column, _digits(raw), raw, today)


# --- Amounts ---------------------------------------------------------------------------------


def _whole(column: Column, text: str, raw: object, today: date) -> Parsed:
    bare = _UNITS.sub("", text)
    if not _WHOLE.fullmatch(bare):
        return _wrong("not_whole", value=text[:_SHOWN])
    return _in_range(column, int(Decimal(bare)))


def _whole_of_others(column: Column, raw: Raw, today: date) -> Parsed:
    if isinstance(raw, bool | date) or not isinstance(raw, int | float) or raw != int(raw):
        return _wrong("not_whole", value=shown(column, raw))
    return _in_range(column, int(raw))


def _money(column: Column, text: str, raw: object, today: date) -> Parsed:
    bare = _UNITS.sub("", text.removeprefix("¥").strip())
    match = _MONEY.fullmatch(bare)
    if not match:
        return _wrong("not_money", value=text[:_SHOWN])
    return _in_range(column, Decimal(match[1].replace(",", "") + (match[2] or "")))


def _money_of_others(column: Column, raw: Raw, today: date) -> Parsed:
    if isinstance(raw, bool | date):
        return _wrong("not_money", value=shown(column, raw))
    amount = round(Decimal(str(raw)), 2)  # fractions of a fen come from a division, not from a person
    return _in_range(column, amount)


def _in_range(column: Column, number: int | Decimal) -> Parsed:
    if not column.least <= number <= column.most:
        return _wrong("out_of_range", value=str(number)[:_SHOWN], least=column.least, most=column.most)
    return number, None


# --- Choices ---------------------------------------------------------------------------------


def _choice(column: Column, text: str, raw: object, today: date) -> Parsed:
    known = c.codes(column)
    code = known.get(text) or known.get(c.plain(text))
    if code is None:
        return _wrong("not_a_choice", value=shown(column, text))
    return code, None


def _choice_of_others(column: Column, raw: Raw, today: date) -> Parsed:
    return _choice(column, _digits(raw), raw, today)


_YES, _NO = (
    frozenset({"是", "有", "yes", "y", "true", "1", "√"}),
    frozenset({"否", "无", "没有", "no", "n", "false", "0", "×"}),
)


def _yes_no(column: Column, text: str, raw: object, today: date) -> Parsed:
    word = text.casefold()
    if word in _YES or word in _NO:
        return word in _YES, None
    return _wrong("not_yes_no", value=text[:_SHOWN])


def _yes_no_of_others(column: Column, raw: Raw, today: date) -> Parsed:
    if raw in (0, 1) and not isinstance(raw, date):
        return bool(raw), None
    return _wrong("not_yes_no", value=shown(column, raw))


_OF_TEXT = {
    c.TEXT: _text,
    c.DATE: _date,
    c.ID: _id,
    c.PHONE: _phone,
    c.WHOLE: _whole,
    c.MONEY: _money,
    c.YES_NO: _yes_no,
    c.CHOICE: _choice,
}
_OF_OTHERS = {
    c.TEXT: _text_of_others,
    c.DATE: _date_of_others,
    c.ID: _id_of_others,
    c.PHONE: _phone_of_others,
    c.WHOLE: _whole_of_others,
    c.MONEY: _money_of_others,
    c.YES_NO: _yes_no_of_others,
    c.CHOICE: _choice_of_others,
}
