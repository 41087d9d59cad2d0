"""Texts that belong to no single matter: several notices folded into one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from django.conf import settings
from django.template.loader import render_to_string

from notifications.models import Message

DIGEST = Message.DIGEST
MOST_LINES = 50
MOST_PLACES = 20


def render(kind: str, part: str, context: dict[str, object]) -> str:
    """The text of a kind of notice for one part: subject, line, email or sms."""
    return render_to_string(f"notifications/{kind}.{part}.txt", context, using="text").strip()


class Gap:
    """Stands in a text for a value that is put in later (`filled`), and for what the value has below it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __str__(self) -> str:
        return f"\ue000{self._name}\ue001"

    @property
    def name(self) -> Gap:
        return Gap(f"{self._name}.name")


def gaps(*names: str) -> dict[str, object]:
    """For a context: a text with gaps is rendered once for many that differ in these alone.

    Its template may print them, and ask nothing of them: no condition, no filter.
    """
    return {name: Gap(name) for name in names}


def filled(text: str, values: Mapping[str, str]) -> str:
    return _GAP.sub(lambda gap: values[gap[1]], text).strip()


# Two characters of no script.
_GAP = re.compile("\ue000([a-z_.]+)\ue001")


def _line(number: int, message: Message) -> str:
    why = f"\n   {message.reason}" if message.reason else ""
    return f"\n{number}. {message.line or message.subject}{why}"


def digest(messages: Sequence[Message]) -> tuple[str, str, str]:
    """Subject, mail text and SMS text of several notices folded into one: the latest first, counted by place."""
    ordered = sorted(messages, key=lambda message: (-message.days_late, message.created_at, message.pk))
    places = Counter(message.place for message in messages if message.place)
    context: dict[str, object] = {
        "count": len(messages),
        "places": places.most_common(MOST_PLACES) if len(places) > 1 else [],
        "lines": "".join(_line(number, message) for number, message in enumerate(ordered[:MOST_LINES], start=1)),
        "more": max(0, len(messages) - MOST_LINES),
        "site_url": settings.SITE_URL,
    }
    return (
        render(DIGEST, "subject", context),
        render(DIGEST, "email", context),
        render(DIGEST, "sms", context),
    )
