"""Workbooks going out: the template, exports, and the rows that have mistakes.

Written with XlsxWriter row by row, so that memory is the same for ten rows and for a hundred thousand. Every cell goes
out as a text, a number or a date by name: no value is ever taken for a formula.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import IO, Any

import xlsxwriter
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from . import columns as c
from . import delimited
from . import template as t
from .columns import Column, Sheet
from .preflight import column_letters
from .sheet_rows import CellError, Formula, Raw
from .values import CLEAR_WORD, DECLINED_WORD, NOT_APPLICABLE_WORD

Target = str | Path | IO[bytes]
Masker = Callable[[Column, str], str]
FILLED_ROWS = 20_000  # how far down the template's lists reach
_ROWS_LIST = 2  # rows above the data: headers, keys
_FONT = "Microsoft YaHei"
_MOST_TEXT = 32_767


@dataclass(frozen=True)
class Meta:
    """What the hidden sheet says, so that a file that comes back is known."""

    county: str  # code
    issued_at: datetime
    purpose: str = "template"

    def pairs(self) -> list[tuple[str, str]]:
        return [
            ("template", t.NAME),
            ("version", str(t.VERSION)),
            ("county", self.county),
            ("issued_at", self.issued_at.isoformat(timespec="seconds")),
            ("purpose", self.purpose),
        ]


class _Out:
    """A workbook being written, with its formats and its hidden lists."""

    def __init__(self, target: Target) -> None:
        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        self.book = xlsxwriter.Workbook(target if not isinstance(target, Path) else str(target), options)
        base = {"font_name": _FONT, "font_size": 11, "valign": "vcenter"}

        def made(**more: Any) -> Any:
            return self.book.add_format({**base, **more})

        edge = {"border": 1, "border_color": "#B7BDC6"}
        self.plain, self.text, self.day = made(), made(num_format="@"), made(num_format="yyyy-mm-dd")
        self.head = made(bold=True, text_wrap=True, align="center", bg_color="#E6EEF7", **edge)
        self.head_required = made(bold=True, text_wrap=True, align="center", bg_color="#FBE3D6", **edge)
        self.title, self.small = made(bold=True, font_size=14), made(font_color="#5B6470", font_size=9)
        self.wrapped = made(text_wrap=True, valign="top")
        self.wrong = made(bg_color="#F8CBC6", border=1, border_color="#C0392B", num_format="@")
        self.wrong_day = made(bg_color="#F8CBC6", border=1, border_color="#C0392B", num_format="yyyy-mm-dd")
        self._lists: dict[tuple[str, ...], str] = {}

    def format_of(self, column: Column) -> Any:
        if column.as_text:
            return self.text
        return self.day if column.kind == c.DATE else self.plain

    def sheet(self, sheet: Sheet, *, above: str = "", footer: str = "", title: str = "") -> _Page:
        return _Page(self, sheet, above=above, footer=footer, title=title)

    def validation(self, column: Column) -> dict[str, Any] | None:
        """The list a cell offers. It stands on a hidden sheet: in a cell's own rule only 255 characters fit."""
        labels = tuple(_label(label) for _code, label in column.choices)
        if not labels:
            return None
        if labels not in self._lists:
            letter = column_letters(len(self._lists) + 1)
            self._lists[labels] = f"={c.LISTS}!${letter}$1:${letter}${len(labels)}"
        return {
            "validate": "list",
            "source": self._lists[labels],
            "ignore_blank": True,
            # The words for declined, not applicable and cleared are none of the list's.
            "error_type": "warning",
            "error_title": _("Not in the list")[:32],
            "error_message": _("Choose from the list; only the words on the first sheet may stand here besides.")[:255],
        }

    def finish(self, meta: Meta) -> None:
        lists = self.book.add_worksheet(c.LISTS)
        for row in range(max((len(labels) for labels in self._lists), default=0)):
            for place, labels in enumerate(self._lists):
                if row < len(labels):
                    lists.write_string(row, place, labels[row])
        lists.hide()
        hidden = self.book.add_worksheet(c.META)
        for row, (key, value) in enumerate(meta.pairs()):
            hidden.write_string(row, 0, key)
            hidden.write_string(row, 1, value)
        hidden.hide()


