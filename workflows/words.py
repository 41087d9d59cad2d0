"""What notices say on the day they leave: those of rungs, which are put without words, and the variables of an SMS."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from bureaus import calendars
from bureaus.clock import local_date
from measures.models import Assignment, Deadline
from notifications import outbox, texts
from notifications.models import Message
from workflows.notices import numbered


class Spoken(NamedTuple):
    """Of a date and its work, what the texts print; no row, since there are thousands of them."""

    due_on: date
    calendar: int | None
    unit: str
    unit_name: str
    assignment: int
    title: str
    clause: str


_COLUMNS = (
    *("due_on", "unit__calendar", "unit__short_name", "unit__name"),
    *("assignment", "assignment__title", "assignment__step__clause"),
)


def words_of(messages: Sequence[Message], now: datetime) -> list[outbox.Words]:
    """In the order of the messages, whatever was planned: who hears late hears what is true by now.

    Raises KeyError for one whose date is gone.
    """
    with override(settings.LANGUAGE_CODE), calendars.one_pass():
        speech = _Speech(_spoken_of({message.data["deadline"] for message in messages}), local_date(now))
        return [speech.words(message) for message in messages]


def _spoken_of(deadlines: Iterable[int]) -> dict[int, Spoken]:
    rows = Deadline.objects.filter(pk__in=list(deadlines)).order_by().values_list("pk", *_COLUMNS)
    return {pk: Spoken(*values) for pk, *values in rows}


class _Speech:
    """Words for many: what is alike is rendered once, with gaps for what is a row's or a reader's own."""

    def __init__(self, found: dict[int, Spoken], today: date) -> None:
        self._found, self._today = found, today
        self._alike: dict[tuple[Any, ...], str] = {}
        self._own: dict[int, dict[str, str]] = {}
        self._left: dict[tuple[int | None, date], int] = {}
        # One person's inbox row and mail say the same.
        self._said: dict[tuple[Any, ...], str] = {}
        self._path = reverse("assignment", args=[0])

    def words(self, message: Message) -> outbox.Words:
        spoken = self._found[message.data["deadline"]]
        body = self._say(message, spoken, "sms" if message.channel == "sms" else "email")
        subject = self._say(message, spoken, "subject")[:200]
        late = (self._today - spoken.due_on).days
        return outbox.Words(subject, body, subject, self._path_of(spoken), spoken.unit, late)

    def _say(self, message: Message, spoken: Spoken, part: str) -> str:
        pk, rung = message.data["deadline"], message.data["rung"]
        key = (pk, message.kind, rung, part, message.reason)
        if key not in self._said:
            if pk not in self._own:
                self._own[pk] = self._own_of(spoken)
            text = self._with_gaps(message, spoken, part)
            self._said[key] = texts.filled(text, self._own[pk] | {"reason": message.reason})
        return self._said[key]

    def _with_gaps(self, message: Message, spoken: Spoken, part: str) -> str:
        kind, why = _kind_of_the_day(message.kind, spoken.due_on, self._today), bool(message.reason)
        left = self._days_left(spoken)
        key = (kind, part, message.data["rung"], spoken.due_on, left, why)
        if key not in self._alike:
            context = texts.gaps(*_OWN, *(["reason"] if why else [])) | {
                "due_on": spoken.due_on,
                "days_late": (self._today - spoken.due_on).days,
                "days_left": left,
                "rung": message.data["rung"],
                "site_url": settings.SITE_URL,
            }
            self._alike[key] = texts.render(kind, part, context)
        return self._alike[key]

    def _days_left(self, spoken: Spoken) -> int:
        key = spoken.calendar, spoken.due_on
        if key not in self._left:
            self._left[key] = calendars.counted_by(spoken.calendar)[0].between(self._today, spoken.due_on)
        return self._left[key]

    def _own_of(self, spoken: Spoken) -> dict[str, str]:
        return {
            "title": spoken.title,
            "unit": spoken.unit,
            "unit.name": spoken.unit_name,
            "clause": spoken.clause,
            "reference": numbered(spoken.assignment),
            "url": settings.SITE_URL + self._path_of(spoken),
        }

    def _path_of(self, spoken: Spoken) -> str:
        return self._path.replace("/0/", f"/{spoken.assignment}/")


# Of a text about a date, what is this row's alone.
_OWN = ("title", "unit", "clause", "reference", "url")


def _kind_of_the_day(kind: str, due_on: date, today: date) -> str:
    """A reminder that could not leave before the date says that the date has come, or passed."""
    if kind not in ("reminder", "due") or today < due_on:
        return kind
    return "overdue" if today > due_on else "due"


def values_of(message: Message) -> dict[str, str]:
    """What the variables of an SMS template stand for: the item's neutral number and its date, and nothing else."""
    row = Assignment.objects.filter(key=message.data.get("assignment", "")).first()
    deadline = Deadline.objects.filter(pk=message.data.get("deadline", 0)).first()
    if row is not None and deadline is None:
        deadline = row.deadlines.main().armed().first()
    with override(settings.LANGUAGE_CODE):
        due = _("see the system")
        if deadline is not None:
            due = _("%(month)d-%(day)d") % {"month": deadline.due_on.month, "day": deadline.due_on.day}
    return {"number": numbered(row.pk) if row is not None else "—", "due": due}
