"""Attachments: told by their content, not by their name; all of them or none."""

from __future__ import annotations

import io
import zipfile

import pytest
from django.core.exceptions import ValidationError

from measures.models import Assignment, Attachment, Plan
from tests.make import at, events, fresh, nothing_written, officer_of, row, signed
from workflows import actions

NOW = at(2019, 6, 20, 11)


def office(member: str) -> bytes:
    """A small Office file: a zip with one member."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(member, "<xml/>")
    return stream.getvalue()


PDF = b"%PDF-1.7\n..."
JPG, PNG = b"\xff\xd8\xff\xe0....", b"\x89PNG\r\n\x1a\n...."
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1...."
DOCX, XLSX = office("word/document.xml"), office("xl/workbook.xml")


def attach(found: Assignment, *uploads: actions.Upload) -> None:
    actions.attach(found, by=officer_of(found.unit), now=NOW, uploads=list(uploads))


@pytest.fixture
def survey(tacheng: Plan) -> Assignment:
    return signed(row("survey/654224"), at(2019, 6, 3, 11))


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("方案.pdf", PDF, "application/pdf"),
        ("现场.JPG", JPG, "image/jpeg"),
        ("现场.jpeg", JPG, "image/jpeg"),
        ("盖章页.png", PNG, "image/png"),
        ("方案.docx", DOCX, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("台账.xlsx", XLSX, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("方案.doc", OLE, "application/msword"),
        ("台账.xls", OLE, "application/vnd.ms-excel"),
        ("方案.wps", OLE, "application/vnd.ms-works"),
    ],
)
def test_what_is_taken(survey: Assignment, name: str, content: bytes, media_type: str) -> None:
    attach(survey, actions.Upload(name, content))
    kept = survey.attachments.get()
    assert (kept.name, kept.content_type, kept.size) == (name, media_type, len(content))
    assert kept.file.read() == content
    assert len(kept.sha256) == 64
    assert (kept.by, kept.at) == (officer_of(survey.unit), NOW)
    # Stored under its content's hash: nothing of the name reaches the disk.
    assert name.rsplit(".", 1)[1].lower() not in str(kept.file.name).lower()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("方案.exe", b"MZ..."),
        ("方案", PDF),
        ("方案.pdf.html", b"<html>"),
        ("方案.svg", b"<svg/>"),
        ("空.pdf", b""),
        ("假.pdf", DOCX),
        ("假.docx", PDF),
        ("假.docx", XLSX),
        ("假.xlsx", DOCX),
        ("坏.docx", b"PK\x03\x04 not a zip at all"),
        ("假.jpg", PNG),
        ("假.png", b"<script>"),
        ("假.doc", DOCX),
    ],
)
def test_what_is_not_taken(survey: Assignment, name: str, content: bytes) -> None:
    with nothing_written(), pytest.raises(ValidationError, match=name.split(".")[0]):
        attach(survey, actions.Upload(name, content))


def test_up_to_the_limit_and_not_a_byte_more(survey: Assignment, settings) -> None:
    settings.ATTACHMENT_MAX_MB = 1
    full = PDF + b"." * (1024 * 1024 - len(PDF))
    attach(survey, actions.Upload("满.pdf", full))
    with nothing_written(), pytest.raises(ValidationError, match="1"):
        attach(survey, actions.Upload("多.pdf", full + b"."))


def test_one_bad_file_and_none_is_kept_nor_is_the_result(survey: Assignment) -> None:
    good, bad = actions.Upload("方案.pdf", PDF), actions.Upload("空.pdf", b"")
    with nothing_written(), pytest.raises(ValidationError):
        actions.send_up(survey, by=officer_of(survey.unit), now=NOW, result="完成。", uploads=[good, bad])
    assert fresh(survey).state == "in_progress"
    assert not Attachment.objects.exists()


def test_files_stay_beside_the_act_they_came_with(survey: Assignment) -> None:
    officer = officer_of(survey.unit)
    attach(survey, actions.Upload("甲.pdf", PDF))
    actions.send_up(
        fresh(survey), by=officer, now=NOW, result="完成。", uploads=[actions.Upload("../../乙.pdf", PDF + b"2")]
    )
    assert [(one.name, one.event.kind) for one in survey.attachments.order_by("id") if one.event] == [
        ("甲.pdf", "reported"),
        ("乙.pdf", "sent_up"),
    ]
    assert events(survey)[-2:] == ["reported", "sent_up"]


def test_a_long_name_keeps_its_ending(survey: Assignment) -> None:
    attach(survey, actions.Upload("很" * 200 + ".pdf", PDF))
    name = survey.attachments.get().name
    assert len(name) == 150
    assert name.endswith("很.pdf")