class _Page:
    """A sheet of the ledger being written: headers, hidden keys, then rows downwards only."""

    def __init__(self, out: _Out, sheet: Sheet, *, above: str, footer: str, title: str) -> None:
        self.out, self.columns = out, sheet.columns
        self.page = out.book.add_worksheet((title or _label(sheet.title))[:31])
        top = 0
        for place, column in enumerate(self.columns):
            self.page.set_column(place, place, column.width, out.format_of(column))
        if above:
            self.page.write_string(0, 0, above, out.small)
            top = 1
        self.page.set_row(top, 34)
        for place, column in enumerate(self.columns):
            self.page.write_string(
                top, place, _label(column.header), out.head_required if column.required else out.head
            )
            if column.note:
                self.page.write_comment(top, place, _label(column.note), {"x_scale": 1.4, "y_scale": 0.6})
        self.page.set_row(top + 1, None, None, {"hidden": True})
        for place, column in enumerate(self.columns):
            self.page.write_string(top + 1, place, column.key, out.small)
        self.first = self.next = top + _ROWS_LIST
        names = [column.key for column in self.columns]
        self.page.freeze_panes(self.first, names.index("name") + 1 if "name" in names else 1)
        self.page.set_landscape()
        self.page.set_paper(9)
        self.page.fit_to_pages(1, 0)
        self.page.repeat_rows(top)
        if footer:
            self.page.set_footer("&L&8" + footer.replace("&", "&&")[:200] + "&R&8&P / &N")

    def offer_lists(self, rows: int) -> None:
        for place, column in enumerate(self.columns):
            rule = self.out.validation(column)
            if rule:
                self.page.data_validation(self.first, place, self.first + rows - 1, place, rule)

    def write(self, values: Mapping[str, Any], masked: Masker | None = None) -> int:
        """One row; its number as people see it."""
        row = self.next
        for place, column in enumerate(self.columns):
            value = values.get(column.key)
            if value is None or value == "":
                continue
            if masked is not None and column.personal:
                self.page.write_string(row, place, masked(column, _worded(column, value)), self.out.text)
            else:
                self._cell(row, place, column, value, self.out.format_of(column))
        self.next += 1
        return row + 1

    def write_wrong(self, values: Mapping[str, Raw], notes: Mapping[str, str]) -> int:
        """A row as it came, with the cells in `notes` red and explained."""
        row = self.next
        for place, column in enumerate(self.columns):
            value, note = values.get(column.key), notes.get(column.key)
            if note is None:
                if value is not None:
                    self._cell(row, place, column, value, self.out.format_of(column))
                continue
            shape = self.out.wrong_day if isinstance(value, date) else self.out.wrong
            if value is None:
                self.page.write_blank(row, place, None, shape)
            else:
                self._cell(row, place, column, value, shape)
            self.page.write_comment(row, place, note[:1_000], {"x_scale": 2, "y_scale": 0.8})
        self.next += 1
        return row + 1

    def _cell(self, row: int, place: int, column: Column, value: Any, shape: Any) -> None:
        if isinstance(value, Formula | CellError):
            return
        if isinstance(value, bool):
            self.page.write_string(row, place, _worded(column, value), shape)
        elif isinstance(value, int | float | Decimal):
            self.page.write_number(row, place, value, shape)
        elif isinstance(value, date) and value.year >= 1900:
            self.page.write_datetime(row, place, datetime(value.year, value.month, value.day), shape)
        else:
            self.page.write_string(row, place, _worded(column, value)[:_MOST_TEXT], shape)


def _label(text: str | Promise) -> str:
    return str(text)


