"""How our notices fare: what is on the way, which ways are closed, what did not get through and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, Min, OuterRef, QuerySet

from notifications.models import Attempt, GroupPost, Message, Way
from notifications.reconciling import MARKED_FOR, TOLD_WITHIN, UNCONFIRMED

CHANNELS = ("email", "sms")
LISTED = 100
COUNTED = 10_000
RECENT = timedelta(days=1)


@dataclass(frozen=True)
class Channel:
    """One channel now: how much waits that may leave, since when, how much for later, and how the last day went."""

    code: str
    ready: int
    since: datetime | None
    later: int
    sending: int
    sent: int
    arrived: int  # of these, by the provider's receipt
    outside: int  # of these, being urgent, outside the hours
    unconfirmed: int  # of the last ten days, of which no provider told anything
    failed: int
    uncertain: int
    last_sent_at: datetime | None


def channels(now: datetime) -> list[Channel]:
    """What leaves the house, by channel. Counted to a bound, the latest first."""
    queued = Message.objects.filter(status=Message.Status.QUEUED)
    ready = queued.filter(next_attempt_at__lte=now)
    recent = Message.objects.filter(channel__in=CHANNELS, final_at__gt=now - RECENT, bundle=None)
    columns = ("channel", "status", "final_at", "outside_hours")
    ended = list(recent.order_by("-final_at").values_list(*columns)[:COUNTED])
    counts = Counter((channel, status) for channel, status, _at, _outside in ended)
    outside = Counter(channel for channel, status, _at, was in ended if was and status in Message.GONE)
    silent = Message.objects.filter(channel="sms", status=Message.Status.ACCEPTED, outcome=UNCONFIRMED)
    unconfirmed = silent.filter(final_at__gt=now - TOLD_WITHIN - MARKED_FOR).order_by()[:COUNTED].count()
    sending = Message.objects.filter(status=Message.Status.SENDING)
    return [
        Channel(
            code,
            ready.filter(channel=code).order_by()[:COUNTED].count(),
            ready.filter(channel=code).aggregate(first=Min("next_attempt_at"))["first"],
            queued.filter(channel=code, next_attempt_at__gt=now).order_by()[:COUNTED].count(),
            sending.filter(channel=code).count(),
            sum(counts[code, status] for status in Message.GONE),
            counts[code, Message.Status.DELIVERED],
            outside[code],
            unconfirmed if code == "sms" else 0,
            counts[code, Message.Status.FAILED],
            counts[code, Message.Status.UNCERTAIN],
            next((at for channel, status, at, _outside in ended if channel == code and status in Message.GONE), None),
        )
        for code in CHANNELS
    ]


def troubled_ways() -> list[Way]:
    return list(Way.objects.filter(failures__gt=0).order_by("name"))


def reasons(real: datetime) -> list[tuple[str, str, int]]:
    """Tries of the last day that did not succeed: (channel, what was said, how often), the most frequent first."""
    tries = Attempt.objects.filter(started_at__gt=real - RECENT).exclude(outcome__in=["", Attempt.Outcome.ACCEPTED])
    rows = tries.order_by().values_list("message__channel", "detail")[:COUNTED]
    return [(channel, detail, many) for (channel, detail), many in Counter(rows).most_common(LISTED)]


def left_over() -> QuerySet[Message]:
    """What did not get through and nobody has dealt with, the latest first; `elsewhere`: told by another channel."""
    told = Message.objects.filter(
        recipient=OuterRef("recipient"),
        about=OuterRef("about"),
        kind=OuterRef("kind"),
        created_at__gte=OuterRef("created_at"),
        channel__in=CHANNELS,
        status__in=[*Message.GONE, Message.Status.BUNDLED],
    ).exclude(channel=OuterRef("channel"))
    found = Message.objects.filter(status__in=Message.LEFT_OVER, dealt_at=None, bundle=None)
    return found.annotate(elsewhere=Exists(told)).select_related("recipient").order_by("-final_at", "-id")


def last_posts(units: Iterable[str]) -> dict[str, GroupPost]:
    """The last post to the group of each of these units, as far as there has been one."""
    newer = GroupPost.objects.filter(unit=OuterRef("unit"), day__gt=OuterRef("day"))
    return {post.unit: post for post in GroupPost.objects.filter(~Exists(newer), unit__in=list(units))}


def posts_left_over() -> QuerySet[GroupPost]:
    """Posts that failed or are uncertain and nobody has dealt with, the latest first."""
    return GroupPost.objects.filter(status__in=GroupPost.LEFT_OVER, dealt_at=None).order_by("-day", "unit")
