"""Promises about telling people, and the signs of life of what decides and sends.

The counts of messages are of the outbox's own clock for leases, of the domain's for what waits.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Q

from bureaus.clock import local_date
from bureaus.models import Heartbeat
from ledger import watching
from measures.models import Deadline, Recurrence
from notifications import pacing, reconciling, window
from notifications.addresses import address_of
from notifications.models import Message
from workflows import canary
from workflows.auditing.deciding import SHOWN, few, firing_key, recurrence_key, short
from workflows.auditing.scope import Audit, Found, Scope
from workflows.models import Firing

AFTER_LEASE = timedelta(minutes=2)
WAITS = timedelta(minutes=30)
# Components that beat once a minute; and how long one may fail before somebody must look.
BEATING = ("tick", "sender")
SILENT_MESSAGES = 5
SILENT, UNWELL = timedelta(minutes=3), timedelta(minutes=15)


def stuck(audit: Audit) -> tuple[int, list[Found]]:
    """A3: being sent, and nobody freed it two minutes after its lease ended."""
    rows = Message.objects.filter(status=Message.Status.SENDING)
    rows = rows.filter(Q(lease_until__lt=audit.real - AFTER_LEASE) | Q(lease_until=None)).order_by("lease_until", "id")
    total, first = few(rows)
    return total, [Found(row.pk, _about(row), short(row.lease_until)) for row in first]


def unsent(audit: Audit) -> tuple[int, list[Found]]:
    """A4: ready for half an hour in which the send window was open."""
    late, calendar = audit.now - WAITS, audit.calendar(None).days
    if any(window.opening(moment, calendar) > moment for moment in (late, audit.now)):
        return 0, []
    rows = Message.objects.filter(status=Message.Status.QUEUED, next_attempt_at__lt=late)
    total, first = few(rows.order_by("next_attempt_at", "id"))
    return total, [Found(row.pk, _about(row), short(row.next_attempt_at)) for row in first]


# A notice's key begins with what fired; compared so that the unique index on it serves. The channel is no help:
# nearly half of all messages have it, and PostgreSQL must not be led to the index that begins with it.
_UNTOLD = """
SELECT f.id FROM workflows_firing f
JOIN measures_deadline d ON d.id = f.deadline_id
JOIN measures_assignment a ON a.id = d.assignment_id
JOIN bureaus_bureau u ON u.id = d.unit_id
WHERE f.outcome = 'fired' AND f.id BETWEEN %s AND %s AND NOT EXISTS (
    SELECT 1 FROM notifications_message m
    WHERE m.channel || '' = 'inbox' AND m.dedupe_key {not_before} ({stem} || '|')
    AND m.dedupe_key {before} ({stem} || '}}')
)
ORDER BY f.id"""
_STEM = (
    "(a.key || '#' || d.kind || '/' || u.code || '/' || d.round || '|' || f.rev || '|' || f.rung_key || '|' || f.occ)"
)
_COMPARED = {"postgresql": ("~>=~", "~<~"), "sqlite": (">=", "<")}


def untold(scope: Scope, audit: Audit) -> list[Found]:
    """A5: fired, and nobody has it in the inbox. A rung that kept everybody for later tells nobody yet."""
    not_before, before = _COMPARED[connection.vendor]
    sql = _UNTOLD.format(not_before=not_before, before=before, stem=_STEM)
    found: set[int] = set()
    with connection.cursor() as cursor:
        for stretch in (*scope.stretches, *((pk, pk) for pk in scope.single)):
            cursor.execute(sql, stretch)
            found.update(pk for (pk,) in cursor.fetchall())
    rows = Firing.objects.filter(pk__in=found).select_related("deadline__assignment", "deadline__unit").order_by("pk")
    return [Found(row.pk, firing_key(row), short(row.fired_at)) for row in rows if row.audiences]


def unconfirmed(audit: Audit) -> tuple[int, list[Found]]:
    """A6: of the text messages of a week no provider told of any, and of some for more than three days.

    One phone that is off proves nothing; silence about all of them does.
    """
    week = audit.now - reconciling.TOLD_WITHIN - reconciling.MARKED_FOR
    rows = Message.objects.filter(channel="sms", final_at__gt=week, bundle=None)
    if rows.filter(status=Message.Status.DELIVERED).exists():
        return 0, []
    silent = rows.filter(status=Message.Status.ACCEPTED, outcome=reconciling.UNCONFIRMED)
    total, first = few(silent.order_by("final_at", "id"))
    if total < SILENT_MESSAGES:
        return 0, []
    return total, [Found(row.pk, _about(row), short(row.final_at)) for row in first]


def canaries(audit: Audit) -> tuple[int, list[Found]]:
    """A17: the daily test did not get through, or none was put on the last working day."""
    if not settings.CANARY_USER:
        return 0, []
    user = canary.listener()
    if user is None:
        return 1, [Found(-1, settings.CANARY_USER, "—")]
    hours = pacing.offices_of([user.pk])[user.pk].hours
    found = []
    for place, channel in enumerate(one for one in canary.CHANNELS if address_of(user, one)):
        mine = Message.objects.filter(recipient=user, channel=channel, kind=canary.KIND).order_by("-created_at")
        last = mine.first()
        if last is None or hours.days.between(local_date(last.created_at), local_date(audit.now)) > 1:
            # One that has just been set up sings with the next pass of the sender.
            if hours.is_open(audit.now - canary.ARRIVES_WITHIN) and hours.is_open(audit.now):
                found.append(Found(-place - 1, f"{user.username}|{channel}", short(last.created_at if last else None)))
        elif last.status not in Message.GONE and last.created_at < audit.now - canary.ARRIVES_WITHIN:
            found.append(Found(last.pk, f"{user.username}|{channel}", str(last.status)))
    return len(found), found


def tampered(audit: Audit) -> tuple[int, list[Found]]:
    """A18: the last look through the log of personal data found that it is not as it was written."""
    beat = watching.last()
    if beat is None or beat.facts["ok"]:
        return 0, []
    found = [
        Found(-place - 1, f"{watching.COMPONENT}|{one['kind']}", str(one["seq"] or one["detail"]))
        for place, one in enumerate(beat.facts["problems"][:SHOWN])
    ]
    return beat.facts["count"], found


def incidents(audit: Audit) -> tuple[int, list[Found]]:
    """A12: rows that failed and have not succeeded since."""
    total, rows = few(Deadline.objects.filter(fail_count__gt=0).select_related("assignment", "unit").order_by("id"))
    found = [Found(row.pk, row.about, f"{row.fail_count}×") for row in rows]
    periods = list(Recurrence.objects.filter(fail_count__gt=0).select_related("step__plan").order_by("id"))
    found += [Found(-row.pk, recurrence_key(row), f"{row.fail_count}×") for row in periods[:SHOWN]]
    return total + len(periods), found


def silent(audit: Audit) -> tuple[int, list[Found]]:
    """A15: no sign of life for three minutes, or alive and failing for a quarter of an hour."""
    rows = {row.component: row for row in Heartbeat.objects.filter(component__in=BEATING)}
    found = []
    for place, name in enumerate(BEATING):
        row = rows.get(name)
        if row is None:
            found.append(Found(-place - 1, name, "—"))
        elif row.seen_at < audit.real - SILENT:
            found.append(Found(row.pk, name, short(row.seen_at)))
        elif row.well_at is None or row.well_at < audit.real - UNWELL:
            found.append(Found(row.pk, name, f"{short(row.seen_at)} / {short(row.well_at)}"))
    return len(found), found


def held(audit: Audit) -> tuple[int, list[Found]]:
    """A16: something is held until a person has looked at the clock."""
    rows = Heartbeat.objects.exclude(held="").order_by("component")
    found = [Found(row.pk, row.component, f"{row.held} {short(row.held_since)}") for row in rows]
    return len(found), found


def _about(message: Message) -> str:
    """What a message is about, by key; one folded of several by its number."""
    return f"{message.about or message.pk}|{message.channel}"