def _worded(column: Column, value: Any) -> str:
    """A value in words: the label of a choice, 是 or 否, a date by its figures."""
    if isinstance(value, bool) and column.choices:
        value = "yes" if value else "no"
    if column.choices:
        return str(dict(column.choices).get(value, value))
    return str(value)


@contextmanager
def _written(target: Target, meta: Meta) -> Iterator[_Out]:
    out = _Out(target)
    try:
        yield out
        out.finish(meta)
    finally:
        out.book.close()


# --- What is written -----------------------------------------------------------------------------


def template(
    target: Target, *, county_name: str, meta: Meta, rows: Iterable[Mapping[str, Any]] = (), lists_to: int = FILLED_ROWS
) -> None:
    """The empty template of a county; `rows`: what the roster's sheet is filled with (codes of the households, say)."""
    with _written(target, meta) as out:
        _explain(out, county_name, meta)
        for sheet in t.SHEETS:
            page = out.sheet(sheet)
            page.offer_lists(lists_to)
            if sheet is t.PEOPLE:
                for values in rows:
                    page.write(values)


def table(
    target: Target,
    sheets: Iterable[tuple[Sheet, Iterable[Mapping[str, Any]]]],
    *,
    watermark: str,
    meta: Meta,
    masked: Masker | None,
    brought_back_by: str = "",
) -> dict[str, int]:
    """An export: `watermark` (who, when, what for, hash) stands above every sheet and on every printed page.

    `masked` hides what is personal; None writes it as it is. `brought_back_by`: the county that fills it in, for which
    it is explained and offers lists as the template does. Returns the rows written by sheet.
    """
    counts = {}
    with _written(target, meta) as out:
        if brought_back_by:
            _explain(out, brought_back_by, meta)
        for sheet, rows in sheets:
            page = out.sheet(sheet, above=watermark, footer=watermark)
            if brought_back_by:
                page.offer_lists(FILLED_ROWS)
            for values in rows:
                page.write(values, masked)
            counts[sheet.code] = page.next - page.first
    return counts


def csv_table(file: IO[bytes], sheet: Sheet, rows: Iterable[Mapping[str, Any]], *, masked: Masker | None = None) -> int:
    """One sheet as CSV, with texts that look like formulas guarded (`delimited`). How many rows there were."""

    def line(values: Mapping[str, Any]) -> list[object]:
        cells: list[object] = []
        for column in sheet.columns:
            value = values.get(column.key)
            word = "" if value is None else _worded(column, value)
            cells.append(masked(column, word) if masked is not None and column.personal and word else word)
        return cells

    return delimited.write(file, chain([[_label(column.header) for column in sheet.columns]], map(line, rows))) - 1


@dataclass(frozen=True)
class WrongRow:
    """A row to be put right: as it came, and by column key what is wrong (message, cure)."""

    sheet: Sheet
    number: int  # in the file that was uploaded
    values: Mapping[str, Raw]
    problems: Sequence[tuple[str, str, str]]  # key ("" for the row as a whole), message, cure


def errors(target: Target, rows: Iterable[WrongRow], *, meta: Meta) -> int:
    """The rows with mistakes, red and explained, and a list of them. Put right, the same file is uploaded again.

    `rows` come sheet by sheet or mixed, in order within a sheet. Returns how many mistakes are listed.
    """
    with _written(target, meta) as out:
        listed = out.book.add_worksheet(_label(c.MISTAKES)[:31])
        heads = (_("Sheet"), _("Row here"), _("Row in your file"), _("Column"), _("What is wrong"), _("What to do"))
        for place, (head, width) in enumerate(zip(heads, (12, 9, 12, 18, 60, 60), strict=True)):
            listed.set_column(place, place, width, out.wrapped)
            listed.write_string(0, place, head, out.head)
        listed.freeze_panes(1, 0)
        pages: dict[str, _Page] = {}
        count = 0
        for wrong in rows:
            page = pages.get(wrong.sheet.code)
            if page is None:
                page = pages[wrong.sheet.code] = out.sheet(wrong.sheet)
                page.offer_lists(FILLED_ROWS)
            notes = _notes(wrong)
            here = page.write_wrong(wrong.values, notes)
            for key, message, cure in wrong.problems:
                count += 1
                header = _label(wrong.sheet.column(key).header) if key else ""
                listed.write_string(count, 0, _label(wrong.sheet.title), out.wrapped)
                listed.write_number(count, 1, here, out.wrapped)
                listed.write_number(count, 2, wrong.number, out.wrapped)
                for place, text in enumerate((header, message, cure), start=3):
                    listed.write_string(count, place, text, out.wrapped)
    return count


