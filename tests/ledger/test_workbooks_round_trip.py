"""What goes out comes back the same: templates, exports, lists of mistakes, CSV; and we read what openpyxl reads."""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import id_numbers
from ledger.workbooks import columns, delimited, reading, sheet_rows, template, values, writing
from ledger.workbooks.package import Package
from ledger.workbooks.preflight import LIMITS
from tests.ledger import books

META = writing.Meta("654224", datetime(2019, 6, 1, 9, 0))
TODAY = date(2019, 7, 31)
NOBODY = id_numbers.composed("000000", date(1980, 1, 1), 123)
FORMULAS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "'=1",
    "''=1",
    "＝1",
    "http://a.b",
    "_x0041_",
]
PERSON = {
    "household_code": "TL-0001",
    "person_code": "A1B2C3D4E5",
    "version": 3,
    "name": "甲",
    "sex": "male",
    "birth_date": date(1980, 1, 1),
    "id_number": NOBODY,
    "phone": "10000000001",
    "expected_members": 4,
}


def read(content: bytes | Path) -> dict[str, list[tuple[int, dict[str, Any]]]]:
    """Rows by sheet, as values; any problem of a cell or sheet fails."""
    found: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    with reading.open_book(content if isinstance(content, Path) else io.BytesIO(content)) as book:
        for table in book.tables:
            assert table.problems == []
            for number, cells in table.rows():
                line = {}
                for key, raw in cells.items():
                    line[key], problem = values.parse(table.sheet.column(key), raw, TODAY)
                    assert problem is None, (key, raw, problem)
                found.setdefault(table.sheet.code, []).append((number, line))
    return found


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_template_filled_in_by_a_person_is_read_back(language: str, tmp_path: Path) -> None:
    path = tmp_path / "template.xlsx"
    with translation.override(language):
        writing.template(path, county_name="托里县", meta=META, rows=[{"household_code": "TL-0001"}])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        book = openpyxl.load_workbook(path)
        with translation.override(language):
            page = book[str(template.PEOPLE.title)]
            work = book[str(template.WORK.title)]
        assert page.row_dimensions[2].hidden and page.freeze_panes == "E3" and not page.merged_cells.ranges
        letters = {cell.value: cell.column_letter for cell in page[2]}
        assert page.column_dimensions[letters["id_number"]].number_format == "@"
        rules = {str(rule.sqref) for rule in page.data_validations.dataValidation}
        assert any(rule.startswith(f"{letters['sex']}3:") for rule in rules)
        for key, value in {"name": "甲", "id_number": NOBODY, "sex": "男", "resettled_on": "2018年10月1日"}.items():
            page[f"{letters[key]}3"] = value
        work["C3"], work["E3"], work["J3"] = NOBODY, "unit", datetime(2019, 3, 1)
        book.save(path)
    assert read(path) == {
        "people": [
            (
                3,
                {
                    "household_code": "TL-0001",
                    "name": "甲",
                    "id_number": NOBODY,
                    "sex": "male",
                    "resettled_on": date(2018, 10, 1),
                },
            )
        ],
        "work": [(3, {"id_number": NOBODY, "kind": "unit", "started_on": date(2019, 3, 1)})],
    }
    with reading.open_book(path) as found:
        assert found.meta["county"] == "654224" and found.meta["version"] == "1" and found.problems == []


def test_an_export_comes_back_as_it_was_and_masked_it_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "export.xlsx"
    mark = "张三 2019-07-31 10:00 sha256 0123456789abcdef"
    counts = writing.table(path, [(template.PEOPLE, iter([PERSON]))], watermark=mark, meta=META, masked=None)
    assert counts == {"people": 1}
    assert read(path) == {"people": [(4, PERSON)]}
    sheet = books.parts_of(path.read_bytes())["xl/worksheets/sheet1.xml"].decode()
    assert sheet.count(mark) == 2  # above the table, and on every printed page
    writing.table(path, [(template.PEOPLE, iter([PERSON]))], watermark=mark, meta=META, masked=values.mask)
    whole = b"".join(books.parts_of(path.read_bytes()).values()).decode()
    assert NOBODY not in whole and NOBODY[6:14] not in whole and "10000000001" not in whole
    [(_number, row)] = read(path)["people"]
    hidden = {key: row.pop(key) for key in ("id_number", "phone", "birth_date")}
    assert set(hidden.values()) == {values.Word.UNCHANGED}
    assert row == {key: value for key, value in PERSON.items() if key not in hidden}


