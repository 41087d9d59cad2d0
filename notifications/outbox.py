"""Put a note into the outbox, take back what is out of date, and deliver what is ready.

Deciding and sending are two things. `put` and `cancel` run inside the transaction of the change they
belong to. `deliver` claims, writes the attempt, commits, and only then touches the network: a sender
that dies leaves a row that says so, never silence.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils.module_loading import import_string

from bureaus import calendars, clock, faults
from bureaus.models import User
from notifications import texts, window
from notifications.channels import Channel, ChannelError, open_channel
from notifications.models import Attempt, Message

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
CLAIM = 50  # people and channels taken at once
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 120, 240, 480))


@dataclass(frozen=True)
class Note:
    """What is to be told, in the words of each channel. `about` and `data` are opaque here."""

    kind: str
    subject: str
    body: str
    sms: str
    line: str
    url: str = ""
    about: str = ""
    about_rev: int = 0
    data: dict[str, Any] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class Words:
    """What one message says, found when it leaves."""

    subject: str
    body: str
    line: str
    url: str = ""


@dataclass(frozen=True)
class Delivery:
    """What became of something that was ready: `event` is sent, suppressed or failed."""

    event: str
    recipient: User
    channel: str
    messages: tuple[Message, ...]
    reason: str


def put(
    note: Note,
    recipients: Iterable[tuple[User, Sequence[str]]],
    *,
    key: str,
    now: datetime,
    not_before: datetime,
) -> list[Message]:
    """One row per person and channel. The same `key` put twice tells nobody twice."""
    messages = [
        Message(
            dedupe_key=f"{key}|{user.pk}|{channel}",
            recipient=user,
            channel=channel,
            kind=note.kind,
            subject=note.subject,
            body=note.sms if channel == "sms" else note.body,
            line=note.line,
            url=note.url,
            about=note.about,
            about_rev=note.about_rev,
            data=note.data,
            reason=note.reason,
            created_at=now,
            next_attempt_at=not_before,
        )
        for user, channels in recipients
        for channel in channels
    ]
    return Message.objects.bulk_create(messages, ignore_conflicts=True)


def cancel(about: str, before_rev: int, *, now: datetime) -> int:
    """Take back what has not left yet and speaks of an older revision. Inbox rows stay readable."""
    waiting = Message.objects.filter(about=about, about_rev__lt=before_rev, status=Message.Status.QUEUED)
    return waiting.update(status=Message.Status.CANCELLED, final_at=now, next_attempt_at=None, outcome="overtaken")


def deliver(now: datetime, *, open_channel: Callable[[str], Channel] = open_channel) -> list[Delivery]:
    """Send everything that is ready: folded to one per person and channel. Safe to run twice at once."""
    reap(now)
    opens = window.opening(now, calendars.days_for())
    if opens > now:
        # Asked here and not only when a note is put: a sender may have stood still, or a day become free.
        Message.objects.filter(status=Message.Status.QUEUED, next_attempt_at__lte=now).update(next_attempt_at=opens)
        return []
    done: list[Delivery] = []
    with ExitStack() as stack:
        channels: dict[str, Channel] = {}
        while groups := _ready(now):
            claim = _claim(groups, now)
            faults.hit("send.after_claim")
            done += claim.done
            for sending in claim.sending:
                code = sending.message.channel
                if code not in channels:
                    channels[code] = stack.enter_context(open_channel(code))
                done += _send(sending, channels[code], now)
            if not claim.taken:
                break
    return done


def reap(now: datetime) -> int:
    """Free what a dead sender left: an e-mail is tried again, an SMS is left uncertain for a person.

    The attempt is marked unknown either way, and stays visible.
    """
    moment = clock.real_now()
    freed = 0
    for message in Message.objects.filter(status=Message.Status.SENDING, lease_until__lt=moment).order_by("id"):
        with transaction.atomic():
            held = Message.objects.filter(pk=message.pk, status=Message.Status.SENDING, lease_until__lt=moment)
            again = message.channel != "sms"
            if again:
                change: dict[str, Any] = {"status": Message.Status.QUEUED, "next_attempt_at": now}
            else:
                change = {"status": Message.Status.UNCERTAIN, "final_at": now, "outcome": "unknown"}
            if held.update(lease_until=None, **change):
                freed += 1
                if not again:
                    _settle_parts(message, Message.Status.UNCERTAIN, "unknown", now)
                Attempt.objects.filter(message=message, outcome="").update(
                    outcome=Attempt.Outcome.UNKNOWN, ended_at=moment
                )
                logger.warning("message %s was left by a sender that died", message.pk)
    return freed


def _ready(now: datetime) -> list[tuple[int, str]]:
    """People and channels with something ready, a claim's worth of them; never half of what one has."""
    ready = Message.objects.filter(status=Message.Status.QUEUED, next_attempt_at__lte=now)
    pairs = ready.order_by("recipient__username", "channel").values_list("recipient_id", "channel")
    return list(pairs.distinct()[:CLAIM])


