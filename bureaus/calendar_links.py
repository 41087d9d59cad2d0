"""The secret addresses of people's calendars: made, replaced, revoked, and recognised when one is asked for."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from bureaus.models import CalendarLink, User

# How exactly a reading is remembered: a client that asks all the time does not write all the time.
READ_EVERY = timedelta(minutes=5)


def in_force(user: User) -> CalendarLink | None:
    return CalendarLink.objects.filter(user=user, revoked_at__isnull=True).first()


@transaction.atomic
def make(user: User, *, replacing: int | None, now: datetime) -> str | None:
    """A new link in place of the one given (None: there is none yet). Returns its token, this once.

    Returns None, and changes nothing, when another link is in force than the page that asked had shown: a form
    sent twice makes one link. Two at once for one person wait for each other.
    """
    list(User.objects.select_for_update(no_key=True).filter(pk=user.pk))
    old = in_force(user)
    if (old.pk if old else None) != replacing:
        return None
    if old:
        revoke(CalendarLink.objects.filter(pk=old.pk), now=now)
    token = secrets.token_urlsafe(32)
    CalendarLink.objects.create(user=user, token_hash=_hash(token), made_at=now)
    return token


def revoke(links: QuerySet[CalendarLink], *, now: datetime) -> int:
    """From this moment on they open nothing. The rows stay."""
    return links.filter(revoked_at__isnull=True).update(revoked_at=now)


def holder(token: str) -> CalendarLink | None:
    """The link in force that this token belongs to, with its person; None too when the person has left."""
    wanted = _hash(token)
    rows = CalendarLink.objects.filter(revoked_at__isnull=True, user__is_active=True)
    link = rows.select_related("user").filter(token_hash=wanted).first()
    # The database has compared hashes, which tell nothing of the token; the last word takes the same time for all.
    return link if secrets.compare_digest(link.token_hash if link else "", wanted) else None


def note_reading(link: CalendarLink, *, now: datetime) -> None:
    last = link.last_read_at
    if last is None or not last <= now < last + READ_EVERY:
        CalendarLink.objects.filter(pk=link.pk).update(last_read_at=now)


def _hash(token: str) -> str:
    """The token is 256 random bits: a plain hash of it cannot be guessed back."""
    return hashlib.sha256(token.encode()).hexdigest()