def test_nothing_that_is_written_becomes_a_formula(tmp_path: Path) -> None:
    path = tmp_path / "export.xlsx"
    rows = [{"household_code": "H", "name": text} for text in FORMULAS]
    writing.table(path, [(template.PEOPLE, rows)], watermark="=1", meta=META, masked=None)
    page = openpyxl.load_workbook(path).worksheets[0]
    cells = [cell for line in page.iter_rows() for cell in line if cell.value is not None]
    assert not [cell for cell in cells if cell.data_type == "f"]
    with reading.open_book(path) as book:
        [table] = book.tables
        assert [cells["name"] for _number, cells in table.rows()] == FORMULAS


def test_a_csv_is_guarded_and_comes_back_the_same(tmp_path: Path) -> None:
    target = io.BytesIO()
    rows = [{"household_code": "H", "name": text, "sex": "female"} for text in FORMULAS]
    assert writing.csv_table(target, template.PEOPLE, rows) == len(FORMULAS)
    content = target.getvalue()
    assert content.startswith(b"\xef\xbb\xbf")
    for line in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in line)
    with reading.open_book(io.BytesIO(content)) as book:
        assert (book.kind, book.encoding) == ("csv", "utf-8-sig")
        assert [cells["name"] for _number, cells in book.tables[0].rows()] == FORMULAS


@given(st.text(max_size=12))
def test_guarding_is_undone_exactly(text: str) -> None:
    guarded = delimited.guarded(text)
    assert delimited.unguarded(guarded) == text
    assert guarded[:1] not in set("=+-@\t\r")


def test_a_csv_in_gb_18030_is_read_and_said() -> None:
    lines = [books.HEAD, ["TL-1", "玛依努尔·艾山", NOBODY, "10000000001", "2018.10.1"]]
    content = "\r\n".join(",".join(line) for line in lines).encode("gb18030")
    with reading.open_book(io.BytesIO(content)) as book:
        assert book.encoding == "gb18030"
        [(number, cells)] = book.tables[0].rows()
    assert (number, cells["name"]) == (2, "玛依努尔·艾山")


def test_the_rows_with_mistakes_come_back_after_they_are_put_right(tmp_path: Path) -> None:
    path = tmp_path / "errors.xlsx"
    wrong = [
        writing.WrongRow(
            template.PEOPLE,
            17,
            {"household_code": "TL-0001", "name": "甲", "id_number": 6.5e17, "birth_date": date(1980, 1, 1)},
            [("id_number", "It is a number.", "Set the column to text."), ("phone", "Empty.", "Fill it in.")],
        ),
        writing.WrongRow(template.WORK, 4, {"person_code": "A", "kind": "unit"}, [("", "Nobody.", "Look again.")]),
    ]
    assert writing.errors(path, wrong, meta=META) == 3
    book = openpyxl.load_workbook(path)
    page = book[str(template.PEOPLE.title)]
    letters = {cell.value: cell.column_letter for cell in page[2]}
    bad = page[f"{letters['id_number']}3"]
    assert bad.fill.start_color.rgb == "FFF8CBC6" and "Set the column to text." in bad.comment.text
    assert page[f"{letters['phone']}3"].comment and not page[f"{letters['name']}3"].comment
    listed = book[str(columns.MISTAKES)]
    assert [cell.value for cell in listed[2]][1:3] == [3, 17]
    bad.value = NOBODY
    book.save(path)
    found = read(path)
    assert found["people"][0][1]["id_number"] == NOBODY and found["work"][0][1] == {"person_code": "A", "kind": "unit"}


def test_columns_in_any_order_under_the_names_of_the_counties() -> None:
    rows: list[list[Any]] = [
        ["托里县搬迁人员花名册", None, None, None, None],
        ["手机号码", "备注", "家庭成员姓名", "户 编 号", "公民身份号码（必填）"],
        ["10000000001", "x", "甲", "TL-1", NOBODY],
    ]
    with reading.open_book(io.BytesIO(books.workbook({"Sheet1": rows, "说明": [["无关"]]}))) as book:
        [table] = book.tables
        assert table.sheet is template.PEOPLE and table.first_row == 3
        assert [(placed.problem.code, placed.column) for placed in table.problems] == [
            ("unknown_column", "B"),
            ("unknown_column", "E"),
        ]
        assert list(table.rows()) == [(3, {"phone": "10000000001", "name": "甲", "household_code": "TL-1"})]
        assert [problem.code for problem in book.problems] == ["unknown_sheet"]


def test_missing_and_double_columns_are_said() -> None:
    rows = [["人员编码", "姓名", "电话", "联系电话"], ["A", "甲", "10000000001", "10000000002"]]
    with reading.open_book(io.BytesIO(books.workbook({"人员总表": rows}))) as book:
        [table] = book.tables
        said = [(placed.problem.code, placed.key) for placed in table.problems]
        assert said == [("double_column", "phone"), ("missing_column", "household_code")]


