"""Whether a file may be read at all: looked at in bounded memory, before anybody else opens it.

Raises `Refused` with a code of `problems.WORDS`. Members of the archive are streamed; none is ever held whole. What
this finds by scanning bytes is found again by the reader (`sheet_rows`), which stops on its own: a file that fools the
scan fools nobody.
"""

from __future__ import annotations

import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from .problems import Refused

MEGABYTE = 1 << 20
CHUNK = 1 << 18

_ZIP, _COMPOUND = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MACROS = re.compile(r"vbaProject|vbaData|macrosheets/|dialogsheets/", re.IGNORECASE)
_LINKS = re.compile(r"externalLinks/|connections\.xml$|queryTables/", re.IGNORECASE)
_SHEET = re.compile(r"worksheets/[^/]+\.xml$", re.IGNORECASE)
_ROW = re.compile(rb"<(?:\w+:)?row\b[^>]*?\br=[\"'](\d+)[\"']")
_FAR_COLUMN = re.compile(rb"\br=[\"']([A-Z]{2,3})(\d+)[\"'][^>]*(?<!/)>")
_CELL = re.compile(rb"<(?:\w+:)?c\b[^>]*?\br=[\"']([A-Z]+\d+)[\"'][^>]*(?<!/)>")
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\b[^>]*?\bref=[\"']([A-Z]+\d+(?::[A-Z]+\d+)?)[\"']")
_OVERLAP = 512  # longer than any start tag the patterns look for
_END = b"PK\x05\x06"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may be. The defaults take 120,000 rows of the widest sheet: 190 MB unpacked, measured."""

    file_bytes: int = 48 * MEGABYTE
    unpacked_bytes: int = 320 * MEGABYTE
    small_part_bytes: int = 16 * MEGABYTE  # every part but sheets and shared texts
    ratio: int = 200
    ratio_from: int = 4 * MEGABYTE  # repeated empty rows pack very well; a small part harms nobody
    parts: int = 2_000
    rows: int = 120_020
    columns: int = 200
    text: int = 32_767  # a spreadsheet's own limit of one cell
    merged: int = 200


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Found:
    """`kind` is `xlsx` or `csv`; `merged` the merged ranges by the name of the sheet's part."""

    kind: str
    size: int
    merged: dict[str, list[str]] = field(default_factory=dict)
    rows: int = 0  # about how many, for showing how far the reading is


