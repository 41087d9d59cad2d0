"""How a date came about, in sentences a clerk understands: phrase → rule → calendar → date; and every change of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from bureaus import calendars
from measures import due as dates
from measures.models import Deadline, DeadlineChange
from measures.plan_file.problems import listed

Change = DeadlineChange.Kind


def how_computed(deadline: Deadline) -> list[str]:
    """The sentences, in order. Every rule of `measures.due` has one."""
    said = []
    if deadline.source_text and deadline.rule not in ("decided", "resumed"):
        said.append(_("The document says: “%(text)s”.") % {"text": deadline.source_text})
    if deadline.kind == Deadline.Kind.MAIN and deadline.round > 1:
        said.append(
            _("The result was returned: this is round %(round)s, with a date of its own.") % {"round": deadline.round}
        )
    said.append(_rule(deadline))
    trail = deadline.trail
    if rolled := trail.get("rolled_from"):
        said.append(
            _("%(day)s is a free day; as this is a date of this system it moves to the next working day.")
            % {"day": _day(rolled)}
        )
    if counted := trail.get("by_calendar"):
        words = {"counted": _day(counted), "due": _day(deadline.due_on)}
        said.append(
            _(
                "By the edited calendar it would be %(counted)s. An edit takes no day away that has come, "
                "so %(due)s stands."
            )
            % words
        )
    if dates.is_counted(deadline.rule, deadline.basis):
        said += _by_the_calendar(deadline)
    if deadline.basis == Deadline.Basis.OURS and deadline.rule != "decided":
        said.append(_("This term is set by this system, not by the plan."))
    if deadline.status == Deadline.Status.PAUSED and "working_days_left" in trail:
        said.append(
            _("It is paused since %(day)s with %(left)s working days left.")
            % {"day": _day(trail["paused_on"]), "left": max(trail["working_days_left"], 0)}
            if "paused_on" in trail
            else _("It is paused.")
        )
    if deadline.kind == Deadline.Kind.MAIN:
        said.append(_("The day itself still counts, until midnight."))
    return said


def how_changed(change: DeadlineChange) -> str:
    """One change in one sentence, with its reason and the document that decided it."""
    old, new = change.old_due_on, change.new_due_on
    words = {"old": _day(old) if old else "—", "new": _day(new) if new else "—"}
    moved = new is not None and old != new
    sentences = {
        Change.CREATE: _("Set to %(new)s."),
        Change.EXTEND: _("Extended from %(old)s to %(new)s."),
        Change.SHORTEN: _("Shortened from %(old)s to %(new)s."),
        Change.PAUSE: _("Paused: no day is counted and nobody is reminded."),
        Change.RESUME: _("Resumed with the working days that were left: %(old)s became %(new)s.")
        if moved
        else _("Resumed; the date stays: %(new)s."),
        Change.CALENDAR: _("Moved from %(old)s to %(new)s, because the calendar was edited."),
        Change.LADDER: _("Reminders follow another ladder from here on; the date stays.")
        if not moved
        else _("Reminders follow another ladder from here on."),
        Change.REOPEN: _("Runs again: what had met it was taken back. The date became %(new)s.")
        if moved
        else _("Runs again with the same date: what had met it was taken back."),
        Change.MEET: _("Met."),
        Change.CANCEL: _("Cancelled: it binds nobody any more."),
    }
    said = sentences[Change(change.kind)] % words
    if change.document_no:
        said = _("%(said)s Document: %(number)s.") % {"said": said, "number": change.document_no}
    if change.reason:
        said = _("%(said)s Reason: %(reason)s") % {"said": said, "reason": change.reason}
    return said


def edited(days: Mapping[str, list[str]]) -> str:
    """Which days of a calendar were edited, as `measures.due.edited_days` found them."""
    sentences = {
        "freed": _("Free now: %(days)s."),
        "unfreed": _("No longer free: %(days)s."),
        "worked": _("Worked now: %(days)s."),
        "unworked": _("No longer worked: %(days)s."),
    }
    parts = [sentence % {"days": _spans(days[name])} for name, sentence in sentences.items() if days.get(name)]
    return " ".join(parts) or _("Days of the calendar were edited.")


# --- Parts of a sentence -------------------------------------------------------------------------


def _rule(deadline: Deadline) -> str:
    trail: dict[str, Any] = deadline.trail
    on = trail.get("by_calendar", deadline.due_on)
    words: dict[str, Any] = {"due": _day(on)}
    if deadline.rule == "working_days":
        words |= {"days": trail["days"], "start": _day(trail["from"])}
        return _("%(days)s working days from %(start)s, which is not counted itself: %(due)s.") % words
    if deadline.rule == "after_returns":
        words |= {"days": trail["days"], "start": _day(trail["from"])}
        return _("%(days)s working days after the month's returns are due on %(start)s: %(due)s.") % words
    if deadline.rule == "resumed":
        words |= {"days": trail["days"], "start": _day(trail["from"])}
        return _("The work was suspended and went on on %(start)s with %(days)s working days left: %(due)s.") % words
    if deadline.rule == "original_date":
        words |= {"short": _day(trail["instead_of"])}
        return _("The first date %(due)s is later than the correction term (%(short)s), so it stands.") % words
    if deadline.rule == "decided":
        words |= {"before": _day(trail["from"])} if "from" in trail else {"before": "—"}
        return _("Decided in this case: %(due)s instead of %(before)s.") % words
    sentences = {
        "fixed": _("A named date stands as it is: %(due)s."),
        "kept": _("It was counted before this system wrote down how, and stands: %(due)s."),
        "period_end": _("The last day of the period: %(due)s."),
        "next_month_day": _("A fixed day of the following month: %(due)s."),
        "checkup": _("A regular look at work that goes on: %(due)s."),
    }
    return sentences[deadline.rule] % words


def _by_the_calendar(deadline: Deadline) -> list[str]:
    """By which calendar it was counted, and which unusual days lay in between."""
    trail, said = deadline.trail, []
    calendar = deadline.unit.calendar
    if calendar is not None and calendar.code != "national":
        said.append(_("Counted by the calendar “%(calendar)s”.") % {"calendar": calendar})
    off, work = trail.get("off", []), trail.get("work", [])
    names = calendars.names_for(deadline.unit) if off or work else {}
    if off:
        said.append(_("Free days in between, not counted: %(days)s.") % {"days": _spans(off, names)})
    if work:
        said.append(_("Weekend days that are worked, and counted: %(days)s.") % {"days": _spans(work, names)})
    start = date.fromisoformat(trail["from"]) if "from" in trail else deadline.due_on
    missing = calendars.days_for(deadline.unit).uncovered(start, deadline.due_on)
    if missing:
        sentence = _(
            "For %(years)s no holidays have been entered yet, so Monday to Friday count there; "
            "when they are entered the date may move."
        )
        said.append(sentence % {"years": listed(map(str, missing))})
    return said


def _spans(days: Iterable[str], names: Mapping[date, str] | None = None) -> str:
    """Days as a list; those that follow each other under one name are one span, with it in brackets."""
    spans: list[tuple[date, date, str]] = []
    for text in sorted(days):
        day = date.fromisoformat(text)
        name = (names or {}).get(day, "")
        if spans and spans[-1][1] + timedelta(days=1) == day and spans[-1][2] == name:
            spans[-1] = (spans[-1][0], day, name)
        else:
            spans.append((day, day, name))
    parts = []
    for first, last, name in spans:
        said = _day(first) if first == last else f"{_day(first)}—{_day(last)}"
        parts.append(_("%(days)s (%(name)s)") % {"days": said, "name": name} if name else said)
    return listed(parts)


def _day(value: date | str) -> str:
    day = date.fromisoformat(value) if isinstance(value, str) else value
    return date_format(day, "Y-m-d")
