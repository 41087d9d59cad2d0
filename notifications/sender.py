"""Deliver what is ready, and free what a dead sender left.

`deliver` claims, which commits the attempt, and only then touches the network.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from typing import Any

from django.db import transaction

from bureaus import calendars, clock, faults
from notifications import claiming, texts, window
from notifications.channels import Channel, ChannelError, open_channel
from notifications.claiming import BACK_OFF, Delivery, Sending, sent
from notifications.models import Attempt, Message

logger = logging.getLogger(__name__)


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
        while pairs := claiming.ready(now):
            taken = 0
            for groups in claiming.portions(pairs):
                claim = claiming.claim(groups, now)
                faults.hit("send.after_claim")
                taken += claim.taken
                done += claim.done
                for sending in claim.sending:
                    code = sending.message.channel
                    if code not in channels:
                        channels[code] = stack.enter_context(open_channel(code))
                    done += _send(sending, channels[code], now)
            if not taken:
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


def _send(sending: Sending, channel: Channel, now: datetime) -> list[Delivery]:
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
        return [sent(message, sending.parts)]
    return []


def _still_ours(message: Message) -> bool:
    """Late in a long claim the lease is renewed; if somebody took the message over, it is theirs to send."""
    moment = clock.real_now()
    if message.lease_until and message.lease_until - moment > claiming.LEASE / 2:
        return True
    mine = Message.objects.filter(pk=message.pk, status=Message.Status.SENDING, attempts=message.attempts)
    return mine.update(lease_until=moment + claiming.LEASE) == 1


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


def _failed(sending: Sending, error: ChannelError, now: datetime) -> list[Delivery]:
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
