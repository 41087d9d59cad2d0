"""The life of one assignment, door by door (flows.md, "the assignment's life")."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import override

from bureaus import calendars
from bureaus.access import WORKING_ROLES, NotYours, WrongMoment
from bureaus.clock import local_date
from bureaus.models import Bureau, Membership, User
from measures import due as dates
from measures.models import Assignment, Deadline, Event, PassOn, Report, Step
from workflows import deadlines, issuing, ledger_progress, notices
from workflows.actions import files, followups, handovers
from workflows.actions.base import Act, acting
from workflows.actions.files import Upload
from workflows.models import Run

Kind = Deadline.Kind
# What is about the county itself, and would mean nothing elsewhere.
COUNTYS_OWN = (Step.Kind.ROSTER, Step.Kind.MONTHLY)


def record(act: Act, kind: str, *, note: str = "", data: dict[str, Any] | None = None) -> Event:
    """The one line of history an act leaves."""
    unit = act.standing.units[0] if act.standing.units else None
    if act.standing.works_in(act.row.unit_id):
        unit = act.row.unit
    elif act.standing.works_in(act.row.acceptor_id):
        unit = act.row.acceptor
    said = {"on_behalf_of": str(act.on_behalf_of)} if act.on_behalf_of else {}
    return Event.objects.create(
        assignment=act.row, kind=kind, actor=act.by, actor_unit=unit, at=act.now, note=note, data=said | (data or {})
    )


# --- Receiving -------------------------------------------------------------------------------


def sign(row: Assignment, *, by: User, now: datetime, handler: User, leader: User) -> Assignment:
    """签收: naming the unit's handler and the leader who answers (五（二）: a named unit and a named person).

    Raises ValidationError when either holds no post in the unit.
    """
    with acting("sign", row, by=by, now=now) as act:
        row = act.row
        _in_post(handler, row.unit)
        _in_post(leader, row.unit)
        row.sign()
        row.handler, row.leader, row.signed_at = handler, leader, now
        row.save()
        record(act, Event.Kind.SIGNED, data={"handler": str(handler), "leader": str(leader)})
        deadlines.meet(row, [Kind.RECEIPT], now=now, by=by)
    return row


def name_people(row: Assignment, *, by: User, now: datetime, handler: User, leader: User) -> Assignment:
    """Somebody else in the unit handles it, or answers for it, from now on."""
    with acting("name_people", row, by=by, now=now) as act:
        row = act.row
        _in_post(handler, row.unit)
        _in_post(leader, row.unit)
        before = (row.handler, row.leader)
        row.handler, row.leader = handler, leader
        row.save()
        event = record(act, Event.Kind.NAMED, data={"handler": str(handler), "leader": str(leader)})
        handovers.taken_over(act, event, before)
    return row


def refuse(row: Assignment, *, by: User, now: datetime, reason: str) -> Assignment:
    """退单: not our duty. The supervision office issues it again or gives it to another unit."""
    with acting("refuse", row, by=by, now=now) as act:
        row = act.row
        given(reason, "reason")
        row.refuse()
        row.was_refused = True
        row.save()
        event = record(act, Event.Kind.REFUSED, note=reason)
        deadlines.meet(row, [Kind.RECEIPT], now=now, by=by)
        notices.tell_act("refused", event, [notices.supervisors(act.roster)], now=now)
    return row


def reissue(row: Assignment, *, by: User, now: datetime, reason: str) -> Assignment:
    """The refusal is not granted: issued to the same unit again, with a new term for the receipt."""
    with acting("reissue", row, by=by, now=now) as act:
        row = act.row
        given(reason, "reason")
        row.reissue()
        row.save()
        event = record(act, Event.Kind.REISSUED, note=reason)
        due = dates.working_days(
            issuing.RECEIPT_DAYS, local_date(now), calendars.days_for(row.unit), basis=Step.Basis.OURS
        )
        deadlines.arm(row, Kind.RECEIPT, row.unit, due, now=now, by=by, round=next_round(row, Kind.RECEIPT))
        notices.tell_act("reissued", event, notices.receiving_desk(row, act.roster), now=now)
    return row


def reassign(row: Assignment, *, by: User, now: datetime, to: Bureau, reason: str) -> Assignment:
    """The refusal is granted: this one is cancelled, and the other unit gets one of its own."""
    with acting("reassign", row, by=by, now=now) as act:
        row = act.row
        given(reason, "reason")
        if row.site_id or row.step.kind in COUNTYS_OWN:
            raise ValidationError(_("This is the county's own to do. Issue it again, or cancel it, with the reason."))
        if to.pk in (row.unit_id, row.acceptor_id):
            raise ValidationError({"to": _("Choose a unit other than the present one and the one that accepts it.")})
        run = Run.objects.get(pk=row.process_id)
        new = issuing.make(
            row.step,
            to,
            run,
            now=now,
            by=by,
            site=row.site,
            period=row.period,
            number=row.number,
            note=reason,
        )
        if new.issued_at != now:
            raise ValidationError({"to": _("%(unit)s already has this task.") % {"unit": to.name}})
        with override(settings.LANGUAGE_CODE):
            given_to = _("given to %(unit)s: %(reason)s") % {"unit": to.name, "reason": reason}
        _cancel(act, given_to)
    return new


def pass_on(
    row: Assignment,
    *,
    by: User,
    now: datetime,
    to_name: str,
    due_on: date,
    to_user: User | None = None,
    note: str = "",
) -> PassOn:
    """转办 inside the unit, with an earlier date. The unit still answers for the whole."""
    with acting("pass_on", row, by=by, now=now) as act:
        row = act.row
        given(to_name, "to_name")
        main = running(row, Kind.MAIN)
        today = local_date(now)
        if due_on < today or (main and due_on > main.due_on):
            raise ValidationError(
                {
                    "due_on": _("Choose a date from today on, not after the task's own date %(date)s.")
                    % {"date": main.due_on if main else "—"}
                }
            )
        passed = PassOn.objects.create(
            assignment=row, to_name=to_name, to_user=to_user, due_on=due_on, note=note, by=by, at=now
        )
        record(act, Event.Kind.PASSED_ON, note=note, data={"to": to_name, "due_on": due_on.isoformat()})
    return passed


# --- Working ---------------------------------------------------------------------------------


def report(
    row: Assignment,
    *,
    by: User,
    now: datetime,
    text: str,
    progress: int,
    figures: dict[str, Any] | None = None,
    problems: str = "",
    next_step: str = "",
    done_on: date | None = None,
    uploads: Sequence[Upload] = (),
) -> Report:
    """进展反馈. It meets the checkup of its period; the next one is set.

    Where the ledger counts the work, its count stays the progress that is held against time.
    """
    with acting("report", row, by=by, now=now) as act:
        row = act.row
        given(text, "text")
        if not 0 <= progress <= 100:
            raise ValidationError({"progress": _("Progress is a number from 0 to 100.")})
        row.figures = row.figures | (figures or {})
        row.progress = ledger_progress.held(row, progress)
        row.save()
        filed = Report.objects.create(
            assignment=row,
            by=by,
            at=now,
            text=text,
            progress=progress,
            figures=figures or {},
            problems=problems,
            next_step=next_step,
            done_on=done_on,
        )
        late_entry = bool(done_on and done_on < local_date(row.issued_at))
        event = record(
            act, Event.Kind.REPORTED, note=text, data={"progress": progress, "entered_afterwards": late_entry}
        )
        files.keep(event, uploads, by=by, now=now)
        meet_checkup(row, now=now, by=by)
    return filed


def attach(row: Assignment, *, by: User, now: datetime, uploads: Sequence[Upload]) -> Event:
    """Lay files beside the work without reporting anything."""
    with acting("attach", row, by=by, now=now) as act:
        event = record(act, Event.Kind.REPORTED, data={"files": len(uploads)})
        files.keep(event, uploads, by=by, now=now)
    return event


def send_up(
    row: Assignment,
    *,
    by: User,
    now: datetime,
    result: str,
    figures: dict[str, Any] | None = None,
    uploads: Sequence[Upload] = (),
) -> Assignment:
    """送审: the result goes to the unit's leader. An empty result is no submission."""
    with acting("send_up", row, by=by, now=now) as act:
        row = act.row
        given(result, "result")
        followups.check_ready(row, figures or {}, now)
        row.send_up()
        row.result = result
        row.figures = row.figures | (figures or {})
        row.sent_up_by = by
        row.save()
        event = record(act, Event.Kind.SENT_UP, note=result)
        files.keep(event, uploads, by=by, now=now)
        notices.tell_act("sent_up", event, [notices.leaders(row, act.roster)], now=now)
    return row


