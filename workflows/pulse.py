"""How the engine is, in a few cheap questions: for pages, for `/healthz` and for `/metrics`.

Nothing here scans a table: an index gives the first row of what waits, what would have to be counted is
kept in `Heartbeat.facts` by the tick, the sender and the audit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from bureaus.models import Heartbeat
from measures.models import Deadline, Recurrence
from notifications.models import Message

# Beyond these the engine is not well (the auditor says the same in its own words).
SILENT, LATE, AUDIT_SILENT = timedelta(minutes=3), timedelta(minutes=5), timedelta(minutes=12)
COMPONENTS = {"tick": SILENT, "sender": SILENT, "audit": AUDIT_SILENT}
COUNTED_UP_TO = 100_000


@dataclass(frozen=True)
class Part:
    """One component of the engine, as its last sign of life leaves it."""

    name: str
    beat: Heartbeat | None
    silent_for: timedelta | None

    @property
    def alive(self) -> bool:
        return self.silent_for is not None and self.silent_for <= COMPONENTS[self.name]


def parts(real: datetime) -> list[Part]:
    beats = {row.component: row for row in Heartbeat.objects.filter(component__in=COMPONENTS)}
    return [
        Part(name, beat := beats.get(name), max(real - beat.seen_at, timedelta()) if beat else None)
        for name in COMPONENTS
    ]


def held() -> list[Heartbeat]:
    """What stands still until a person has looked at the clock."""
    return list(Heartbeat.objects.exclude(held="").order_by("component"))


def behind(now: datetime) -> timedelta:
    """How long the earliest due date has been waiting for its look."""
    rows = Deadline.objects.filter(next_look_at__isnull=False).order_by("next_look_at")
    return _waiting(rows.values_list("next_look_at", flat=True).first(), now)


def health(now: datetime, real: datetime) -> tuple[bool, timedelta]:
    """Whether deciding goes on, and how far it is behind: the longest wait, or the silence of the tick."""
    tick, lag = parts(real)[0], behind(now)
    if not tick.alive:
        return False, max(lag, tick.silent_for or timedelta())
    return lag <= LATE, lag


Sample = tuple[dict[str, str], float]


def metrics(now: datetime, real: datetime) -> str:
    """Everything measured, in the text format of Prometheus (version 0.0.4)."""
    return "".join(
        line for name, kind, text, samples in _families(now, real) for line in _lines(name, kind, text, samples)
    )


def _families(now: datetime, real: datetime) -> Iterator[tuple[str, str, str, list[Sample]]]:
    beats = {part.name: part.beat for part in parts(real)}
    facts = {name: beat.facts if beat else {} for name, beat in beats.items()}
    due = Deadline.objects.filter(next_look_at__lte=now)
    queued = Message.objects.filter(status=Message.Status.QUEUED)
    first = queued.order_by("next_attempt_at").values_list("next_attempt_at", flat=True).first()
    yield (
        "duban_deadlines_armed",
        "gauge",
        "Running dates, as last counted by the audit.",
        _one(facts["audit"].get("armed")),
    )
    yield "duban_deadlines_due_now", "gauge", "Dates due for a look.", _one(_count(due))
    yield (
        "duban_tick_lag_seconds",
        "gauge",
        "How long the earliest of them has waited.",
        _one(behind(now).total_seconds()),
    )
    yield (
        "duban_last_well_timestamp",
        "gauge",
        "When a component last came to its end without a failure.",
        [({"component": name}, beat.well_at.timestamp()) for name, beat in beats.items() if beat and beat.well_at],
    )
    tick = beats["tick"]
    well = tick.well_at.timestamp() if tick and tick.well_at else None
    yield "duban_tick_last_well_timestamp", "gauge", "When the tick last came to its end without a failure.", _one(well)
    yield (
        "duban_firings_total",
        "counter",
        "Rungs decided, by outcome.",
        [({"outcome": name}, float(many)) for name, many in sorted(facts["tick"].get("firings", {}).items())],
    )
    yield "duban_messages", "gauge", "Messages on their way, by status and channel.", _on_their_way()
    yield (
        "duban_messages_settled_total",
        "counter",
        "Messages that came to an end, by status and channel.",
        [
            ({"status": status, "channel": channel}, float(many))
            for channel, counts in sorted(facts["sender"].get("messages", {}).items())
            for status, many in sorted(counts.items())
        ],
    )
    yield (
        "duban_messages_oldest_queued_seconds",
        "gauge",
        "How long the earliest message that may leave has waited.",
        _one(_waiting(first, now).total_seconds()),
    )
    incidents = Deadline.objects.filter(fail_count__gt=0), Recurrence.objects.filter(fail_count__gt=0)
    yield (
        "duban_incidents_open",
        "gauge",
        "Rows that failed and wait to be tried again.",
        _one(sum(map(_count, incidents))),
    )
    audit = facts["audit"]
    yield "duban_audit_failures", "gauge", "Checks of the last audit that failed.", _one(_many(audit, "failures"))
    yield "duban_audit_warnings", "gauge", "Checks of the last audit that warned.", _one(_many(audit, "warnings"))
    if seen := beats["audit"]:
        yield "duban_audit_last_timestamp", "gauge", "When the last audit was made.", _one(seen.seen_at.timestamp())
    catching_up = any(beat is not None and beat.catching_up_since is not None for beat in beats.values())
    yield "duban_catching_up", "gauge", "1 while an outage is caught up with.", _one(float(catching_up))
    reasons = {row.held for row in held()}
    yield (
        "duban_held",
        "gauge",
        "1 while something is held for this reason until a person has looked at the clock.",
        [({"reason": reason}, float(reason in reasons)) for reason in sorted({"clock", "jump", "restored"} | reasons)],
    )


def _on_their_way() -> list[Sample]:
    """Queued and being sent, each by its own index; counted up to a bound."""
    found: dict[tuple[str, str], int] = {}
    for status in (Message.Status.QUEUED, Message.Status.SENDING):
        rows = Message.objects.filter(status=status).order_by().values_list("channel", flat=True)
        for channel in rows[:COUNTED_UP_TO]:
            found[status.value, channel] = found.get((status.value, channel), 0) + 1
    return [({"status": status, "channel": channel}, float(many)) for (status, channel), many in sorted(found.items())]


def _count(rows: QuerySet[Any]) -> float:
    return float(rows.order_by()[:COUNTED_UP_TO].count())


def _many(audit: dict[str, Any], name: str) -> float | None:
    return float(len(audit[name])) if name in audit else None


def _one(value: float | None) -> list[Sample]:
    """One figure without labels; none where nothing is known."""
    return [] if value is None else [({}, float(value))]


def _waiting(since: datetime | None, now: datetime) -> timedelta:
    return max(now - since, timedelta()) if since else timedelta()


def _lines(name: str, kind: str, text: str, samples: list[Sample]) -> Iterator[str]:
    yield f"# HELP {name} {text}\n# TYPE {name} {kind}\n"
    for labels, value in samples:
        said = ",".join(f'{label}="{_escaped(word)}"' for label, word in labels.items())
        yield f"{name}{{{said}}} {value:.15g}\n" if said else f"{name} {value:.15g}\n"


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
