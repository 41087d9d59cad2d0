"""One notice a working day to a listener of the house: whether a notice gets through is known before one matters.

It goes the whole way that everybody's notices go: queue, hours, provider, receipt. The audit looks for it (A17).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import override

from bureaus.clock import local_date
from bureaus.models import User
from notifications import outbox, pacing, texts
from notifications.addresses import address_of
from notifications.models import Message

KIND = "canary"
CHANNELS = ("email", "sms")
ARRIVES_WITHIN = timedelta(hours=2)


def listener() -> User | None:
    """The account of CANARY_USER, if it is there and in use."""
    name = settings.CANARY_USER
    return User.objects.filter(username=name, is_active=True).first() if name else None


def sing(now: datetime) -> list[Message]:
    """Put today's, once, as soon as the listener's office is open."""
    user = listener()
    if user is None:
        return []
    if not pacing.offices_of([user.pk])[user.pk].hours.is_open(now):
        return []
    key = f"{KIND}|{local_date(now):%Y-%m-%d}"
    channels = [channel for channel in CHANNELS if address_of(user, channel)]
    if Message.objects.filter(dedupe_key__in=[f"{key}|{user.pk}|{channel}" for channel in channels]).exists():
        return []
    with override(settings.LANGUAGE_CODE):
        context: dict[str, object] = {"now": now, "site_url": settings.SITE_URL}
        note = outbox.Note(
            kind=KIND,
            subject=texts.render(KIND, "subject", context),
            body=texts.render(KIND, "email", context),
            sms=texts.render(KIND, "sms", context),
            line=texts.render(KIND, "subject", context),
        )
    return outbox.put(note, [(user, channels)], key=key, now=now, not_before=now)
