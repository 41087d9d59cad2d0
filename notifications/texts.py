"""Texts that belong to no single matter: several notices folded into one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from django.conf import settings
from django.template.loader import render_to_string

from notifications.models import Message

DIGEST = Message.DIGEST
MOST_LINES = 50
MOST_PLACES = 20


def render(kind: str, part: str, context: dict[str, object]) -> str:
    """The text of a kind of notice for one part: subject, line, email or sms."""
    return render_to_string(f"notifications/{kind}.{part}.txt", context, using="text").strip()


def digest(messages: Sequence[Message]) -> tuple[str, str, str]:
    """Subject, mail text and SMS text of several notices folded into one: the latest first, counted by place."""
    ordered = sorted(messages, key=lambda message: (-message.days_late, message.created_at, message.pk))
    places = Counter(message.place for message in messages if message.place)
    context: dict[str, object] = {
        "count": len(messages),
        "places": places.most_common(MOST_PLACES) if len(places) > 1 else [],
        "lines": [(message.line or message.subject, message.reason) for message in ordered[:MOST_LINES]],
        "more": max(0, len(messages) - MOST_LINES),
        "site_url": settings.SITE_URL,
    }
    return (
        render(DIGEST, "subject", context),
        render(DIGEST, "email", context),
        render(DIGEST, "sms", context),
    )
