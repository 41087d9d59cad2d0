"""Deliver what is ready, and free what a dead sender left.

`deliver` claims, which commits the attempt, and only then touches the network.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from bureaus import calendars, clock, faults
from notifications import addresses, claiming, receipts, ways
from notifications.channels import Channel, open_channel
from notifications.claiming import BACK_OFF, Delivery, Sending, sent
from notifications.models import Attempt, Message
from notifications.providers import Receipt as Told
from notifications.troubles import Trouble, Undelivered

logger = logging.getLogger(__name__)

ASKED_FOR = timedelta(hours=1)  # how long a provider is asked about a message whose sender died
HELD = timedelta(minutes=1)  # how long a message rests whose way said nothing of a time


def deliver(now: datetime, *, open_channel: Callable[[str], Channel] = open_channel) -> list[Delivery]:
    """Send everything that is ready: folded to one per person and channel. Safe to run twice at once."""
    reap(now, open_channel=open_channel)
    receipts.apply(now)
    done: list[Delivery] = []
    with ExitStack() as stack, calendars.one_pass():
        house = _House(lambda code: stack.enter_context(open_channel(code)))
        last = _Last(done)
        stack.callback(last.write)
        while pairs := house.open_of(claiming.ready(now, without=house.shut)):
            taken = 0
            for groups in claiming.portions(pairs):
                claim = claiming.claim(groups, now)
                faults.hit("send.after_claim")
                taken += claim.taken
                done += claim.done
                for sending in claim.sending:
                    done += _send(sending, house, last, now)
                last.write()
            if not taken:
                break
    return done


class _Last:
    """The message that was taken last, until that is written down: before the next one is handed over, so that
    a sender that dies leaves one in doubt at most, but in the time in which the server of the next one thinks.
    """

    def __init__(self, done: list[Delivery]) -> None:
        self._done = done
        self._open: tuple[Sending, str, datetime] | None = None
        self.broke = False

    def taken(self, sending: Sending, detail: str, now: datetime) -> None:
        self._open = sending, detail, now

    def write(self) -> datetime | None:
        """Returns the real time, if it had to look at a clock."""
        if self._open is None:
            return None
        (sending, detail, now), self._open = self._open, None
        message, accepted = sending.message, Message.Status.ACCEPTED
        change: dict[str, Any] = {"reference": message.reference} if message.reference else {}
        self.broke = True
        outcome = Attempt.Outcome.ACCEPTED
        ended = _finish(message, sending.attempt, outcome, detail, status=accepted, final_at=now, **change)
        self.broke = False
        if ended:
            self._done.append(sent(message, sending.parts))
        return ended


class _TakenOver(Exception):
    """It is another sender's by now."""


class _House:
    """The channels of one pass, each opened when it is first wanted, and those found shut."""

    def __init__(self, opened: Callable[[str], Channel]) -> None:
        self._opened = opened
        self._channels: dict[str, Channel] = {}
        self.shut: set[str] = set()

    def channel(self, code: str) -> Channel:
        if code not in self._channels:
            self._channels[code] = self._opened(code)
        return self._channels[code]

    def open_of(self, pairs: list[tuple[int, str]]) -> list[tuple[int, str]]:
        """Without what waits for a channel of which every way is closed; of one in doubt a single pair, to knock."""
        names: dict[str, tuple[str, ...]] = {}
        for code in {code for _person, code in pairs} - self.shut:
            try:
                names[code] = self.channel(code).ways
            except Exception:
                # Set up wrongly: the other channels must not wait for somebody to put that right.
                logger.exception("the channel %s cannot be opened", code)
                self.shut.add(code)
        troubled = ways.troubled(name for of_one in names.values() for name in of_one)
        knock: set[str] = set()
        for code in names:
            if names[code] and all(name in troubled for name in names[code]):
                (knock if None in [troubled[name] for name in names[code]] else self.shut).add(code)
        first = {code: pair for pair in reversed(pairs) if (code := pair[1]) in knock}
        return [pair for pair in pairs if pair[1] not in self.shut | knock or pair == first.get(pair[1])]


def reap(now: datetime, *, open_channel: Callable[[str], Channel] = open_channel) -> int:
    """Free what a dead sender left: an e-mail is tried again; of an SMS the provider is asked whether it left.

    The attempt is marked unknown either way, and stays visible. What nobody can tell of is uncertain, and a person's.
    """
    moment = clock.real_now()
    left = Message.objects.filter(status=Message.Status.SENDING, lease_until__lt=moment)
    return sum(_free(message, now, open_channel) for message in left.select_related("recipient").order_by("id"))


