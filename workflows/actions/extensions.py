"""A date is changed: 延期 asked before it and decided with an exact new one, or 提前 by the supervision office.

After the date there is only a note of reasons.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from bureaus.access import WrongMoment
from bureaus.clock import local_date
from bureaus.models import User
from measures.models import Assignment, Deadline, Event, Extension
from workflows import deadlines, notices
from workflows.actions.base import Act, acting
from workflows.actions.work import record, running
from workflows.models import Firing


def ask_extension(
    row: Assignment, *, by: User, now: datetime, to: date, reason: str, present_progress: str = ""
) -> Extension:
    """申请延期. Until it is decided nobody outside the unit is told that the date has passed."""
    with acting("ask_extension", row, by=by, now=now) as act:
        main = _main(act.row)
        if main.is_overdue(now):
            raise WrongMoment(
                _("The date %(date)s has passed, so it cannot be extended. You can note the reasons instead.")
                % {"date": main.due_on}
            )
        if not reason.strip():
            raise ValidationError({"reason": _("Please write this; it cannot stay empty.")})
        if to <= main.due_on:
            raise ValidationError({"to": _("Ask for a date after %(date)s.") % {"date": main.due_on}})
        if main.extensions.undecided().exists():
            raise WrongMoment(_("A request for this date is waiting to be decided already."))
        extension = Extension.objects.create(
            deadline=main,
            asked_by=by,
            asked_at=now,
            asked_for=to,
            reason=reason,
            present_progress=present_progress,
        )
        event = record(
            act,
            Event.Kind.EXTENSION_ASKED,
            note=reason,
            data={"from": main.due_on.isoformat(), "to": to.isoformat()},
        )
        deciders = (
            act.roster.post("leader", "prefecture")
            if act.row.unit.code == "supervision"
            else notices.supervisors(act.roster)
        )
        notices.tell_act("extension_asked", event, [deciders], now=now, extra={"to": to})
    return extension


def grant_extension(
    extension: Extension, *, by: User, now: datetime, to: date, document_no: str, opinion: str = ""
) -> Extension:
    """批准 with the exact new date and the document's number. Asked in time, it is not late."""
    row = extension.deadline.assignment
    with acting("decide_extension", row, by=by, now=now) as act:
        extension = _undecided(extension)
        if not document_no.strip():
            raise ValidationError({"document_no": _("Give the number of the document that grants it.")})
        main = (
            Deadline.objects.select_for_update(no_key=True, of=("self",))
            .select_related("unit__calendar", "assignment__step")
            .get(pk=extension.deadline_id)
        )
        if to <= main.due_on:
            raise ValidationError({"to": _("The new date must be after %(date)s.") % {"date": main.due_on}})
        if to < local_date(now):
            raise ValidationError({"to": _("The new date lies in the past.")})
        extension.grant(to)
        extension.decided_by, extension.decided_at = by, now
        extension.document_no, extension.opinion = document_no, opinion
        extension.save()
        deadlines.move(main, to, now=now, by=by, reason=extension.reason, document_no=document_no)
        event = record(
            act,
            Event.Kind.EXTENSION_GRANTED,
            note=opinion,
            data={"to": to.isoformat(), "document_no": document_no},
        )
        _tell("extension_granted", act, event, to)
    return extension


def refuse_extension(extension: Extension, *, by: User, now: datetime, opinion: str) -> Extension:
    """不批准: the date stands, and those who waited hear now."""
    row = extension.deadline.assignment
    with acting("decide_extension", row, by=by, now=now) as act:
        extension = _undecided(extension)
        if not opinion.strip():
            raise ValidationError({"opinion": _("Please write this; it cannot stay empty.")})
        extension.refuse()
        extension.decided_by, extension.decided_at, extension.opinion = by, now, opinion
        extension.save()
        event = record(act, Event.Kind.EXTENSION_REFUSED, note=opinion)
        _release(extension.deadline_id, now)
        _tell("extension_refused", act, event, None)
    return extension


