"""Supervision slips: when the engine proposes one, of which colour, and when it takes its proposal back.

Colours are apart from lights: yellow the day after, red after five, a summons after ten; blue only for
work behind its schedule before the date. Only people of the supervision office issue one.

As long as nobody has decided, the engine takes back its own proposal, with the reason: a later rung's takes
the place of an earlier one's, and none is left of a date that was met in time, put off or cancelled. Work
handed in late keeps its proposal, for the office may still want to act on it. What a person has proposed,
people decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import override

from bureaus import calendars
from bureaus.clock import local_date
from measures.models import Assignment, Deadline
from workflows.ladder import Rung
from workflows.models import Slip


def colour_for(kind: str, rung: Rung, *, behind: Callable[[], bool]) -> str:
    """The slip a rung proposes; none for anything but a main deadline. `behind` is asked for blue alone."""
    if kind != Deadline.Kind.MAIN:
        return ""
    if rung.slip == Slip.Colour.BLUE:
        return rung.slip if behind() else ""
    return rung.slip


def colours_for(row: Assignment, now: datetime) -> list[Slip.Colour]:
    """What may be proposed by hand, the most fitting first: by the days late, as the engine counts them.

    Blue is for work before its date; once that has passed it is not among them.
    """
    late = [Slip.Colour.YELLOW, Slip.Colour.RED, Slip.Colour.SUMMONS]
    main = row.deadlines.filter(kind=Deadline.Kind.MAIN).order_by("-round").first()
    if main is None or not (main.is_overdue(now) or main.was_late):
        return [Slip.Colour.BLUE, *late]
    days = calendars.days_for(main.unit).between(main.due_on, local_date(main.met_at or now))
    fits = Slip.Colour.SUMMONS if days >= 10 else Slip.Colour.RED if days >= 5 else Slip.Colour.YELLOW
    return sorted(late, key=lambda colour: colour != fits)


def superseded() -> str:
    """Why an earlier proposal is taken back when a later rung of the same date proposes a slip."""
    with override(settings.LANGUAGE_CODE):
        return _("A later rung has proposed another slip.")


def end_with(deadline: Deadline, *, now: datetime, reason: str) -> None:
    """A date was met or cancelled: what is proposed for it ends, unless it was met late."""
    if deadline.kind != Deadline.Kind.MAIN:
        return
    undecided = Slip.objects.filter(firing__deadline=deadline)
    with override(settings.LANGUAGE_CODE):
        if deadline.status == Deadline.Status.CANCELLED:
            said = _("cancelled: %(reason)s") % {"reason": reason} if reason else _("cancelled")
        else:
            said = _("handed in on %(day)s") % {"day": date_format(local_date(now), "DATE_FORMAT")}
    if deadline.was_late:
        # Blue warns of a date to come; the other colours say what is still true.
        undecided = undecided.filter(colour=Slip.Colour.BLUE)
    _take_back(undecided, now, lambda slip: said)


def put_off(moved: Iterable[Deadline], *, now: datetime) -> None:
    """Main dates were moved to a later day."""
    to = {deadline.pk: deadline.due_on for deadline in moved if deadline.kind == Deadline.Kind.MAIN}
    if not to:
        return

    def said(slip: Slip) -> str:
        assert slip.firing is not None
        with override(settings.LANGUAGE_CODE):
            return _("extended to %(day)s") % {"day": date_format(to[slip.firing.deadline_id], "DATE_FORMAT")}

    _take_back(Slip.objects.filter(firing__deadline__in=to), now, said)


def _take_back(slips: QuerySet[Slip], now: datetime, said: Callable[[Slip], str]) -> None:
    """Dismissed by nobody but the engine. A slip that is being issued at this moment is waited for."""
    undecided = slips.filter(state=Slip.State.PROPOSED).select_related("firing").order_by("pk")
    for slip in undecided.select_for_update(no_key=True, of=("self",)):
        slip.dismiss()
        slip.decided_at, slip.decision_note = now, said(slip)
        slip.save(update_fields=["state", "decided_at", "decision_note"])
