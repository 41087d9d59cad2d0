"""Files as tests need them: honest workbooks, and archives put together by hand."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import xlsxwriter

from ledger import id_numbers

NS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
HEAD = ["户编号", "姓名", "身份证号", "联系电话", "搬迁日期"]


def number(sequence: int, area: str = "000000") -> str:
    """A valid ID number of nobody."""
    return id_numbers.composed(area, date(1960, 1, 1) + timedelta(days=sequence // 1000), sequence % 1000)


def workbook(sheets: Mapping[str, Iterable[Sequence[Any]]], **options: Any) -> bytes:
    """A workbook as a spreadsheet program writes it; strings beginning with = become formulas."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True, **options})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for title, rows in sheets.items():
        page = book.add_worksheet(title)
        for row, values in enumerate(rows):
            for column, value in enumerate(values):
                if hasattr(value, "year"):
                    page.write_datetime(row, column, value, day)
                elif value is not None:
                    page.write(row, column, value)
    book.close()
    return target.getvalue()


def people(count: int = 2) -> list[list[Any]]:
    return [HEAD, *([f"TL-{row:04}", f"人{row}", number(row), "10000000000", "2018-10-01"] for row in range(count))]


def parts_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archive(parts: Mapping[str, bytes | str], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return target.getvalue()


def by_hand(sheet: str, *, prolog: str = "", styles: str = "", **more: bytes | str) -> bytes:
    """The smallest workbook there is, with `sheet` as the rows of its one sheet; `more` are further parts."""
    parts: dict[str, bytes | str] = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
        "_rels/.rels": (
            f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="a" '
            f'Type="{RELS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
        ),
        "xl/workbook.xml": (
            f'<workbook xmlns="{NS}" xmlns:r="{RELS}"><sheets><sheet name="人员总表" sheetId="1" r:id="s"/>'
            "</sheets></workbook>"
        ),
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships xmlns="{PACKAGE}/relationships">'
            f'<Relationship Id="s" Type="{RELS}/worksheet" Target="worksheets/sheet1.xml"/>'
            f'<Relationship Id="t" Type="{RELS}/styles" Target="styles.xml"/></Relationships>'
        ),
        "xl/styles.xml": f'<styleSheet xmlns="{NS}">{styles}</styleSheet>',
        "xl/worksheets/sheet1.xml": f'{prolog}<worksheet xmlns="{NS}"><sheetData>{sheet}</sheetData></worksheet>',
    }
    return archive({**parts, **more})


def row(place: int, *values: str) -> str:
    cells = "".join(
        f'<c r="{"ABCDEFGHIJ"[column]}{place}" t="inlineStr"><is><t>{value}</t></is></c>'
        for column, value in enumerate(values)
    )
    return f'<row r="{place}">{cells}</row>'