def withdraw_extension(extension: Extension, *, by: User, now: datetime) -> Extension:
    """The unit takes its request back; the date stands."""
    row = extension.deadline.assignment
    with acting("withdraw_extension", row, by=by, now=now) as act:
        extension = _undecided(extension)
        extension.withdraw()
        extension.decided_by, extension.decided_at = by, now
        extension.save()
        record(act, Event.Kind.EXTENSION_WITHDRAWN)
        _release(extension.deadline_id, now)
    return extension


def shorten(row: Assignment, *, by: User, now: datetime, to: date, reason: str, document_no: str) -> Assignment:
    """提前: an exact earlier date, from tomorrow on. The unit hears at once, those above it a working day later."""
    with acting("shorten", row, by=by, now=now) as act:
        row = act.row
        running = _main(row)
        main = (
            Deadline.objects.select_for_update(no_key=True, of=("self",))
            .select_related("unit__calendar", "assignment__step")
            .get(pk=running.pk)
        )
        if main.extensions.undecided().exists():
            raise WrongMoment(_("A request to extend this date is waiting; decide that first."))
        tomorrow = local_date(now) + timedelta(days=1)
        if main.due_on <= tomorrow:
            raise WrongMoment(_("The date %(date)s is too near to be brought forward.") % {"date": main.due_on})
        if not tomorrow <= to < main.due_on:
            sentence = _("Choose a date from %(first)s on, before %(date)s.")
            raise ValidationError({"to": sentence % {"first": tomorrow, "date": main.due_on}})
        for field, text in (("reason", reason), ("document_no", document_no)):
            if not text.strip():
                raise ValidationError({field: _("Please write this; it cannot stay empty.")})
        old = main.due_on
        deadlines.move(main, to, now=now, by=by, reason=reason, document_no=document_no)
        event = record(
            act,
            Event.Kind.SHORTENED,
            note=reason,
            data={"from": old.isoformat(), "to": to.isoformat(), "document_no": document_no},
        )
        groups = [notices.handlers(row, act.roster), notices.leaders(row, act.roster)]
        notices.tell_act("moved", event, groups, now=now, extra={"old_due_on": old, "due_on": to})
    return row


def note_reasons(row: Assignment, *, by: User, now: datetime, reason: str) -> Event:
    """After the date nothing can be extended; why it was missed can be said, and stays."""
    with acting("note_reasons", row, by=by, now=now) as act:
        if not reason.strip():
            raise ValidationError({"reason": _("Please write this; it cannot stay empty.")})
        return record(act, Event.Kind.NOTED, note=reason)


def _main(row: Assignment) -> Deadline:
    main = running(row, Deadline.Kind.MAIN)
    if main is None:
        raise WrongMoment(_("This task has no running date that could be changed."))
    return main


def _undecided(extension: Extension) -> Extension:
    fresh = Extension.objects.select_for_update(no_key=True, of=("self",)).get(pk=extension.pk)
    if fresh.state != Extension.State.ASKED:
        raise WrongMoment(_("This request has been decided already."))
    return fresh


def _release(deadline_id: int, now: datetime) -> None:
    """Those outside the unit who waited for the decision, and a slip that did, come at the next look, which is now.

    The date is locked first: a tick may be writing down at this moment that somebody waits.
    """
    main = (
        Deadline.objects.select_for_update(no_key=True, of=("self",))
        .select_related("unit__calendar", "assignment")
        .get(pk=deadline_id)
    )
    if Firing.objects.filter(deadline=main, rev=main.rev, withheld_until__gt=now).update(withheld_until=now):
        deadlines.look_again(main)


def _tell(kind: str, act: Act, event: Event, to: date | None) -> None:
    groups = [notices.handlers(act.row, act.roster), notices.leaders(act.row, act.roster)]
    notices.tell_act(kind, event, groups, now=act.now, extra={"due_on": to})
