"""What every act in the ledger shares: one transaction, the lock, the permission, the edition, the line in the log.

Everything that hangs from a person or a household is changed under the lock of that one row, whose `version` says
whether anything about it has changed since somebody looked. Raises NotYours, WrongMoment, ValidationError.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from bureaus.access import NotYours, Standing, WrongMoment
from bureaus.clock import local_date
from bureaus.models import User
from ledger import access, audit
from ledger.models import Household, Person
from ledger.models.base import Kept

Root = Person | Household


def standing(by: User, now: datetime) -> Standing:
    return Standing(by, local_date(now))


def permit(test: bool, act: str) -> None:
    if not test:
        raise NotYours(act)


def locked(row: Any, seen: int | None = None) -> Any:
    """The row anew under its lock. Raises WrongMoment where it is no longer the edition somebody saw."""
    fresh = type(row).objects.select_for_update(no_key=True, of=("self",)).select_related("county").get(pk=row.pk)
    if seen is not None:
        not_overtaken(fresh, seen)
    return fresh


def not_overtaken(fresh: Kept, seen: int) -> None:
    """Raises WrongMoment where a row is no longer the edition somebody saw."""
    if fresh.version != seen:
        raise WrongMoment(
            _("Somebody has changed this entry meanwhile. Look at it again; what you typed is kept on this page.")
        )


@contextmanager
def changing(
    row: Root,
    action: str,
    *,
    by: User,
    now: datetime,
    fields: Iterable[str] = (),
    seen: int | None = None,
    allowed: bool | None = None,
    reason: str = "",
) -> Iterator[Any]:
    """The person or household under its lock; what is done to it or below it is one edition and one line of the log.

    `allowed`: whether this person may, where it is not the county alone that may.
    """
    with transaction.atomic():
        fresh = locked(row, seen)
        permit(access.keeps(standing(by, now), fresh.county_id) if allowed is None else allowed, action)
        yield fresh
        touch(fresh, by=by, now=now)
        fresh.save()
        note(action, fresh, by=by, now=now, fields=fields, reason=reason)


def touch(row: Kept, *, by: User, now: datetime) -> None:
    """The next edition of a row."""
    row.version += 1
    row.updated_at, row.updated_by = now, by


def note(action: str, row: Root, *, by: User, now: datetime, fields: Iterable[str] = (), reason: str = "") -> None:
    """A line in the log: the names of fields, never what stands in them."""
    audit.record(
        action,
        by=by,
        now=now,
        subject_kind=type(row).__name__.lower(),
        subject=str(row.uid),
        county=row.county,
        fields=sorted(set(fields)),
        reason=reason,
    )
