"""A workbook as tables of the ledger: which sheet is which, where the rows begin, what stands in which column.

    with open_book(path) as book:
        for table in book.tables:
            for number, cells in table.rows(): …

`cells` maps keys of columns to raw values (`sheet_rows`), blanks left out. Rows are streamed; a table may be read again
and again. What is wrong with a sheet as a whole is in `table.problems`, what of the book was left out in
`book.problems`.
`Refused` where the file cannot be taken at all.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO

from . import columns, delimited, sheet_rows, template
from .columns import Column, Sheet
from .package import Package, Part
from .preflight import LIMITS, Found, Limits, column_number, damage_refused, opened, preflight
from .problems import WARNING, Problem, Refused
from .sheet_rows import Cells, Raw

Streamed = Iterator[tuple[int, Cells]]
HEAD_ROWS = 12  # a title, a date line and the like may stand above the headers


@dataclass(frozen=True, slots=True)
class Placed:
    """A problem of a sheet: `column` its letter, where there is one; `header` as the file writes it."""

    problem: Problem
    column: str = ""
    header: str = ""
    key: str = ""
    rows: tuple[int, int] | None = None  # first and last row it makes unreadable


@dataclass
class Table:
    """One sheet of the file that holds rows of one sheet of the ledger."""

    sheet: Sheet
    title: str
    # Which of the tables of this sheet it is, from 0: a county may keep one for each township.
    nth: int
    # Column letter → key; key → letter.
    letters: dict[str, str]
    first_row: int
    problems: list[Placed]
    _stream: Callable[[], Streamed]

    @property
    def key(self) -> str:
        """`people` for the first table of the roster, `people.2` for the second."""
        return self.sheet.code if not self.nth else f"{self.sheet.code}.{self.nth + 1}"

    @property
    def places(self) -> dict[str, str]:
        return {key: letter for letter, key in self.letters.items()}

    def column(self, letter: str) -> Column:
        return self.sheet.column(self.letters[letter])

    def rows(self) -> Iterator[tuple[int, dict[str, Raw]]]:
        letters, first = self.letters, self.first_row
        for number, cells in self._stream():
            if number < first:
                continue
            known = {letters[letter]: value for letter, value in cells.items() if letter in letters}
            if known and any(not isinstance(value, str) or value.strip() for value in known.values()):
                yield number, known


@dataclass
class Book:
    kind: str  # xlsx | csv
    encoding: str
    # What the template's hidden sheet says: template, version, county, issued_at. Empty for other files.
    meta: dict[str, str]
    tables: list[Table]
    rows: int = 0  # about how many
    problems: list[Problem] = field(default_factory=list)


@contextmanager
def open_book(source: str | Path | IO[bytes], limits: Limits = LIMITS) -> Iterator[Book]:
    """Looks the file over (`preflight`) and finds its tables. `Refused`, also later while rows are read."""
    found = preflight(source, limits)
    with opened(source) as file:
        if found.kind == "csv":
            yield _of_text(file, limits, found)
            return
        try:
            archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, ValueError, OSError) as trouble:
            raise Refused("damaged") from trouble
        with archive:
            with damage_refused():
                book = _of_package(Package(archive, limits), found)
            yield book


def _of_text(file: IO[bytes], limits: Limits, found: Found) -> Book:
    encoding = delimited.encoding_of(file)

    def stream() -> Streamed:
        return delimited.rows(file, encoding, limits)

    table = _table("", stream, [])
    if table is None:
        raise Refused("no_table")
    return Book("csv", encoding, {}, [table], found.rows)


def _of_package(package: Package, found: Found) -> Book:
    book = Book("xlsx", "", {}, [], found.rows)
    for part in package.sheets:

        def stream(part: Part = part) -> Streamed:
            return _undamaged(sheet_rows.rows(package, part))

        if part.title == columns.META:
            book.meta = _meta(stream())
        elif not part.hidden and not columns.is_auxiliary(part.title):
            table = _table(part.title, stream, found.merged.get(part.name, []))
            if table is not None:
                table.nth = sum(other.sheet is table.sheet for other in book.tables)
                book.tables.append(table)
            elif next(stream(), None) is not None:
                book.problems.append(Problem("unknown_sheet", {"sheet": part.title[:40]}, WARNING))
    if not book.tables:
        raise Refused("no_table")
    return book


def _undamaged(rows: Streamed) -> Streamed:
    with damage_refused():
        yield from rows


def _meta(rows: Streamed) -> dict[str, str]:
    pairs = islice((cells for _number, cells in rows), 20)
    return {str(cells["A"])[:40]: str(cells["B"])[:80] for cells in pairs if "A" in cells and "B" in cells}


# --- Which sheet, which columns ----------------------------------------------------------------


def _table(title: str, stream: Callable[[], Streamed], merged: Sequence[str]) -> Table | None:
    """The table of a sheet; None if its head is that of none of ours."""
    head = list(islice(stream(), HEAD_ROWS))
    best: tuple[int, int, Sheet, int] | None = None
    for sheet in template.SHEETS:
        names = columns.headers(sheet)
        for number, cells in head:
            keys = _matched(cells, names)
            if len(set(keys.values())) < 2 or not any(set(group) <= set(keys.values()) for group in sheet.identity):
                continue
            rank = (len(keys), columns.plain(title) in columns.titles(sheet))
            score = rank[0] + 100 * rank[1]
            if best is None or score > best[0]:
                best = (score, number, sheet, len(keys))
    if best is None:
        return None
    _score, number, sheet, _count = best
    cells = dict(head)[number]
    letters = _matched(cells, columns.headers(sheet))
    first = number + 1
    words = cells
    following = dict(head).get(number + 1, {})
    by_key = {letter: value for letter, value in following.items() if isinstance(value, str) and value in sheet.keys}
    if len(by_key) >= 2:  # the hidden row of keys settles what each column is, whatever its header became
        letters = {**letters, **by_key}
        first += 1
    problems = _column_problems(sheet, letters, words) + _merged_problems(merged, first, letters)
    return Table(sheet, title, 0, _without_doubles(letters), first, problems, stream)


def _matched(cells: Cells, names: dict[str, str]) -> dict[str, str]:
    found = {}
    for letter, value in cells.items():
        key = names.get(columns.plain(value)) if isinstance(value, str) else None
        if key:
            found[letter] = key
    return found


def _without_doubles(letters: dict[str, str]) -> dict[str, str]:
    kept: dict[str, str] = {}
    for letter in sorted(letters, key=column_number):
        if letters[letter] not in kept.values():
            kept[letter] = letters[letter]
    return kept


def _column_problems(sheet: Sheet, letters: dict[str, str], words: Cells) -> list[Placed]:
    found = []
    for letter, value in words.items():
        if letter not in letters:
            header = str(value)[:40]
            found.append(Placed(Problem("unknown_column", {"header": header}, WARNING), letter, header))
    first: dict[str, str] = {}
    for letter in sorted(letters, key=column_number):
        key = letters[letter]
        if key in first:
            params = {"first": first[key], "second": letter}
            found.append(Placed(Problem("double_column", params), letter, str(words.get(letter, ""))[:40], key))
        first.setdefault(key, letter)
    for column in sheet.columns:
        if column.required and column.key not in first:
            found.append(Placed(Problem("missing_column"), key=column.key))
    return found


def _merged_problems(merged: Sequence[str], first_row: int, letters: dict[str, str]) -> list[Placed]:
    """Merged cells in the rows; a title above them may be merged."""
    found = []
    for area in merged:
        start, _colon, end = area.partition(":")
        top, bottom = _row_of(start), _row_of(end or start)
        if bottom >= first_row and bottom > 0:
            letter = start.rstrip("0123456789")
            rows = (max(top, first_row), bottom)
            found.append(Placed(Problem("merged", {"range": area}), letter[:3], key=letters.get(letter, ""), rows=rows))
    return found


def _row_of(reference: str) -> int:
    digits = reference.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return int(digits) if digits.isdigit() else 0
