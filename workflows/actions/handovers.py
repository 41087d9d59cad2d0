"""The work changes hands: who takes it over hears how it stands, who gave it up hears no more of it."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import override

from bureaus.clock import local_date
from bureaus.models import Membership, User
from measures.models import Assignment, Deadline, Event
from notifications import outbox
from workflows import notices
from workflows.actions.base import Act
from workflows.audience import Group, Roster
from workflows.ladders import in_words, rungs_for
from workflows.models import Firing

People = tuple[User | None, User | None]


def taken_over(act: Act, event: Event, before: People) -> None:
    """The handler or the leader of running work is another one now."""
    row = act.row
    groups: list[Group] = []
    if row.handler != before[0]:
        groups.append(notices.handlers(row, act.roster))
    if row.leader != before[1]:
        groups.append(notices.leaders(row, act.roster))
    if not groups:
        return
    notices.tell_act("taken_over", event, groups, now=act.now, extra={"standing": how_it_stands(row)})
    for person in before:
        if person is not None and person not in (row.handler, row.leader):
            outbox.cancel_for(person, row.key, now=act.now)


def tell_left(person: User, *, by: User, now: datetime) -> list[Assignment]:
    """Somebody has left, or given up their post in a unit: for open work in their name the unit's leader hears it.

    Work of units in which they still hold a post is theirs as before.
    """
    units = Membership.objects.current().filter(user=person).values("bureau")
    rows = Assignment.objects.open().select_related("unit", "step", "measure", "lead", "handler", "leader")
    left = rows.filter(handler=person) | rows.filter(leader=person)
    told = []
    with transaction.atomic():
        roster = Roster(local_date(now))
        for row in left.exclude(unit__in=units).order_by("key"):
            event = Event.objects.create(
                assignment=row, kind=Event.Kind.LEFT, actor=by, at=now, data={"person": str(person)}
            )
            extra = {"person": person, "standing": how_it_stands(row)}
            notices.tell_act("handler_left", event, [notices.leaders(row, roster)], now=now, extra=extra)
            outbox.cancel_for(person, row.key, now=now)
            told.append(row)
    return told


def how_it_stands(row: Assignment) -> list[str]:
    """What is due when, and the highest rung that has been told of it; a sentence for each date that runs."""
    said = []
    with override(settings.LANGUAGE_CODE):
        running = row.deadlines.filter(status=Deadline.Status.ARMED).select_related("unit").order_by("due_on", "id")
        for deadline in running:
            deadline.assignment = row
            words = {"kind": deadline.get_kind_display(), "day": date_format(deadline.due_on, "Y-m-d")}
            if rung := _highest(deadline):
                words["rung"] = rung
                said.append(_("%(kind)s: due %(day)s; told so far up to the rung %(rung)s.") % words)
            else:
                said.append(_("%(kind)s: due %(day)s; no rung has been told yet.") % words)
        if not said:
            said.append(_("No date runs at the moment."))
    return said


def _highest(deadline: Deadline) -> str:
    fired = Firing.objects.filter(deadline=deadline, rev=deadline.rev, outcome=Firing.Outcome.FIRED)
    keys = set(fired.values_list("rung_key", flat=True))
    offsets = [rung.offset for rung in rungs_for(deadline) if rung.key in keys]
    return in_words(max(offsets)) if offsets else ""
