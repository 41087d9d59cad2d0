"""Put a note into the outbox, and take back what is out of date.

Both run inside the transaction of the change they belong to; `sender.deliver` sends afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q

from bureaus.models import User
from notifications.models import Message


@dataclass(frozen=True)
class Note:
    """What is to be told, in the words of each channel. `about` and `data` are opaque here.

    `urgent`: it leaves at once, also outside the hours in which notices leave.
    """

    kind: str
    subject: str
    body: str
    sms: str
    line: str
    url: str = ""
    about: str = ""
    about_rev: int = 0
    data: dict[str, Any] = field(default_factory=dict)
    reason: str = ""
    place: str = ""
    urgent: bool = False


@dataclass(frozen=True)
class Words:
    """What one message says, found when it leaves. A digest is sorted by `days_late` and counted by `place`."""

    subject: str
    body: str
    line: str
    url: str = ""
    place: str = ""
    days_late: int = 0


def put(
    note: Note,
    recipients: Iterable[tuple[User, Sequence[str]]],
    *,
    key: str,
    now: datetime,
    not_before: datetime,
) -> list[Message]:
    """One row per person and channel. The same `key` put twice tells nobody twice."""
    messages = [
        Message(
            dedupe_key=f"{key}|{user.pk}|{channel}",
            recipient=user,
            channel=channel,
            kind=note.kind,
            subject=note.subject,
            body=note.sms if channel == "sms" else note.body,
            line=note.line,
            url=note.url,
            about=note.about,
            about_rev=note.about_rev,
            data=note.data,
            reason=note.reason,
            place=note.place,
            urgent=note.urgent,
            created_at=now,
            next_attempt_at=not_before,
        )
        for user, channels in recipients
        for channel in channels
    ]
    return Message.objects.bulk_create(messages, ignore_conflicts=True)


def on_behalf_of(messages: Iterable[Message], absent: User) -> None:
    """Write down that these, just put, are told to somebody who stands in for a person who is away."""
    keys = [message.dedupe_key for message in messages]
    Message.objects.filter(dedupe_key__in=keys).update(on_behalf_of=absent)


def cancel(about: str, before_rev: int, *, now: datetime) -> int:
    """Take back what has not left yet and speaks of an older revision. Inbox rows stay readable."""
    waiting = Message.objects.filter(about=about, about_rev__lt=before_rev, status=Message.Status.QUEUED)
    return waiting.update(status=Message.Status.CANCELLED, final_at=now, next_attempt_at=None, outcome="overtaken")


def cancel_for(recipient: User, about: str, *, now: datetime) -> int:
    """Take back the copies that have not left yet for one person about a thing and all its parts ("about#…").

    Somebody else has taken the thing over. The rows in the inbox are the record of what was told, and stay.
    """
    waiting = Message.objects.filter(recipient=recipient, status=Message.Status.QUEUED).exclude(channel="inbox")
    waiting = waiting.filter(Q(about=about) | Q(about__startswith=f"{about}#"))
    return waiting.update(status=Message.Status.CANCELLED, final_at=now, next_attempt_at=None, outcome="handed_over")


def again(pk: int, *, now: datetime) -> bool:
    """Put back what failed or is uncertain, because a person says so; False if it is neither any more."""
    left = Message.objects.filter(pk=pk, status__in=Message.LEFT_OVER)
    changed = left.update(status=Message.Status.QUEUED, next_attempt_at=now, final_at=None, dealt_at=None, outcome="")
    if changed:
        Message.objects.get(pk=pk).parts.update(status=Message.Status.BUNDLED, final_at=None, outcome="")
    return bool(changed)


def leave(pk: int, *, now: datetime) -> bool:
    """A person has dealt with what failed or is uncertain in some other way; False if it is neither any more."""
    return bool(Message.objects.filter(pk=pk, status__in=Message.LEFT_OVER, dealt_at=None).update(dealt_at=now))