def hand_back(row: Assignment, *, by: User, now: datetime, reason: str) -> Assignment:
    """The unit's leader wants more work on it before it leaves the house."""
    with acting("hand_back", row, by=by, now=now) as act:
        row = act.row
        given(reason, "reason")
        row.hand_back()
        row.save()
        event = record(act, Event.Kind.HANDED_BACK, note=reason)
        notices.tell_act("handed_back", event, [notices.handlers(row, act.roster)], now=now)
    return row


def sign_off(row: Assignment, *, by: User, now: datetime, note: str = "", exception: str = "") -> Assignment:
    """审签报送: the first complete submission meets the date; the reviewer's time is the reviewer's.

    A second person signs off; where there is none, `exception` says why. A deputy is never the second
    person for what they, or the one they stand in for, have sent up.
    """
    with acting("sign_off", row, by=by, now=now) as act:
        row = act.row
        if act.on_behalf_of and row.sent_up_by_id in (by.pk, act.on_behalf_of.pk):
            raise ValidationError(
                _("As the deputy of %(name)s you cannot sign off what one of you two has sent up. Ask another leader.")
                % {"name": act.on_behalf_of}
            )
        if row.sent_up_by_id == by.pk and not exception.strip():
            raise ValidationError(
                {
                    "exception": _(
                        "You sent this up yourself. Let another leader sign off, or state why nobody else can."
                    )
                }
            )
        row.submit()
        row.submitted_at = now
        row.save()
        event = record(act, Event.Kind.SUBMITTED, note=note, data={"exception": exception} if exception else {})
        deadlines.meet(row, [Kind.MAIN], now=now, by=by)
        meet_checkup(row, now=now, by=by, last=True)
        followups.submitted(act, event)
    return row


