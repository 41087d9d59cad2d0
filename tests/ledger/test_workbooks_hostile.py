"""Files that are no honest workbook: each is refused with its cure, in bounded memory, and nothing else happens."""

from __future__ import annotations

import io
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from config.bootstrap import ROOT
from ledger.workbooks.preflight import MEGABYTE, Limits, preflight
from ledger.workbooks.problems import WORDS, Refused
from ledger.workbooks.reading import open_book
from tests.ledger import books

HEADS = books.row(1, *books.HEAD)
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def refusal(content: bytes, limits: Limits | None = None) -> str:
    """The code a file is refused with, by the preflight or while it is read; empty if it is taken."""
    try:
        with open_book(io.BytesIO(content), limits or Limits()) as book:
            for table in book.tables:
                for _row in table.rows():
                    pass
    except Refused as refused:
        message, cure = refused.words()
        assert message and cure and "%(" not in message + cure
        return refused.code
    return ""


def test_an_honest_workbook_is_taken() -> None:
    assert refusal(books.workbook({"人员总表": books.people(3)})) == ""
    assert refusal(books.by_hand(HEADS)) == ""


def bomb() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made:
        for name, content in books.parts_of(books.by_hand(HEADS)).items():
            if name != "xl/worksheets/sheet1.xml":
                made.writestr(name, content)
        with made.open("xl/worksheets/sheet1.xml", "w") as sheet:
            for _turn in range(210):
                sheet.write(b"<row/>" * (MEGABYTE // 6))
    return target.getvalue()


LOL = '<!DOCTYPE a [<!ENTITY l0 "lol">' + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10)) + "]>"
FAR = HEADS + '<row r="1048576"><c r="GS1048576"><v>1</v></c></row>'
WITH_MACRO = books.archive({**books.parts_of(books.workbook({"a": books.people()})), "xl/vbaProject.bin": b"x"})
LINKED = books.archive(
    {**books.parts_of(books.workbook({"a": books.people()})), "xl/externalLinks/externalLink1.xml": b"<a/>"}
)

HOSTILE = {
    "empty_file": b"",
    "not_a_workbook": b"\x89PNG\r\n\x1a\n\x00\x00\x00",
    "old_format": COMPOUND + b"\0" * 600 + "Workbook".encode("utf-16-le"),
    "encrypted": COMPOUND + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"),
    "macros": WITH_MACRO,
    "external_links": LINKED,
    "entities": books.by_hand(HEADS, prolog=LOL),
    "far_cell": books.by_hand(FAR),
    "no_table": books.workbook({"会议记录": [["时间", "地点"], ["今天", "这里"]]}),
    "wrong_encoding": "户编号,姓名\n".encode() + b"\xff\xff\xff",
    "text_too_long": books.by_hand(HEADS + books.row(2, "甲" * 70_000)),
}


@pytest.mark.parametrize("code", HOSTILE)
def test_a_hostile_file_is_refused_with_its_cure(code: str) -> None:
    assert refusal(HOSTILE[code]) == code


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (books.workbook({"a": books.people()})[:-40], "damaged"),
        (books.workbook({"a": books.people()})[:900], "damaged"),
        (b"PK\x03\x04 only the beginning", "damaged"),
        (books.archive({"word/document.xml": "<a/>"}), "not_a_workbook"),
        (books.by_hand(HEADS + "<row><c"), "damaged"),
        (books.by_hand(HEADS + '<row r="2"><c r="A2" t="s"><v>7</v></c></row>'), "damaged"),
        (books.by_hand(HEADS + '<row r="x"/>'), "damaged"),
        (books.by_hand(HEADS, prolog='<?xml version="1.0" encoding="UTF-99"?>'), "damaged"),
        (b"hello, this is a letter\n", "no_table"),
        (('"' + "户编号,姓名\n" * 20_000).encode(), "damaged"),
    ],
)
def test_what_is_broken_or_something_else_is_refused(content: bytes, code: str) -> None:
    assert refusal(content) == code


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    content = bomb()
    assert len(content) < MEGABYTE
    with pytest.raises(Refused, match="larger|大") as refused:
        preflight(io.BytesIO(content))
    assert refused.value.code == "bomb"


def test_a_far_cell_is_named_and_formats_alone_are_harmless() -> None:
    with pytest.raises(Refused) as refused:
        preflight(io.BytesIO(books.by_hand(FAR)))
    assert refused.value.params == {"cell": "GS1048576"}
    styled = HEADS + "".join(f'<row r="{n}"><c r="A{n}" s="1"/></row>' for n in (2, 1_048_575, 1_048_576))
    assert refusal(books.by_hand(styled)) == ""
    assert refusal(books.by_hand(HEADS + '<row r="2"><c r="XFD2"><v>1</v></c></row>')) == "far_cell"


