"""When a message may leave for its reader: the hours of the office, the pace the reader chose, and how much is enough.

Asked whenever something is taken to be sent, so that another choice or other hours hold for what waits too. What is
held here waits in the queue and folds with what comes meanwhile: an opening is no burst.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from django.conf import settings

from bureaus.clock import local_date, start_of
from bureaus.models import Membership
from notifications import preferences, window
from notifications.models import Message, Preference

SWITCHED_OFF = "switched_off"  # the outcome of what its reader does not want by this channel
# What has been handed over, or may have been.
_LEFT = (Message.Status.SENDING, *Message.GONE, Message.Status.UNCERTAIN)


class Office(NamedTuple):
    """Where a person works: the hours of that office, and the posts that person holds anywhere."""

    hours: window.Hours
    roles: frozenset[str]


class Held(NamedTuple):
    """Messages of a claim, by key, that do not leave now."""

    until: dict[int, datetime]
    switched_off: set[int]
    outside_hours: set[int]  # these do leave, being urgent, though the office is closed


def offices_of(people: Iterable[int]) -> dict[int, Office]:
    """For each of these people the office they have been in the longest, and all their posts."""
    people = list(people)
    columns = ("user_id", "role", "bureau__opens", "bureau__closes", "bureau__calendar_id")
    found: dict[int, list[tuple[object, ...]]] = defaultdict(list)
    for user, *post in Membership.objects.current().filter(user__in=people).order_by("id").values_list(*columns):
        found[user].append(tuple(post))
    known: dict[object, window.Hours] = {}
    offices = {}
    for user in people:
        posts = found.get(user, [])
        of_office = posts[0][1:] if posts else ()
        if of_office not in known:
            known[of_office] = window.hours(*of_office)  # type: ignore[arg-type]
        offices[user] = Office(known[of_office], frozenset(str(post[0]) for post in posts))
    return offices


def hold(rows: Sequence[Message], now: datetime) -> Held:
    """Which of these, sorted by reader and channel and locked by the caller, do not leave now, and until when."""
    people = {row.recipient_id for row in rows}
    offices, paces = offices_of(people), preferences.of(people)
    limited = [row for row in rows if row.channel in settings.NOTIFICATION_LIMITS]
    left = _left_today({(row.recipient_id, row.channel) for row in limited}, now)
    held = Held({}, set(), set())
    for (person, channel), group in groupby(rows, key=lambda row: (row.recipient_id, row.channel)):
        office = offices[person]
        opens = office.hours.opening(now)
        going = []
        for row in group:
            until = opens
            if row.urgent:
                until = now
                if opens > now and channel != "inbox":
                    held.outside_hours.add(row.pk)
            elif channel != "inbox" and not row.attempts:  # tried before, it has had its time
                pace = _pace(row, office, paces)
                if pace == Preference.Pace.OFF:
                    held.switched_off.add(row.pk)
                    continue
                if pace != Preference.Pace.AT_ONCE:
                    slot = office.hours.slot(row.created_at, weekly=pace == Preference.Pace.WEEKLY)
                    until = max(opens, slot)
            if until > now:
                held.until[row.pk] = until
            else:
                going.append(row)
        if going and (limit := settings.NOTIFICATION_LIMITS.get(channel)):
            held.until.update(_enough(going, left[person, channel], limit, office.hours, now))
    return held


def _pace(row: Message, office: Office, paces: dict[tuple[int, str, str], str]) -> str:
    topic = preferences.topic_of(row.kind)
    chosen = paces.get((row.recipient_id, topic, row.channel), Preference.Pace.AT_ONCE)
    # Who is no leader any more is told as others are.
    return chosen if chosen in preferences.choices(topic, row.channel, office.roles) else Preference.Pace.AT_ONCE


def _enough(
    going: Sequence[Message], left: Sequence[datetime], limit: tuple[int, int], hours: window.Hours, now: datetime
) -> dict[int, datetime]:
    """Those of one reader's messages that would be too many, and until when they wait. New ones fold into one."""
    spacing, a_day = timedelta(minutes=limit[0]), limit[1]
    if len(left) >= a_day:
        until = hours.opening(start_of(local_date(now) + timedelta(days=1)))
        return dict.fromkeys((row.pk for row in going), until)
    if not spacing:
        return {}
    if left and (until := max(left) + spacing) > now:
        return {row.pk: hours.opening(until) for row in going if not row.urgent}
    # One leaves: of those tried before the first, else all that are new, as one.
    tried = [row for row in going if row.attempts]
    rest = [row for row in going if tried and row is not tried[0] and not row.urgent]
    return {row.pk: hours.opening(now + spacing) for row in rest}


def _left_today(pairs: set[tuple[int, str]], now: datetime) -> dict[tuple[int, str], list[datetime]]:
    """When something left for these people by these channels today. Whoever claims holds their rows."""
    left: dict[tuple[int, str], list[datetime]] = defaultdict(list)
    if not pairs:
        return left
    people, channels = {person for person, _channel in pairs}, {channel for _person, channel in pairs}
    rows = Message.objects.filter(
        recipient__in=people,
        channel__in=channels,
        tried_at__gte=start_of(local_date(now)),
        status__in=_LEFT,
        bundle=None,
    )
    for person, channel, at in rows.values_list("recipient_id", "channel", "tried_at"):
        left[person, channel].append(at or now)
    return left