@dataclass(frozen=True)
class _Sending:
    """A message on its way out, the attempt already committed."""

    message: Message
    attempt: Attempt
    parts: tuple[Message, ...]


@dataclass
class _Claim:
    done: list[Delivery] = field(default_factory=list)
    sending: list[_Sending] = field(default_factory=list)
    taken: int = 0


@transaction.atomic
def _claim(groups: Sequence[tuple[int, str]], now: datetime) -> _Claim:
    """Take what these people have ready, drop what is no longer true, fold the rest, write the attempts."""
    claim = _Claim()
    wanted_pairs = set(groups)
    rows = list(
        Message.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(
            status=Message.Status.QUEUED,
            next_attempt_at__lte=now,
            recipient__in={recipient for recipient, _channel in groups},
        )
        .select_related("recipient")
        .order_by("recipient__username", "channel", "created_at", "id")
    )
    rows = [row for row in rows if (row.recipient_id, row.channel) in wanted_pairs]
    claim.taken = len(rows)
    folded = _folded_in(rows)
    reasons = _unwanted(rows, folded)
    speechless = _give_words([row for row in rows if not row.subject and not reasons[row.pk]], now)
    claim.done += _put_off(speechless, now)
    rows = [row for row in rows if row.pk not in speechless]
    for _pair, group in groupby(rows, key=lambda row: (row.recipient_id, row.channel)):
        _claim_group(list(group), folded, reasons, claim, now)
    _write_claim(claim, now)
    return claim


def _claim_group(
    group: list[Message],
    folded: dict[int, list[Message]],
    reasons: dict[int, str],
    claim: _Claim,
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
            claim.sending.append(_Sending(message, Attempt(message=message), left))
        else:
            wanted.append(message)
    if not wanted:
        return
    if wanted[0].channel == "inbox":
        # The row is the notice: there is nothing to hand to anybody.
        ids = [message.pk for message in wanted]
        Message.objects.filter(pk__in=ids).update(status=Message.Status.ACCEPTED, final_at=now, next_attempt_at=None)
        claim.done.append(_sent(wanted[0], tuple(wanted)))
        return
    message = wanted[0] if len(wanted) == 1 else _fold(wanted, now)
    claim.sending.append(_Sending(message, Attempt(message=message), tuple(wanted)))


def _suppress(messages: Iterable[Message], reasons: dict[int, str], otherwise: str, now: datetime) -> None:
    """No longer true: each keeps the reason why it did not leave."""
    by_reason = defaultdict(list)
    for message in messages:
        by_reason[reasons.get(message.pk) or otherwise].append(message.pk)
    for reason, ids in by_reason.items():
        Message.objects.filter(pk__in=ids).update(
            status=Message.Status.SUPPRESSED, final_at=now, next_attempt_at=None, outcome=reason
        )


def _write_claim(claim: _Claim, now: datetime) -> None:
    """The intent, committed before the network is touched."""
    started = clock.real_now()
    for sending in claim.sending:
        message, attempt = sending.message, sending.attempt
        message.status = Message.Status.SENDING
        message.attempts += 1
        message.next_attempt_at = None
        message.lease_until = started + LEASE
        attempt.number, attempt.started_at = message.attempts, started
    Message.objects.bulk_update(
        [sending.message for sending in claim.sending],
        ["status", "attempts", "next_attempt_at", "lease_until"],
    )
    Attempt.objects.bulk_create([sending.attempt for sending in claim.sending])


def _send(sending: _Sending, channel: Channel, now: datetime) -> list[Delivery]:
    message, attempt = sending.message, sending.attempt
    if not _still_ours(message):
        return []
    try:
        detail = channel.send(message)
    except ChannelError as error:
        return _failed(sending, error, now)
    except Exception as error:
        # Nobody knows whether it left. It must not keep back what comes after it.
        logger.exception("message %s attempt %s broke off", message.pk, attempt.number)
        detail = f"{type(error).__name__}: {error}"
        if message.channel != "sms":
            return _failed(sending, ChannelError(detail, permanent=False), now)
        uncertain = Message.Status.UNCERTAIN
        _finish(message, attempt, Attempt.Outcome.UNKNOWN, detail, status=uncertain, final_at=now)
        return [Delivery("failed", message.recipient, message.channel, sending.parts, detail)]
    faults.hit("send.after_accept")
    if _finish(message, attempt, Attempt.Outcome.ACCEPTED, detail, status=Message.Status.ACCEPTED, final_at=now):
        return [_sent(message, sending.parts)]
    return []


def _still_ours(message: Message) -> bool:
    """Late in a long claim the lease is renewed; if somebody took the message over, it is theirs to send."""
    moment = clock.real_now()
    if message.lease_until and message.lease_until - moment > LEASE / 2:
        return True
    mine = Message.objects.filter(pk=message.pk, status=Message.Status.SENDING, attempts=message.attempts)
    return mine.update(lease_until=moment + LEASE) == 1


def _folded_in(rows: Sequence[Message]) -> dict[int, list[Message]]:
    """The notes inside messages that were folded before and are tried again."""
    bundles = [row.pk for row in rows if row.kind == texts.DIGEST]
    found: dict[int, list[Message]] = {pk: [] for pk in bundles}
    if bundles:
        parts = Message.objects.filter(bundle__in=bundles, status=Message.Status.BUNDLED)
        for part in parts.select_related("recipient").order_by("id"):
            found[part.bundle_id or 0].append(part)
    return found


def _unwanted(rows: Sequence[Message], folded: dict[int, list[Message]]) -> dict[int, str]:
    """Why a note need not be said any more: work finished meanwhile, a date moved, a person gone."""
    parts = [part for row in rows for part in folded.get(row.pk, [row])]
    reasons = _still_wanted()(parts)
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
    # One prepared statement for all: a hundred words for each of many rows make a long CASE.
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE notifications_message SET subject = %s, body = %s, line = %s, url = %s WHERE id = %s",
            [(message.subject, message.body, message.line, message.url, message.pk) for message in given],
        )
    return speechless


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
    """One message made of several; each of them stays, marked as told by it."""
    first = messages[0]
    subject, body, sms = texts.digest(messages)
    bundle = Message.objects.create(
        dedupe_key=f"digest|{first.recipient_id}|{first.channel}|{first.pk}",
        recipient=first.recipient,
        channel=first.channel,
        kind=texts.DIGEST,
        subject=subject,
        body=sms if first.channel == "sms" else body,
        created_at=now,
        next_attempt_at=now,
    )
    faults.hit("send.in_fold")
    Message.objects.filter(pk__in=[message.pk for message in messages]).update(
        status=Message.Status.BUNDLED, bundle=bundle, next_attempt_at=None
    )
    return bundle