def withdraw(row: Assignment, *, by: User, now: datetime, reason: str) -> Assignment:
    """撤回, before the verdict: the date that was met runs again."""
    with acting("withdraw", row, by=by, now=now) as act:
        row = act.row
        given(reason, "reason")
        followups.check_withdrawal(row)
        row.withdraw()
        row.submitted_at = None
        row.save()
        record(act, Event.Kind.WITHDRAWN, note=reason)
        deadlines.cancel(row, [Kind.VERDICT], now=now, by=by, reason=reason)
        main = row.deadlines.filter(kind=Kind.MAIN).order_by("-round").first()
        if main and main.status == Deadline.Status.MET:
            deadlines.reopen(main, now=now, by=by, reason=reason)
        issuing.arm_next_checkup(row, after=local_date(now), now=now, by=by)
        followups.withdrawn(act)
    return row


# --- Reviewing -------------------------------------------------------------------------------


# --- The supervision office ------------------------------------------------------------------


def close(row: Assignment, *, by: User, now: datetime, note: str = "") -> Assignment:
    """办结销号: struck off the list, the evidence stands."""
    with acting("close", row, by=by, now=now) as act:
        row = act.row
        row.close()
        row.closed_at = now
        row.save()
        record(act, Event.Kind.CLOSED, note=note)
    return row


def suspend(row: Assignment, *, by: User, now: datetime, reason: str) -> Assignment:
    """中止: no clock runs, nobody is reminded."""
    with acting("suspend", row, by=by, now=now) as act:
        row = act.row
        given(reason, "reason")
        row.state_before = row.state
        row.suspend()
        row.save()
        event = record(act, Event.Kind.SUSPENDED, note=reason)
        deadlines.pause(row, now=now, by=by, reason=reason)
        tell_unit("suspended", act, event)
    return row


