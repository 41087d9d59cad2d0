"""Lists as Excel files, laid out as offices expect them: title, unit and date line, frozen head, filter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from bureaus.clock import ZONE
from workflows import overdue, told

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_THIN = Side(style="thin", color="999999")


def overdue_sheet(rows: Sequence[overdue.Row], now: datetime) -> Workbook:
    """The overdue list, one row each."""
    head = [
        _("No."),
        _("Task"),
        _("Measure"),
        _("Clause"),
        _("Unit"),
        _("County"),
        _("Lead bureau"),
        _("Kind of lateness"),
        _("Due"),
        _("Days late"),
        _("State"),
        _("Handler and phone"),
        _("Slip"),
        _("Urged last"),
        _("What came since"),
    ]
    body = [
        [
            number,
            row.row.title,
            row.row.measure.short_title if row.row.measure else "",
            row.row.step.clause,
            row.deadline.unit.name,
            row.county.name if row.county else "",
            row.row.named_lead.name if row.row.named_lead else "",
            row.deadline.get_kind_display(),
            row.deadline.due_on,
            row.days,
            row.row.get_state_display(),
            f"{row.row.handler} {row.row.handler.phone}".strip() if row.row.handler else "",
            f"{row.slip.get_colour_display()} · {row.slip.get_state_display()}" if row.slip else "",
            f"{row.urged_at.astimezone(ZONE):%Y-%m-%d %H:%M}" if row.urged_at else "",
            f"{row.answer.get_kind_display()} {row.answer.at.astimezone(ZONE):%Y-%m-%d}" if row.answer else "",
        ]
        for number, row in enumerate(rows, start=1)
    ]
    return table(_("Overdue list"), head, body, now, widths=[6, 38, 16, 10, 22, 14, 22, 12, 12, 10, 12, 24, 12, 17, 22])


def told_sheet(title: str, notices: Sequence[told.Notice], now: datetime) -> Workbook:
    """Who was told of a task: a line for each notice and channel."""
    head = [
        _("No."),
        _("When"),
        _("To whom"),
        _("on behalf of"),
        _("What"),
        _("Why"),
        _("Channel"),
        _("How it went"),
        _("Proof"),
    ]
    body = [
        [
            number,
            f"{notice.row.created_at.astimezone(ZONE):%Y-%m-%d %H:%M}",
            str(notice.row.recipient),
            str(notice.row.on_behalf_of or ""),
            notice.row.subject,
            notice.row.reason,
            copy.channel,
            copy.how,
            "\n".join(copy.proof),
        ]
        for number, notice in enumerate(notices, start=1)
        for copy in notice.copies
    ]
    name = _("Who was told: %(task)s") % {"task": title}
    return table(name, head, body, now, widths=[6, 17, 24, 16, 32, 36, 10, 30, 56])


def table(
    title: str, head: Sequence[str], body: Sequence[Sequence[object]], now: datetime, *, widths: Sequence[int]
) -> Workbook:
    """A workbook of one sheet. Text that a spreadsheet would take for a formula is kept as text."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = re.sub(r"[\[\]:*?/\\]", " ", title)[:31]
    last = get_column_letter(len(head))
    sheet.merge_cells(f"A1:{last}1")
    sheet["A1"] = title
    sheet["A1"].font = Font(size=16, bold=True)
    sheet["A1"].alignment = Alignment(horizontal="center")
    sheet["A2"] = _("As of %(moment)s") % {"moment": f"{now.astimezone(ZONE):%Y-%m-%d %H:%M}"}
    sheet.append(list(head))
    for row in body:
        sheet.append([_safe(value) for value in row])
    for cell in sheet[3]:
        cell.font = Font(bold=True)
    for line in sheet.iter_rows(min_row=3, max_row=sheet.max_row):
        for cell in line:
            cell.border = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
            cell.alignment = Alignment(vertical="center", wrap_text=True)
    for number, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.freeze_panes = "A4"
    sheet.auto_filter.ref = f"A3:{last}{max(3, sheet.max_row)}"
    sheet.print_title_rows = "3:3"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    return book


def filename_header(name: str) -> str:
    """A download's name that old and new browsers read."""
    return f"filename=\"download.xlsx\"; filename*=UTF-8''{quote(name)}"


def _safe(value: object) -> object:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value
