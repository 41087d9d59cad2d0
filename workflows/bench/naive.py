"""The naive form of a sweep: one deadline after another, one row after another, by the ORM."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from bureaus import calendars
from bureaus.models import Membership
from measures.models import Deadline, Extension
from notifications.models import Message
from workflows import deadlines
from workflows.audience import AUDIENCES
from workflows.bench.decided import Values
from workflows.models import Firing, Slip


def fire(now: datetime, limit: int, values: dict[int, Values]) -> int:
    """Up to `limit` due deadlines. Decides for itself; the words of its rows stand ready in `values`."""
    due = list(Deadline.objects.to_look_at(now).values_list("pk", flat=True)[:limit])
    with calendars.one_pass():
        for pk in due:
            with transaction.atomic():
                _look_at(pk, now, values[pk])
    return len(due)


def _look_at(pk: int, now: datetime, values: Values) -> None:
    deadline = (
        Deadline.objects.select_for_update(of=("self",))
        .select_related("unit", "assignment__unit", "assignment__lead", "assignment__step")
        .get(pk=pk)
    )
    held = Extension.objects.undecided().filter(deadline=deadline).exists()
    climb = deadlines.climb_now(deadline, deadlines.history_of(deadline), now=now, held=held)
    for decision in climb.decisions:
        for audience in decision.audiences:
            role, _whose = AUDIENCES[audience]
            list(Membership.objects.current().filter(bureau=deadline.unit, role=role).select_related("user"))
        row = values.firings[decision.rung.key, decision.occ]
        unique = {name: row[name] for name in ("deadline_id", "rev", "rung_key", "occ")}
        firing, _made = Firing.objects.get_or_create(**unique, defaults=row)
        for slip in values.slips if row["slip"] else ():
            Slip.objects.create(**slip | {"firing_id": firing.pk})
    for message in values.messages:
        Message.objects.get_or_create(dedupe_key=message["dedupe_key"], defaults=message)
    deadline.next_look_at, deadline.next_rung, deadline.next_occ = climb.next_look_at, climb.next_rung, climb.next_occ
    deadline.fail_count, deadline.last_error = 0, ""
    deadline.save()
