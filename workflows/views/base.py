"""Which plan pages are about, and what a person finds in the product."""

from __future__ import annotations

from django.db.models import QuerySet

from bureaus.models import User
from measures.models import Plan
from notifications.models import Message


def current_plan() -> Plan | None:
    """The plan pages are about: the one issued last, or the one loaded last."""
    return Plan.objects.order_by("-started_at", "-id").first()


def inbox(user: User) -> QuerySet[Message]:
    """What a person finds in the product. What was taken back before it was told was never said.

    Nor has been said what has no words yet: a notice of a rung, until it leaves (`outbox.Words`).
    """
    mine = Message.objects.filter(recipient=user, channel="inbox").exclude(status__in=Message.TAKEN_BACK)
    return mine.exclude(status=Message.Status.QUEUED, subject="")
