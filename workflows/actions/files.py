"""Attachments: which files are taken, told by their content, and how they are kept."""

from __future__ import annotations

import hashlib
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
from workflows import file_kinds

MB = 1024 * 1024
AT_ONCE = 10  # files with one act; what they hold is kept in memory while they are looked at


@dataclass(frozen=True)
class Upload:
    """A file as it came in: its name and all of its bytes."""

    name: str
    content: bytes


def limits() -> str:
    """What may be sent, said before anything is chosen."""
    return _(
        "PDF, Word, Excel, WPS, text, JPG or PNG; each %(limit)s MB at the most, %(count)s files at a time. "
        "No macros, no password."
    ) % {"limit": settings.ATTACHMENT_MAX_MB, "count": AT_ONCE}


def check_number(names: Sequence[str]) -> None:
    """Raises ValidationError when more files come at once than are taken."""
    if len(names) > AT_ONCE:
        raise ValidationError(
            _(
                "%(count)s files were chosen, and %(limit)s are taken at a time. "
                "Leave out “%(name)s” and those after it, and send them with the next report."
            )
            % {"count": len(names), "limit": AT_ONCE, "name": names[AT_ONCE]}
        )


def check_size(name: str, size: int) -> None:
    """Raises ValidationError for an empty file, and for one above the limit."""
    if not size:
        raise ValidationError(_("“%(name)s” is empty. Save the file again and choose it once more.") % {"name": name})
    if size > settings.ATTACHMENT_MAX_MB * MB:
        raise ValidationError(
            _("“%(name)s” has %(size)s MB, and %(limit)s MB are allowed. Make it smaller, or send it in parts.")
            % {"name": name, "size": f"{size / MB:.1f}", "limit": settings.ATTACHMENT_MAX_MB}
        )


def check(upload: Upload) -> str:
    """The media type of an acceptable file; ValidationError with what to do otherwise."""
    check_size(upload.name, len(upload.content))
    ending = PurePath(upload.name).suffix.lower()
    found = file_kinds.found_in(upload.content)
    fitting = next((kind for kind in found if ending in kind.endings), None)
    if file_kinds.is_locked(upload.content):
        refusal = _("“%(name)s” opens with a password only. Save it without one and choose it once more.")
    elif file_kinds.has_macros(upload.content):
        refusal = _(
            "“%(name)s” contains macros, which are not taken. "
            "Save it as .docx, .xlsx or PDF without macros and choose it once more."
        )
    elif fitting:
        return fitting.media_type
    elif found and (ending in file_kinds.ENDINGS or found[0].shown != file_kinds.WORDS):
        # A script is a text as well: nobody is asked to rename one.
        refusal = _(
            "“%(name)s” is by its content: %(kind)s. Its name should end in %(ending)s: "
            "change the ending, or save it again, and choose it once more."
        )
    elif ending in file_kinds.ENDINGS:
        refusal = _(
            "The content of “%(name)s” does not match its ending. Open it, save it again and choose it once more."
        )
    else:
        refusal = _(
            "“%(name)s” is of a kind that is not taken. "
            "Send PDF, Word, Excel, WPS or text files, or JPG and PNG pictures."
        )
    told = {"kind": found[0].name, "ending": found[0].endings[0]} if found else {}
    raise ValidationError(refusal % {"name": upload.name, **told})


def keep(event: Event, uploads: Sequence[Upload], *, by: User, now: datetime) -> list[Attachment]:
    """Keep the files beside the event they came with. All are checked before any is kept."""
    check_number([upload.name for upload in uploads])
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