def resume(row: Assignment, *, by: User, now: datetime, reason: str) -> Assignment:
    """恢复: back to where it stood; a term has as many working days left as it had."""
    with acting("resume", row, by=by, now=now) as act:
        row = act.row
        given(reason, "reason")
        getattr(row, f"resume_{row.state_before}")()
        row.state_before = ""
        row.save()
        event = record(act, Event.Kind.RESUMED, note=reason)
        deadlines.resume(row, now=now, by=by, reason=reason)
        tell_unit("resumed", act, event)
    return row


def cancel(row: Assignment, *, by: User, now: datetime, reason: str) -> Assignment:
    """撤销: it binds nobody any more, and stays visible with its reason."""
    with acting("cancel", row, by=by, now=now) as act:
        given(reason, "reason")
        event = _cancel(act, reason)
        tell_unit("cancelled", act, event)
    return act.row


def urge(row: Assignment, *, by: User, now: datetime, text: str, urgent: bool = False) -> Event:
    """催办 by hand; once a working day at the most, so that urging stays worth reading.

    `urgent` (特急) leaves outside the hours too; the supervision office alone may disturb people at night.
    """
    with acting("urge", row, by=by, now=now) as act:
        row = act.row
        given(text, "text")
        if urgent and not act.standing.supervises:
            raise NotYours("urge")
        last = row.events.filter(kind=Event.Kind.URGED).last()
        calendar = calendars.days_for(row.unit)
        if last and calendar.between(local_date(last.at), local_date(now)) < 1:
            raise WrongMoment(_("This task was urged today already. Once each working day is enough."))
        event = record(act, Event.Kind.URGED, note=text, data={"urgent": True} if urgent else {})
        tell_unit("urged", act, event, urgent=urgent)
    return event


# --- Parts -----------------------------------------------------------------------------------


def running(row: Assignment, kind: str) -> Deadline | None:
    """The deadline of that kind that runs now, the latest round of it."""
    return row.deadlines.filter(kind=kind, status=Deadline.Status.ARMED).order_by("-round").first()


def next_round(row: Assignment, kind: str) -> int:
    last = row.deadlines.filter(kind=kind).order_by("-round").first()
    return last.round + 1 if last else 1


def _cancel(act: Act, reason: str) -> Event:
    row = act.row
    row.cancel()
    row.save()
    event = record(act, Event.Kind.CANCELLED, note=reason)
    deadlines.cancel(row, deadlines.ALL_KINDS, now=act.now, by=act.by, reason=reason)
    return event


def tell_unit(kind: str, act: Act, event: Event, *, urgent: bool = False) -> None:
    groups = [notices.handlers(act.row, act.roster), notices.leaders(act.row, act.roster)]
    notices.tell_act(kind, event, groups, now=act.now, urgent=urgent)


def meet_checkup(row: Assignment, *, now: datetime, by: User, last: bool = False) -> None:
    """A report meets the checkups whose period has begun; the next one is set unless the work is handed in."""
    today = local_date(now)
    calendar = calendars.days_for(row.unit)
    dues = [due.on for due in dates.checkup_dues(row.step, opened_on=local_date(row.issued_at), calendar=calendar)]
    for deadline in row.deadlines.filter(kind=Kind.CHECKUP, status=Deadline.Status.ARMED).order_by("round"):
        begun = deadline.round == 1 or dues[deadline.round - 2] < today
        if begun or last:
            deadlines.settle(deadline, Deadline.Status.MET, deadlines.Change.MEET, now=now, by=by)
            if not last:
                issuing.arm_next_checkup(row, after=deadline.due_on, now=now, by=by)


def _in_post(user: User, unit: Bureau) -> None:
    if not Membership.objects.current().filter(user=user, bureau=unit, role__in=WORKING_ROLES).exists():
        raise ValidationError(_("%(name)s holds no post in %(unit)s.") % {"name": user, "unit": unit.name})


def given(text: str, field: str) -> None:
    if not text.strip():
        raise ValidationError({field: _("Please write this; it cannot stay empty.")})
