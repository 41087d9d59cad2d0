"""A person's dates as an iCalendar feed (RFC 5545, RFC 7986): what their units must meet, and by when.

Calendars are kept in other people's clouds, so an entry says no more than an SMS does: the item's number, the
kind of its date, and where to sign in. What is met or moved away is gone from the next reading. There are no
alarms: the product reminds people itself, and a calendar that rang as well would say everything twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import OuterRef, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override
from icalendar import Calendar, Event

from bureaus.access import Standing
from bureaus.clock import start_of
from measures.models import Assignment, Deadline, DeadlineChange
from workflows import desks
from workflows.notices import reference

MOST = 1_000
READ_AGAIN = timedelta(hours=4)


@dataclass(frozen=True)
class Entry:
    """All that an entry says, and so all that a new reading can differ by."""

    pk: int
    item: int
    kind: str
    due_on: date
    rev: int
    changed_at: datetime
    is_lent: bool


def entries(standing: Standing) -> list[Entry]:
    """The armed dates that are this person's to meet, the soonest first; one query."""
    last_change = DeadlineChange.objects.filter(deadline=OuterRef("pk")).order_by("-rev", "-id").values("at")[:1]
    rows = desks.dates(standing).annotate(changed_at=Subquery(last_change)).order_by("due_at", "id")
    found = rows.values_list("pk", "assignment", "kind", "due_on", "rev", "changed_at", "unit", "starts_on")[:MOST]
    return [
        Entry(pk, item, kind, due_on, rev, changed_at or start_of(starts_on), unit in standing.lent_unit_ids)
        for pk, item, kind, due_on, rev, changed_at, unit, starts_on in found
    ]


def etag(found: Sequence[Entry]) -> str:
    """The same for the same feed, known before it is written."""
    words = repr((settings.SITE_URL, settings.LANGUAGE_CODE, [astuple(entry) for entry in found]))
    return f'"{hashlib.sha256(words.encode()).hexdigest()[:32]}"'


def write(found: Sequence[Entry]) -> bytes:
    with override(settings.LANGUAGE_CODE):
        calendar = Calendar()
        calendar.add("PRODID", "-//Duban//Calendar feed//EN")
        calendar.add("VERSION", "2.0")
        calendar.add("CALSCALE", "GREGORIAN")
        for name in ("NAME", "X-WR-CALNAME"):
            calendar.add(name, _("Supervision dates"))
        calendar.add("REFRESH-INTERVAL", READ_AGAIN, parameters={"VALUE": "DURATION"})
        calendar.add("X-PUBLISHED-TTL", "PT4H")
        for entry in found:
            calendar.add_component(_event(entry))
        return calendar.to_ical()


def _event(entry: Entry) -> Event:
    host = urlsplit(settings.SITE_URL).hostname or "duban"
    url = settings.SITE_URL + reverse("assignment", args=[entry.item])
    changed_at = entry.changed_at.astimezone(UTC).replace(microsecond=0)
    event = Event()
    event.add("UID", f"deadline-{entry.pk}@{host}")
    event.add("SEQUENCE", entry.rev)
    # Without METHOD both say when the entry was last revised, so that one state of affairs has one text.
    event.add("DTSTAMP", changed_at)
    event.add("LAST-MODIFIED", changed_at)
    event.add("DTSTART", entry.due_on)
    event.add("DTEND", entry.due_on + timedelta(days=1))
    event.add("TRANSP", "TRANSPARENT")
    event.add("SUMMARY", _summary(entry))
    event.add("DESCRIPTION", _("Please sign in to the supervision system: %(url)s") % {"url": url})
    event.add("URL", url)
    return event


def _summary(entry: Entry) -> str:
    words = {"reference": reference(Assignment(pk=entry.item)), "kind": Deadline.Kind(entry.kind).label}
    if entry.is_lent:
        return _("(as deputy) Supervised item %(reference)s, %(kind)s due") % words
    return _("Supervised item %(reference)s, %(kind)s due") % words
