"""The case before a reviewer: submitted work with its evidence, who handed it in when, and the rounds before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bureaus import calendars
from bureaus.clock import local_date
from measures.models import Assignment, Attachment, Event, Plan, Step
from workflows.actions.verdicts import correction_due
from workflows.queries import Item
from workflows.reasons import Reason, labels, reasons_for
from workflows.submissions import STORY, Part, in_words, standing

Kinds = Event.Kind


@dataclass(frozen=True)
class Objection:
    """A round that was returned: what had been handed in then, and what was said to it."""

    round: int
    event: Event
    result: str
    taken_back: bool

    @property
    def ticked(self) -> list[str]:
        return labels(self.event.data.get("ticked", []))


@dataclass(frozen=True)
class Case:
    """What lies before a reviewer."""

    item: Item
    words: list[Part]  # the result and what was named with it; all parts on the page of the task itself
    files: list[Attachment]
    written: Event | None
    signed_off: Event | None
    early: int | None  # days before its date, negative: late; None: it had none
    objections: list[Objection]  # the latest first
    reasons: list[Reason]
    correct_by: date | None  # the date a return sets unless a later one is chosen

    @property
    def row(self) -> Assignment:
        return self.item.row

    @property
    def late(self) -> int:
        return -self.early if self.early is not None and self.early < 0 else 0

    @property
    def since(self) -> datetime | None:
        """When the work was returned last: files laid down since are new in this round."""
        return self.objections[0].event.at if self.objections else None


def cases(items: Sequence[Item], now: datetime) -> list[Case]:
    """Submitted work with its evidence; a few queries however many there are."""
    if not items:
        return []
    rows = [item.row for item in items]
    _with_plans(rows)
    stories: dict[int, list[Event]] = defaultdict(list)
    told = Event.objects.filter(assignment__in=rows, kind__in=STORY).select_related("actor", "actor_unit")
    for event in told.order_by("at", "id"):
        stories[event.assignment_id].append(event)
    files: dict[int, list[Attachment]] = defaultdict(list)
    for file in Attachment.objects.filter(assignment__in=rows).select_related("by").order_by("-at", "-id"):
        files[file.assignment_id].append(file)
    with calendars.one_pass():
        return [_case(item, stories[item.row.pk], files[item.row.pk], now) for item in items]


def case_of(item: Item, found: list[Part], story: list[Event], now: datetime) -> Case:
    """One of them with all its parts, for the page of the task; `story` is `submissions.story_of` it."""
    files = [part.file for part in found if part.file]
    return _case(item, story, files, now, [part for part in found if not part.file])


def _case(
    item: Item, story: list[Event], files: list[Attachment], now: datetime, words: list[Part] | None = None
) -> Case:
    row, main = item.row, item.main
    early = None
    if main is not None:
        early = (main.due_on - local_date(row.submitted_at or main.met_at or now)).days
    returned = row.state == Assignment.State.SUBMITTED and row.step.kind != Step.Kind.FILING
    return Case(
        item,
        [part for part in (in_words(row) if words is None else words) if part.value or part.lines],
        files,
        next((event for event in reversed(story) if event.kind == Kinds.SENT_UP), None),
        next((event for event in reversed(story) if event.kind == Kinds.SUBMITTED), None) if row.submitted_at else None,
        early,
        objections(story),
        reasons_for(row),
        correction_due(row, main, local_date(now)).on if main is not None and returned else None,
    )


def objections(story: list[Event]) -> list[Objection]:
    """The rounds that were returned, the latest first."""
    stand = {event.pk for event in standing(story)}
    found, result = [], ""
    for event in story:
        if event.kind == Kinds.SENT_UP:
            result = event.note
        elif event.kind == Kinds.RETURNED:
            found.append(Objection(event.data["round"] - 1, event, result, event.pk not in stand))
    return found[::-1]


def _with_plans(rows: Sequence[Assignment]) -> None:
    """Give every row its plan, read once each: a plan carries its whole file."""
    plans = Plan.objects.in_bulk({row.plan_id for row in rows})
    for row in rows:
        row.plan = row.step.plan = plans[row.plan_id]