def _free(message: Message, now: datetime, open_channel: Callable[[str], Channel]) -> bool:
    moment = clock.real_now()
    held = Message.objects.filter(pk=message.pk, status=Message.Status.SENDING, lease_until__lt=moment)
    reference, detail = "", "unknown"
    if message.channel != "sms":
        status = Message.Status.QUEUED if _tries(message) < len(BACK_OFF) else Message.Status.FAILED
    else:
        # Nobody else asks meanwhile, and a sender that dies asking is found again.
        if not held.update(lease_until=moment + claiming.LEASE):
            return False
        held = Message.objects.filter(pk=message.pk, status=Message.Status.SENDING)
        try:
            with open_channel(message.channel) as channel:
                answer = channel.ask(message, _started(message))
        except Exception as error:
            is_no_answer = isinstance(error, Undelivered) and error.trouble == Trouble.UNKNOWN
            if not is_no_answer and moment - _started(message) < ASKED_FOR:
                logger.warning("message %s could not be asked about: %s", message.pk, type(error).__name__)
                return False  # asked again when the lease has ended
            status = Message.Status.UNCERTAIN
        else:
            status = Message.Status.QUEUED if answer is None else Message.Status.ACCEPTED
            reference = answer.reference[:100] if answer else ""
            detail = "asked"
            if isinstance(answer, Told):
                receipts.keep(message.provider, [answer])
    change: dict[str, Any] = {"status": status, "lease_until": None}
    if status == Message.Status.QUEUED:
        change |= {"next_attempt_at": now}
    else:
        change |= {"final_at": now, "outcome": detail} | ({"reference": reference} if reference else {})
    with transaction.atomic():
        if not held.update(**change):
            return False
        if status != Message.Status.QUEUED:
            message.settle_parts(status, detail, now)
        Attempt.objects.filter(message=message, outcome="").update(outcome=Attempt.Outcome.UNKNOWN, ended_at=moment)
        if status in Message.LEFT_OVER:
            addresses.turn_elsewhere(message.told, now)
    logger.warning("message %s was left by a sender that died: %s", message.pk, status)
    return True


def _started(message: Message) -> datetime:
    return message.last_tried_at or clock.real_now()


def _send(sending: Sending, house: _House, last: _Last, now: datetime) -> list[Delivery]:
    message, attempt = sending.message, sending.attempt
    if message.channel in house.shut:
        # Found shut since it was taken in hand.
        return _hold(sending, Undelivered("", Trouble.CHANNEL), now)

    def before_it_leaves() -> None:
        if not _still_ours(message, last.write()):
            raise _TakenOver

    try:
        channel = house.channel(message.channel)
        channel.meanwhile = before_it_leaves
        if not channel.waits:
            before_it_leaves()
        detail = channel.send(message)
    except _TakenOver:
        return []
    except Undelivered as error:
        last.write()
        if error.trouble == Trouble.CHANNEL:
            house.shut.add(message.channel)
        return _failed(sending, error, now)
    except Exception as error:
        if last.broke:
            raise  # the database's fault, and not this message's
        last.write()
        # Nobody knows whether it left. It must not keep back what comes after it.
        logger.exception("message %s attempt %s broke off", message.pk, attempt.number)
        trouble = Trouble.UNKNOWN if message.channel == "sms" else Trouble.TEMPORARY
        return _failed(sending, Undelivered(f"{type(error).__name__}: {error}", trouble), now)
    faults.hit("send.after_accept")
    if sending.doubtful:
        addresses.taken(message.recipient, message.channel)
    last.taken(sending, detail, now)
    return []


def _still_ours(message: Message, moment: datetime | None) -> bool:
    """Late in a long claim the lease is renewed; if somebody took the message over, it is theirs to send.

    `moment`: the real time, if it was looked up just now.
    """
    moment = moment or clock.real_now()
    if message.lease_until and message.lease_until - moment > claiming.LEASE / 2:
        return True
    mine = Message.objects.filter(pk=message.pk, status=Message.Status.SENDING, attempts=message.attempts)
    return mine.update(lease_until=moment + claiming.LEASE) == 1


