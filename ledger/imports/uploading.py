"""A workbook comes in: looked over, kept encrypted, and waiting to be checked. Nothing of it is in the ledger yet."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import PurePath
from typing import IO

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from bureaus.access import WrongMoment
from bureaus.models import Bureau, User
from ledger import access, audit
from ledger.actions.base import permit, standing
from ledger.imports import storing
from ledger.models import ImportBatch, ImportIssue, ImportRow
from ledger.workbooks.preflight import LIMITS, preflight

State = ImportBatch.State
HINT, LONGEST = timedelta(minutes=1), timedelta(minutes=20)
OVER = (State.DISCARDED, State.UNDONE, State.REFUSED)


def upload(county: Bureau, file: IO[bytes], name: str, *, by: User, now: datetime) -> ImportBatch:
    """The batch of this file: a new one, or the one that is there if the same file was uploaded before.

    Raises NotYours, and `Refused` (`workbooks.problems`) where the file cannot be taken.
    """
    permit(access.keeps(standing(by, now), county.pk), "upload-workbook")
    preflight(file, LIMITS)
    stored_as, digest, size = storing.keep(file)
    try:
        with transaction.atomic():
            batch, is_new = ImportBatch.objects.exclude(state__in=OVER).get_or_create(
                county=county,
                sha256=digest,
                defaults={
                    "file_name": PurePath(name).name[-120:],
                    "stored_as": stored_as,
                    "size": size,
                    "uploaded_by": by,
                    "uploaded_at": now,
                },
            )
            if is_new:
                note_batch("upload-workbook", batch, by=by, now=now)
    except IntegrityError:  # the same file, at the same moment, by another hand
        batch, is_new = ImportBatch.objects.exclude(state__in=OVER).get(county=county, sha256=digest), False
    if not is_new:
        storing.forget(stored_as)
    return batch


def left_over(now: datetime) -> list[ImportBatch]:
    """Workbooks nobody works on: a minute after they should have been taken up, or long after a check began."""
    lost = Q(state=State.UPLOADED, uploaded_at__lt=now - HINT) | Q(state=State.COMMITTING, committed_at__lt=now - HINT)
    died = Q(state=State.CHECKING, uploaded_at__lt=now - LONGEST)
    return list(ImportBatch.objects.filter(lost | died).order_by("pk"))


def discard(batch: ImportBatch, *, by: User, now: datetime) -> None:
    """Drop what was checked and not taken over: rows, mistakes and the file. WrongMoment once it was taken over."""
    permit(access.keeps(standing(by, now), batch.county_id), "discard-workbook")
    with transaction.atomic():
        open_states = (State.UPLOADED, State.CHECKED, State.REFUSED)
        if not ImportBatch.objects.filter(pk=batch.pk, state__in=open_states).update(state=State.DISCARDED):
            raise WrongMoment(_("This workbook is being worked on, or was taken over already."))
        forget_rows(batch.pk)
        note_batch("discard-workbook", batch, by=by, now=now)
    purge(batch)


def purge(batch: ImportBatch) -> None:
    """The file goes; that there was one, and what was in it by number, stays."""
    storing.forget(batch.stored_as)
    ImportBatch.objects.filter(pk=batch.pk).update(stored_as="")


def forget_rows(batch_pk: int) -> None:
    ImportIssue.objects.filter(batch=batch_pk).delete()
    ImportRow.objects.filter(batch=batch_pk).delete()


def note_batch(action: str, batch: ImportBatch, *, by: User, now: datetime, n: int = 1) -> None:
    audit.record(action, by=by, now=now, subject_kind="workbook", subject=str(batch.uid), county=batch.county, n=n)
