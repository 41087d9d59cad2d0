"""How a date came about, in sentences a clerk understands: phrase → rule → calendar → date."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from measures.models import Deadline


def how_computed(deadline: Deadline) -> list[str]:
    """The sentences, in order. Every rule of `measures.due` has one, and every change of the date."""
    said = []
    if deadline.source_text:
        said.append(_("The document says: “%(text)s”.") % {"text": deadline.source_text})
    said.append(_rule(deadline))
    trail = deadline.trail
    if rolled := trail.get("rolled_from"):
        said.append(
            _("%(day)s is a free day; as this is a date of this system it moves to the next working day.")
            % {"day": _day(rolled)}
        )
    if deadline.basis == Deadline.Basis.OURS:
        said.append(_("This term is set by this system, not by the plan."))
    if deadline.kind == Deadline.Kind.MAIN:
        said.append(_("The day itself still counts, until midnight."))
    return said


def _rule(deadline: Deadline) -> str:
    trail: dict[str, Any] = deadline.trail
    words: dict[str, Any] = {"due": _day(deadline.due_on)}
    if deadline.rule == "working_days":
        words |= {"days": trail["days"], "start": _day(trail["from"])}
        return _("%(days)s working days from %(start)s, which is not counted itself: %(due)s.") % words
    if deadline.rule == "after_returns":
        words |= {"days": trail["days"], "start": _day(trail["from"])}
        return _("%(days)s working days after the month's returns are due on %(start)s: %(due)s.") % words
    if deadline.rule == "original_date":
        words |= {"short": _day(trail["instead_of"])}
        return _("The first date %(due)s is later than the correction term (%(short)s), so it stands.") % words
    if deadline.rule == "decided":
        words |= {"before": _day(trail["from"])} if "from" in trail else {"before": "—"}
        return _("Decided in this case: %(due)s instead of %(before)s.") % words
    sentences = {
        "fixed": _("A named date stands as it is: %(due)s."),
        "period_end": _("The last day of the period: %(due)s."),
        "next_month_day": _("A fixed day of the following month: %(due)s."),
        "checkup": _("A regular look at work that goes on: %(due)s."),
    }
    return sentences[deadline.rule] % words


def _day(value: date | str) -> str:
    day = date.fromisoformat(value) if isinstance(value, str) else value
    return date_format(day, "Y-m-d")
