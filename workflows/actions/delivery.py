"""What can be done about notices that did not get through: sent again, left at that, an address used again."""

from __future__ import annotations

import logging
from datetime import datetime

from django.utils.translation import gettext as _

from bureaus.access import NotYours, Standing, WrongMoment
from bureaus.models import User
from notifications import addresses, groups, outbox

logger = logging.getLogger(__name__)


def send_again(pk: int, *, by: User, now: datetime) -> None:
    """A failed or uncertain notice goes back to the queue. Raises NotYours, and WrongMoment if it is neither."""
    _permit(by)
    if not outbox.again(pk, now=now):
        raise _dealt_with()
    _log("message %s sent again", pk, by)


def leave_at_that(pk: int, *, by: User, now: datetime) -> None:
    """The person was told in some other way, or need not be. Raises NotYours and WrongMoment likewise."""
    _permit(by)
    if not outbox.leave(pk, now=now):
        raise _dealt_with()
    _log("message %s left at that", pk, by)


def leave_post_at_that(pk: int, *, by: User, now: datetime) -> None:
    """The group was told in some other way, or need not be. Raises NotYours and WrongMoment likewise."""
    _permit(by)
    if not groups.leave(pk, now=now):
        raise _dealt_with()
    _log("post %s to a group left at that", pk, by)


def use_address(pk: int, *, by: User) -> None:
    """A barred address is used again. Raises NotYours and WrongMoment likewise."""
    _permit(by)
    if addresses.clear(pk) is None:
        raise _dealt_with()
    _log("refused address %s used again", pk, by)


def _permit(by: User) -> None:
    if not Standing(by).mends_the_engine:
        raise NotYours("delivery")


def _dealt_with() -> WrongMoment:
    return WrongMoment(_("Somebody has dealt with this meanwhile."))


def _log(what: str, pk: int, by: User) -> None:
    # The default level hides anything lower, and this must stay readable.
    logger.warning(f"{what} by user %s", pk, by.pk)
