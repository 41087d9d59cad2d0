"""Taking sheets out of the ledger: masked at once, in the clear when a second person has said yes. All of it is logged.

A sheet in the clear is ready for a day, for who asked and for them alone, once, and with their password entered anew.
The file is made while it is taken and nowhere kept: a temporary file without a name, gone when it has been sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import IO

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from bureaus.access import Standing, WrongMoment
from bureaus.models import User
from ledger import access, audit, exports
from ledger.actions.base import permit, standing
from ledger.exports import Order
from ledger.models import AuditEvent, ExportJob

State = ExportJob.State
OPEN_FOR = timedelta(hours=24)
# Wrong passwords after which a sheet is shut.
TRIES = 5
_WRONG = "export-wrong-password"


def order_of(job: ExportJob) -> Order:
    return Order(job.purpose, job.sheet, job.county, job.masked)


def take(order: Order, *, by: User, now: datetime) -> tuple[ExportJob, IO[bytes]]:
    """A masked sheet, at once. Raises NotYours, WrongMoment, ValidationError."""
    with transaction.atomic():
        reach = access.reach(standing(by, now))
        permit(order.masked, "export")
        _must_give(order, reach)
        job = ExportJob(
            county=order.county, sheet=order.content, purpose=order.purpose, state=State.READY, masked=True,
            asked_by=by, asked_at=now,
        )  # fmt: skip
        return job, _handed_over(job, reach, by=by, now=now)


def ask(order: Order, *, by: User, now: datetime, ground: str = "") -> ExportJob:
    """A sheet in the clear, laid before a second person; `ground`: to whom it goes and on what legal ground."""
    if audit.holds_personal_number(ground):
        raise ValidationError({"ground": _("No ID number and no phone number belongs here.")})
    with transaction.atomic():
        mine = standing(by, now)
        permit(bool(_asked_as(mine, order)), "export-ask")
        _must_give(order, access.reach(mine))
        job = ExportJob.objects.create(
            county=order.county, sheet=order.content, purpose=order.purpose, ground=ground.strip(), masked=False,
            state=State.ASKED, asked_by=by, asked_at=now,
        )  # fmt: skip
        _note("export-ask", job, by=by, now=now, n=0)
        return job


def approve(job: ExportJob, *, by: User, now: datetime) -> None:
    """Ready for a day, from now."""
    _decide(job, State.READY, by=by, now=now)


def refuse(job: ExportJob, *, by: User, now: datetime) -> None:
    _decide(job, State.REFUSED, by=by, now=now)


def may_decide(job: ExportJob, mine: Standing, now: datetime) -> bool:
    """As whom it was asked follows from the posts of who asked; where they have none any more nobody decides."""
    return access.decides_export(mine, job, _asked_as(standing(job.asked_by, now), order_of(job)))


def waiting_for(mine: Standing, now: datetime) -> int:
    """How many wait for this person's decision."""
    if not mine.roles & access.DECIDING:
        return 0
    asked = access.visible_exports(mine).filter(state=State.ASKED).exclude(asked_by=mine.user)
    return sum(may_decide(job, mine, now) for job in asked)


def download(job: ExportJob, password: str, *, by: User, now: datetime) -> IO[bytes]:
    """The sheet in the clear, this once. Raises NotYours, WrongMoment (see `is_open`), ValidationError."""
    permit(job.asked_by_id == by.pk, "export-download")
    if is_open(job, now) and not by.check_password(password):
        _wrong_password(job, by=by, now=now)
        raise ValidationError({"password": _("This is not your password.")})
    with transaction.atomic():
        fresh = ExportJob.objects.select_for_update(of=("self",)).select_related("county", "asked_by").get(pk=job.pk)
        if not is_open(fresh, now):
            raise WrongMoment(_("This sheet is not there any more. Ask for it anew if you still need it."))
        mine = standing(by, now)
        permit(bool(_asked_as(mine, order_of(fresh))), "export-download")
        _must_give(order_of(fresh), access.reach(mine))
        return _handed_over(fresh, access.reach(mine), by=by, now=now)


def is_open(job: ExportJob, now: datetime) -> bool:
    """Whether it can still be downloaded: approved, within its day, not yet taken."""
    is_ready = job.state == State.READY and job.taken_at is None
    return is_ready and job.expires_at is not None and now < job.expires_at


def took_figures(*, by: User, now: datetime, n: int, circulates: bool) -> None:
    """Figures name nobody; that they left, and in which edition, is kept all the same."""
    permit(access.sees_figures(standing(by, now)), "export-figures")
    with transaction.atomic():
        result = "for-circulation" if circulates else ""
        audit.record("export", by=by, now=now, subject_kind="figures", result=result, n=n)


def _asked_as(mine: Standing, order: Order) -> str:
    return access.clears(mine, order.county.pk if order.county else None)


def _must_give(order: Order, reach: access.Reach) -> None:
    permit(bool(exports.needed(order.purpose, reach)), "export")
    permit(reach.counties is None or (order.county is not None and order.county.pk in reach.counties), "export")
    if not exports.chosen(order, reach):
        raise ValidationError({"content": _("This purpose does not need that sheet. Choose another one.")})


def _decide(job: ExportJob, state: State, *, by: User, now: datetime) -> None:
    with transaction.atomic():
        fresh = ExportJob.objects.select_for_update(of=("self",)).select_related("county", "asked_by").get(pk=job.pk)
        permit(may_decide(fresh, standing(by, now), now), "export-decide")
        if fresh.state != State.ASKED:
            raise WrongMoment(_("Somebody has decided this already."))
        fresh.state, fresh.decided_by, fresh.decided_at = state, by, now
        if state == State.READY:
            fresh.expires_at = now + OPEN_FOR
        fresh.save()
        _note("export-approve" if state == State.READY else "export-refuse", fresh, by=by, now=now, n=0)


def _handed_over(job: ExportJob, reach: access.Reach, *, by: User, now: datetime) -> IO[bytes]:
    """The file, with the job and the line in the log that tell of it, within the caller's transaction."""
    file = exports.nameless()
    try:
        written = exports.write(file, order_of(job), reach, taken_by=str(by), now=now)
        job.rows, job.ids_hash, job.taken_at = written.rows, written.fingerprint, now
        job.save()
        _note("export", job, by=by, now=now, n=written.rows, fields=written.sheets)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def _wrong_password(job: ExportJob, *, by: User, now: datetime) -> None:
    """Kept although nothing else is done; too many of them shut the sheet."""
    with transaction.atomic():
        fresh = ExportJob.objects.select_for_update(of=("self",)).select_related("county").get(pk=job.pk)
        _note(_WRONG, fresh, by=by, now=now, n=0)
        if AuditEvent.objects.filter(action=_WRONG, subject=str(job.uid)).count() >= TRIES:
            fresh.state = State.EXPIRED
            fresh.save(update_fields=["state"])


def _note(action: str, job: ExportJob, *, by: User, now: datetime, n: int, fields: Iterable[str] = ()) -> None:
    """`reason`: the purpose, and the ground where it goes to another body; `result`: by what the rows are known."""
    audit.record(
        action,
        by=by,
        now=now,
        subject_kind="export-job",
        subject=str(job.uid),
        county=job.county,
        fields=sorted(fields),
        reason=f"{job.purpose}: {job.ground}" if job.ground else job.purpose,
        result=" ".join(filter(None, ("masked" if job.masked else "clear", job.ids_hash))),
        n=n,
    )