def _finish(message: Message, attempt: Attempt, outcome: str, detail: str, **change: Any) -> bool:
    """Write down how it went, unless somebody else has taken the message over meanwhile."""
    with transaction.atomic():
        mine = Message.objects.filter(pk=message.pk, status=Message.Status.SENDING, attempts=attempt.number)
        if not mine.update(lease_until=None, outcome=detail[:200], **change):
            logger.warning("message %s was taken over before attempt %s ended", message.pk, attempt.number)
            return False
        attempt.outcome = outcome
        attempt.detail = detail[:300]
        attempt.ended_at = clock.real_now()
        attempt.save(update_fields=["outcome", "detail", "ended_at"])
        if "final_at" in change:
            _settle_parts(message, change["status"], detail[:200], change["final_at"])
        return True


def _settle_parts(message: Message, status: str, outcome: str, now: datetime) -> None:
    """What was folded into a message shares its fate."""
    if message.kind == texts.DIGEST:
        folded = Message.objects.filter(bundle=message, status=Message.Status.BUNDLED)
        folded.update(status=status, final_at=now, outcome=outcome)


def _failed(sending: _Sending, error: ChannelError, now: datetime) -> list[Delivery]:
    message, attempt = sending.message, sending.attempt
    # A server's answer may name the person's address: it is kept with the attempt, and not in the log.
    logger.warning("message %s attempt %s failed%s", message.pk, attempt.number, " for good" * error.permanent)
    if error.permanent or attempt.number > len(BACK_OFF):
        _finish(
            message,
            attempt,
            Attempt.Outcome.PERMANENT,
            str(error),
            status=Message.Status.FAILED,
            final_at=now,
        )
        return [Delivery("failed", message.recipient, message.channel, sending.parts, str(error))]
    later = now + BACK_OFF[attempt.number - 1]
    _finish(
        message,
        attempt,
        Attempt.Outcome.TEMPORARY,
        str(error),
        status=Message.Status.QUEUED,
        next_attempt_at=later,
    )
    return []


def _sent(message: Message, parts: tuple[Message, ...]) -> Delivery:
    return Delivery("sent", message.recipient, message.channel, parts, parts[0].kind)


def on_behalf_of(messages: Iterable[Message], absent: User) -> None:
    """Write down that these, just put, are told to somebody who stands in for a person who is away."""
    keys = [message.dedupe_key for message in messages]
    Message.objects.filter(dedupe_key__in=keys).update(on_behalf_of=absent)


def cancel_for(recipient: User, about: str, *, now: datetime) -> int:
    """Take back the copies that have not left yet for one person about a thing and all its parts ("about#…").

    Somebody else has taken the thing over. The rows in the inbox are the record of what was told, and stay.
    """
    waiting = Message.objects.filter(recipient=recipient, status=Message.Status.QUEUED).exclude(channel="inbox")
    waiting = waiting.filter(Q(about=about) | Q(about__startswith=f"{about}#"))
    return waiting.update(status=Message.Status.CANCELLED, final_at=now, next_attempt_at=None, outcome="handed_over")
