"""A person takes a checked workbook over: all of it or nothing, or, if they say so, its rows without mistakes.

`begin` is the person's act; `commit` does the work in one transaction, in a task. What was looked at while checking is
looked at again under the rows' locks: where somebody was faster, nothing is written and the workbook is checked anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from bureaus.access import WrongMoment
from bureaus.models import User
from ledger import access, keys
from ledger.actions.base import permit, standing
from ledger.imports import entering
from ledger.imports.judged import Outcome
from ledger.imports.uploading import State, note_batch
from ledger.models import ImportBatch, ImportIssue, ImportRow

CHUNK = 1_000
BLOCKING = (Outcome.ERROR, Outcome.CONFLICT, Outcome.DUPLICATE)


def begin(batch: ImportBatch, *, by: User, now: datetime, valid_only: bool = False) -> ImportBatch:
    """Say that it is to be taken over. Raises NotYours, WrongMoment."""
    permit(access.keeps(standing(by, now), batch.county_id), "commit-workbook")
    with transaction.atomic():
        fresh = ImportBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
        if fresh.state != State.CHECKED:
            raise WrongMoment(_("This workbook is not waiting to be taken over."))
        if not valid_only and any(fresh.counts.get(outcome) for outcome in BLOCKING):
            raise WrongMoment(
                _("Some rows have mistakes or need a decision. Correct them, or take over the other rows alone.")
            )
        if not any(fresh.counts.get(outcome) for outcome in (Outcome.NEW, Outcome.CHANGED)):
            raise WrongMoment(_("There is nothing in this workbook to take over."))
        fresh.state, fresh.valid_only = State.COMMITTING, valid_only
        fresh.committed_by, fresh.committed_at = by, now
        fresh.save()
    return fresh


def commit(batch_pk: int) -> ImportBatch:
    """Write what `begin` asked for. WrongMoment where the ledger has changed since; it is checked again then."""
    batch = ImportBatch.objects.select_related("county", "committed_by").get(pk=batch_pk)
    if batch.state != State.COMMITTING:
        return batch
    try:
        with transaction.atomic():
            locked = ImportBatch.objects.select_for_update(of=("self",)).get(pk=batch_pk)
            if locked.state != State.COMMITTING:
                return locked
            count = _write(batch)
            ImportBatch.objects.filter(pk=batch_pk).update(state=State.COMMITTED)
            assert batch.committed_by is not None and batch.committed_at is not None
            note_batch("commit-workbook", batch, by=batch.committed_by, now=batch.committed_at, n=count)
    except (entering.Meanwhile, IntegrityError) as trouble:
        back = {"state": State.UPLOADED, "committed_by": None, "committed_at": None}
        ImportBatch.objects.filter(pk=batch_pk, state=State.COMMITTING).update(**back)
        raise WrongMoment(
            _("The ledger has changed since this workbook was checked. It is checked again; look at it once more.")
        ) from trouble
    except BaseException:
        ImportBatch.objects.filter(pk=batch_pk, state=State.COMMITTING).update(state=State.CHECKED)
        raise
    batch.refresh_from_db()
    return batch


def enter_nevertheless(row: ImportRow, *, by: User, now: datetime) -> None:
    """A person says that somebody who looks entered already is somebody else."""
    batch = row.batch
    permit(access.keeps(standing(by, now), batch.county_id), "decide-row")
    with transaction.atomic():
        fresh = ImportBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
        mine = ImportRow.objects.filter(pk=row.pk, outcome=Outcome.DUPLICATE)
        if fresh.state != State.CHECKED or not mine.update(outcome=Outcome.NEW):
            raise WrongMoment(_("This row does not wait for a decision."))
        ImportIssue.objects.filter(batch=batch, sheet=row.sheet, number=row.number, code="probable_double").delete()
        counts = dict(fresh.counts)
        counts[Outcome.DUPLICATE] = counts.get(Outcome.DUPLICATE, 1) - 1
        counts[Outcome.NEW] = counts.get(Outcome.NEW, 0) + 1
        ImportBatch.objects.filter(pk=batch.pk).update(counts=counts)


def _write(batch: ImportBatch) -> int:
    """The roster first: whom the other sheets speak of must be there."""
    writer = entering.Writer(batch)
    count = 0
    for rows in _chunks(batch, of_roster=True):
        with keys.held():
            writer.roster(rows)
        count += len(rows)
    for rows in _chunks(batch, of_roster=False):
        for sheet in sorted({row.sheet.partition(".")[0] for row in rows}):
            writer.records(sheet, [row for row in rows if row.sheet.partition(".")[0] == sheet])
        count += len(rows)
    return count


def _chunks(batch: ImportBatch, *, of_roster: bool) -> Iterator[list[ImportRow]]:
    wanted = ImportRow.objects.filter(batch=batch, outcome__in=(Outcome.NEW, Outcome.CHANGED)).order_by("pk")
    wanted = wanted.filter(sheet__startswith="people") if of_roster else wanted.exclude(sheet__startswith="people")
    needed = ("pk", "sheet", "number", "outcome", "subject", "version", "values", "before")
    last = 0
    while rows := list(wanted.filter(pk__gt=last).only(*needed)[:CHUNK]):
        last = rows[-1].pk
        yield rows
