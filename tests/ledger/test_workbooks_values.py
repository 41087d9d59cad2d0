"""What a cell means, as people fill it in."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import id_numbers
from ledger.workbooks import columns, sheet_rows, template, values
from ledger.workbooks.problems import ERROR, WARNING
from ledger.workbooks.sheet_rows import CellError, Formula, Raw
from ledger.workbooks.values import Word
from tests.ledger.test_id_numbers import numbers

TODAY = date(2019, 7, 31)
PEOPLE = template.PEOPLE
BORN, ID, PHONE, NAME = (PEOPLE.column(key) for key in ("birth_date", "id_number", "phone", "name"))
MOVED, MEMBERS, EDUCATION = (PEOPLE.column(key) for key in ("resettled_on", "expected_members", "education"))
PAY, STILL = template.WORK.column("pay_amount"), template.VISITS.column("still_employed")
NOBODY = id_numbers.composed("000000", date(1980, 1, 1), 123)


def read(column: columns.Column, raw: Raw | None) -> object:
    """The value, or the code of what is wrong with the cell."""
    value, problem = values.parse(column, raw, TODAY)
    if problem and problem.severity == ERROR:
        assert value is Word.UNCHANGED
        message, cure = problem.words(column)
        assert "%(" not in message + cure
        return problem.code
    return value


def warned(column: columns.Column, raw: Raw) -> str:
    problem = values.parse(column, raw, TODAY)[1]
    assert problem and problem.severity == WARNING
    return problem.code


@pytest.mark.parametrize(
    "raw",
    [
        "2019-07-01",
        "2019/7/1",
        "2019.7.1",
        "2019年7月1日",
        "2019年07月01",
        " ２０１９－０７－０１ ",
        "2019-07-01 00:00:00",
        "20190701",
        20190701,
        43647,
        43647.0,
        date(2019, 7, 1),
        datetime(2019, 7, 1, 8, 30),
    ],
)
def test_a_date_is_read_as_people_write_it(raw: Raw) -> None:
    assert read(MOVED, raw) == date(2019, 7, 1)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("7/8/19", "ambiguous_date"),
        ("19.7.8", "ambiguous_date"),
        ("07-08-2019", "ambiguous_date"),
        ("43647", "ambiguous_date"),
        ("2019年7月", "incomplete_date"),
        ("2019", "incomplete_date"),
        ("201907", "incomplete_date"),
        (2019, "incomplete_date"),
        ("2019-02-30", "not_a_date"),
        ("去年", "not_a_date"),
        ("1899-12-31", "too_early"),
        ("2019-08-01", "future_date"),
        (date(2091, 7, 1), "future_date"),
        (True, "not_a_date"),
        (Formula("TODAY()"), "formula"),
        (CellError("#N/A"), "cell_error"),
    ],
)
def test_what_is_no_certain_day_is_said(raw: Raw, code: str) -> None:
    assert read(MOVED, raw) == code


@given(
    st.dates(date(1900, 1, 1), TODAY), st.sampled_from(["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d"])
)
def test_any_day_in_any_writing_is_that_day(day: date, writing: str) -> None:
    text = writing.replace("%Y", f"{day.year:04}").replace("%m", f"{day.month:02}").replace("%d", f"{day.day:02}")
    assert read(BORN, text) == day


@given(st.dates(date(1900, 3, 1), date(2100, 1, 1)))
def test_the_day_of_a_serial_number_is_the_spreadsheets(day: date) -> None:
    assert sheet_rows.serial_day((day - date(1899, 12, 30)).days) == day


def test_the_first_days_of_a_spreadsheet_and_the_one_that_never_was() -> None:
    assert sheet_rows.serial_day(1) == date(1900, 1, 1)
    assert sheet_rows.serial_day(59) == date(1900, 2, 28)
    assert isinstance(sheet_rows.serial_day(60), CellError)
    assert sheet_rows.serial_day(61) == date(1900, 3, 1)
    assert sheet_rows.serial_day(1, from_1904=True) == date(1904, 1, 2)
    assert isinstance(sheet_rows.serial_day(-1), CellError)


@given(
    st.text(max_size=20) | st.integers() | st.floats(allow_nan=False) | st.booleans(), st.sampled_from(PEOPLE.columns)
)
def test_no_cell_makes_the_reading_fall_over_or_show_what_is_personal(raw: Raw, column: columns.Column) -> None:
    value, problem = values.parse(column, raw, TODAY)
    assert value is not None
    if problem and column.personal and len(str(raw)) >= 6:
        assert str(raw) not in "".join(problem.words(column)) + values.shown(column, raw)


@given(numbers)
def test_an_id_number_is_read_exactly(number: str) -> None:
    assert read(ID, number) == number


def test_an_id_number_is_tidied_and_that_is_said() -> None:
    ending_in_x = "11010519491231002X"
    assert read(ID, ending_in_x.lower()) == ending_in_x
    assert warned(ID, ending_in_x.lower()) == "id_normalised"
    assert warned(ID, "".join(chr(ord(sign) + 0xFEE0) for sign in NOBODY)) == "id_normalised"
    assert warned(ID, f"{NOBODY[:6]} {NOBODY[6:]}") == "id_normalised"
    assert values.parse(ID, NOBODY, TODAY) == (NOBODY, None)


@pytest.mark.parametrize("raw", [6.54224e17, 123456789012345678, float(NOBODY[:17]), 1])
def test_an_id_number_that_went_through_a_number_is_never_guessed(raw: Raw) -> None:
    assert read(ID, raw) == "id_is_number"


def test_a_wrong_id_number_says_what_is_wrong_without_showing_it() -> None:
    wrong = NOBODY[:-1] + ("0" if NOBODY[-1] != "0" else "1")
    assert read(ID, wrong) == "id_invalid"
    assert read(ID, NOBODY[:15]) == "id_length"
    assert read(ID, "6.54224E+17") == "id_length"
    assert NOBODY[6:14] not in values.shown(ID, NOBODY)


@pytest.mark.parametrize(
    ("raw", "phone"),
    [
        ("10000000000", "10000000000"),
        (10000000000.0, "10000000000"),
        (10000000000, "10000000000"),
        ("100 0000 0000", "10000000000"),
        ("１０００００００００１", "10000000001"),
        ("0901-6000000", "09016000000"),
        ("12345", "phone_invalid"),
        ("没有", "phone_invalid"),
        (1.5, "phone_invalid"),
    ],
)
def test_a_phone_survives_being_a_number(raw: Raw, phone: str) -> None:
    assert read(PHONE, raw) == phone


def test_numbers_and_money() -> None:
    assert [read(MEMBERS, raw) for raw in ("4", "4人", 4.0, "４", "4.0")] == [4] * 5
    assert [read(MEMBERS, raw) for raw in ("四", 4.5, "-1", 31, True)] == [
        "not_whole",
        "not_whole",
        "out_of_range",
        "out_of_range",
        "not_whole",
    ]
    assert [read(PAY, raw) for raw in ("2300", "2,300.50", "2300元", "¥2300", 2300.5, 0.1 + 0.2)] == [
        Decimal("2300"),
        Decimal("2300.50"),
        Decimal("2300"),
        Decimal("2300"),
        Decimal("2300.5"),
        Decimal("0.3"),
    ]
    assert [read(PAY, raw) for raw in ("两千", "2300-2500", "1e5", -1)] == ["not_money"] * 3 + ["out_of_range"]


def test_a_choice_is_taken_by_its_label_its_code_or_the_countys_word() -> None:
    assert [read(EDUCATION, raw) for raw in ("初中", "junior", "junior middle school", " 初 中 ")] == ["junior"] * 4
    assert read(EDUCATION, "本科及以上") == "college"
    assert read(EDUCATION, "博士后") == "not_a_choice"
    assert read(EDUCATION, 5) == "not_a_choice"
    assert [read(STILL, raw) for raw in ("是", "否", "yes", "√", 1, 0, True)] == [
        True,
        False,
        True,
        True,
        True,
        False,
        True,
    ]
    assert read(STILL, "也许") == "not_yes_no"


def test_the_words_that_are_no_values() -> None:
    assert [read(PHONE, raw) for raw in ("", "  ", None, "\t")] == [Word.UNCHANGED] * 4
    assert [read(PHONE, raw) for raw in ("〔清空〕", "[清空]", "【清空】")] == [Word.CLEAR] * 3
    assert read(PHONE, "拒答") == Word.DECLINED
    assert read(PHONE, "不适用") == Word.NOT_APPLICABLE
    assert read(NAME, "〔清空〕") == "not_clearable"
    assert read(MEMBERS, "拒答") == "no_state"


def test_a_masked_value_brought_back_changes_nothing() -> None:
    assert read(ID, id_numbers.masked(NOBODY)) == Word.UNCHANGED
    assert read(PHONE, id_numbers.masked_phone("10000000001")) == Word.UNCHANGED


def test_text_is_tidied_and_kept_within_its_length() -> None:
    assert read(NAME, "　阿依 ") == "阿依"
    assert read(NAME, "Ａ１") == "A1"
    assert read(NAME, "示例公司（一部），东区") == "示例公司（一部），东区"  # wide as Chinese texts have them
    assert read(NAME, "甲\n乙") == "甲 乙"
    assert read(NAME, "甲​乙") == "甲乙"
    assert read(NAME, "甲\x00") == "control_characters"
    assert read(NAME, "甲" * 61) == "too_long"
    assert read(PEOPLE.column("household_code"), 123.0) == "123"
    assert read(PEOPLE.column("household_code"), 12) == "12"


def test_no_two_columns_of_a_sheet_answer_to_one_name() -> None:
    for sheet in template.SHEETS:
        for column in sheet.columns:
            for name in (*column.names, column.key, *columns.in_languages(column.header)):
                assert columns.headers(sheet)[columns.plain(name)] == column.key, (sheet, name)


def test_the_other_words_for_a_choice_lead_to_codes_there_are() -> None:
    for sheet in template.SHEETS:
        for column in sheet.columns:
            assert set(column.also.values()) <= {code for code, _label in column.choices}, column
