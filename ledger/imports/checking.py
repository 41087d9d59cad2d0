"""Checking a workbook: what each of its rows would do, and what is wrong with it. Nothing of the ledger is written.

Runs as a task, chunk by chunk in transactions of their own, so that a page sees how far it is; memory does not grow
with the file but for some bytes a row. Started twice, or again after a worker died, it begins anew.
"""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, datetime
from itertools import islice
from typing import Any

from django.db import transaction

from bureaus.clock import local_date
from ledger import keys
from ledger.encryption import CannotDecrypt
from ledger.imports import bulk, storing
from ledger.imports.judged import Issue, Line, Outcome, Reader, packed
from ledger.imports.records import Records
from ledger.imports.roster import Roster, Seen
from ledger.imports.uploading import State, forget_rows
from ledger.models import ImportBatch, ImportIssue, ImportRow
from ledger.workbooks import template
from ledger.workbooks.problems import ERROR, WARNING, Problem, Refused
from ledger.workbooks.reading import Book, Placed, Table, open_book

CHUNK = 1_000
MOST_ISSUES = 2_000  # kept in full; all of them are counted


def check(batch_pk: int, now: datetime) -> ImportBatch:
    """From uploaded to checked, or refused. A batch in another state is left alone."""
    batch = ImportBatch.objects.select_related("county").get(pk=batch_pk)
    waiting = ImportBatch.objects.filter(pk=batch_pk, state__in=(State.UPLOADED, State.CHECKING, State.CHECKED))
    if not waiting.update(state=State.CHECKING, rows_done=0, counts={}, issue_counts={}):
        return batch
    forget_rows(batch_pk)
    try:
        with ExitStack() as stack:
            try:
                file = stack.enter_context(storing.opened(batch.stored_as))
            except (CannotDecrypt, FileNotFoundError) as lost:
                raise Refused("lost") from lost
            book = stack.enter_context(open_book(file))
            _Check(batch, book, now).run()
    except Refused as refused:
        forget_rows(batch_pk)
        because = json.dumps({"code": refused.code, "params": refused.params}, ensure_ascii=False)[:300]
        waiting.update(state=State.REFUSED, refused_because=because, checked_at=now)
    batch.refresh_from_db()
    return batch


