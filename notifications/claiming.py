"""Take what people have ready: drop what is no longer true, give it words, fold it, write the attempts.

All of it is one short transaction, committed before the network is touched: a sender that dies later
leaves rows that say so, never silence.
"""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils.module_loading import import_string

from bureaus import clock, faults
from bureaus.models import User
from notifications import addresses, pacing, texts
from notifications.models import Attempt, Message

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
BARRED = "barred"  # the outcome of what would have gone to a refused address
CLAIM = 200  # people and channels taken at once
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 120, 240, 480))


@dataclass(frozen=True)
class Delivery:
    """What became of something that was ready: `event` is sent, suppressed or failed."""

    event: str
    recipient: User
    channel: str
    messages: tuple[Message, ...]
    reason: str


@dataclass
class Sending:
    """A message on its way out, the attempt already committed. `doubtful`: its address was refused before."""

    message: Message
    attempt: Attempt
    parts: tuple[Message, ...]
    doubtful: bool = False


@dataclass
class Claim:
    done: list[Delivery] = field(default_factory=list)
    sending: list[Sending] = field(default_factory=list)
    at_hand: list[int] = field(default_factory=list)  # inbox rows, which are the notice themselves
    taken: int = 0


def ready(now: datetime, *, without: Iterable[str] = ()) -> list[tuple[int, str]]:
    """People and channels with something ready, a claim's worth of them; never half of what one has."""
    waiting = Message.objects.filter(status=Message.Status.QUEUED, next_attempt_at__lte=now)
    waiting = waiting.exclude(channel__in=without) if without else waiting
    pairs = waiting.order_by("recipient__username", "channel").values_list("recipient_id", "channel")
    return list(pairs.distinct()[:CLAIM])


