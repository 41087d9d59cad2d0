"""The ledger at size: a workbook taken over beside reading it, one written beside XlsxWriter, and all of it counted.

The floor of an import is the plainest reading there is of the file: openpyxl, read-only, every cell looked at once.
Everything is made up; nothing is random between two runs.
"""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import xlsxwriter
from django.test import override_settings

from bureaus.models import Bureau, Membership, Role, User
from ledger import id_numbers
from ledger.imports import checking, committing, uploading
from ledger.models import Household, ImportBatch, Person
from ledger.workbooks import reading, template, writing
from workflows import rehearsal
from workflows.bench import counting, measuring, seed

COUNTIES = ("654224", "654221")
MEMBERS = 4
Row = dict[str, Any]


def run(db: str, entry: Callable[..., dict[str, Any]], say: Callable[[str], None], *, rows: int) -> dict[str, Any]:
    """Measure. `entry` gives the settings of a new database by name; `say` hears how it goes.

    Times are seconds of processors (`_wall`: of the clock). A tenth of the rows is taken over first, in another
    county: what the peak of memory gains from there to all of them is what grows with a file.
    """
    found: dict[str, Any] = {"db": db, "rows": rows}
    with tempfile.TemporaryDirectory(prefix="duban-bench-ledger-") as home:
        folder = Path(home)
        with rehearsal.throw_away_database(entry("ledger")), override_settings(VAR=folder):
            seed.build_stage()
            large, small = (Bureau.objects.get(code=code) for code in COUNTIES)
            few = max(rows // 10, 1)
            say(f"rosters of {few} and {rows} rows are being written")
            _export(folder / "few.xlsx", small, few)
            found |= _exports(folder, large, rows)
            peak_before = _taken_over(folder / "few.xlsx", small, say)["peak_mb"]
            measured = _taken_over(folder / "many.xlsx", large, say)
            found |= measured
            found["peak_grows_mb"] = round(measured["peak_mb"] - peak_before, 1)
            assert Person.objects.filter(county=large).count() == rows
            say("the same file is read with openpyxl")
            found |= measuring.timed("read", lambda: _read_with_openpyxl(folder / "many.xlsx"))
            found |= measuring.timed("own_read", lambda: _read_with_ours(folder / "many.xlsx"))
        with rehearsal.throw_away_database(entry("counted")):
            found |= counting.run(say, persons=rows)
    found["check_over_read"] = round(found["check"] / found["read"], 3)
    found["commit_over_read"] = round(found["commit"] / found["read"], 3)
    found["import_over_read"] = round((found["check"] + found["commit"]) / found["read"], 3)
    found["export_over_write"] = round(found["export"] / found["write"], 3)
    return found


def _peak() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def _taken_over(path: Path, county: Bureau, say: Callable[[str], None]) -> dict[str, Any]:
    """Uploaded, checked and committed as the county's clerk does it."""
    by = User.objects.get(
        pk=Membership.objects.filter(bureau=county, role=Role.OFFICER).values_list("user", flat=True)[0]
    )
    with path.open("rb") as file:
        batch = uploading.upload(county, file, path.name, by=by, now=seed.NOW)
    say(f"{path.name} is being checked")
    found: dict[str, Any] = measuring.timed("check", lambda: checking.check(batch.pk, seed.NOW))
    batch = ImportBatch.objects.get(pk=batch.pk)
    found["outcomes"] = batch.counts
    say(f"{path.name} is being taken over")
    committing.begin(batch, by=by, now=seed.NOW)
    found |= measuring.timed("commit", lambda: committing.commit(batch.pk))
    return {**found, "peak_mb": _peak(), "households": Household.objects.filter(county=county).count()}


def _read_with_openpyxl(path: Path) -> int:
    book = openpyxl.load_workbook(path, read_only=True)
    count = 0
    for page in book.worksheets:
        page.reset_dimensions()
        for row in page.iter_rows(values_only=True):
            count += sum(cell is not None for cell in row)
    book.close()
    return count


def _read_with_ours(path: Path) -> int:
    with reading.open_book(path) as book:
        return sum(len(cells) for table in book.tables for _number, cells in table.rows())


# --- Writing -------------------------------------------------------------------------------------


def _exports(folder: Path, county: Bureau, rows: int) -> dict[str, Any]:
    found: dict[str, Any] = measuring.timed("export", lambda: _export(folder / "many.xlsx", county, rows))
    found |= measuring.timed("write", lambda: _write_plainly(folder / "plain.xlsx", county, rows))
    (folder / "plain.xlsx").unlink()
    return found


def _export(path: Path, county: Bureau, rows: int) -> None:
    meta = writing.Meta(county.code, seed.NOW, "export")
    writing.table(path, [(template.PEOPLE, roster(county, rows))], watermark="bench", meta=meta, masked=None)


def _write_plainly(path: Path, county: Bureau, rows: int) -> None:
    """The same cells with XlsxWriter alone."""
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    page, day = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd"})
    for place, column in enumerate(template.PEOPLE.columns):
        page.write_string(0, place, column.key)
    for number, row in enumerate(roster(county, rows), start=1):
        for place, column in enumerate(template.PEOPLE.columns):
            value = row.get(column.key)
            if isinstance(value, str):
                page.write_string(number, place, value)
            elif isinstance(value, date):
                page.write_datetime(number, place, value, day)
            elif value is not None:
                page.write_number(number, place, value)
    book.close()


def roster(county: Bureau, rows: int) -> Iterator[Row]:
    """Invented households of four with every item filled in that a new row may have."""
    first = date(1950, 1, 1)
    offset = 0 if county.code == COUNTIES[0] else 15_000  # days: no number twice
    for number in range(rows):
        home = number // MEMBERS
        born = first + timedelta(days=offset + number // 1000 % 10_000)
        yield {
            "household_code": f"{county.code}-{home:06}",
            "name": f"演示{number:06}",
            "relation": ("head", "spouse", "child", "parent")[number % MEMBERS],
            "sex": "male" if number % 1000 % 2 else "female",
            "birth_date": born,
            "id_number": id_numbers.composed("000000", born, number % 1000),
            "education": ("primary", "junior", "senior")[number % 3],
            "skills": "示例",
            "health": "healthy",
            "phone": f"1{number:010}",
            "labour": ("ordinary", "skilled")[number % 2],
            "township": f"示例{home % 12}乡",
            "resettlement": "scattered",
            "resettled_on": date(2018, 10, 1),
            "expected_members": MEMBERS,
            "agreement_industry": "signed",
            "agreement_employment": "none",
            "agreement_training": "signed",
            "surveyed_on": date(2019, 7, 1),
            "informant": "self",
            "surveyor": "示例调查员",
        }
