"""Whether a notice need still leave: asked of many at once, right before every sending."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db.models import Max

from bureaus.access import SEES_ALL, WORKING_ROLES, Standing
from bureaus.clock import local_date
from bureaus.models import Membership
from measures.access import visible_assignments
from measures.models import Assignment, Deadline, DeadlineChange
from notifications.models import Message
from workflows.notices import SEEN_BY_OTHERS


class Work(NamedTuple):
    """Of an assignment, what is asked here; no row, since there are thousands of them."""

    pk: int
    state: str
    unit: int
    acceptor: int
    lead: int | None


class Running(NamedTuple):
    """Of a deadline likewise."""

    status: str
    rev: int


def still_wanted(messages: Sequence[Message], now: datetime) -> list[str]:
    """For each message why it need not leave any more, in one word; empty when it must."""
    dates = _dates({message.data["deadline"] for message in messages if "deadline" in message.data})
    work = _work({message.data["assignment"] for message in messages if message.data.get("assignment")})
    moved = _moved_since(messages, dates)
    strangers = _strangers(messages, work, now)
    latest = _latest_of_each(messages)
    reasons = []
    for message in messages:
        reason = _reason(message, dates, moved, work)
        if not reason and message.pk in strangers:
            reason = "not_theirs"
        if not reason and latest.get(_line_of(message), message.pk) != message.pk:
            reason = "said_later"
        reasons.append(reason)
    return reasons


def _dates(pks: set[int]) -> dict[int, Running]:
    rows = Deadline.objects.filter(pk__in=pks).order_by().values_list("pk", "status", "rev")
    return {pk: Running(status, rev) for pk, status, rev in rows}


def _work(keys: set[str]) -> dict[str, Work]:
    rows = Assignment.objects.filter(key__in=keys).order_by()
    return {key: Work(*values) for key, *values in rows.values_list("key", "pk", "state", "unit", "acceptor", "lead")}


def _reason(message: Message, dates: dict[int, Running], moved: dict[int, int], work: dict[str, Work]) -> str:
    data = message.data
    if "deadline" in data:
        running = dates.get(data["deadline"])
        if running is None or running.status != Deadline.Status.ARMED:
            return "settled"
        return "moved" if moved.get(data["deadline"], 0) > message.about_rev else ""
    row = work.get(data.get("assignment", ""))
    if data.get("states") and (row is None or row.state not in data["states"]):
        return "changed"
    return ""


def _moved_since(messages: Sequence[Message], dates: dict[int, Running]) -> dict[int, int]:
    """The last revision in which a date moved or began anew, where a message is of an older one.

    A date that only climbs another ladder is the same date: what was told of it is still true.
    """
    newer = {
        pk
        for message in messages
        if (running := dates.get(pk := message.data.get("deadline", 0))) and running.rev != message.about_rev
    }
    if not newer:
        return {}
    found = DeadlineChange.objects.filter(deadline__in=newer).exclude(kind=DeadlineChange.Kind.LADDER)
    return dict(found.order_by("deadline").values_list("deadline").annotate(Max("rev")))


def _line_of(message: Message) -> tuple[int, str, int] | None:
    """What rungs of one date say to one reader by one channel. The inbox keeps all of it: it is the record."""
    if message.channel == "inbox" or message.data.get("rung") is None or "deadline" not in message.data:
        return None
    return message.recipient_id, message.channel, message.data["deadline"]


def _latest_of_each(messages: Sequence[Message]) -> dict[tuple[int, str, int] | None, int]:
    """Of the rungs of one date that leave together, as after an outage, the last says it all."""
    lines = ((_line_of(message), message) for message in sorted(messages, key=lambda one: (one.created_at, one.pk)))
    return {line: message.pk for line, message in lines if line is not None}


def _strangers(messages: Sequence[Message], work: dict[str, Work], now: datetime) -> set[int]:
    """Messages, by key, about work that their reader may not see any more.

    Asked quickly of all by their posts, and of the few who do not hold one that tells by the rule itself.
    """
    about = {message.pk: row for message in messages if (row := work.get(message.data.get("assignment", "")))}
    asked = [message for message in messages if message.pk in about and message.kind not in SEEN_BY_OTHERS]
    posts: dict[int, set[tuple[str, int]]] = {message.recipient_id: set() for message in asked}
    held = Membership.objects.current().filter(user__in=posts)
    for person, role, unit in held.values_list("user_id", "role", "bureau_id"):
        posts[person].add((role, unit))
    strangers: set[int] = set()
    known: dict[tuple[int, int], bool] = {}
    for message in asked:
        row = about[message.pk]
        pair = message.recipient_id, row.pk
        if pair not in known:
            units = (row.unit, row.acceptor, row.lead)
            mine = posts[message.recipient_id]
            known[pair] = any(role in SEES_ALL or (role in WORKING_ROLES and unit in units) for role, unit in mine)
            if not known[pair]:
                standing = Standing(message.recipient, local_date(now))
                known[pair] = visible_assignments(standing).filter(pk=row.pk).exists()
        if not known[pair]:
            strangers.add(message.pk)
    return strangers
