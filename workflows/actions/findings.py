"""What people record beside the regular work: findings, new rules, confirmations, bodies added to an open list."""

from __future__ import annotations

from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from bureaus.access import NotYours, Standing, WrongMoment
from bureaus.clock import local_date
from bureaus.models import Bureau, User
from measures.models import Assignment, Event, Measure, Responsibility, Step
from workflows import counters, issuing
from workflows.actions.base import acting
from workflows.actions.work import meet_checkup, record
from workflows.advance import locked
from workflows.models import Run


def record_finding(row: Assignment, *, by: User, now: datetime, unit: Bureau, text: str) -> Assignment:
    """A lapse found while checking becomes a rectification of the unit it is about, with a term of its own."""
    with acting("record_finding", row, by=by, now=now) as act:
        row = act.row
        if not text.strip():
            raise ValidationError({"text": _("Please write this; it cannot stay empty.")})
        step = (
            Step.objects.select_related("plan", "measure")
            .filter(measure=row.measure, kind=Step.Kind.RECTIFICATION)
            .first()
        )
        if step is None:
            raise WrongMoment(_("This measure has no rectification."))
        bodies = row.measure.responsibilities.values_list("bureau", flat=True) if row.measure else []
        if unit.pk not in bodies:
            raise ValidationError({"unit": _("Choose a unit of this measure.")})
        last = Assignment.objects.filter(step=step, unit=unit).aggregate(Max("number"))["number__max"] or 0
        run = Run.objects.get(pk=row.process_id)
        made = issuing.make(step, unit, run, now=now, by=by, number=last + 1, note=text)
        record(act, Event.Kind.FOUND, note=text, data={"unit": unit.code, "rectification": made.key})
    return made


def record_rule(row: Assignment, *, by: User, now: datetime, title: str, document_no: str, issued_on: date) -> Event:
    """A rule that was waited for has been issued: recorded by a person, and it meets the checkup."""
    with acting("record_rule", row, by=by, now=now) as act:
        if not title.strip():
            raise ValidationError({"title": _("Please write this; it cannot stay empty.")})
        event = record(
            act,
            Event.Kind.RULE_ISSUED,
            note=title,
            data={"document_no": document_no, "issued_on": issued_on.isoformat()},
        )
        meet_checkup(act.row, now=now, by=by)
    return event


def confirm_division(row: Assignment, *, by: User, now: datetime, agrees: bool, note: str = "") -> Event:
    """A body says whether its part in the division of work is right. Silence is no objection, and never late."""
    with acting("confirm_division", row, by=by, now=now) as act:
        division = division_of(act.row)
        if division is None or division.state not in Assignment.DONE:
            raise WrongMoment(_("The division of work has not been accepted yet."))
        if not agrees and not note.strip():
            raise ValidationError({"note": _("Say what is wrong with it.")})
        return record(act, Event.Kind.CONFIRMED if agrees else Event.Kind.OBJECTED, note=note)


def division_of(row: Assignment) -> Assignment | None:
    return Assignment.objects.filter(plan=row.plan, measure=row.measure, step__kind=Step.Kind.DIVISION).first()


def add_body(measure: Measure, *, by: User, now: datetime, bureau: Bureau, reason: str) -> Assignment:
    """An open list (等) gets one more body: the supervision office adds it, with the reason in the history."""
    standing = Standing(by, local_date(now))
    if not standing.supervises:
        raise NotYours("add_body")
    if not measure.open_ended_list:
        raise WrongMoment(_("The list of bodies of this measure is closed in the plan."))
    if not reason.strip():
        raise ValidationError({"reason": _("Please write this; it cannot stay empty.")})
    run = issuing.run_of(issuing.measure_key(measure))
    step = measure.steps.select_related("plan", "measure").filter(kind=Step.Kind.SHARE).first()
    if run is None or step is None:
        raise WrongMoment(_("The plan has not been issued yet."))
    if run.finished:
        raise WrongMoment(_("This measure is done."))
    with transaction.atomic(), counters.keeping(now), locked(run) as run:
        order = measure.responsibilities.aggregate(Max("order"))["order__max"] or 0
        _row, made = Responsibility.objects.get_or_create(
            measure=measure,
            bureau=bureau,
            defaults={"kind": Responsibility.Kind.SUPPORT, "order": order + 1, "written_as": "等"},
        )
        if not made:
            raise ValidationError({"bureau": _("%(unit)s belongs to this measure already.") % {"unit": bureau.name}})
        row = issuing.make(step, bureau, run, now=now, by=by, note=reason)
        Event.objects.create(
            assignment=row,
            kind=Event.Kind.BODY_ADDED,
            actor=by,
            actor_unit=standing.units[0],
            at=now,
            note=reason,
        )
    return row
