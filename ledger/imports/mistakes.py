"""The rows of a workbook that were not taken over, as a workbook to put them right in and to upload again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO

from ledger.imports import storing
from ledger.imports.judged import Outcome
from ledger.models import ImportBatch, ImportIssue, ImportRow
from ledger.workbooks import template, writing
from ledger.workbooks.columns import Sheet
from ledger.workbooks.problems import worded
from ledger.workbooks.reading import open_book

LEFT_OUT = (Outcome.ERROR, Outcome.CONFLICT, Outcome.DUPLICATE)


def words_of(issue: ImportIssue) -> tuple[str, str]:
    """What is wrong and what cures it, in the language of the page."""
    params = dict(issue.params)
    key = params.pop("key", "")
    sheet = template.BY_CODE.get(issue.sheet.partition(".")[0])
    column = sheet.column(key) if sheet and key else None
    return worded(issue.code, params, column)


def workbook(batch: ImportBatch, target: str | Path | IO[bytes], *, now: datetime) -> int:
    """Write them; how many mistakes are listed. FileNotFoundError once the file was purged.

    The file itself is read again: what stood in a wrong cell is nowhere else.
    """
    meta = writing.Meta(batch.county.code, now, "mistakes")
    with storing.opened(batch.stored_as) as file, open_book(file) as book:

        def rows() -> Iterator[writing.WrongRow]:
            for table in book.tables:
                wanted = _numbers(batch, table.key)
                if not wanted:
                    continue
                issues = _issues(batch, table.key, table.sheet)
                for number, cells in table.rows():
                    if number in wanted:
                        yield writing.WrongRow(table.sheet, number, cells, issues.get(number, []))

        return writing.errors(target, rows(), meta=meta)


def _numbers(batch: ImportBatch, table: str) -> set[int]:
    rows = ImportRow.objects.filter(batch=batch, sheet=table, outcome__in=LEFT_OUT)
    return set(rows.values_list("number", flat=True))


def _issues(batch: ImportBatch, table: str, sheet: Sheet) -> dict[int, list[tuple[str, str, str]]]:
    found: dict[int, list[tuple[str, str, str]]] = defaultdict(list)
    for issue in ImportIssue.objects.filter(batch=batch, sheet=table).exclude(number=None).order_by("id"):
        key = issue.params.get("key", "")
        found[issue.number or 0].append((key if key in sheet.keys else "", *words_of(issue)))
    return found
