"""What was found out about one row of a workbook, and how cells become values. Knows no table of the database."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from ledger import rules
from ledger.models import ImportRow
from ledger.workbooks import values
from ledger.workbooks.columns import TEXT, Column, Sheet
from ledger.workbooks.problems import ERROR, Param, Problem
from ledger.workbooks.reading import Table
from ledger.workbooks.sheet_rows import Raw
from ledger.workbooks.values import Value, Word

Outcome = ImportRow.Outcome
_MOST_KEPT = 8_192


@dataclass(slots=True)
class Issue:
    """A problem at a cell, row or sheet, as `ImportIssue` keeps it."""

    problem: Problem
    key: str = ""
    shown: str = ""  # the value, masked


@dataclass(slots=True)
class Line:
    """One row: its values by column, what is wrong with it, what it would do.

    `plan` is what committing writes, `before` what stood there; both go into the database encrypted.
    """

    table: Table
    number: int
    raw: dict[str, Raw]
    values: dict[str, Value] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)
    outcome: str = ""
    subject: uuid.UUID | None = None
    version: int | None = None
    plan: dict[str, Any] | None = None
    before: dict[str, Any] | None = None
    changes: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def sheet(self) -> Sheet:
        return self.table.sheet

    def wrong(self, code: str, key: str = "", /, severity: str = ERROR, **params: Param) -> None:
        column = self.sheet.column(key) if key else None
        shown = values.shown(column, self.raw.get(key)) if column else ""
        self.issues.append(Issue(Problem(code, params, severity), key, shown))

    def is_wrong(self) -> bool:
        return any(issue.problem.severity == ERROR for issue in self.issues)

    def given(self, key: str) -> Any:
        """The value of a cell; None where it is blank or one of the words."""
        value = self.values.get(key)
        return None if isinstance(value, Word) else value

    def changed(self, key: str, old: object, new: object) -> None:
        """Say what would change, masked where it is personal."""
        column = self.sheet.column(key)
        self.changes.append((key, _said(column, old), _said(column, new)))


@dataclass(frozen=True, slots=True)
class Late:
    """An earlier row that a later one made wrong."""

    table: Table
    number: int
    code: str
    key: str
    params: dict[str, Param]


class Places:
    """Rows of the whole file as single numbers: eight bytes each instead of a row."""

    def __init__(self) -> None:
        self.tables: list[Table] = []

    def of(self, line: Line) -> int:
        if not self.tables or self.tables[-1] is not line.table:
            self.tables.append(line.table)
        return (len(self.tables) << 21) | line.number

    def table(self, place: int) -> Table:
        return self.tables[(place >> 21) - 1]

    @staticmethod
    def row(place: int) -> int:
        return place & ((1 << 21) - 1)


class Reader:
    """Rows of a table as lines. Cells that repeat, as most do, are understood once."""

    def __init__(self, table: Table, today: date) -> None:
        self.table, self.today = table, today
        self.columns = {key: table.sheet.column(key) for key in table.letters.values()}
        self._kept: dict[tuple[str, str], values.Parsed] = {}
        self._free = {key for key, column in self.columns.items() if column.kind == TEXT and rules.is_free(key)}
        self._repeating = {key for key, column in self.columns.items() if column.kind not in ("id", "phone")}

    def line(self, number: int, raw: dict[str, Raw]) -> Line:
        """The cells of a row as values; problems of cells stand in it."""
        line = Line(self.table, number, raw)
        found = line.values
        for key, cell in raw.items():
            value, problem = self._parsed(key, cell)
            if problem is not None:
                line.issues.append(Issue(problem, key, values.shown(self.columns[key], cell)))
            if value is not Word.UNCHANGED:
                found[key] = value
                if key in self._free and isinstance(value, str) and (word := rules.uncollected(value)):
                    line.wrong("not_collected", key, word=word)
        return line

    def _parsed(self, key: str, cell: Raw) -> values.Parsed:
        if type(cell) is not str or key not in self._repeating:
            return values.parse(self.columns[key], cell, self.today)
        kept = self._kept.get((key, cell))
        if kept is None:
            kept = values.parse(self.columns[key], cell, self.today)
            if len(self._kept) < _MOST_KEPT:
                self._kept[key, cell] = kept
        return kept


def _said(column: Column, value: object) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        value = "yes" if value else "no"
    return values.mask(column, str(value))[:60]


def packed(what: dict[str, Any]) -> str:
    return json.dumps(what, ensure_ascii=False, separators=(",", ":"), default=_plain)


def unpacked(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found


def _plain(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal | uuid.UUID):
        return str(value)
    raise TypeError(type(value).__name__)