def test_merged_cells_in_the_rows_are_an_error_and_above_them_are_not() -> None:
    target = io.BytesIO()
    writer = openpyxl.Workbook()
    page = writer.active
    page.append(["花名册"])
    for line in books.people(4):
        page.append(line)
    page.merge_cells("A1:E1")
    page.merge_cells("A4:A5")
    writer.save(target)
    with reading.open_book(target) as book:
        [placed] = book.tables[0].problems
        assert placed.problem.code == "merged" and placed.problem.params == {"range": "A4:A5"}
        assert placed.key == "household_code" and placed.rows == (4, 5)


def test_each_township_may_have_a_sheet_and_hidden_ones_are_left_alone() -> None:
    content = books.workbook({"铁厂沟": books.people(2), "乌雪特": books.people(3)})
    with reading.open_book(io.BytesIO(content)) as book:
        assert [sum(1 for _row in table.rows()) for table in book.tables] == [2, 3]


def test_formulas_errors_and_shared_rich_texts_are_told_apart() -> None:
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target)
    page, bold = book.add_worksheet("人员总表"), book.add_format({"bold": True})
    page.write_row(0, 0, books.HEAD)
    page.write_string(1, 0, "TL-1")
    page.write_rich_string(1, 1, "阿", bold, "依", "古丽")
    page.write_formula(1, 3, '="1000"&"0000000"', None, "10000000000")
    page.write_formula(2, 0, "=NA()", None, "#N/A")
    page.write_string(2, 1, "=乙")
    book.close()
    with reading.open_book(target) as found:
        first, second = (cells for _number, cells in found.tables[0].rows())
    assert first["name"] == "阿依古丽"
    assert isinstance(first["phone"], sheet_rows.Formula) and isinstance(second["household_code"], sheet_rows.Formula)
    assert second["name"] == "=乙"


def test_the_chinese_date_formats_that_have_no_text_are_dates() -> None:
    """Written as 31 and 57 by Chinese spreadsheets; taken for numbers they would be days nobody can read."""
    styles = '<cellXfs><xf numFmtId="0"/><xf numFmtId="57"/><xf numFmtId="31"/></cellXfs>'
    cells = '<row r="2"><c r="A2" t="inlineStr"><is><t>H</t></is></c><c r="B2" t="inlineStr"><is><t>甲</t></is></c>'
    content = books.by_hand(
        books.row(1, "户编号", "姓名", "出生日期", "搬迁日期")
        + cells
        + '<c r="C2" s="1"><v>29221</v></c><c r="D2" s="2"><v>43374</v></c></row>',
        styles=styles,
    )
    [(_number, row)] = read(content)["people"]
    assert (row["birth_date"], row["resettled_on"]) == (date(1980, 1, 1), date(2018, 10, 1))


CELLS = st.one_of(
    st.none(),
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\r￾￿"), min_size=1, max_size=12).filter(
        lambda text: not text.startswith("=") and "_x" not in text
    ),
    st.integers(-(10**9), 10**12),
    st.floats(-1e9, 1e9, allow_nan=False).map(lambda number: round(number, 4)),
    st.booleans(),
    st.dates(date(1900, 3, 1), date(2099, 1, 1)),
)


@settings(max_examples=60)
@given(st.lists(st.lists(CELLS, min_size=1, max_size=6), min_size=1, max_size=6), st.booleans())
def test_a_sheet_is_read_as_openpyxl_reads_it(rows: list[list[Any]], shared: bool) -> None:
    content = books.workbook({"a": rows}, constant_memory=not shared, in_memory=shared)
    expected: dict[tuple[int, str], Any] = {}
    for line in openpyxl.load_workbook(io.BytesIO(content), read_only=True).worksheets[0].iter_rows():
        for cell in line:
            if cell.value is not None and cell.value != "":
                value = cell.value.date() if isinstance(cell.value, datetime) else cell.value
                expected[cell.row, cell.column_letter] = value
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        package = Package(archive, LIMITS)
        found = {
            (number, letter): value
            for number, cells in sheet_rows.rows(package, package.sheets[0])
            for letter, value in cells.items()
        }
    assert found == expected


def test_days_and_amounts_keep_their_kind(tmp_path: Path) -> None:
    path = tmp_path / "export.xlsx"
    rows = [
        {
            "person_code": f"P{place}",
            "kind": "unit",
            "started_on": date(2019, 1, 1) + timedelta(days=place),
            "pay_amount": Decimal("2300.50"),
        }
        for place in range(50)
    ]
    writing.table(path, [(template.WORK, rows)], watermark="", meta=META, masked=None)
    assert [row for _number, row in read(path)["work"]] == rows
