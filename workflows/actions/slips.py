"""督办单: proposed by the engine or an inspector, issued by the supervision office alone, answered by the unit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django_fsm import ConcurrentTransition, TransitionNotAllowed

from bureaus.access import NotYours, Standing
from bureaus.clock import local_date
from bureaus.models import Role, User
from measures import access
from measures.models import Assignment, Deadline, Event, Plan
from workflows import notices, slips
from workflows.actions.base import moved_on
from workflows.audience import Roster
from workflows.models import Slip


def propose_slip(row: Assignment, *, by: User, now: datetime, colour: str, reason: str) -> Slip:
    """An inspector, or whoever may urge, lays a slip before the supervision office."""
    standing = Standing(by, local_date(now))
    if not access.visible_assignments(standing).filter(pk=row.pk).exists() or not access.ACTS["urge"][1](standing, row):
        raise NotYours("propose_slip")
    _given("reason", reason)
    if Slip.Colour(colour) not in slips.colours_for(row, now):
        raise ValidationError({"colour": _("A blue slip warns before the date, and the date has passed.")})
    main = row.deadlines.filter(kind=Deadline.Kind.MAIN).order_by("-round").first()
    return Slip.objects.create(
        assignment=row,
        unit=row.unit,
        colour=Slip.Colour(colour),
        due_on=main.due_on if main else None,
        proposed_at=now,
        proposed_by=by,
        reason=reason,
    )


def issue_slip(slip: Slip, *, by: User, now: datetime, demand: str, answer_by: date) -> Slip:
    """签发: numbered, told to the unit's officer, leader and chief."""
    with _deciding(slip, by, now, numbers=True) as slip:
        _given("demand", demand)
        if answer_by < local_date(now):
            raise ValidationError({"answer_by": _("Choose a date from today on.")})
        slip.issue()
        slip.number = _next_number(now)
        slip.demand, slip.answer_by = demand, answer_by
        slip.decided_at, slip.decided_by = now, by
        slip.save()
        _tell(slip, by, now)
    return slip


def dismiss_slip(slip: Slip, *, by: User, now: datetime, reason: str) -> Slip:
    """Not issued, and why."""
    with _deciding(slip, by, now) as slip:
        _given("reason", reason)
        slip.dismiss()
        slip.decided_at, slip.decided_by, slip.decision_note = now, by, reason
        slip.save()
    return slip


def answer_slip(slip: Slip, *, by: User, now: datetime, answer: str) -> Slip:
    """The unit answers."""
    with _locked(slip) as slip:
        if not Standing(by, local_date(now)).works_in(slip.unit_id):
            raise NotYours("answer_slip")
        _given("answer", answer)
        slip.give_answer()
        slip.answer, slip.answered_at, slip.answered_by = answer, now, by
        slip.save()
    return slip


def close_slip(slip: Slip, *, by: User, now: datetime) -> Slip:
    """核销: the answer is accepted."""
    with _deciding(slip, by, now) as slip:
        slip.close()
        slip.closed_at = now
        slip.save()
    return slip


@contextmanager
def _locked(slip: Slip, *, numbers: bool = False) -> Iterator[Slip]:
    try:
        with transaction.atomic():
            if numbers:
                # Before the slip's own lock, as where an edit of the plan moves a date and ends a proposal.
                list(Plan.objects.select_for_update(no_key=True).order_by("pk"))
            yield (
                Slip.objects.select_for_update(no_key=True, of=("self",))
                .select_related("assignment__unit", "assignment__step", "unit")
                .get(pk=slip.pk)
            )
    except (TransitionNotAllowed, ConcurrentTransition) as error:
        raise moved_on() from error


@contextmanager
def _deciding(slip: Slip, by: User, now: datetime, *, numbers: bool = False) -> Iterator[Slip]:
    if not Standing(by, local_date(now)).supervises:
        raise NotYours("decide_slip")
    with _locked(slip, numbers=numbers) as fresh:
        yield fresh


def _next_number(now: datetime) -> str:
    """〔2019〕7号: one row of numbers a year, given under the lock of the plans so that none is given twice."""
    year = local_date(now).year
    return f"〔{year}〕{Slip.objects.filter(number__startswith=f'〔{year}〕').count() + 1}号"


def _tell(slip: Slip, by: User, now: datetime) -> None:
    row, roster = slip.assignment, Roster(local_date(now))
    event = Event.objects.create(
        assignment=row,
        kind=Event.Kind.URGED,
        actor=by,
        at=now,
        note=slip.demand,
        data={"slip": slip.number, "colour": slip.colour} | _on_behalf(by, now),
    )
    groups = [
        notices.handlers(row, roster),
        notices.leaders(row, roster),
        roster.post(Role.CHIEF, row.unit.code, row),
    ]
    notices.tell_act("slip", event, groups, now=now, extra={"slip": slip})


def _on_behalf(by: User, now: datetime) -> dict[str, str]:
    absent = Standing(by, local_date(now)).on_behalf_of(lambda one: one.supervises)
    return {"on_behalf_of": str(absent)} if absent else {}


def _given(field: str, text: str) -> None:
    if not text.strip():
        raise ValidationError({field: _("Please write this; it cannot stay empty.")})
