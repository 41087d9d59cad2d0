"""A person's absence, recorded by themselves or by the leader of their unit (the administrator has a page too)."""

from __future__ import annotations

from datetime import date, datetime

from django.utils.translation import gettext as _

from bureaus import absences
from bureaus.access import NotYours, WrongMoment
from bureaus.models import Absence, User


def record_absence(
    user: User, *, by: User, now: datetime, first_day: date, last_day: date, deputy: User, note: str = ""
) -> Absence:
    """Raises ValidationError, by field, when the days or the deputy cannot be."""
    _permit(user, by)
    return absences.record(user, deputy=deputy, first_day=first_day, last_day=last_day, note=note, by=by, now=now)


def withdraw_absence(absence: Absence, *, by: User, now: datetime) -> None:
    """Back earlier, or not gone at all. What is over stays as it was."""
    _permit(absence.user, by)
    if not absences.withdraw([absence], now=now):
        raise WrongMoment(_("This absence is over, or has been taken back already."))


def _permit(user: User, by: User) -> None:
    """Oneself, if one holds a post; else whoever heads the unit, by a post of their own and not a lent one."""
    allowed = bool(absences.posts_of(by)) if user == by else absences.people_of(by).filter(pk=user.pk).exists()
    if not allowed:
        raise NotYours("absence")