def portions(pairs: Sequence[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    """What is claimed together: of SMS one person's at a time.

    A sender that dies leaves in doubt what it had claimed. A mail may come twice, an SMS may not: so of these it
    has never more than one in hand.
    """
    singly = [pair for pair in pairs if pair[1] == "sms"]
    if together := [pair for pair in pairs if pair[1] != "sms"]:
        yield together
    yield from ([pair] for pair in singly)


@transaction.atomic
def claim(groups: Sequence[tuple[int, str]], now: datetime) -> Claim:
    """Take what these people have ready, drop what is no longer true, fold the rest, write the attempts."""
    taken = Claim()
    wanted_pairs = set(groups)
    people = _ours_alone({recipient for recipient, _channel in groups})
    rows = list(
        Message.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(
            status=Message.Status.QUEUED,
            next_attempt_at__lte=now,
            recipient__in=people,
        )
        .prefetch_related("recipient")  # few people have many rows
        .order_by("recipient__username", "channel", "created_at", "id")
    )
    rows = [row for row in rows if (row.recipient_id, row.channel) in wanted_pairs]
    taken.taken = len(rows)
    rows, urgently = _wait(rows, taken, now)
    folded = _folded_in(rows)
    reasons = _unwanted(rows, folded, now)
    doubts = addresses.doubts(rows)
    rows = _bar(rows, folded, reasons, doubts, taken, now)
    speechless = _give_words([row for row in rows if not row.subject and not reasons[row.pk]], now)
    taken.done += _put_off(speechless, now)
    rows = [row for row in rows if row.pk not in speechless]
    for _pair, group in groupby(rows, key=lambda row: (row.recipient_id, row.channel)):
        _claim_group(list(group), folded, reasons, taken, now)
    _write_folded([sending for sending in taken.sending if sending.message.pk is None])
    for sending in taken.sending:
        sending.doubtful = (sending.message.recipient_id, sending.message.channel) in doubts
        sending.message.outside_hours = any(part.pk in urgently for part in (sending.message, *sending.parts))
    _write_claim(taken, now)
    return taken


def _ours_alone(people: set[int]) -> set[int]:
    """Those of whom no other sender is taking anything: of one person two would take half each, and fold neither.

    Their rows are locked until the claim is written, so that what left for them is counted one after the other, too.
    """
    if not connection.features.has_select_for_update:
        return people
    found = User.objects.select_for_update(skip_locked=True, no_key=True).filter(pk__in=people)
    return set(found.order_by("pk").values_list("pk", flat=True))


def _wait(rows: list[Message], taken: Claim, now: datetime) -> tuple[list[Message], set[int]]:
    """What may not leave yet goes back until it may; what its reader switched off, for good.

    Returns the rest, and which of them leave though their reader's office is closed.
    """
    held = pacing.hold(rows, now)
    by_moment: dict[datetime, list[int]] = defaultdict(list)
    for pk, until in held.until.items():
        by_moment[until].append(pk)
    for until, ids in by_moment.items():
        Message.objects.filter(pk__in=ids).update(next_attempt_at=until)
    off = [row for row in rows if row.pk in held.switched_off]
    if off:
        _suppress(off, {}, pacing.SWITCHED_OFF, now)
        taken.done += [Delivery("suppressed", row.recipient, row.channel, (row,), pacing.SWITCHED_OFF) for row in off]
    rest = [row for row in rows if row.pk not in held.until and row.pk not in held.switched_off]
    return rest, held.outside_hours


def _bar(
    rows: list[Message],
    folded: dict[int, list[Message]],
    reasons: dict[int, str],
    doubts: dict[tuple[int, str], str],
    taken: Claim,
    now: datetime,
) -> list[Message]:
    """What would go to a barred address fails here, and goes by the other channel. Returns the rest."""
    rest = []
    for row in rows:
        said = doubts.get((row.recipient_id, row.channel))
        if not said:
            rest.append(row)
            continue
        parts = folded.get(row.pk, [row])
        Message.objects.filter(pk__in={row.pk, *(part.pk for part in parts)}).update(
            status=Message.Status.FAILED, final_at=now, next_attempt_at=None, outcome=BARRED
        )
        left = tuple(part for part in parts if not reasons[part.pk])
        addresses.turn_elsewhere(left, now)
        taken.done.append(Delivery("failed", row.recipient, row.channel, tuple(parts), BARRED))
    return rest


def _claim_group(
    group: list[Message],
    folded: dict[int, list[Message]],
    reasons: dict[int, str],
    claim: Claim,
    now: datetime,
) -> None:
    wanted = []
    for message in group:
        parts = folded.get(message.pk, [message])
        left = tuple(part for part in parts if not reasons[part.pk])
        gone = tuple(part for part in parts if reasons[part.pk])
        if gone:
            _suppress(gone if left else (*gone, message), reasons, reasons[gone[0].pk], now)
            claim.done.append(Delivery("suppressed", message.recipient, message.channel, gone, reasons[gone[0].pk]))
        if not left:
            continue
        if message.kind == texts.DIGEST and gone:
            subject, body, sms = texts.digest(left)
            message.subject, message.body = subject, sms if message.channel == "sms" else body
            message.save(update_fields=["subject", "body"])
        if message.attempts and message.channel != "inbox":
            # Tried before it stays what it was: a mail that comes twice must be told as one.
            claim.sending.append(Sending(message, Attempt(message=message), left))
        else:
            wanted.append(message)
    if not wanted:
        return
    if wanted[0].channel == "inbox":
        # The row is the notice: there is nothing to hand to anybody.
        claim.at_hand += [message.pk for message in wanted]
        claim.done.append(sent(wanted[0], tuple(wanted)))
        return
    message = wanted[0] if len(wanted) == 1 else _fold(wanted, now)
    claim.sending.append(Sending(message, Attempt(message=message), tuple(wanted)))


def _suppress(messages: Iterable[Message], reasons: dict[int, str], otherwise: str, now: datetime) -> None:
    """No longer true: each keeps the reason why it did not leave."""
    by_reason = defaultdict(list)
    for message in messages:
        by_reason[reasons.get(message.pk) or otherwise].append(message.pk)
    for reason, ids in by_reason.items():
        Message.objects.filter(pk__in=ids).update(
            status=Message.Status.SUPPRESSED, final_at=now, next_attempt_at=None, outcome=reason
        )


def _write_claim(claim: Claim, now: datetime) -> None:
    """The intent, committed before the network is touched."""
    started = clock.real_now()
    for sending in claim.sending:
        message, attempt = sending.message, sending.attempt
        message.status = Message.Status.SENDING
        message.attempts += 1
        message.next_attempt_at = None
        message.tried_at = now
        message.lease_until = started + LEASE
        message.provider = ""  # named when it is about to be handed over
        attempt.number, attempt.started_at = message.attempts, started
    # The same for all of them, so it is one short statement.
    Message.objects.filter(pk__in=[sending.message.pk for sending in claim.sending]).update(
        status=Message.Status.SENDING,
        attempts=F("attempts") + 1,
        next_attempt_at=None,
        tried_at=now,
        lease_until=started + LEASE,
        provider="",
    )
    if outside := [sending.message.pk for sending in claim.sending if sending.message.outside_hours]:
        Message.objects.filter(pk__in=outside).update(outside_hours=True)
    Message.objects.filter(pk__in=claim.at_hand).update(
        status=Message.Status.ACCEPTED, final_at=now, next_attempt_at=None
    )
    Attempt.objects.bulk_create([sending.attempt for sending in claim.sending])


def _folded_in(rows: Sequence[Message]) -> dict[int, list[Message]]:
    """The notes inside messages that were folded before and are tried again."""
    bundles = [row.pk for row in rows if row.kind == texts.DIGEST]
    found: dict[int, list[Message]] = {pk: [] for pk in bundles}
    if bundles:
        parts = Message.objects.filter(bundle__in=bundles, status=Message.Status.BUNDLED)
        for part in parts.select_related("recipient").order_by("id"):
            found[part.bundle_id or 0].append(part)
    return found


def _unwanted(rows: Sequence[Message], folded: dict[int, list[Message]], now: datetime) -> dict[int, str]:
    """Why a note need not be said any more: work finished meanwhile, a date moved, a person gone."""
    parts = [part for row in rows for part in folded.get(row.pk, [row])]
    reasons = _still_wanted()(parts, now)
    return {
        part.pk: "left" if not part.recipient.is_active else reason for part, reason in zip(parts, reasons, strict=True)
    }


@cache
def _still_wanted() -> Any:
    return import_string(settings.NOTIFICATION_STILL_WANTED)


def _give_words(messages: Sequence[Message], now: datetime) -> dict[int, tuple[Message, Exception]]:
    """Say in the words of today what was put without words. Returns, by key, those for which none are to be had."""
    if not messages:
        return {}
    speechless: dict[int, tuple[Message, Exception]] = {}
    try:
        said = list(_words_of()(messages, now))
    except Exception:
        # One of them is broken; it must not keep back what everybody else is to be told.
        said = []
        for message in messages:
            try:
                said += _words_of()([message], now)
            except Exception as error:
                logger.exception("message %s has no words", message.pk)
                speechless[message.pk] = message, error
    given = [message for message in messages if message.pk not in speechless]
    for message, words in zip(given, said, strict=True):
        message.subject, message.body, message.line, message.url = words.subject, words.body, words.line, words.url
        message.place, message.days_late = words.place, words.days_late
    # As one list, or by one prepared statement: a hundred words for each of many rows make a long CASE.
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            rows = [{name: getattr(message, name) for name in ("id", *_WORDS)} for message in given]
            cursor.execute(_WORDS_AT_ONCE, [json.dumps(rows, ensure_ascii=False)])
        else:
            known = ", ".join(f"{name} = %s" for name in _WORDS)
            rows_of = [(*(getattr(message, name) for name in _WORDS), message.pk) for message in given]
            cursor.executemany(f"UPDATE notifications_message SET {known} WHERE id = %s", rows_of)
    return speechless


_WORDS = {"subject": "text", "body": "text", "line": "text", "url": "text", "place": "text", "days_late": "int"}
_WORDS_AT_ONCE = f"""
UPDATE notifications_message m SET {", ".join(f"{name} = w.{name}" for name in _WORDS)}
FROM json_to_recordset(%s::json) AS w(id bigint, {", ".join(f"{name} {kind}" for name, kind in _WORDS.items())})
WHERE m.id = w.id"""


def _put_off(speechless: dict[int, tuple[Message, Exception]], now: datetime) -> list[Delivery]:
    """Tried again later and later like what a channel did not take, then given up; each try is on record."""
    started = clock.real_now()
    given_up = []
    for message, error in speechless.values():
        number, detail = message.attempts + 1, type(error).__name__
        outcome = Attempt.Outcome.TEMPORARY
        change: dict[str, Any] = {"next_attempt_at": now + BACK_OFF[min(number, len(BACK_OFF)) - 1]}
        if number > len(BACK_OFF):
            outcome = Attempt.Outcome.PERMANENT
            change = {"status": Message.Status.FAILED, "final_at": now, "next_attempt_at": None}
            given_up.append(Delivery("failed", message.recipient, message.channel, (message,), detail))
        Message.objects.filter(pk=message.pk).update(attempts=number, outcome=detail, **change)
        Attempt.objects.create(
            message=message, number=number, started_at=started, ended_at=started, outcome=outcome, detail=detail
        )
    return given_up


@cache
def _words_of() -> Any:
    return import_string(settings.NOTIFICATION_WORDS)


def _fold(messages: list[Message], now: datetime) -> Message:
    """One message made of several, not written yet."""
    first = messages[0]
    subject, body, sms = texts.digest(messages)
    return Message(
        dedupe_key=f"digest|{first.recipient_id}|{first.channel}|{first.pk}",
        recipient=first.recipient,
        channel=first.channel,
        kind=texts.DIGEST,
        subject=subject,
        body=sms if first.channel == "sms" else body,
        created_at=now,
        next_attempt_at=now,
    )


def _write_folded(folded: Sequence[Sending]) -> None:
    """All that were made of several, at once; each part stays, marked as told by its message."""
    if not folded:
        return
    Message.objects.bulk_create([sending.message for sending in folded])
    faults.hit("send.in_fold")
    told_by = [(sending.message.pk, part.pk) for sending in folded for part in sending.parts]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_FOLDED_AT_ONCE, [Message.Status.BUNDLED, json.dumps(told_by)])
        else:
            one = "UPDATE notifications_message SET status = %s, bundle_id = %s, next_attempt_at = NULL WHERE id = %s"
            cursor.executemany(one, [(Message.Status.BUNDLED, *pair) for pair in told_by])


_FOLDED_AT_ONCE = """
UPDATE notifications_message m SET status = %s, bundle_id = (p.pair ->> 0)::bigint, next_attempt_at = NULL
FROM json_array_elements(%s::json) AS p(pair) WHERE m.id = (p.pair ->> 1)::bigint"""


def sent(message: Message, parts: tuple[Message, ...]) -> Delivery:
    return Delivery("sent", message.recipient, message.channel, parts, parts[0].kind)