def _notes(wrong: WrongRow) -> dict[str, str]:
    """By column: a problem of the row as a whole is noted at its first column."""
    notes: dict[str, str] = {}
    for key, message, cure in wrong.problems:
        place = key or wrong.sheet.columns[0].key
        notes[place] = "\n".join(filter(None, (notes.get(place), f"{message} {cure}")))
    return notes


def _explain(out: _Out, county_name: str, meta: Meta) -> None:
    page = out.book.add_worksheet(_label(c.EXPLANATION)[:31])
    page.set_column(0, 0, 18, out.wrapped)
    page.set_column(1, 1, 22, out.wrapped)
    page.set_column(2, 2, 90, out.wrapped)
    page.hide_gridlines(2)
    lines: list[tuple[str, str, str]] = [("", "", rule) for rule in _rules()]
    page.write_string(0, 0, _("Employment ledger of %(county)s") % {"county": county_name}, out.title)
    page.write_string(1, 0, f"{t.NAME} {t.VERSION} · {meta.issued_at:%Y-%m-%d}", out.small)
    row = 3
    for number, (_first, _second, text) in enumerate(lines, start=1):
        page.write_string(row, 0, str(number), out.wrapped)
        page.write_string(row, 2, text, out.wrapped)
        row += 1
    row += 1
    for place, head in enumerate((_("Sheet"), _("Column"), _("What to fill in"))):
        page.write_string(row, place, head, out.head)
    row += 1
    for sheet in t.SHEETS:
        page.write_string(row, 0, _label(sheet.title), out.wrapped)
        page.write_string(row, 2, _label(sheet.note), out.wrapped)
        row += 1
        for column in sheet.columns:
            page.write_string(row, 1, _label(column.header) + (" *" if column.required else ""), out.wrapped)
            page.write_string(row, 2, _described(column), out.wrapped)
            row += 1
    page.freeze_panes(3, 0)


def _described(column: Column) -> str:
    parts = [_label(column.note)] if column.note else []
    if column.choices:
        parts.append(
            _("One of: %(choices)s.") % {"choices": "、".join(_label(label) for _code, label in column.choices)}
        )
    if column.item:
        parts.append(
            _("“%(declined)s” or “%(none)s” may stand here.") % {"declined": DECLINED_WORD, "none": NOT_APPLICABLE_WORD}
        )
    return " ".join(parts)


def _rules() -> list[str]:
    words = {"clear": CLEAR_WORD, "declined": DECLINED_WORD, "none": NOT_APPLICABLE_WORD}
    return [
        _("Columns whose header is red must be filled in for a new row. Leave out sheets and columns you do not need."),
        _("An empty cell leaves what the system has; “%(clear)s” empties it.") % words,
        _("Who does not want to answer is noted as “%(declined)s”; what does not apply as “%(none)s”. Both count.")
        % words,
        _("A row that is not in the file changes nothing: nobody is removed by leaving them out."),
        _("Do not merge cells, do not enter formulas, and do not rename the sheets."),
        _("ID numbers and phones are texts. Where one turns into 6.54E+17, set the column to text and enter it again."),
        _("Dates are written like 2019-07-31."),
        _("What belongs neither to employment, rights nor services (faith, views, origin) is not entered anywhere."),
        _("This file holds personal data. Do not send it by private messages; delete it when it has been taken over."),
    ]
