"""What a file is by its content, whatever its name says: the kinds that are taken, and how a browser may show them.

Knows bytes and names only. A kind that is not here is not taken; web pages and drawings with scripts are not here.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PICTURE, DOCUMENT, WORDS, NOTHING = "picture", "document", "words", ""
# How a browser may be shown a file of ours. A sandbox forbids scripts; older browsers refuse a PDF in one.
POLICIES = {
    PICTURE: "default-src 'none'; sandbox",
    DOCUMENT: "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
}


@dataclass(frozen=True)
class Kind:
    """A kind of file: its endings (the usual one first), its media type, its name to people, how it is shown."""

    endings: tuple[str, ...]
    media_type: str
    name: Any
    holds: Callable[[bytes], bool]
    shown: str = NOTHING


def _begins(*magic: bytes) -> Callable[[bytes], bool]:
    return lambda content: content.startswith(magic)


def _packs(member: str) -> Callable[[bytes], bool]:
    """An Office file of today: a zip with such a member."""
    return lambda content: any(name.startswith(member) for name in members(content))


def _streams(*names: str) -> Callable[[bytes], bool]:
    """An Office file of before 2007: a compound file with such a stream."""
    return lambda content: content.startswith(OLE) and any(_utf16(name) in content for name in names)


def members(content: bytes) -> list[str]:
    """The names inside a zip; none if it is not one."""
    if not content.startswith(ZIP):
        return []
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return []


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-le")


_OFFICE = "application/vnd.openxmlformats-officedocument."
KINDS = (
    Kind((".pdf",), "application/pdf", _("PDF document"), _begins(b"%PDF-"), DOCUMENT),
    Kind((".jpg", ".jpeg"), "image/jpeg", _("JPG picture"), _begins(b"\xff\xd8\xff"), PICTURE),
    Kind((".png",), "image/png", _("PNG picture"), _begins(b"\x89PNG\r\n\x1a\n"), PICTURE),
    Kind((".docx",), f"{_OFFICE}wordprocessingml.document", _("Word document"), _packs("word/")),
    Kind((".xlsx",), f"{_OFFICE}spreadsheetml.sheet", _("Excel table"), _packs("xl/")),
    Kind((".doc",), "application/msword", _("Word document"), _streams("WordDocument")),
    Kind((".xls",), "application/vnd.ms-excel", _("Excel table"), _streams("Workbook", "Book")),
    Kind((".wps",), "application/vnd.ms-works", _("WPS document"), _streams("WordDocument", "CONTENTS")),
    Kind((".txt",), "text/plain", pgettext_lazy("file", "text"), lambda content: words_of(content) is not None, WORDS),
)
ENDINGS = tuple(ending for kind in KINDS for ending in kind.endings)


def found_in(content: bytes) -> list[Kind]:
    """The kinds this content could be; an old Word document is one of Word's and one of WPS's."""
    return [kind for kind in KINDS if kind.holds(content)]


def of_type(media_type: str) -> Kind | None:
    """The kind a kept file was found to be."""
    return next((kind for kind in KINDS if kind.media_type == media_type), None)


def has_macros(content: bytes) -> bool:
    """Whether an Office file brings programs along, whatever it is called."""
    if content.startswith(OLE):
        return _utf16("_VBA_PROJECT") in content
    names = [name.lower() for name in members(content)]
    return any(name.endswith("vbaproject.bin") or "/macrosheets/" in name for name in names)


def is_locked(content: bytes) -> bool:
    """Whether an Office file opens with a password only: then it is wrapped into a compound file."""
    return content.startswith(OLE) and _utf16("EncryptedPackage") in content


_NOT_WRITTEN = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")
_PAGES = ("<!doctype", "<html", "<svg", "<script", "<?xml")


def words_of(content: bytes) -> str | None:
    """A plain text in one of the encodings of Chinese Windows; None for anything else, and for a web page."""
    encodings = ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _NOT_WRITTEN.search(text):
            return None
        return None if not text.strip() or text.lstrip().lower().startswith(_PAGES) else text
    return None
