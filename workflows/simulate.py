"""The same engine on a made clock, jumping from one due moment to the next.

Whatever is due is decided and sent by the code of real use; only the clock is held and the channels go
nowhere. Used by the simulator, by the demonstration's past, and when its clock is moved on.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from bureaus import calendars, clock
from measures.models import Assignment, Deadline, Recurrence
from notifications import sender
from notifications.channels import Channel, open_channel
from notifications.claiming import Delivery
from notifications.models import Message
from workflows import counters, scenario, tick
from workflows.audience import Roster
from workflows.models import Firing
from workflows.scenario import ScenarioAct

Line = dict[str, Any]


def run(
    until: datetime,
    acts: Sequence[ScenarioAct] = (),
    *,
    seen: int = 0,
    open_channel: Callable[[str], Channel] = open_channel,
) -> Iterator[Line]:
    """Live through every moment up to and including `until`; yields what fired and what was told, in order.

    `seen` is the id of the last firing that needs no line.
    """
    waiting = sorted(acts)
    roster = Roster()  # nobody changes post inside a run
    while True:
        due = next_moment()
        candidates = [moment for moment in (due, waiting[0].at if waiting else None) if moment is not None]
        if not candidates or min(candidates) > until:
            break
        moment = min(candidates)
        with clock.standing_at(moment), calendars.one_pass():  # nobody edits a calendar at a moment of it
            acted = 0
            while waiting and waiting[0].at <= moment:
                acted += scenario.perform(waiting.pop(0), moment)
            swept = tick.run(moment, roster=roster)
            deliveries = sender.deliver(moment, open_channel=open_channel)
            quiet = not (acted or swept.made or swept.fired)
            lines, seen = _lines(moment, seen, deliveries, quiet=quiet)
        yield from lines
    counters.sweep(until)  # what turned since the last of them


def next_moment() -> datetime | None:
    """The earliest moment at which anything is due: where a made clock jumps to."""
    candidates = [
        Deadline.objects.filter(next_look_at__isnull=False).order_by("next_look_at").values_list("next_look_at"),
        Recurrence.objects.filter(next_on__isnull=False).order_by("next_on").values_list("next_on"),
        Message.objects.filter(status=Message.Status.QUEUED).order_by("next_attempt_at").values_list("next_attempt_at"),
    ]
    moments = [row[0] for query in candidates if (row := query.first())]
    return min((moment for moment in moments if moment is not None), default=None)


def lines_since(moment: datetime, seen: int) -> tuple[list[Line], int]:
    """The lines of what an act of our own has just recorded (issuing the plan)."""
    return _lines(moment, seen, [])


def summary(lines: Iterable[Line]) -> Line:
    """How much fired, and how many notices each person got on each day by each channel."""
    events: Counter[str] = Counter()
    people: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for line in lines:
        events[line["event"]] += 1
        if line["event"] == "sent":
            people[line["recipient"]][line["at"][:10]][line["channel"]] += 1
    return {
        "event": "summary",
        "events": dict(sorted(events.items())),
        "assignments": Assignment.objects.count(),
        "notices": {
            person: {day: dict(sorted(channels.items())) for day, channels in sorted(days.items())}
            for person, days in sorted(people.items())
        },
    }


def _lines(
    moment: datetime, seen: int, deliveries: Iterable[Delivery], *, quiet: bool = False
) -> tuple[list[Line], int]:
    firings = (
        []
        if quiet
        else list(
            Firing.objects.filter(pk__gt=seen)
            .select_related(
                "deadline__unit",
                "deadline__assignment__step",
                "deadline__assignment__measure",
                "deadline__assignment__site",
            )
            .order_by("pk")
        )
    )
    lines = [_fired(firing, moment) for firing in firings] + [_told(one, moment) for one in deliveries]
    last = firings[-1].pk if firings else seen
    return sorted(lines, key=_order), last


def _fired(firing: Firing, moment: datetime) -> Line:
    deadline = firing.deadline
    row = deadline.assignment
    return {
        "at": _local(moment),
        "event": "fired" if firing.outcome == Firing.Outcome.NO_RECIPIENT else firing.outcome,
        "rung": firing.rung_key,
        "occ": firing.occ,
        "kind": deadline.kind,
        "assignment": row.key,
        "measure": row.measure.number if row.measure else None,
        "step": row.step.code,
        "unit": deadline.unit.code,
        "site": row.site.name if row.site else None,
        "due_on": deadline.due_on.isoformat(),
        "to": firing.told,
        "slip": firing.slip or None,
    }


def _told(one: Delivery, moment: datetime) -> Line:
    about = [{name: message.data.get(name) for name in ("assignment", "rung", "occ")} for message in one.messages]
    return {
        "at": _local(moment),
        "event": one.event,
        "recipient": one.recipient.username,
        "channel": one.channel,
        "about": sorted(about, key=lambda part: (part["assignment"], part["rung"] or "", part["occ"] or 0)),
        "reason": one.reason,
    }


def _order(line: Line) -> tuple[tuple[bool, str], ...]:
    """By moment, assignment, rung, event, recipient; a key that is absent comes first."""
    keys = ("at", "assignment", "rung", "event", "recipient", "channel", "kind", "occ")
    return tuple((line.get(key) is not None, str(line.get(key) or "")) for key in keys)


def _local(moment: datetime) -> str:
    return moment.astimezone(clock.ZONE).isoformat(timespec="seconds")
