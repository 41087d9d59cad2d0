"""A county's workbook, from the empty template to the ledger and back, through the pages."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from bureaus import clock
from ledger import tasks
from ledger.models import AuditEvent, Household, ImportBatch, Person
from measures.models import Plan
from tests import make
from tests.ledger import stage
from tests.pages import web
from tests.pages.web import Client


@pytest.fixture
def county(tacheng: Plan, settings: Any, tmp_path: Any) -> Any:
    """托里县 on 20 August; what a page would leave to the worker is done by the test when it wants."""
    settings.VAR = tmp_path
    settings.CELERY_BROKER_URL = "memory://"
    with clock.standing_at(stage.NOW):
        yield web.signed_in(stage.CLERK)


def filled(client: Client, *rows: dict[str, Any]) -> bytes:
    """The template as the page gives it, with rows on the sheet of all persons."""
    answer = client.get("/ledger/workbooks/template.xlsx")
    assert answer.status_code == 200
    book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))  # type: ignore[attr-defined]
    sheet = book.worksheets[1]
    keys = [cell.value for cell in sheet[2]]
    for row in rows:
        assert set(row) <= set(keys)
        place = sheet.max_row + 1 if sheet.max_row > 2 else 3
        for key, value in row.items():
            sheet.cell(place, keys.index(key) + 1, value)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def uploaded(client: Client, content: bytes, name: str = "托里县台账.xlsx") -> ImportBatch:
    """Upload and let the worker check it."""
    client.post("/ledger/imports/upload/", {"file": SimpleUploadedFile(name, content)})
    batch = ImportBatch.objects.order_by("-id")[0]
    tasks.check_workbook(batch.pk)
    batch.refresh_from_db()
    return batch


def row(n: int, **values: Any) -> dict[str, Any]:
    number = stage.number(date(1980, 1, n), 2 * n)
    return {"household_code": "TL-000001", "name": f"演示{n}", "id_number": number, "labour": "ordinary"} | values


def test_in_and_out_again(county: Client) -> None:
    content = filled(county, row(1, relation="head", expected_members=2), row(2))
    batch = uploaded(county, content)
    page = web.read(county, f"/ledger/imports/{batch.uid}/")
    assert batch.state == "checked" and batch.counts["new"] == 2
    assert not Person.objects.exists()  # looked at, not taken over
    assert "000000198001" not in page.html  # the preview is masked
    web.post(county, page.form("/commit/").action)
    tasks.commit_workbook(batch.pk)
    assert set(Person.objects.values_list("name", flat=True)) == {"演示1", "演示2"}
    home = Household.objects.get()
    assert (home.code, home.expected_members, home.memberships.count()) == ("TL-000001", 2, 2)
    # The same file again is the same workbook.
    county.post("/ledger/imports/upload/", {"file": SimpleUploadedFile("x.xlsx", content)})
    assert ImportBatch.objects.count() == 1
    url = f"/ledger/imports/{batch.uid}/"
    ImportBatch.objects.update(stored_as="")  # as once the file was purged
    assert not [action for action in web.read(county, url).forms if action.endswith("/undo/")]
    ImportBatch.objects.update(stored_as=batch.stored_as)
    web.post(county, web.read(county, url).form("/undo/").action)
    assert not Person.objects.exists() and not Household.objects.exists()
    acts = set(AuditEvent.objects.values_list("action", flat=True))
    assert {"upload-workbook", "commit-workbook", "undo-workbook"} <= acts


def test_a_mistake_keeps_its_row_out_and_comes_back_with_a_cure(county: Client) -> None:
    wrong = row(2, id_number="000000198001020049"[:-1] + "0")
    batch = uploaded(county, filled(county, row(1, relation="head"), wrong))
    assert batch.counts["error"] == 1 and batch.counts["new"] == 1
    assert web.read(county, f"/ledger/imports/{batch.uid}/").all("del") == []
    web.post(county, f"/ledger/imports/{batch.uid}/commit/")
    batch.refresh_from_db()
    assert batch.state == "checked"  # all or nothing, unless said otherwise
    back = county.get(f"/ledger/imports/{batch.uid}/mistakes.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(b"".join(back.streaming_content)))  # type: ignore[attr-defined]
    assert any("演示2" in [cell.value for cell in line] for sheet in book.worksheets for line in sheet.iter_rows())
    web.post(county, f"/ledger/imports/{batch.uid}/commit-valid/")
    tasks.commit_workbook(batch.pk)
    assert [one.name for one in Person.objects.all()] == ["演示1"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("台账.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600),
        ("台账.xlsx", b"PK\x03\x04 cut off"),
        ("空.xlsx", b""),
    ],
)
def test_what_is_no_workbook_is_refused_with_a_sentence(name: str, content: bytes, county: Client) -> None:
    county.post("/ledger/imports/upload/", {"file": SimpleUploadedFile(name, content)})
    assert not ImportBatch.objects.exists()
    assert web.read(county, "/ledger/imports/").all(cls="flash")


def test_another_county_sees_nothing_of_it(county: Client) -> None:
    batch = uploaded(county, filled(county, row(1)))
    other = web.signed_in("塔城市·经办人")
    web.read(other, f"/ledger/imports/{batch.uid}/", 404)
    for act in ("commit", "undo", "discard"):
        web.post(other, f"/ledger/imports/{batch.uid}/{act}/", status=404)
    for who in ("督查室·巡查人员", "人社局·经办人"):
        web.read(web.signed_in(who), "/ledger/imports/", 404)


def test_a_lost_message_does_no_harm(county: Client) -> None:
    """Nobody told the worker; a minute later it looks for itself."""
    county.post("/ledger/imports/upload/", {"file": SimpleUploadedFile("台账.xlsx", filled(county, row(1)))})
    assert tasks.run_workbooks() == 0
    with clock.standing_at(make.at(2019, 8, 20, 10)):
        assert tasks.run_workbooks() == 1
    assert ImportBatch.objects.get().state == "checked"
