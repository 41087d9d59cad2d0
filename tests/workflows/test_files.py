"""Attachments: told by their content, not by their name; all of them or none."""

from __future__ import annotations

import io
import zipfile

import pytest
from django.core.exceptions import ValidationError
from django.utils.translation import override

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
DOCX, XLSX = office("word/document.xml"), office("xl/workbook.xml")


def compound(*streams: str) -> bytes:
    """An Office file of before 2007, as far as it tells what it is: its mark and the names of its streams."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"".join(name.encode("utf-16-le") + bytes(8) for name in streams)


DOC, XLS = compound("Root Entry", "WordDocument"), compound("Root Entry", "Workbook")


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
        ("方案.doc", DOC, "application/msword"),
        ("台账.xls", XLS, "application/vnd.ms-excel"),
        ("方案.wps", DOC, "application/vnd.ms-works"),
        ("说明.txt", "台账说明。\r\n第二行。".encode(), "text/plain"),
        ("说明.txt", "台账说明。".encode("gb18030"), "text/plain"),
        ("说明.txt", "台账说明。".encode("utf-16"), "text/plain"),
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
        ("假.doc", XLS),
        ("空壳.doc", compound("Root Entry")),
        ("网页.txt", b" <!DOCTYPE html><script>alert(1)</script>"),
        ("图.txt", b"<svg onload='alert(1)'/>"),
        ("乱.txt", b"\x00\x01\x02"),
        ("白.txt", b"  \n "),
        ("压缩.zip", office("a.txt")),
    ],
)
def test_what_is_not_taken(survey: Assignment, name: str, content: bytes) -> None:
    with nothing_written(), pytest.raises(ValidationError, match=name.split(".")[0]):
        attach(survey, actions.Upload(name, content))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("宏.docx", office("word/vbaProject.bin")),
        ("宏.docm", office("word/vbaProject.bin")),
        ("宏.xlsx", office("xl/macrosheets/sheet1.xml")),
        ("宏.doc", compound("WordDocument", "Macros", "_VBA_PROJECT")),
        ("宏.xls", compound("Workbook", "_VBA_PROJECT_CUR", "_VBA_PROJECT")),
        ("宏.wps", compound("WordDocument", "_VBA_PROJECT")),
    ],
)
def test_programs_in_office_files_are_refused_as_what_they_are(survey: Assignment, name: str, content: bytes) -> None:
    with override("en"), nothing_written(), pytest.raises(ValidationError, match="“宏.*macros.*Save it"):
        attach(survey, actions.Upload(name, content))


def test_a_refusal_says_what_the_file_really_is(survey: Assignment) -> None:
    """With what to do, so that nobody has to ask: the ending that fits, the password to leave out, how many."""
    with override("en"):
        for name, content, said in (
            ("盖章页.jpg", PNG, "PNG picture.*in .png"),
            ("方案", PDF, "PDF document.*in .pdf"),
            ("双重.pdf.exe", PDF, "PDF document.*in .pdf"),
            ("台账.docx", XLSX, "Excel table.*in .xlsx"),
            ("加密.docx", compound("EncryptionInfo", "EncryptedPackage"), "password"),
            ("空.pdf", b"", "empty.*choose it once more"),
            ("程序.exe", b"MZ\x90\x00", "not taken.*Send PDF"),
            ("脚本.vbs", b"CreateObject", "not taken.*Send PDF"),
        ):
            with pytest.raises(ValidationError, match=f"“{name}”.*{said}"):
                attach(survey, actions.Upload(name, content))


def test_so_many_at_once_and_no_more(survey: Assignment) -> None:
    ten = [actions.Upload(f"第{number}份.pdf", PDF) for number in range(1, 11)]
    attach(survey, *ten)
    with nothing_written(), pytest.raises(ValidationError, match="第11份.pdf"):
        attach(survey, *ten, actions.Upload("第11份.pdf", PDF), actions.Upload("第12份.pdf", PDF))


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