def _finish(message: Message, attempt: Attempt, outcome: str, detail: str, **change: Any) -> datetime | None:
    """Write down how it went and return when, unless somebody else has taken the message over meanwhile.

    Once for every message that leaves, so it is said in plain SQL.
    """
    change |= {"lease_until": None, "outcome": detail[:200]}
    adapt = connection.ops.adapt_datetimefield_value
    values = [adapt(value) if isinstance(value, datetime) else value for value in change.values()]
    mine = [*values, message.pk, str(Message.Status.SENDING), attempt.number]
    set_message = f"UPDATE notifications_message SET {', '.join(f'{name} = %s' for name in change)}"
    set_message += " WHERE id = %s AND status = %s AND attempts = %s"
    set_attempt = "UPDATE notifications_attempt SET outcome = %s, detail = %s, ended_at = "
    how = [str(outcome), detail[:300]]
    folded = "final_at" in change and message.kind == Message.DIGEST
    with ExitStack() as stack:
        if connection.vendor == "postgresql":
            if folded:
                stack.enter_context(transaction.atomic())
            cursor = stack.enter_context(connection.cursor())
            # Waiting for the disk takes longer than the mail. When the power of the database fails right after, mails
            # of half a second come again, told as the same; as they do on SQLite, which does not wait either.
            hurry = message.channel == "email" and outcome == Attempt.Outcome.ACCEPTED
            cursor.execute(
                f"WITH mine AS ({set_message} RETURNING 1) {set_attempt} clock_timestamp() WHERE id = %s"
                f" AND EXISTS (SELECT * FROM mine) {_IN_A_HURRY if hurry else ''} RETURNING ended_at",
                [*mine, *how, attempt.pk],
            )
            found = cursor.fetchone()
            ended: datetime | None = found[0] if found else None
        else:
            stack.enter_context(transaction.atomic())
            cursor = stack.enter_context(connection.cursor())
            cursor.execute(set_message, mine)
            ended = clock.real_now() if cursor.rowcount else None
            if ended:
                cursor.execute(f"{set_attempt} %s WHERE id = %s", [*how, adapt(ended), attempt.pk])
        if ended is None:
            logger.warning("message %s was taken over before attempt %s ended", message.pk, attempt.number)
        elif folded:
            message.settle_parts(change["status"], detail, change["final_at"])
    return ended


_IN_A_HURRY = "AND set_config('synchronous_commit', 'off', true) IS NOT NULL"


def _failed(sending: Sending, error: Undelivered, now: datetime) -> list[Delivery]:
    message, attempt = sending.message, sending.attempt
    if error.trouble.is_of_the_way:
        return _hold(sending, error, now)
    # A server's answer may name the person's address: it is kept with the attempt, and not in the log.
    logger.warning("message %s attempt %s: %s", message.pk, attempt.number, error.trouble)
    if error.trouble == Trouble.TEMPORARY and (tries := _tries(message)) < len(BACK_OFF):
        later = now + BACK_OFF[tries]
        _finish(
            message,
            attempt,
            Attempt.Outcome.TEMPORARY,
            str(error),
            status=Message.Status.QUEUED,
            next_attempt_at=later,
        )
        return []
    unknown = error.trouble == Trouble.UNKNOWN
    outcome = Attempt.Outcome.UNKNOWN if unknown else Attempt.Outcome.PERMANENT
    status = Message.Status.UNCERTAIN if unknown else Message.Status.FAILED
    if not _finish(message, attempt, outcome, str(error), status=status, final_at=now):
        return []
    if error.trouble == Trouble.ADDRESS:
        addresses.refused(message.recipient, message.channel, error)
    if error.trouble != Trouble.MESSAGE or not addresses.address_of(message.recipient, message.channel):
        addresses.turn_elsewhere(sending.parts, now)
    return [Delivery("failed", message.recipient, message.channel, sending.parts, str(error))]


def _hold(sending: Sending, error: Undelivered, now: datetime) -> list[Delivery]:
    """Nothing is wrong with the message: it goes back to the queue, and this was no try of it."""
    later = now + (error.wait or HELD)
    _finish(
        sending.message,
        sending.attempt,
        Attempt.Outcome.HELD,
        str(error),
        status=Message.Status.QUEUED,
        next_attempt_at=later,
    )
    return []


def _tries(message: Message) -> int:
    """How often it was tried in earnest before; what was held back does not count."""
    counted = (Attempt.Outcome.TEMPORARY, Attempt.Outcome.UNKNOWN)
    return message.tries.filter(outcome__in=counted).count()
