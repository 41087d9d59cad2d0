"""Where a person is reached, what was refused there, and where to turn instead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet

from bureaus import clock
from bureaus.models import User
from notifications import texts
from notifications.models import Message, Refusal
from notifications.troubles import Undelivered

IN_A_ROW = 3  # refusals that may still be a server's mood
INSTEAD = {"sms": "email", "email": "sms"}


def address_of(user: User, channel: str) -> str:
    """The address a message goes to now, whatever it was when it was written; empty for the inbox."""
    return {"email": user.email, "sms": user.phone}.get(channel, "")


def refused(user: User, channel: str, error: Undelivered) -> None:
    """Write down that this person's address was refused, and bar it if that was definite or once too often."""
    address = address_of(user, channel)
    if not address:
        return
    with transaction.atomic():
        now = clock.real_now()
        key = {"user": user, "channel": channel, "address": address}
        Refusal.objects.get_or_create(**key, defaults={"last_at": now})
        row = Refusal.objects.select_for_update().get(**key)
        row.times += 1
        row.barred = row.barred or error.definite or row.times >= IN_A_ROW
        row.last_at, row.said = now, str(error)[:300]
        row.save(update_fields=["times", "barred", "last_at", "said"])


def taken(user: User, channel: str) -> None:
    """The address took something: whatever was refused before was a mood."""
    Refusal.objects.filter(user=user, channel=channel, address=address_of(user, channel), barred=False).delete()


def doubts(messages: Sequence[Message]) -> dict[tuple[int, str], str]:
    """People and channels of these messages whose present address was refused; with what was said if it is barred."""
    users = {message.recipient_id: message.recipient for message in messages}
    return {
        (row.user_id, row.channel): (row.said or "—") if row.barred else ""
        for row in Refusal.objects.filter(user__in=users)
        if row.address == address_of(users[row.user_id], row.channel)
    }


def standing() -> QuerySet[Refusal]:
    """What an operator has to put right: barred addresses that are still the person's."""
    email, phone = F("user__email"), F("user__phone")
    rows = Refusal.objects.filter(barred=True, user__is_active=True).select_related("user")
    return (rows.filter(channel="email", address=email) | rows.filter(channel="sms", address=phone)).order_by(
        "-last_at"
    )


def clear(pk: int) -> Refusal | None:
    """A person has put an address right, or had it looked at: it is used again. None if it is not barred."""
    row = standing().filter(pk=pk).first()
    if row is not None:
        row.delete()
    return row


def turn_elsewhere(parts: Iterable[Message], now: datetime) -> list[Message]:
    """Copies of these notes by the other channel, where there is none yet and an address is known.

    The words of the other channel are not known here, so it is the neutral text of a digest of one.
    """
    copies = []
    for part in parts:
        channel = INSTEAD.get(part.channel)
        if channel is None or not address_of(part.recipient, channel):
            continue
        subject, body, sms = texts.digest([part])
        copies.append(
            Message(
                dedupe_key=f"{part.dedupe_key.rpartition('|')[0]}|{channel}",
                recipient=part.recipient,
                on_behalf_of=part.on_behalf_of,
                channel=channel,
                kind=part.kind,
                subject=subject,
                body=sms if channel == "sms" else body,
                line=part.line or part.subject,
                url=part.url,
                about=part.about,
                about_rev=part.about_rev,
                data=part.data,
                reason=part.reason,
                place=part.place,
                days_late=part.days_late,
                urgent=part.urgent,
                created_at=now,
                next_attempt_at=now,
            )
        )
    return Message.objects.bulk_create(copies, ignore_conflicts=True)
