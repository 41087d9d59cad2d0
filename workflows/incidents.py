"""What failed and waits to be tried again: by key, with the error in one line that names nobody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from measures.models import Deadline, Recurrence
from notifications.wording import plain
from workflows.auditing import last_facts
from workflows.auditing.deciding import recurrence_key

LISTED = 100
DEADLINE, RECURRENCE = "deadline", "recurrence"


@dataclass(frozen=True)
class Incident:
    """A deadline or a recurrence that failed: since when it is known, how often it was tried, when it is again."""

    kind: str
    pk: int
    key: str
    since: datetime | None
    error: str
    tries: int
    again_at: datetime | None


def open_incidents() -> list[Incident]:
    """The first of them; the audit says how many there are."""
    since = {key: datetime.fromisoformat(at) for key, at in last_facts().get("since", {}).items()}
    dates = Deadline.objects.filter(fail_count__gt=0).select_related("assignment", "unit").order_by("id")
    periods = Recurrence.objects.filter(fail_count__gt=0).select_related("step__plan").order_by("id")
    return [
        Incident(
            DEADLINE, row.pk, row.about, since.get(row.about), plain(row.last_error), row.fail_count, row.next_look_at
        )
        for row in dates[:LISTED]
    ] + [
        Incident(
            RECURRENCE,
            row.pk,
            key := recurrence_key(row),
            since.get(key),
            plain(row.last_error),
            row.fail_count,
            row.retry_at or row.next_on,
        )
        for row in periods[:LISTED]
    ]
