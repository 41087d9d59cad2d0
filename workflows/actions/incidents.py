"""What an administrator can do about the engine itself: have a failed row tried now, and confirm the clock."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from bureaus import heartbeat
from bureaus.access import NotYours, Standing, WrongMoment
from bureaus.models import User
from measures.models import Deadline, Recurrence

logger = logging.getLogger(__name__)


@transaction.atomic
def retry_deadline(pk: int, *, by: User, now: datetime) -> Deadline:
    """The next pass of the tick looks at it. Raises NotYours, and WrongMoment when it is mended already."""
    _permit(Standing(by).mends_the_engine)
    failed = Deadline.objects.select_for_update(no_key=True, of=("self",)).select_related("assignment", "unit")
    row = failed.armed().filter(pk=pk, fail_count__gt=0).first()
    if row is None:
        raise _mended()
    row.next_look_at = now
    row.save(update_fields=["next_look_at"])
    _log(row.about, by)
    return row


@transaction.atomic
def retry_recurrence(pk: int, *, by: User, now: datetime) -> Recurrence:
    """The next pass of the tick tries to begin its period. Raises NotYours and WrongMoment likewise."""
    _permit(Standing(by).mends_the_engine)
    failed = Recurrence.objects.select_for_update(of=("self",)).select_related("step__plan")
    row = failed.filter(pk=pk, fail_count__gt=0).first()
    if row is None:
        raise _mended()
    row.retry_at = now
    row.save(update_fields=["retry_at"])
    _log(f"{row.step.plan.code}/{row.step.code}", by)
    return row


def confirm_clock(*, by: User) -> None:
    """A person has looked at the clock: what was held goes on. Raises NotYours."""
    _permit(Standing(by).administers)
    heartbeat.confirm(by=by)
    logger.warning("user %s confirmed the clock", by.pk)


def _permit(allowed: bool) -> None:
    if not allowed:
        raise NotYours("engine")


def _mended() -> WrongMoment:
    return WrongMoment(_("This has been mended meanwhile; there is nothing to try again."))


def _log(key: str, by: User) -> None:
    # The default level hides anything lower, and this must stay readable.
    logger.warning("user %s had %s tried again", by.pk, key)
