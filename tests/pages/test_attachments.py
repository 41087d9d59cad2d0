"""Files laid beside the work: which are taken, how they come back, and to whom."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from urllib.parse import quote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings

from measures.models import Assignment, Attachment, Plan
from tests import make
from tests.make import at
from tests.pages import people, web
from workflows import file_kinds

EARLIER = at(2019, 6, 3, 9)
OFFICER = "托里县·经办人"


def _zip(member: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(member, "content")
    return buffer.getvalue()


PDF = b"%PDF-1.7\n" + b"x" * 5000
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 20
GOOD = {
    "首次摸底台账（托里县）.pdf": (PDF, "application/pdf"),
    "现场 照片.JPG": (b"\xff\xd8\xff\xe0" + b"x" * 20, "image/jpeg"),
    "scan.png": (PNG, "image/png"),
    "报告.docx": (_zip("word/document.xml"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "台账.xlsx": (_zip("xl/workbook.xml"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "旧台账.xls": (OLE + "Workbook".encode("utf-16-le"), "application/vnd.ms-excel"),
    "说明.txt": ("入户说明。\n".encode(), "text/plain"),
}
BAD = {
    "页面.html": b"<script>alert(1)</script>",
    "程序.exe": b"MZ" + b"x" * 20,
    "图.svg": b"<svg onload='alert(1)'/>",
    "空.pdf": b"",
    "假.pdf": b"<html>",
    "假.docx": _zip("xl/workbook.xml"),
    "假.xlsx": b"PK\x03\x04 broken",
    "没有后缀": PDF,
    "双重.pdf.exe": PDF,
    "宏.xlsx": _zip("xl/vbaProject.bin"),
    "网页.txt": b"<html><script>alert(1)</script>",
}


@pytest.fixture
def row(issued: Plan) -> Assignment:
    return make.signed(make.row("survey/654224"), EARLIER)


def _report(row: Assignment, *files: tuple[str, bytes], status: int = 302) -> web.Page:
    client = web.signed_in(OFFICER)
    form = web.read(client, f"/assignments/{row.pk}/").form("/report/")
    uploads = [SimpleUploadedFile(name, content, "text/html") for name, content in files]
    values = form.values | {"text": "附件如下。", "progress": "40"}
    answer = client.post(form.action, {**values, "uploads": uploads})
    assert answer.status_code == status
    return web.Page(answer.content.decode())


@pytest.mark.parametrize("name", GOOD)
def test_a_file_comes_back_as_it_was_under_its_name(name: str, row: Assignment) -> None:
    content, media_type = GOOD[name]
    _report(row, (name, content))
    client = web.signed_in(OFFICER)
    page = web.read(client, f"/assignments/{row.pk}/")
    found = Attachment.objects.get()
    assert [link.text for link in page.one("ul", cls="files").all("a")] == [name]
    answer = client.get(f"/attachments/{found.pk}/")
    assert b"".join(answer.streaming_content) == content  # type: ignore[attr-defined]
    # By its content, never by what a browser said of it; shown nowhere, saved under its own name.
    assert answer.headers["Content-Type"] == media_type
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith("attachment;")
    assert quote(name) in disposition or f'"{name}"' in disposition
    assert int(answer.headers["Content-Length"]) == len(content)
    assert "托里" not in Path(str(found.file.name)).name, "on the disk under its content's hash"


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_taken_is_said_beside_the_field_and_nothing_is_kept(name: str, row: Assignment) -> None:
    before = web.written()
    page = _report(row, ("好的.pdf", PDF), (name, BAD[name]), status=422)
    form = page.form("/report/")
    assert list(form.bad) == ["uploads"]
    assert name in form.bad["uploads"]
    assert "好的.pdf" not in form.bad["uploads"]
    # What was typed stays; that the files must be chosen again is said, for a browser cannot keep them.
    assert (form.values["text"], form.values["progress"]) == ("附件如下。", "40")
    assert web.written() == before


def test_files_must_be_chosen_again_when_something_else_was_wrong(row: Assignment) -> None:
    client = web.signed_in(OFFICER)
    files = SimpleUploadedFile("好的.pdf", PDF)
    values = {"text": "", "progress": "40", "uploads": [files]}
    page = web.post(client, f"/assignments/{row.pk}/report/", values, status=422)
    assert set(page.form("/report/").bad) == {"text", "uploads"}


def test_a_file_that_is_too_large_is_refused(row: Assignment) -> None:
    with override_settings(ATTACHMENT_MAX_MB=1):
        page = _report(row, ("大.pdf", PDF + b"x" * 1024 * 1024), status=422)
    assert "大.pdf" in page.form("/report/").bad["uploads"]


def test_more_files_than_are_taken_at_once_are_refused_by_name(row: Assignment) -> None:
    before = web.written()
    page = _report(row, *((f"第{number}份.pdf", PDF) for number in range(1, 12)), status=422)
    assert "第11份.pdf" in page.form("/report/").bad["uploads"]
    assert web.written() == before


def test_what_may_be_sent_stands_beside_the_field_before_anything_is_chosen(row: Assignment) -> None:
    with override_settings(ATTACHMENT_MAX_MB=7):
        page = web.read(web.signed_in(OFFICER), f"/assignments/{row.pk}/")
    for act in ("/report/", "/send_up/"):
        field = page.form(act).element.one("input", type="file")
        said = page.one(id=field.attrs["aria-describedby"]).text
        assert "7" in said
        assert "10" in said
        assert "PDF" in said
        assert field.attrs["accept"].split(",") == list(file_kinds.ENDINGS)


# --- Looking at it --------------------------------------------------------------------------------


def _kept(row: Assignment, name: str, content: bytes) -> Attachment:
    _report(row, (name, content))
    return Attachment.objects.get(name=name)


def test_a_picture_is_shown_scaled_on_its_page(row: Assignment) -> None:
    found = _kept(row, "现场.png", PNG)
    client = web.signed_in("人社局·经办人")
    assert f"/attachments/{found.pk}/preview/" in web.read(client, f"/assignments/{row.pk}/").links
    page = web.read(client, f"/attachments/{found.pk}/preview/")
    image = page.one("section", cls="shown").one("img")
    assert (image.attrs["src"], image.attrs["alt"]) == (f"/attachments/{found.pk}/inline/", "现场.png")
    assert OFFICER in page.one(cls="headline").text
    assert f"/attachments/{found.pk}/" in page.links, "and can be taken along"
    answer = client.get(image.attrs["src"])
    assert b"".join(answer.streaming_content) == PNG  # type: ignore[attr-defined]
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith("inline")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_a_picture_goes_over_a_slow_line_once_and_is_asked_for_each_time(row: Assignment) -> None:
    found = _kept(row, "现场.png", PNG)
    url, client = f"/attachments/{found.pk}/inline/", web.signed_in(OFFICER)
    answer = client.get(url)
    assert "no-cache" in answer.headers["Cache-Control"]
    mark = {"if-none-match": answer.headers["ETag"]}
    assert client.get(url, headers=mark).status_code == 304
    assert web.signed_in("塔城市·经办人").get(url, headers=mark).status_code == 404


def test_a_pdf_opens_in_a_new_tab_with_nothing_in_it_allowed_to_run(row: Assignment) -> None:
    found = _kept(row, "台账.pdf", PDF)
    client = web.signed_in(OFFICER)
    page = web.read(client, f"/attachments/{found.pk}/preview/")
    [link] = page.all("a", href=f"/attachments/{found.pk}/inline/")
    assert (link.attrs["target"], link.attrs["rel"]) == ("_blank", "noopener")
    answer = client.get(link.attrs["href"])
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("inline")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "script-src" not in policy


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_a_text_is_shown_as_words_whatever_wrote_it(encoding: str, row: Assignment) -> None:
    words = "入户说明：\n一户一档 <script>alert(1)</script> & 完"
    found = _kept(row, "说明.txt", words.encode(encoding))
    client = web.signed_in(OFFICER)
    page = web.read(client, f"/attachments/{found.pk}/preview/")
    assert page.one("section", cls="words").text == words.replace("\n", " ")
    assert "<script>alert" not in page.html
    assert client.get(f"/attachments/{found.pk}/inline/").status_code == 404


@pytest.mark.parametrize("name", ["报告.docx", "台账.xlsx", "旧台账.xls"])
def test_an_office_file_is_only_taken_along(name: str, row: Assignment) -> None:
    """Its name leads to the file; kind, size, who and when stand beside it. Nothing of it is shown."""
    found = _kept(row, name, GOOD[name][0])
    client = web.signed_in(OFFICER)
    page = web.read(client, f"/assignments/{row.pk}/")
    [entry] = page.one("ul", cls="files").all("li")
    assert entry.links == [f"/attachments/{found.pk}/"]
    kind = file_kinds.of_type(found.content_type)
    assert kind is not None
    for word in (str(kind.name), OFFICER, "2019-06-03"):
        assert word in entry.text
    assert client.get(f"/attachments/{found.pk}/inline/").status_code == 404
    assert web.read(client, f"/attachments/{found.pk}/preview/").all("img") == []


@pytest.mark.parametrize("media_type", ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", ""])
def test_a_page_or_a_drawing_with_scripts_is_never_shown(media_type: str, row: Assignment) -> None:
    """Not even if one had been kept."""
    found = _kept(row, "现场.png", PNG)
    Attachment.objects.filter(pk=found.pk).update(content_type=media_type)
    client = web.signed_in(OFFICER)
    assert client.get(f"/attachments/{found.pk}/inline/").status_code == 404
    assert web.read(client, f"/attachments/{found.pk}/preview/").all("img") == []


def test_several_files_come_with_one_report(row: Assignment) -> None:
    _report(row, *((name, content) for name, (content, _type) in GOOD.items()))
    page = web.read(web.signed_in("人社局·经办人"), f"/assignments/{row.pk}/")
    assert [link.text for link in page.one("ul", cls="files").all("a")] == list(GOOD)
    assert {found.event.kind for found in Attachment.objects.select_related("event") if found.event} == {"reported"}


def test_a_name_that_would_lead_elsewhere_is_only_a_name(row: Assignment) -> None:
    long = "很" * 300 + ".pdf"
    _report(row, ("../../etc/passwd.pdf", PDF), ("分号; 和 %0d%0a.pdf", PDF), (long, PDF))
    client = web.signed_in(OFFICER)
    for found in Attachment.objects.all():
        answer = client.get(f"/attachments/{found.pk}/")
        assert answer.status_code == 200
        assert "\n" not in answer.headers["Content-Disposition"]
        assert "/" not in found.name
        assert len(found.name) <= 150
        assert found.name.endswith(".pdf")


def test_a_stranger_finds_no_file(row: Assignment) -> None:
    _report(row, ("台账.pdf", PDF))
    found = Attachment.objects.get()
    for role in people.EVERYBODY:
        answer = web.signed_in(people.person(role)).get(f"/attachments/{found.pk}/")
        sees = role in people.SEES_ALL | {"unit", "unit_leader", "lead"}
        assert answer.status_code == (200 if sees else 404), role
        for shown in ("preview", "inline"):
            answer = web.signed_in(people.person(role)).get(f"/attachments/{found.pk}/{shown}/")
            assert answer.status_code == (200 if sees else 404), (role, shown)
    # Counting up leads nowhere either.
    assert web.signed_in(OFFICER).get(f"/attachments/{found.pk + 1}/").status_code == 404


def test_a_file_sent_up_reaches_the_reviewer(row: Assignment) -> None:
    client = web.signed_in(OFFICER)
    form = web.read(client, f"/assignments/{row.pk}/").form("/send_up/")
    files = [SimpleUploadedFile("结果.pdf", PDF)]
    assert client.post(form.action, {**form.values, "result": "完成。", "uploads": files}).status_code == 302
    assert "结果.pdf" in web.read(web.signed_in("人社局·经办人"), f"/assignments/{row.pk}/").text


def test_every_page_that_takes_files_warns_of_secrets(row: Assignment) -> None:
    client = web.signed_in(OFFICER)
    for language, words in (("zh-hans", "涉密"), ("en", "state secret")):
        client.post("/language/", {"language": language})
        page = web.read(client, f"/assignments/{row.pk}/")
        assert page.all("input", type="file")
        assert words in page.text