class _Check:
    def __init__(self, batch: ImportBatch, book: Book, now: datetime) -> None:
        self.batch, self.book, self.now = batch, book, now
        self.today: date = local_date(now)
        self.counts: Counter[str] = Counter()
        self.codes: Counter[str] = Counter()
        self.kept_issues = 0
        # Anew in each check: a public id of a file that was taken back is never given again.
        self.seen = Seen(salt=secrets.token_bytes(16))
        self.done = 0

    def run(self) -> None:
        ImportBatch.objects.filter(pk=self.batch.pk).update(encoding=self.book.encoding, rows_total=self.book.rows)
        self._of_the_book()
        roster = Roster(self.batch.county, self.seen)
        # The roster first, for the other sheets speak of those who are new on it.
        for table in sorted(self.book.tables, key=lambda table: template.SHEETS.index(table.sheet)):
            judge = roster if table.sheet is template.PEOPLE else Records(self.batch.county, table.sheet, self.seen)
            broken = self._of_the_sheet(table)
            stops = any(placed.problem.severity == ERROR and placed.rows is None for placed in table.problems)
            for lines in self._chunks(table):
                for line in lines:
                    if stops or any(first <= line.number <= last for first, last in broken):
                        line.issues.append(Issue(Problem("sheet_broken")))
                with keys.held():
                    judge.judge(lines)
                    self._write(table, lines, judge)
        ImportBatch.objects.filter(pk=self.batch.pk).update(
            state=State.CHECKED,
            checked_at=self.now,
            rows_total=self.done,
            rows_done=self.done,
            counts=dict(self.counts),
            issue_counts=dict(self.codes),
        )

    def _chunks(self, table: Table) -> Iterator[list[Line]]:
        rows = table.rows()
        reader = Reader(table, self.today)
        while chunk := list(islice(rows, CHUNK)):
            yield [reader.line(number, cells) for number, cells in chunk]

    # --- What is written -----------------------------------------------------------------------

    def _write(self, table: Table, lines: list[Line], judge: Roster | Records) -> None:
        issues: list[ImportIssue] = []
        rows = []
        for line in lines:
            self.counts[line.outcome] += 1
            rows.append(
                {
                    "number": line.number,
                    "outcome": str(line.outcome),
                    "subject": line.subject,
                    "version": line.version,
                    "values": packed(line.plan) if line.plan is not None else None,
                    "before": packed(line.before) if line.before is not None and line.outcome != Outcome.NEW else None,
                    "changes": line.changes,
                }
            )
            if line.issues:
                for issue in line.issues:
                    issues += self._issue(table, line.number, issue)
        self.done += len(lines)
        with transaction.atomic():
            bulk.insert(ImportRow, rows, {"batch_id": self.batch.pk, "sheet": table.key})
            self._late(judge, issues)
            ImportIssue.objects.bulk_create(issues)
            ImportBatch.objects.filter(pk=self.batch.pk).update(
                rows_done=self.done, counts=dict(self.counts), issue_counts=dict(self.codes)
            )

    def _late(self, judge: Roster | Records, issues: list[ImportIssue]) -> None:
        """Rows that turned out to be wrong by a later one: the other of two with one ID number."""
        for late in judge.late:
            row = ImportRow.objects.filter(batch=self.batch, sheet=late.table.key, number=late.number)
            outcome = row.exclude(outcome=Outcome.ERROR).values_list("outcome", flat=True).first()
            if outcome:
                self.counts[outcome] -= 1
                self.counts[Outcome.ERROR] += 1
                row.update(outcome=Outcome.ERROR, values=None, before=None, changes=[])
            issues += self._issue(late.table, late.number, Issue(Problem(late.code, late.params), late.key))
        judge.late.clear()

    def _issue(self, table: Table, number: int | None, issue: Issue) -> list[ImportIssue]:
        """As it is kept: none once there are enough, but counted."""
        self.codes[issue.problem.code] += 1
        if self.kept_issues >= MOST_ISSUES:
            return []
        self.kept_issues += 1
        header = str(table.sheet.column(issue.key).header) if issue.key else ""
        return [
            ImportIssue(
                batch=self.batch,
                sheet=table.key,
                number=number,
                column=table.places.get(issue.key, ""),
                header=header[:40],
                code=issue.problem.code,
                severity=issue.problem.severity,
                params={"key": issue.key, **issue.problem.params},
                value=issue.shown[:60],
            )
        ]

    def _of_the_book(self) -> None:
        found = list(self.book.problems)
        county = self.book.meta.get("county", "")
        if county and county != self.batch.county.code:
            found.append(Problem("template_of_another_county", {}, WARNING))
        if self.book.meta.get("template") == template.NAME and self.book.meta.get("version") != str(template.VERSION):
            found.append(Problem("older_template", {}, WARNING))
        rows = []
        for problem in found:
            self.codes[problem.code] += 1
            rows.append(
                ImportIssue(batch=self.batch, code=problem.code, severity=problem.severity, params=dict(problem.params))
            )
        ImportIssue.objects.bulk_create(rows)

    def _of_the_sheet(self, table: Table) -> list[tuple[int, int]]:
        """Problems of the sheet are kept; the rows are given back that cannot be read because of them."""
        rows: list[ImportIssue] = []
        for placed in table.problems:
            rows += self._placed(table, placed)
        ImportIssue.objects.bulk_create(rows)
        return [placed.rows for placed in table.problems if placed.rows]

    def _placed(self, table: Table, placed: Placed) -> list[ImportIssue]:
        made = self._issue(table, placed.rows[0] if placed.rows else None, Issue(placed.problem, placed.key))
        for row in made:
            row.column = placed.column or row.column
            row.header = placed.header or row.header
        return made


def why_refused(batch: ImportBatch) -> tuple[str, str]:
    """Why a file cannot be read, and what to do, in the language of the page."""
    kept: dict[str, Any] = json.loads(batch.refused_because or "{}")
    return Refused(kept["code"], **kept["params"]).words() if kept else ("", "")