@pytest.mark.parametrize(
    "row",
    [
        '<row r="&#49;048576"><c r="A&#49;048576"><v>1</v></c></row>',
        '<row spans="1:1"\n r = "1048576"><c><v>1</v></c></row>',
        '<row r="2"><c r="ZZ2"><v>1</v></c></row>',
    ],
)
def test_what_fools_the_scan_does_not_fool_the_reader(row: str) -> None:
    assert refusal(books.by_hand(HEADS + row)) == "far_cell"


def test_too_many_rows_and_too_large_files_say_the_limit() -> None:
    content = books.workbook({"人员总表": books.people(60)})
    assert refusal(content, Limits(rows=50)) == "too_many_rows"
    assert refusal(content, Limits(rows=61)) == ""
    assert refusal(content, Limits(file_bytes=500)) == "too_large"
    lines = "\n".join(",".join(map(str, line)) for line in books.people(60))
    assert refusal(lines.encode(), Limits(rows=50)) == "too_many_rows"


def test_a_directory_of_thousands_of_parts_is_refused_before_it_is_read() -> None:
    many = books.archive({f"xl/{place}.xml": "" for place in range(2_500)}, zipfile.ZIP_STORED)
    assert refusal(many) == "too_many_parts"


def test_utf_16_parts_are_refused_for_the_scan_would_not_see_into_them() -> None:
    parts = books.parts_of(books.by_hand(HEADS))
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    parts["xl/worksheets/sheet1.xml"] = ('<?xml version="1.0" encoding="UTF-16"?>' + sheet).encode("utf-16")
    assert refusal(books.archive(parts)) == "damaged"


def test_every_word_has_a_cure_and_its_placeholders() -> None:
    for code, words in WORDS.items():
        assert str(words.message) and str(words.hint), code


def mutations(count: int, seed: int) -> list[bytes]:
    """Honest workbooks with bytes changed, cut and doubled: in the archive, and in its parts packed anew."""
    chance = random.Random(seed)
    whole = books.workbook(
        {"人员总表": books.people(4), "就业": [["人员编码", "身份证号", "就业类型"], ["A", "", "=1"]]}
    )
    parts = books.parts_of(whole)
    made = []
    for _turn in range(count):
        if chance.random() < 0.5:
            made.append(_mutated(whole, chance))
        else:
            name = chance.choice(sorted(parts))
            made.append(books.archive({**parts, name: _mutated(parts[name], chance)}))
    return made


def _mutated(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    for _turn in range(chance.randint(1, 6)):
        at = chance.randrange(len(changed))
        match chance.randrange(4):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                del changed[at : at + chance.randint(1, 40)]
            case 2:
                changed[at:at] = changed[max(0, at - 30) : at]
            case 3:
                changed[at : at + 1] = chance.choice([b"<", b">", b"9999999", b"&", b'"', b"\x00", b"1e308", b"-1"])
        if not changed:
            return b""
    return bytes(changed)


@pytest.mark.parametrize("seed", range(4))
def test_a_mutated_workbook_is_read_or_refused_and_nothing_else(seed: int) -> None:
    codes = [refusal(content) for content in mutations(150, seed)]
    assert set(codes) <= {"", *WORDS}
    assert {"", "damaged"} <= set(codes)  # some were still read, some not


CHILD = """
import resource, sys
limit = int(sys.argv[2])
import django
from django.conf import settings
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
django.setup()
from ledger.workbooks.reading import open_book
from ledger.workbooks.problems import Refused
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + limit, used + limit))
try:
    with open_book(sys.argv[1]) as book:
        print(sum(1 for table in book.tables for _row in table.rows()))
except Refused as refused:
    print(refused.code)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the memory of a process is read from /proc")
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (bomb, "bomb"),
        (lambda: books.by_hand(FAR), "far_cell"),
        (lambda: books.by_hand(HEADS, prolog=LOL), "entities"),
        (lambda: books.workbook({"人员总表": books.people(20_000)}), "20000"),
    ],
)
def test_memory_stays_bounded(make: Callable[[], bytes], said: str, tmp_path: Path) -> None:
    """A child that may take 48 MB more than it had before it opened the file, whatever the file wants."""
    path = tmp_path / "file.xlsx"
    path.write_bytes(make())
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(path), str(48 * MEGABYTE)], cwd=ROOT, capture_output=True, text=True
    )
    assert child.stdout.strip() == said, child.stderr[-800:]