def preflight(source: str | Path | IO[bytes], limits: Limits = LIMITS) -> Found:
    """What kind of file it is. `Refused` if it is none that may be read. A file object is left open, at its start."""
    with opened(source) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        if not size:
            raise Refused("empty_file")
        if size > limits.file_bytes:
            raise Refused("too_large", megabytes=limits.file_bytes // MEGABYTE)
        head = file.read(8)
        file.seek(0)
        if head == _COMPOUND:
            raise Refused("encrypted" if _holds(file, "EncryptedPackage".encode("utf-16-le")) else "old_format")
        if not head.startswith(_ZIP):
            return Found("csv", size, rows=_look_at_text(file))
        _look_at_directory(file, size, limits)
        with damage_refused(), zipfile.ZipFile(file) as archive:
            merged, rows = _look_at_parts(archive, limits)
            return Found("xlsx", size, merged, rows)


@contextmanager
def opened(source: str | Path | IO[bytes]) -> Iterator[IO[bytes]]:
    """The file of a path, closed afterwards, or a file object as it is, put back to its start."""
    if isinstance(source, str | Path):
        with open(source, "rb") as file:
            yield file
        return
    source.seek(0)
    try:
        yield source
    finally:
        source.seek(0)


@contextmanager
def damage_refused() -> Iterator[None]:
    """Whatever a broken archive makes the standard library raise is `Refused("damaged")`."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError, UnicodeError) as trouble:
        raise Refused("damaged") from trouble
    except (RuntimeError, ValueError, OSError, OverflowError) as trouble:  # a member with a password; a wild offset
        raise Refused("damaged") from trouble


def _holds(file: IO[bytes], word: bytes) -> bool:
    tail = b""
    while chunk := file.read(CHUNK):
        if word in tail + chunk:
            return True
        tail = chunk[-len(word) :]
    return False


def _look_at_text(file: IO[bytes]) -> int:
    """A CSV is text, of so many lines; whether it can be decoded is found while it is read."""
    lines = 0
    while chunk := file.read(CHUNK):
        if b"\x00" in chunk:
            raise Refused("not_a_workbook")
        lines += chunk.count(b"\n")
    file.seek(0)
    return lines


def _look_at_directory(file: IO[bytes], size: int, limits: Limits) -> None:
    """The archive's list of parts is read whole by the standard library, so its length is looked at before."""
    tail_size = min(size, (1 << 16) + 22 + 20)
    file.seek(size - tail_size)
    tail = file.read(tail_size)
    file.seek(0)
    end = tail.rfind(_END)
    if end < 0 or len(tail) - end < 22:
        raise Refused("damaged")
    (count, length) = struct.unpack("<HL", tail[end + 10 : end + 16])
    # No table needs the directory of an archive beyond 4 GB, and its length would stand elsewhere.
    if b"PK\x06\x07" in tail[max(0, end - 20) : end] or count > limits.parts or length > limits.parts * 400:
        raise Refused("too_many_parts")


def _look_at_parts(archive: zipfile.ZipFile, limits: Limits) -> tuple[dict[str, list[str]], int]:
    """The merged ranges by part, and about how many rows there are."""
    parts = archive.infolist()
    names = [part.filename for part in parts]
    if len(parts) > limits.parts or len(set(names)) != len(names):
        raise Refused("too_many_parts")
    if not any(name.startswith("xl/") for name in names):
        raise Refused("not_a_workbook")
    if any(_MACROS.search(name) for name in names):
        raise Refused("macros")
    if any(_LINKS.search(name) for name in names):
        raise Refused("external_links")
    if any(part.flag_bits & 1 for part in parts):
        raise Refused("encrypted")
    if sum(part.file_size for part in parts) > limits.unpacked_bytes:
        raise Refused("bomb")
    for part in parts:
        if part.file_size > limits.ratio_from and part.file_size > limits.ratio * max(part.compress_size, 1):
            raise Refused("bomb")
    merged, rows = {}, 0
    left = limits.unpacked_bytes
    for part in parts:
        if not part.filename.lower().endswith((".xml", ".rels", ".vml")):
            continue
        is_sheet = bool(_SHEET.search(part.filename))
        with archive.open(part) as stream:
            read, ranges, rows_here = _look_at_part(stream, limits, left, is_sheet=is_sheet)
        left, rows = left - read, rows + rows_here
        if is_sheet:
            merged[part.filename] = ranges
    return merged, rows


def _look_at_part(stream: IO[bytes], limits: Limits, left: int, *, is_sheet: bool) -> tuple[int, list[str], int]:
    """(bytes it really has, merged ranges, rows). Definitions, far cells and other encodings are refused."""
    read, tail, rows, ranges = 0, b"", 0, list[str]()
    while chunk := stream.read(CHUNK):
        if not read and (chunk[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in chunk[:64]):
            raise Refused("damaged")  # UTF-16: no spreadsheet program writes it, and the patterns would not see it
        read += len(chunk)
        if read > left:
            raise Refused("bomb")
        text = tail + chunk
        if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
            raise Refused("entities")
        if b"macroEnabled" in text and not is_sheet:
            raise Refused("macros")
        tail = text[-_OVERLAP:]
        if not is_sheet:
            continue
        seen = len(text) - len(chunk)
        for match in _ROW.finditer(text):
            rows += match.end() > seen
            if int(match[1][:10]) > limits.rows:
                _look_for_a_value(text[match.end() :], stream, limits, rows)
                return read, ranges, rows  # formats to the sheet's end
        _look_for_far_columns(text, limits)
        if b"mergeCell" in text:
            new = (match[1].decode("ascii") for match in _MERGED.finditer(text) if match.end() > seen)
            ranges += list(new)[: limits.merged - len(ranges)]
    return read, ranges, rows


def _look_for_a_value(text: bytes, stream: IO[bytes], limits: Limits, rows: int) -> None:
    """Rows beyond the limit: formats alone are harmless, a value is not."""
    for _turn in range(limits.unpacked_bytes // CHUNK):
        found = _CELL.search(text)
        if found:
            if rows < limits.rows // 2:
                raise Refused("far_cell", cell=found[1].decode("ascii")[:12])
            raise Refused("too_many_rows", limit=limits.rows)
        chunk = stream.read(CHUNK)
        if not chunk:
            return
        text = text[-_OVERLAP:] + chunk
    raise Refused("bomb")


def _look_for_far_columns(text: bytes, limits: Limits) -> None:
    for match in _FAR_COLUMN.finditer(text):
        if column_number(match[1].decode("ascii")) > limits.columns:
            raise Refused("far_cell", cell=(match[1] + match[2]).decode("ascii")[:12])


def column_number(letters: str) -> int:
    """A is 1, Z 26, AA 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def column_letters(number: int) -> str:
    """1 is A, 27 is AA."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
