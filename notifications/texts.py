"""Texts that belong to no single matter: several notices folded into one."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.template.loader import render_to_string

from notifications.models import Message

DIGEST = Message.DIGEST
MOST_LINES = 50


def render(kind: str, part: str, context: dict[str, object]) -> str:
    """The text of a kind of notice for one part: subject, line, email or sms."""
    return render_to_string(f"notifications/{kind}.{part}.txt", context, using="text").strip()


def digest(messages: Sequence[Message]) -> tuple[str, str, str]:
    """Subject, mail text and SMS text of several notices folded into one."""
    context: dict[str, object] = {
        "count": len(messages),
        "lines": [(message.line or message.subject, message.reason) for message in messages[:MOST_LINES]],
        "more": max(0, len(messages) - MOST_LINES),
        "site_url": settings.SITE_URL,
    }
    return (
        render(DIGEST, "subject", context),
        render(DIGEST, "email", context),
        render(DIGEST, "sms", context),
    )
