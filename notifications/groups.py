"""Groups of offices: one neutral post for an office on a day, by the robot its group has.

What is to be said is handed in. The intent is committed before the network is touched; a poster that dies later
leaves a post that is uncertain, and never a second one: nobody can ask a robot whether a text is there.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import cache
from hashlib import sha256

from django.conf import settings
from django.db import transaction
from django.db.models import F

from bureaus import clock, faults
from notifications import ways
from notifications.claiming import BACK_OFF
from notifications.models import GroupPost
from notifications.providers import Patience
from notifications.providers.robots import Offices, Robot, offices
from notifications.troubles import Trouble, Undelivered

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
HELD = timedelta(minutes=1)  # how long a post rests whose robot said nothing of a time
LONGEST_WAY = 30
EXPIRED, UNKNOWN, SETTLED = "expired", "unknown", "settled"

Status = GroupPost.Status


def robots() -> Offices:
    """The robots of GROUP_ROBOTS by the code of their unit, and what is wrong with the other entries."""
    return _made(tuple(settings.GROUP_ROBOTS), tuple(settings.GROUP_PATIENCE))


@cache
def _made(entries: tuple[str, ...], patience: tuple[float, float]) -> Offices:
    return offices(entries, Patience(*patience))


def way_of(unit: str, robot: Robot) -> str:
    """The name under which it is known how this robot fares; a long code is cut, and told apart by a hash."""
    name = f"{robot.name}:{unit}"
    if len(name) <= LONGEST_WAY:
        return name
    mark = sha256(unit.encode()).hexdigest()[:6]
    return f"{name[: LONGEST_WAY - len(mark) - 1]}~{mark}"


def tidy(now: datetime) -> None:
    """What a dead poster left is uncertain; what could not leave on its day has failed, for the next day's says it."""
    dead = GroupPost.objects.filter(status=Status.SENDING, lease_until__lt=clock.real_now())
    if many := dead.update(status=Status.UNCERTAIN, lease_until=None, final_at=now, outcome=UNKNOWN):
        logger.warning("%s posts to groups were left by a poster that died: uncertain", many)
    late = GroupPost.objects.filter(status=Status.QUEUED, day__lt=clock.local_date(now))
    if many := late.update(status=Status.FAILED, next_attempt_at=None, final_at=now, outcome=EXPIRED):
        logger.warning("%s posts to groups could not leave on their day", many)


def settled(units: Iterable[str], day: date, now: datetime) -> set[str]:
    """Those of these units whose post of the day is beyond change, or rests until its next attempt."""
    posts = GroupPost.objects.filter(unit__in=list(units), day=day)
    return set(posts.exclude(status=Status.QUEUED, next_attempt_at__lte=now).values_list("unit", flat=True))


def said_until(units: Iterable[str], since: datetime) -> dict[str, datetime]:
    """For each unit the latest moment up to which its group has been told, as far as that is after `since`."""
    posts = GroupPost.objects.filter(unit__in=list(units), status__in=GroupPost.SAID, as_of__gt=since)
    return dict(posts.order_by("as_of").values_list("unit", "as_of"))


def post(unit: str, day: date, body: str, *, robot: Robot, now: datetime) -> GroupPost | None:
    """Say it in the group, unless it was said today. Returns the post as it stands; None if it is somebody else's.

    While the robot is shut the post waits, and costs no try.
    """
    way = way_of(unit, robot)
    troubled = ways.troubled([way])
    if troubled.get(way) is not None:
        _write(unit, day, body, now)
        return GroupPost.objects.get(unit=unit, day=day)
    claimed = _claim(unit, day, body, now)
    if claimed is None:
        return None
    faults.hit("group.after_claim")
    try:
        robot.post(body)
    except Undelivered as error:
        _failed(claimed, way, error, now)
    except Exception as error:
        # Nobody knows whether it left.
        logger.exception("the post to the group of %s broke off", unit)
        _failed(claimed, way, Undelivered(type(error).__name__, Trouble.UNKNOWN), now)
    else:
        faults.hit("group.after_accept")
        if _finish(claimed, status=Status.ACCEPTED, final_at=now, outcome="", said="") and way in troubled:
            ways.worked(way)
    claimed.refresh_from_db()
    return claimed


def nothing_left(units: Iterable[str], day: date, now: datetime) -> int:
    """What waited for these groups need not be said any more."""
    waiting = GroupPost.objects.filter(unit__in=list(units), day=day, status=Status.QUEUED)
    return waiting.update(status=Status.SUPPRESSED, next_attempt_at=None, final_at=now, outcome=SETTLED)


def leave(pk: int, *, now: datetime) -> bool:
    """A person has seen to what failed or is uncertain; False if it is neither any more."""
    left = GroupPost.objects.filter(pk=pk, status__in=GroupPost.LEFT_OVER, dealt_at=None)
    return bool(left.update(dealt_at=now))


def _write(unit: str, day: date, body: str, now: datetime) -> None:
    row = GroupPost(unit=unit, day=day, body=body, as_of=now, created_at=now, next_attempt_at=now)
    GroupPost.objects.bulk_create([row], ignore_conflicts=True)


@transaction.atomic
def _claim(unit: str, day: date, body: str, now: datetime) -> GroupPost | None:
    """The intent, committed before the network is touched. Of two at once one finds it taken."""
    _write(unit, day, body, now)
    mine = GroupPost.objects.filter(unit=unit, day=day, status=Status.QUEUED, next_attempt_at__lte=now)
    taken = mine.update(
        status=Status.SENDING,
        attempts=F("attempts") + 1,
        next_attempt_at=None,
        lease_until=clock.real_now() + LEASE,
        body=body,
        as_of=now,
    )
    return GroupPost.objects.get(unit=unit, day=day) if taken else None


def _failed(claimed: GroupPost, way: str, error: Undelivered, now: datetime) -> None:
    # What a robot says is cleaned of its secrets where it is read.
    logger.warning("post %s to a group, attempt %s: %s", claimed.pk, claimed.attempts, error.trouble)
    said = str(error)[:300]
    if error.trouble.is_of_the_way:
        ways.failed(way, said, wait=error.wait)
        later = now + (error.wait or HELD)
        _finish(claimed, status=Status.QUEUED, next_attempt_at=later, attempts=claimed.attempts - 1, said=said)
    elif error.trouble == Trouble.TEMPORARY and claimed.attempts <= len(BACK_OFF):
        later = now + BACK_OFF[claimed.attempts - 1]
        _finish(claimed, status=Status.QUEUED, next_attempt_at=later, said=said)
    elif error.trouble == Trouble.UNKNOWN:
        _finish(claimed, status=Status.UNCERTAIN, final_at=now, outcome=UNKNOWN, said=said)
    else:
        _finish(claimed, status=Status.FAILED, final_at=now, said=said)


def _finish(claimed: GroupPost, **change: object) -> bool:
    """Write down how it went, unless it was taken for dead meanwhile."""
    mine = GroupPost.objects.filter(pk=claimed.pk, status=Status.SENDING)
    if not mine.update(lease_until=None, **change):
        logger.warning("post %s to a group was taken for dead before its attempt ended", claimed.pk)
        return False
    return True
