"""What a person finds in the product."""

from __future__ import annotations

from django.db.models import QuerySet

from bureaus.models import User
from notifications.models import Message


def inbox(user: User) -> QuerySet[Message]:
    """What a person finds in the product. What was taken back before it was told was never said.

    Nor has been said what has no words yet: a notice of a rung, until it leaves (`outbox.Words`).
    """
    mine = Message.objects.filter(recipient=user, channel="inbox").exclude(status__in=Message.TAKEN_BACK)
    return mine.exclude(status=Message.Status.QUEUED, subject="")
