"""What a reviewer does with what was handed in: 审核通过, 退回 with what is to be corrected, a verdict corrected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from bureaus import calendars
from bureaus.access import WrongMoment
from bureaus.clock import local_date
from bureaus.models import User
from measures import due as dates
from measures.models import Assignment, Deadline, Event, Step
from workflows import deadlines, issuing, notices, reasons, submissions
from workflows.actions import followups
from workflows.actions.base import Act, acting
from workflows.actions.work import given, record

Kind = Deadline.Kind
VERDICTS = (Event.Kind.ACCEPTED, Event.Kind.RETURNED)
NO_VERDICT_SINCE = (Event.Kind.SUBMITTED, Event.Kind.WITHDRAWN, Event.Kind.RECONSIDERED)


def accept(row: Assignment, *, by: User, now: datetime, note: str = "") -> Assignment:
    """审核通过. The verdict is given; what waits for it goes on."""
    with acting("accept", row, by=by, now=now) as act:
        row = act.row
        row.accept()
        row.accepted_at = now
        row.progress = 100
        row.save()
        event = record(act, Event.Kind.ACCEPTED, note=note)
        deadlines.meet(row, [Kind.VERDICT], now=now, by=by)
        notices.tell_act("accepted", event, [notices.handlers(row, act.roster)], now=now)
        followups.accepted(act, event)
    return row


def send_back(
    row: Assignment,
    *,
    by: User,
    now: datetime,
    reason: str = "",
    correct_by: date | None = None,
    ticked: Sequence[str] = (),
    remarks: Mapping[str, str] | None = None,
) -> Assignment:
    """退回 with a correction date: never earlier than the first date, nor than the days ours allows.

    Why is said by standard reasons (`workflows.reasons`), in own words, by remarks on single fields
    (`workflows.submissions`), or by all of them; by none of them is no return.
    """
    with acting("send_back", row, by=by, now=now) as act:
        row = act.row
        note, data = objection(row, ticked, reason, remarks or {})
        given(note, "reason")
        row.send_back()
        return_to_unit(act, note, correct_by, data)
        followups.withdrawn(act)
    return row


def objection(
    row: Assignment, ticked: Sequence[str], words: str, remarks: Mapping[str, str]
) -> tuple[str, dict[str, Any]]:
    """What is wrong with it in words, and what of that is kept as data: what was ticked, what is about a field."""
    kept = submissions.kept_remarks(row, remarks)
    note = reasons.written_out(row, ticked, words, [(said["label"], said["text"]) for said in kept])
    data = {"ticked": list(ticked), "remarks": kept}
    return note, {name: value for name, value in data.items() if value}


def return_to_unit(act: Act, reason: str, correct_by: date | None = None, data: dict[str, Any] | None = None) -> Event:
    """What every return does: the met date stays met, a new round begins, and only missing that is late."""
    row, now = act.row, act.now
    row.round += 1
    row.submitted_at = None
    row.save()
    event = record(act, Event.Kind.RETURNED, note=reason, data={"round": row.round} | (data or {}))
    deadlines.meet(row, [Kind.VERDICT], now=now, by=act.by)
    last = row.deadlines.filter(kind=Kind.MAIN).order_by("-round").first()
    if last is not None:
        due = correction_due(row, last, local_date(now))
        if correct_by and correct_by < due.on:
            raise ValidationError(
                {"correct_by": _("The correction date cannot be before %(date)s.") % {"date": due.on}}
            )
        if correct_by and correct_by > due.on:  # the date itself stands in the form, and is the rule's, not theirs
            due = dates.Due(correct_by, "decided", Deadline.Basis.DECIDED, "", {"from": due.on.isoformat()})
        deadlines.arm(row, Kind.MAIN, row.unit, due, now=now, round=row.round, by=act.by)
        event.data["correct_by"] = due.on.isoformat()
        event.save(update_fields=["data"])
    issuing.arm_next_checkup(row, after=local_date(now), now=now, by=act.by)
    groups = [notices.handlers(row, act.roster), notices.leaders(row, act.roster)]
    notices.tell_act("returned", event, groups, now=now, extra={"due_on": due.on if last else None})
    return event


def correction_due(row: Assignment, last: Deadline, today: date) -> dates.Due:
    """The later of the original date and some working days on (ours)."""
    days = row.step.correction_days
    due = dates.working_days(days, today, calendars.days_for(row.unit), basis=Step.Basis.OURS)
    return dates.later_of(due, last.due_on)


def reconsider(row: Assignment, *, by: User, now: datetime, reason: str) -> Assignment:
    """A mistaken verdict is taken back, openly. What has moved on because of it cannot be."""
    with acting("reconsider", row, by=by, now=now) as act:
        row = act.row
        given(reason, "reason")
        last = row.events.filter(kind__in=[*VERDICTS, *NO_VERDICT_SINCE]).last()
        if last is None or last.kind not in VERDICTS:
            raise WrongMoment(_("There is no verdict to correct."))
        if last.kind == Event.Kind.ACCEPTED and not followups.step_is_open(row):
            raise WrongMoment(_("The work that waited for this has gone on already; the verdict stands."))
        row.reconsider()
        row.accepted_at = None
        row.submitted_at = now
        if last.kind == Event.Kind.RETURNED:
            deadlines.cancel(row, [Kind.MAIN, Kind.CHECKUP], now=now, by=by, reason=reason)
            followups.submitted_again(act)
        row.save()
        event = record(act, Event.Kind.RECONSIDERED, note=reason)
        followups.arm_verdict(act, row.acceptor)
        notices.tell_act("reconsidered", event, [notices.handlers(row, act.roster)], now=now)
    return row
