"""What must have happened, computed anew from the history of every deadline, and what differs from it.

Three records are compared: the changes people made, the firings and notices the engine wrote, and the
mails and SMS that servers took. When the tick was seen to have caught up (the quiet moments) is the conductor's word;
everything a ladder holds up to then must have happened, whatever the engine thinks it still has to look at.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from bureaus.models import Bureau, Calendar
from bureaus.working_days import WorkingDays
from measures.models import Deadline, DeadlineChange, Recurrence
from notifications.models import Attempt, Message
from notifications.receipts import client_reference
from workflows import deadlines
from workflows.audience import Roster, aim_of
from workflows.ladder import FIRED, climb
from workflows.ladders import rungs_for
from workflows.models import Firing
from workflows.soak import witness
from workflows.soak.acting import EDITED

Change = DeadlineChange.Kind
ENDS = (Change.PAUSE, Change.MEET, Change.CANCEL)
# Two that come together each read the clock before they meet at the row; it is moved by hours.
TOGETHER = timedelta(minutes=1)
MESSAGE_ID = re.compile(r"<duban-(\d+)@")


@dataclass
class Findings:
    """The figures, and for every broken promise the row that shows it."""

    fired: int = 0
    mails_sent: int = 0
    mails_repeated: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    mails_lost: list[str] = field(default_factory=list)
    # Inbox rows of a further occurrence to somebody told at the first.
    heard_again: int = 0
    sms_sent: int = 0
    sms_delivered: int = 0
    # Attempts at which a sender died, so that the gateway was asked.
    sms_asked_about: int = 0
    sms_lost: list[str] = field(default_factory=list)
    sms_doubled: list[str] = field(default_factory=list)
    # A mail that came twice though no sender died over it, or more often than senders died.
    unexcused: list[str] = field(default_factory=list)

    @property
    def broken(self) -> list[str]:
        return [
            f"{promise}: {row}"
            for promise in ("lost", "doubled", "mails_lost", "sms_lost", "sms_doubled", "unexcused")
            for row in getattr(self, promise)
        ]


@dataclass
class _Span:
    """One revision of a deadline: its date, and from when until when it was armed."""

    rev: int
    since: datetime
    due_on: date
    until: datetime | None = None


def check(
    *,
    quiet: Sequence[datetime],
    received: Sequence[str],
    killed_senders: int,
    sms_taken: Sequence[str],
    sms_told: Sequence[str],
) -> Findings:
    """Compare everything. `quiet`: moments at which nothing was left to look at, in order; `received`: Message-IDs.

    `sms_taken`: our names of the SMS a gateway took, as often as it was handed each; `sms_told`: of which of them
    it told that they arrived.
    """
    found = Findings(fired=Firing.objects.filter(outcome=Firing.Outcome.FIRED).count())
    changes: dict[int, list[DeadlineChange]] = defaultdict(list)
    for change in DeadlineChange.objects.order_by("id"):
        changes[change.deadline_id].append(change)
    firings: dict[int, list[Firing]] = defaultdict(list)
    for firing in Firing.objects.order_by("id"):
        firings[firing.deadline_id].append(firing)
    told = _told()
    calendars = _Calendars()
    roster = Roster()
    for deadline in Deadline.objects.select_related(
        "assignment__unit", "assignment__lead", "assignment__handler", "assignment__leader", "unit"
    ):
        spans = _spans(changes[deadline.pk])
        found.lost += _holes(deadline, spans, firings[deadline.pk], quiet, calendars)
        found.doubled += _after_the_end(deadline, spans, firings[deadline.pk])
        for firing in firings[deadline.pk]:
            lost, mails = _untold(deadline, firing, told, roster)
            found.lost += lost
            found.mails_lost += mails
    found.lost += _never_begun(quiet)
    found.doubled += [
        f"firing {pk} was written while its deadline was {status} in revision {rev}"
        for pk, status, rev in witness.strays()
    ]
    _told_twice(found)
    _check_leaving(found)
    _check_mails(found, received, killed_senders)
    _check_sms(found, sms_taken, set(sms_told))
    return found


# --- Ladders -------------------------------------------------------------------------------------


def _spans(changes: Sequence[DeadlineChange]) -> list[_Span]:
    """The revisions of a deadline as its history tells them."""
    spans: dict[int, _Span] = {}
    last: _Span | None = None
    for change in changes:
        if change.kind in ENDS:
            if last is not None:
                last.until = change.at
            continue
        due_on = change.new_due_on or (last.due_on if last else None)
        if due_on is None:
            continue
        if last is not None and last.until is None:
            last.until = change.at
        last = spans[change.rev] = _Span(change.rev, change.at, due_on)
    return list(spans.values())


def _holes(
    deadline: Deadline,
    spans: Sequence[_Span],
    firings: Sequence[Firing],
    quiet: Sequence[datetime],
    calendars: _Calendars,
) -> Iterator[str]:
    about = deadline.about
    last = spans[-1] if spans else None
    if last is None or (last.rev, last.due_on) != (deadline.rev, deadline.due_on):
        yield f"{about} stands in revision {deadline.rev} on {deadline.due_on}, its history says {last}"
        return
    if (last.until is None) != (deadline.status == Deadline.Status.ARMED):
        yield f"{about} is {deadline.status}, its history says {last}"
    rungs = rungs_for(deadline)
    for span in spans:
        caught_up = _last_quiet(span, quiet)
        if caught_up is None:
            continue
        past = [deadlines.as_past(firing) for firing in firings if firing.rev == span.rev]
        missing = [
            {
                (decision.rung.key, decision.occ): decision.planned_at
                for decision in climb(
                    rungs, due_on=span.due_on, key=deadline.assignment.key, calendar=calendar, now=caught_up, past=past
                ).decisions
            }
            for calendar in calendars.of(deadline.unit)
        ]
        for rung, occ in missing[0]:
            # A day edited on the way moves what follows: lost is what no calendar there was excuses.
            if all((rung, occ) in one for one in missing):
                yield (
                    f"{about} revision {span.rev}: no firing of {rung} occurrence {occ}, planned for "
                    f"{missing[0][rung, occ]:%Y-%m-%d %H:%M}, though the tick had caught up at {caught_up}"
                )


def _last_quiet(span: _Span, quiet: Sequence[datetime]) -> datetime | None:
    """The last moment inside the span at which the tick had caught up.

    Not one of the same stop of the clock: who began the span may not have committed yet when it was looked.
    """
    index = bisect_left(quiet, span.until) if span.until else len(quiet)
    return quiet[index - 1] if index and quiet[index - 1] > span.since + TOGETHER else None


class _Calendars:
    """Every calendar of a unit there has been: the present one, and those before each edit on the way."""

    def __init__(self) -> None:
        self._known: dict[int | None, list[WorkingDays]] = {}

    def of(self, unit: Bureau) -> list[WorkingDays]:
        pk = unit.calendar_id
        if pk not in self._known:
            calendar = Calendar.objects.get(pk=pk) if pk else Calendar.objects.national()
            days = calendar.working_days()
            edits = list(calendar.days.filter(note=EDITED).order_by("id").values_list("date", flat=True))
            self._known[pk] = [
                WorkingDays(days.off - set(edits[count:]), days.work, days.years) for count in range(len(edits) + 1)
            ]
        return self._known[pk]


def _after_the_end(deadline: Deadline, spans: Sequence[_Span], firings: Sequence[Firing]) -> Iterator[str]:
    """Firings of a revision that was no more."""
    ends = {span.rev: span.until for span in spans}
    for firing in firings:
        if firing.rev not in ends:
            yield f"firing {firing.pk} {firing}: {deadline.about} never had that revision"
            continue
        until = ends[firing.rev]
        if until is not None and firing.fired_at > until + TOGETHER:
            yield f"firing {firing.pk} {firing} at {firing.fired_at}: {deadline.about} had ended or moved at {until}"
    keys = Counter((firing.rev, firing.rung_key, firing.occ) for firing in firings)
    for key, count in keys.items():
        if count > 1:
            yield f"{deadline.about} fired {key} {count} times"


def _never_begun(quiet: Sequence[datetime]) -> Iterator[str]:
    if quiet:
        for recurrence in Recurrence.objects.filter(next_on__lte=quiet[-1]).select_related("step"):
            yield f"period {recurrence.next_period} of {recurrence.step.code} should have begun on {recurrence.next_on}"


# --- Notices -------------------------------------------------------------------------------------


def _told() -> set[str]:
    """Dedupe keys of every notice of a rung."""
    return set(Message.objects.filter(data__has_key="deadline").values_list("dedupe_key", flat=True))


def _untold(deadline: Deadline, firing: Firing, told: set[str], roster: Roster) -> tuple[list[str], list[str]]:
    """Who should have heard of a firing and has no row for it, in the inbox and by e-mail."""
    if firing.outcome != FIRED:
        return [], []
    missing: dict[str, list[str]] = {"inbox": [], "email": []}
    for group in roster.groups(firing.audiences, aim_of(deadline)):
        for user in group.users:
            for channel, rows in missing.items():
                key = f"{deadline.about}|{firing.rev}|{firing.rung_key}|{firing.occ}|{user.pk}|{channel}"
                if key not in told:
                    rows.append(f"firing {firing.pk} of {deadline.about}: no {channel} row {key}")
    return missing["inbox"], missing["email"]


def _told_twice(found: Findings) -> None:
    """Inbox rows that tell one person the same rung of the same revision."""
    seen: dict[tuple[str, int, int, str], list[tuple[int, int]]] = defaultdict(list)
    rows = Message.objects.filter(channel="inbox", data__has_key="deadline").order_by("id")
    for pk, user, rev, data in rows.values_list("pk", "recipient__username", "about_rev", "data"):
        seen[user, data["deadline"], rev, data["rung"]].append((data["occ"], pk))
    for (user, deadline, rev, rung), told in seen.items():
        occurrences = {occ for occ, _pk in told}
        if len(told) > len(occurrences):
            pks = [pk for _occ, pk in told]
            found.doubled.append(f"{user} has inbox rows {pks} for {rung} of deadline {deadline}, revision {rev}")
        # The next occurrence is for those who were left out; whoever heard the first hears it too.
        found.heard_again += len(occurrences) - 1


def _check_leaving(found: Findings) -> None:
    """Everything was given time to leave: what still waits will wait for ever."""
    waiting = Message.objects.filter(status__in=[Message.Status.QUEUED, Message.Status.SENDING])
    parts = Message.objects.filter(status=Message.Status.BUNDLED, bundle__status__in=Message.FINAL)
    for message in (waiting | parts).order_by("id"):
        rows = {"email": found.mails_lost, "sms": found.sms_lost}.get(message.channel, found.lost)
        rows.append(f"message {message.pk} ({message.channel}, {message.dedupe_key}) is {message.status} for ever")


def _check_mails(found: Findings, received: Sequence[str], killed_senders: int) -> None:
    came = Counter(int(match[1]) for line in received if (match := MESSAGE_ID.match(line)))
    mails = Message.objects.filter(channel="email", bundle=None)
    sent = set(mails.filter(status=Message.Status.ACCEPTED).values_list("pk", flat=True))
    found.mails_sent = len(sent)
    found.mails_lost += [f"message {pk} counts as sent and never came" for pk in sorted(sent - set(came))]
    for message in mails.filter(status=Message.Status.FAILED):
        found.mails_lost.append(f"message {message.pk} failed for good: {message.outcome}")
    known = set(mails.values_list("pk", flat=True))
    found.unexcused += [f"mail {pk} came and is no message" for pk in sorted(set(came) - known)]
    given_up = Attempt.objects.filter(outcome=Attempt.Outcome.UNKNOWN)
    excused = Counter(given_up.values_list("message_id", flat=True))
    for pk, count in sorted(came.items()):
        if count - 1 > excused[pk]:
            found.unexcused.append(f"mail {pk} came {count} times, {excused[pk]} of its attempts were left by the dead")
    found.mails_repeated = sum(came.values()) - len(came)
    if found.mails_repeated > killed_senders:
        found.unexcused.append(f"{found.mails_repeated} mails came again, only {killed_senders} senders were killed")


def _check_sms(found: Findings, taken: Sequence[str], told: set[str]) -> None:
    """A gateway that is asked knows: no SMS is in doubt at the end, whoever died over it."""
    came = Counter(taken)
    found.sms_doubled += [f"SMS {name} was handed over {count} times" for name, count in came.items() if count > 1]
    left = set(Message.GONE)
    known = set()
    for message in Message.objects.filter(channel="sms", bundle=None).order_by("id"):
        name = client_reference(message)
        if message.status in left:
            known.add(name)
            found.sms_sent += 1
            found.sms_delivered += message.status == Message.Status.DELIVERED
            if name not in came:
                found.sms_lost.append(f"SMS {name} counts as sent and never came")
        elif message.status in Message.LEFT_OVER:
            found.sms_lost.append(f"SMS {name} is {message.status}: {message.outcome}")
        if name in told and message.status != Message.Status.DELIVERED:
            found.unexcused.append(f"SMS {name} is {message.status}, though its receipt says that it arrived")
    found.unexcused += [f"SMS {name} came and does not count as sent" for name in sorted(set(came) - known)]
    asked = Attempt.objects.filter(outcome=Attempt.Outcome.UNKNOWN, message__channel="sms")
    found.sms_asked_about = asked.count()
