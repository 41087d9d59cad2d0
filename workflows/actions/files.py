"""Attachments: which files are taken, told by their content, and how they are kept."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.utils.translation import gettext as _

from bureaus.models import User
from measures.models import Attachment, Event

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# ending → (first bytes, media type, a member the zip must hold)
KINDS: dict[str, tuple[bytes, str, str]] = {
    ".pdf": (b"%PDF-", "application/pdf", ""),
    ".jpg": (b"\xff\xd8\xff", "image/jpeg", ""),
    ".jpeg": (b"\xff\xd8\xff", "image/jpeg", ""),
    ".png": (b"\x89PNG\r\n\x1a\n", "image/png", ""),
    ".docx": (ZIP, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "word/"),
    ".xlsx": (ZIP, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xl/"),
    ".doc": (OLE, "application/msword", ""),
    ".xls": (OLE, "application/vnd.ms-excel", ""),
    ".wps": (OLE, "application/vnd.ms-works", ""),
}


@dataclass(frozen=True)
class Upload:
    """A file as it came in: its name and all of its bytes."""

    name: str
    content: bytes


def check(upload: Upload) -> str:
    """The media type of an acceptable file; ValidationError with what to do otherwise."""
    ending = PurePath(upload.name).suffix.lower()
    words = {"name": upload.name, "limit": settings.ATTACHMENT_MAX_MB}
    if ending not in KINDS:
        raise ValidationError(
            _("“%(name)s” is not taken. Send PDF, Word, Excel or WPS files, or JPG and PNG pictures.") % words
        )
    if not upload.content:
        raise ValidationError(_("“%(name)s” is empty. Save the file again and choose it once more.") % words)
    if len(upload.content) > settings.ATTACHMENT_MAX_MB * 1024 * 1024:
        raise ValidationError(
            _("“%(name)s” is larger than %(limit)s MB. Make it smaller, or send it in parts.") % words
        )
    magic, media_type, member = KINDS[ending]
    if not upload.content.startswith(magic) or (member and not _holds(upload.content, member)):
        raise ValidationError(
            _("The content of “%(name)s” does not match its ending. Open it, save it again and choose it once more.")
            % words
        )
    return media_type


def keep(event: Event, uploads: Sequence[Upload], *, by: User, now: datetime) -> list[Attachment]:
    """Keep the files beside the event they came with. All are checked before any is kept."""
    types = [check(upload) for upload in uploads]
    kept = []
    for upload, media_type in zip(uploads, types, strict=True):
        attachment = Attachment(
            assignment=event.assignment,
            event=event,
            name=PurePath(upload.name).name[-150:],
            content_type=media_type,
            size=len(upload.content),
            sha256=hashlib.sha256(upload.content).hexdigest(),
            by=by,
            at=now,
        )
        attachment.file.save("content", ContentFile(upload.content), save=False)
        attachment.save()
        kept.append(attachment)
    return kept


def _holds(content: bytes, member: str) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return any(name.startswith(member) for name in archive.namelist())
    except zipfile.BadZipFile:
        return False
